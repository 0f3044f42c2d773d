import FoundationEssentials

@testable import Commerce

/// Things to test with.
enum Sample {
    static let now = Date(timeIntervalSince1970: 1_793_000_000)
    static let supplier = SupplierID()

    static func line(
        quantity: Int = 1, price: Int64, cost: Int64, isPlatform: Bool = true, currency: Currency = .eur,
        group: SupplierGroupKey = SupplierGroupKey(supplier: supplier)
    ) -> DraftLine {
        DraftLine(
            product: ProductID(), quantity: Quantity(rawValue: quantity)!,
            unitPrice: Money(minorUnits: price, currency: currency), unitCost: .eur(cost), group: group,
            isPlatformCatalogue: isPlatform)
    }

    static func quote(
        _ lines: [DraftLine], plan: Plan, bearer: ProcessingFeeBearer = .platform,
        discount: BasisPoints = .zero,
        shipping: Int64 = 0, shippingCosts: [SupplierGroupKey: Money] = [:], rates: FrozenRates = .same(.eur)
    ) throws(CommerceError) -> Quote {
        let shippingCharged = Money(minorUnits: shipping, currency: rates.storeCurrency)
        return try QuoteDraft(
            lines: lines, discount: discount, shippingCharged: shippingCharged, shippingCosts: shippingCosts
        ).quote(
            Pricing(terms: plan.terms.bearing(bearer), rates: rates), plan: plan.id, id: QuoteID(), at: now)
    }

    static func pricing(_ random: inout SeededRandom) -> Pricing {
        let plan = [Plan.free, .pro, .business].randomElement(using: &random)!
        let rates =
            random.flip()
            ? FrozenRates.same(.eur)
            : FrozenRates(
                reference: ExchangeRate(
                    base: .eur, quote: .ron, scaled: Int64(random.int(400_000_000...600_000_000))))
        return Pricing(terms: plan.terms.bearing(random.flip() ? .platform : .merchant), rates: rates)
    }

    /// A basket of up to eight lines from up to three suppliers with two warehouses each.
    static func randomQuote(_ random: inout SeededRandom) throws -> Quote {
        let pricing = pricing(&random)
        let suppliers = (0..<random.int(1...3)).map { _ in SupplierID() }
        let lines = (0..<random.int(1...8)).map { _ in
            let group = SupplierGroupKey(
                supplier: suppliers.randomElement(using: &random)!,
                warehouse: WarehouseCode(unchecked: random.flip() ? "1" : "2"))
            return line(
                quantity: random.int(1...12), price: Int64(random.int(0...30_000)),
                cost: Int64(random.int(0...9000)),
                isPlatform: random.int(0...3) > 0, currency: pricing.currency, group: group)
        }
        var costs: [SupplierGroupKey: Money] = [:]
        for line in lines where random.flip() { costs[line.group] = .eur(Int64(random.int(0...2500))) }
        let draft = QuoteDraft(
            lines: lines, discount: BasisPoints(random.int(0...4) == 0 ? random.int(0...10_000) : 0),
            shippingCharged: Money(minorUnits: Int64(random.int(0...1500)), currency: pricing.currency),
            shippingCosts: costs)
        return try draft.quote(pricing, plan: .pro, id: QuoteID(), at: now)
    }

    /// The same, but one that may be sold.
    static func soldQuote(_ random: inout SeededRandom) throws -> Quote {
        while true {
            let quote = try randomQuote(&random)
            if quote.decision.isAllowed { return quote }
        }
    }
}
