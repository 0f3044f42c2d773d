import FoundationEssentials
import Testing

@testable import Commerce

@Suite struct QuoteTests {
    @Test("every component of a quote is the sum of its parts", arguments: seeds)
    func partsAddUp(seed: UInt64) throws {
        var random = SeededRandom(seed)
        let quote = try Sample.randomQuote(&random)
        let total = quote.total
        let pricing = quote.pricing

        #expect(total.gross == quote.goods - quote.discountTotal + quote.shipping, "seed \(seed)")
        #expect(
            total.gross == total.supplier + total.markup + total.commission + total.processing + total.margin
        )
        #expect(
            total.commission == total.gross.applying(pricing.terms.commission, rounding: .halfUp),
            "seed \(seed)")
        #expect(total.processing == pricing.processing(gross: total.gross), "seed \(seed)")
        #expect(total.markup == pricing.markup(units: quote.markedUpUnits), "seed \(seed)")
        #expect(quote.supplierGroups.map(\.supplier).total(quote.currency) == total.supplier, "seed \(seed)")
        for line in quote.lines {
            #expect(line.share.gross == line.goods - line.discount, "seed \(seed)")
            #expect(!line.share.gross.isNegative && !line.share.supplier.isNegative, "seed \(seed)")
        }
        let costs = quote.supplierGroups.map(\.snapshotCost).total(.eur)
        #expect(total.supplier == (try pricing.rates.storeCost(costs)), "seed \(seed)")
    }

    @Test("a quote survives being stored")
    func codable() throws {
        var random = SeededRandom(11)
        let quote = try Sample.randomQuote(&random)

        let restored = try JSONDecoder().decode(Quote.self, from: JSONEncoder().encode(quote))

        #expect(restored == quote)
    }

    @Test("a quote stands for fifteen minutes")
    func expires() throws {
        let quote = try Sample.quote([Sample.line(price: 1500, cost: 1000)], plan: .pro)

        #expect(!quote.isExpired(at: Sample.now.addingTimeInterval(899)))
        #expect(quote.isExpired(at: Sample.now.addingTimeInterval(900)))
    }

    @Test("a total that moved is shown with the old and the new one")
    func drift() throws {
        let quote = try Sample.quote([Sample.line(price: 1500, cost: 1000)], plan: .pro)

        #expect(quote.drift(fromSeen: .eur(1500)) == .none)
        #expect(quote.drift(fromSeen: .eur(1499)) == .changed(old: .eur(1499), new: .eur(1500)))
        #expect(quote.drift(fromSeen: .ron(1500)) == .changed(old: .ron(1500), new: .eur(1500)))
    }

    @Test("lines are grouped by supplier and warehouse in the order they appear")
    func groups() throws {
        let (one, two) = (SupplierID(), SupplierID())
        let keys = [
            SupplierGroupKey(supplier: two),
            SupplierGroupKey(supplier: one, warehouse: WarehouseCode(unchecked: "2")),
            SupplierGroupKey(supplier: one), SupplierGroupKey(supplier: two),
        ]
        let quote = try Sample.quote(
            keys.map { Sample.line(price: 3000, cost: 1000, group: $0) }, plan: .pro, shipping: 1000,
            shippingCosts: [keys[0]: .eur(300), keys[1]: .eur(100)])

        #expect(quote.supplierGroups.map(\.key) == [keys[0], keys[1], keys[2]])
        #expect(quote.supplierGroups.map(\.lines.count) == [2, 1, 1])
        #expect(quote.supplierGroups.map(\.supplier) == [.eur(2300), .eur(1100), .eur(1000)])
        #expect(quote.shipments.map(\.share.gross) == [.eur(750), .eur(250), .eur(0)])
    }

    @Test("quantities outside the limits are refused in words", arguments: [0, -1, 100, 1_000_000])
    func quantityLimits(count: Int) {
        #expect(throws: CommerceError.quantityOutOfRange(found: count, limit: 99)) { try Quantity(count) }
        #expect(Quantity(rawValue: count) == nil)
        let message = CommerceError.quantityOutOfRange(found: count, limit: 99).description
        #expect(message == "quantity \(count) is not possible; choose 1 to 99")
    }

    @Test("a quantity that is no number is refused", arguments: ["", "two", "1.5", "99999999999999999999"])
    func quantityText(text: String) {
        #expect(throws: CommerceError.self) { try Quantity(parsing: text) }
    }

    @Test("drafts that make no sense are refused")
    func draftLimits() throws {
        let line = Sample.line(price: 1500, cost: 1000)
        let lei = Sample.line(price: 1500, cost: 1000, currency: .ron)

        #expect(throws: CommerceError.emptyQuote) { try Sample.quote([], plan: .pro) }
        #expect(throws: CommerceError.tooManyLines(found: 51, limit: 50)) {
            try Sample.quote(Array(repeating: line, count: 51), plan: .pro)
        }
        #expect(throws: CommerceError.self) {
            try Sample.quote([line], plan: .pro, discount: BasisPoints(10_001))
        }
        #expect(throws: CommerceError.self) {
            try Sample.quote([line], plan: .pro, discount: BasisPoints(-1))
        }
        #expect(throws: CommerceError.currencyMismatch(expected: .eur, found: .ron)) {
            try Sample.quote([lei], plan: .pro)
        }
        #expect(throws: CommerceError.self) {
            try Sample.quote([Sample.line(price: -1, cost: 0)], plan: .pro)
        }
        #expect(throws: CommerceError.self) {
            try Sample.quote([Sample.line(price: 1, cost: .max)], plan: .pro)
        }
        #expect(throws: CommerceError.self) { try Sample.quote([line], plan: .pro, shipping: -1) }
    }

    @Test("everything free of charge still adds up")
    func fullDiscount() throws {
        let quote = try Sample.quote(
            [Sample.line(price: 1500, cost: 1000)], plan: .pro, bearer: .merchant, discount: .one)

        #expect(quote.total.gross == .eur(0))
        #expect(quote.total.processing == .eur(25))
        #expect(!quote.decision.isAllowed)
    }
}
