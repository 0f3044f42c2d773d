import Testing

@testable import Commerce

/// The golden vectors of the rule book.
@Suite struct PricingTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        var plan: Plan
        var bearer: ProcessingFeeBearer
        var supplier, markup, commission, processing, withheld, margin: Int64

        var testDescription: String { "\(plan.title), processing on the \(bearer.rawValue)" }
    }

    static let single: [Vector] = [
        .init(
            plan: .free, bearer: .platform, supplier: 1000, markup: 100, commission: 75, processing: 0,
            withheld: 1175, margin: 325),
        .init(
            plan: .free, bearer: .merchant, supplier: 1000, markup: 100, commission: 75, processing: 48,
            withheld: 1223, margin: 277),
        .init(
            plan: .pro, bearer: .platform, supplier: 1000, markup: 50, commission: 45, processing: 0,
            withheld: 1095, margin: 405),
        .init(
            plan: .pro, bearer: .merchant, supplier: 1000, markup: 50, commission: 45, processing: 48,
            withheld: 1143, margin: 357),
        .init(
            plan: .business, bearer: .platform, supplier: 1000, markup: 0, commission: 15, processing: 0,
            withheld: 1015, margin: 485),
        .init(
            plan: .business, bearer: .merchant, supplier: 1000, markup: 0, commission: 15, processing: 48,
            withheld: 1063, margin: 437),
    ]

    static let basket: [Vector] = [
        .init(
            plan: .free, bearer: .platform, supplier: 4780, markup: 300, commission: 361, processing: 0,
            withheld: 5441, margin: 1781),
        .init(
            plan: .free, bearer: .merchant, supplier: 4780, markup: 300, commission: 361, processing: 133,
            withheld: 5574, margin: 1648),
        .init(
            plan: .pro, bearer: .platform, supplier: 4780, markup: 150, commission: 217, processing: 0,
            withheld: 5147, margin: 2075),
        .init(
            plan: .pro, bearer: .merchant, supplier: 4780, markup: 150, commission: 217, processing: 133,
            withheld: 5280, margin: 1942),
        .init(
            plan: .business, bearer: .platform, supplier: 4780, markup: 0, commission: 72, processing: 0,
            withheld: 4852, margin: 2370),
        .init(
            plan: .business, bearer: .merchant, supplier: 4780, markup: 0, commission: 72, processing: 133,
            withheld: 4985, margin: 2237),
    ]

    @Test("a price of 15.00 at a cost of 10.00", arguments: single)
    func singleUnit(vector: Vector) throws {
        let quote = try Sample.quote(
            [Sample.line(price: 1500, cost: 1000)], plan: vector.plan, bearer: vector.bearer)

        check(quote, vector, gross: 1500)
    }

    @Test("3 x 24.90 with 10 % off and shipping 4.99, at a cost of 3 x 14.20 + 5.20", arguments: basket)
    func discountedBasket(vector: Vector) throws {
        let line = Sample.line(quantity: 3, price: 2490, cost: 1420)
        let quote = try Sample.quote(
            [line], plan: vector.plan, bearer: vector.bearer, discount: .percent(10), shipping: 499,
            shippingCosts: [line.group: .eur(520)])

        #expect(quote.discountTotal == .eur(747))
        check(quote, vector, gross: 7222)
    }

    private func check(_ quote: Quote, _ vector: Vector, gross: Int64) {
        #expect(quote.total.gross == .eur(gross))
        #expect(quote.total.supplier == .eur(vector.supplier))
        #expect(quote.total.markup == .eur(vector.markup))
        #expect(quote.total.commission == .eur(vector.commission))
        #expect(quote.total.processing == .eur(vector.processing))
        #expect(quote.total.withheld == .eur(vector.withheld))
        #expect(quote.total.margin == .eur(vector.margin))
        #expect(quote.decision.isAllowed)
    }

    @Test(
        "the lowest price that passes at a unit cost of 10.00",
        arguments: [
            (Plan.free, ProcessingFeeBearer.platform, 1158), (.pro, .platform, 1082),
            (.business, .platform, 1010),
            (.free, .merchant, 1203), (.pro, .merchant, 1126), (.business, .merchant, 1052),
        ] as [(Plan, ProcessingFeeBearer, Int64)])
    func lowestPrice(plan: Plan, bearer: ProcessingFeeBearer, expected: Int64) throws {
        let pricing = Pricing(terms: plan.terms.bearing(bearer), rates: .same(.eur))

        #expect(try pricing.lowestPrice(unitCost: .eur(1000), isPlatformCatalogue: true) == .eur(expected))
    }

    @Test("no price below the lowest one passes", arguments: seeds)
    func lowestPriceIsLowest(seed: UInt64) throws {
        var random = SeededRandom(seed)
        let pricing = Sample.pricing(&random)
        let cost = Money.eur(Int64(random.int(0...3000)))
        let isPlatform = random.flip()

        let lowest = try #require(try pricing.lowestPrice(unitCost: cost, isPlatformCatalogue: isPlatform))

        let supplier = try pricing.rates.storeCost(cost)
        func margin(_ price: Int64) -> Money {
            let gross = Money(minorUnits: price, currency: pricing.currency)
            return pricing.breakdown(gross: gross, supplier: supplier, markedUpUnits: isPlatform ? 1 : 0)
                .margin
        }
        #expect(!margin(lowest.minorUnits).isNegative, "seed \(seed)")
        for price in 0..<lowest.minorUnits {
            #expect(margin(price).isNegative, "seed \(seed), price \(price)")
        }
    }

    @Test("a merchant's own supplier bears no markup")
    func ownSupplier() throws {
        let quote = try Sample.quote([Sample.line(price: 1500, cost: 1000, isPlatform: false)], plan: .free)

        #expect(quote.total.markup == .eur(0))
        #expect(quote.total.margin == .eur(425))
    }

    @Test("the price editor sees what one unit would leave")
    func preview() throws {
        let pricing = Pricing(terms: Plan.pro.terms, rates: .same(.eur))
        let sale = try pricing.preview(price: .eur(1500), unitCost: .eur(1000), isPlatformCatalogue: true)

        #expect(sale.margin == .eur(405))
        #expect(throws: CommerceError.currencyMismatch(expected: .eur, found: .ron)) {
            try pricing.preview(price: .ron(1500), unitCost: .eur(1000), isPlatformCatalogue: true)
        }
    }

    @Test("plan amounts are converted at the reference rate, costs with the margin")
    func leu() throws {
        let rates = FrozenRates(reference: try ExchangeRate("4.9764", from: .eur, to: .ron))
        let pricing = Pricing(terms: Plan.pro.terms.bearing(.merchant), rates: rates)
        let sale = pricing.breakdown(gross: .ron(10_000), supplier: .ron(5076), markedUpUnits: 3)

        #expect(sale.markup == .ron(746))
        #expect(sale.commission == .ron(300))
        // 1.5 % of 100.00 lei and 0.25 EUR are 1.50 + 1.2441, rounded once.
        #expect(sale.processing == .ron(274))
    }
}

