import FoundationEssentials

/// What a quote is made from: the wishes of a shopper beside the costs of the moment.
package struct QuoteDraft: Sendable, Hashable {
    /// More different things than anyone buys at once; keeps every document far below its vendor's limits.
    package static let lineLimit = 50

    package var lines: [DraftLine]
    /// Off the goods, not off the shipping; a coupon's percentage.
    package var discount: BasisPoints
    /// A fixed amount off the goods instead of the percentage.
    package var discountAmount: Money?
    /// What the shopper pays for shipping, in the store's currency.
    package var shippingCharged: Money
    /// What each supplier charges for shipping, in its own currency. A group that is not named ships free.
    package var shippingCosts: [SupplierGroupKey: Money]

    package init(
        lines: [DraftLine], discount: BasisPoints = .zero, discountAmount: Money? = nil,
        shippingCharged: Money, shippingCosts: [SupplierGroupKey: Money] = [:]
    ) {
        self.discountAmount = discountAmount
        self.lines = lines
        self.discount = discount
        self.shippingCharged = shippingCharged
        self.shippingCosts = shippingCosts
    }
}

/// One product of a draft.
package struct DraftLine: Sendable, Hashable, Codable {
    package var product: ProductID
    package var quantity: Quantity
    /// What the shopper pays for one, VAT included, in the store's currency.
    package var unitPrice: Money
    /// What the supplier charges for one, in the supplier's currency.
    package var unitCost: Money
    package var group: SupplierGroupKey
    /// Whether the platform's markup applies; a merchant's own supplier has none.
    package var isPlatformCatalogue: Bool

    package init(
        product: ProductID, quantity: Quantity, unitPrice: Money, unitCost: Money, group: SupplierGroupKey,
        isPlatformCatalogue: Bool = true
    ) {
        self.product = product
        self.quantity = quantity
        self.unitPrice = unitPrice
        self.unitCost = unitCost
        self.group = group
        self.isPlatformCatalogue = isPlatformCatalogue
    }

    var markedUpUnits: Int { isPlatformCatalogue ? quantity.rawValue : 0 }
}

extension QuoteDraft {
    /// Checks the draft against its limits and freezes it.
    ///
    /// Throws for a programmer's or a form's nonsense (no lines, another currency, absurd amounts). A
    /// sale that is well formed and loses money is no error: ask the quote's `decision`.
    package func quote(
        _ pricing: Pricing, plan: PlanID, id: QuoteID, at now: Date, lasting: TimeInterval = Quote.lifetime
    ) throws(CommerceError) -> Quote {
        let goods = try checkedGoods(pricing.currency)
        let off = discountAmount.map(Discount.amount) ?? .percent(discount)
        let discountTotal = off.amount(of: goods.reduce(.zero(pricing.currency), +))
        let discounts = discountTotal.split(by: goods)
        let groups = lines.grouped(bySupplier: \.group).map(\.key)
        let costs = try supplierCosts(groups, pricing)
        let charged = shippingCharged.split(by: costs.shipping.map { max($0, .zero(pricing.currency)) })
        let lineTotals = zip(goods, discounts).map { $0 - $1 }

        let total = pricing.breakdown(
            gross: (lineTotals + [shippingCharged]).total(pricing.currency),
            supplier: (costs.lines + costs.shipping).total(pricing.currency),
            markedUpUnits: lines.reduce(0) { $0 + $1.markedUpUnits })
        let parts = Self.parts(
            of: total, gross: lineTotals + charged, supplier: costs.lines + costs.shipping,
            units: lines.map(\.markedUpUnits) + groups.map { _ in 0 })
        return Quote(
            id: id, plan: plan, pricing: pricing, discount: discount, createdAt: now,
            expiresAt: now.addingTimeInterval(lasting),
            lines: lines.indices.map {
                QuoteLine(wish: lines[$0], discount: discounts[$0], share: parts[$0])
            },
            shipments: groups.indices.map { index in
                QuoteShipment(
                    group: groups[index], cost: shippingCost(of: groups[index]),
                    share: parts[lines.count + index])
            })
    }

    private func shippingCost(of group: SupplierGroupKey) -> Money {
        let currency = lines.first { $0.group == group }?.unitCost.currency ?? shippingCharged.currency
        return shippingCosts[group] ?? .zero(currency)
    }

    /// The goods per line before discounts.
    private func checkedGoods(_ currency: Currency) throws(CommerceError) -> [Money] {
        guard !lines.isEmpty else { throw .emptyQuote }
        guard lines.count <= Self.lineLimit else {
            throw .tooManyLines(found: lines.count, limit: Self.lineLimit)
        }
        guard discount >= .zero, discount <= .one else {
            throw .amountOutOfRange(what: "the discount", reason: "\(discount) is not between 0 and 100 %")
        }
        _ = try Self.sensible(shippingCharged, "the shipping price").required(in: currency)
        if let discountAmount {
            _ = try Self.sensible(discountAmount, "the discount").required(in: currency)
        }
        var goods: [Money] = []
        for line in lines {
            _ = try Self.sensible(line.unitCost, "the unit cost")
            let price = try Self.sensible(line.unitPrice, "the price").required(in: currency)
            goods.append(price * line.quantity.rawValue)
        }
        for (_, cost) in shippingCosts { _ = try Self.sensible(cost, "the supplier's shipping") }
        for (key, members) in lines.grouped(bySupplier: \.group) {
            let currency = members[0].unitCost.currency
            for line in members { _ = try line.unitCost.required(in: currency) }
            _ = try shippingCosts[key]?.required(in: currency)
        }
        return goods
    }

    /// No single amount of an order is negative or larger than what the largest charge could hold.
    private static func sensible(_ amount: Money, _ what: String) throws(CommerceError) -> Money {
        let ceiling: Int64 = 1_000_000_000
        guard !amount.isNegative, amount.minorUnits <= ceiling else {
            throw .amountOutOfRange(what: what, reason: "\(amount) is not between 0 and 10 million")
        }
        return amount
    }

    /// S per line and per group in the store's currency: added up in the supplier's own currency,
    /// converted once per order, and split back, so that the parts are exactly the whole.
    private func supplierCosts(
        _ groups: [SupplierGroupKey], _ pricing: Pricing
    ) throws(CommerceError) -> (lines: [Money], shipping: [Money]) {
        let own = lines.map { $0.unitCost * $0.quantity.rawValue } + groups.map { shippingCost(of: $0) }
        var converted = own
        for currency in Set(own.map(\.currency)) where currency != pricing.currency {
            let members = own.indices.filter { own[$0].currency == currency }
            let amounts = members.map { own[$0] }
            let total = try pricing.rates.storeCost(amounts.total(currency))
            for (member, part) in zip(members, total.split(by: amounts)) { converted[member] = part }
        }
        return (Array(converted.prefix(lines.count)), Array(converted.suffix(groups.count)))
    }

    private static func parts(
        of total: MarginBreakdown, gross: [Money], supplier: [Money], units: [Int]
    ) -> [MarginBreakdown] {
        let markups = total.markup.split(by: units.map(Int64.init))
        let commissions = total.commission.split(by: gross)
        let processings = total.processing.split(by: gross)
        return gross.indices.map { index in
            MarginBreakdown(
                gross: gross[index], supplier: supplier[index], markup: markups[index],
                commission: commissions[index], processing: processings[index])
        }
    }
}