@Suite struct SaleGuardTests {
    @Test("a margin of nothing is allowed, one cent less is not")
    func boundary() throws {
        let pass = try Sample.quote([Sample.line(price: 1158, cost: 1000)], plan: .free)
        let fail = try Sample.quote([Sample.line(price: 1157, cost: 1000)], plan: .free)

        #expect(pass.total.margin == .eur(0))
        #expect(pass.decision == .allowed)
        let refusal = try #require(fail.decision.refusal)
        #expect(refusal.shopperNotice == .temporarilyUnavailable)
        #expect(refusal.pausesProduct)
        #expect(!refusal.shopperNotice.english.contains("10"))
        #expect(refusal.merchantReason.contains("would lose 0.01 EUR"))
    }

    @Test("a coupon that eats the margin is refused")
    func coupon() throws {
        let line = Sample.line(price: 1500, cost: 1000)

        #expect(try Sample.quote([line], plan: .pro, discount: .percent(20)).decision.isAllowed)
        #expect(try !Sample.quote([line], plan: .pro, discount: .percent(30)).decision.isAllowed)
    }

    @Test("what the card processor would refuse is refused before an order exists")
    func chargeLimits() throws {
        let tiny = try Sample.quote([Sample.line(price: 49, cost: 0, isPlatform: false)], plan: .business)
        let huge = try Sample.quote([Sample.line(quantity: 99, price: 1_100_000, cost: 1)], plan: .business)

        #expect(tiny.decision.refusal == .tooSmallToCharge(total: .eur(49), minimum: .eur(50)))
        #expect(huge.decision.refusal?.shopperNotice == .orderTooLarge(.eur(99_999_999)))
        #expect(huge.decision.refusal?.pausesProduct == false)
    }
}
