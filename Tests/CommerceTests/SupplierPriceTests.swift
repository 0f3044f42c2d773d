import Foundation
import Testing

@testable import Commerce

@Suite("Prices, discounts and what suppliers charge")
struct SupplierPriceTests {
    private static let pro = Pricing(terms: Plan.pro.terms, rates: .same(.eur))
    private static let day: TimeInterval = 86_400
    private static let now = Date(timeIntervalSince1970: 1_795_000_000)

    private func rise(_ before: Int64, _ after: Int64, at price: Int64, _ policy: PriceRisePolicy) throws
        -> PriceRise
    {
        try PriceRise(
            from: .eur(before), to: .eur(after), price: .eur(price), isPlatformCatalogue: true,
            policy: policy, pricing: Self.pro)
    }

    @Test("a cost that falls changes nothing", arguments: PriceRisePolicy.allCases)
    func falls(_ policy: PriceRisePolicy) throws {
        #expect(try rise(1000, 900, at: 1500, policy) == .nothing)
    }

    @Test("a followed price keeps its share and never loses money")
    func follows() throws {
        #expect(try rise(1000, 1200, at: 1500, .follow) == .reprice(.eur(1800)))
        #expect(try rise(300, 301, at: 1000, .follow) == .reprice(.eur(1004)))
        // 10.82 is the lowest price that passes at a cost of 10.00; the share alone would be 10.10.
        #expect(try rise(500, 1000, at: 505, .follow) == .reprice(.eur(1082)))
    }

    @Test("the guard pauses whatever the policy says")
    func guardComesFirst() throws {
        for policy in [PriceRisePolicy.pause, .notify] {
            guard case .pause = try rise(1000, 1450, at: 1500, policy) else {
                Issue.record("\(policy) leaves a loss on sale")
                continue
            }
        }
        guard case .tell = try rise(1000, 1100, at: 1500, .notify) else { throw CancellationError() }
        guard case .pause = try rise(1000, 1100, at: 1500, .pause) else { throw CancellationError() }
    }

    private func history(_ prices: [(day: Int, price: Int64)]) -> PriceHistory {
        PriceHistory(
            prices.map {
                .init(price: .eur($0.price), from: Self.now.addingTimeInterval(Double($0.day) * Self.day))
            })
    }

    @Test("a reduction is held against the lowest price of the thirty days before it")
    func thirtyDays() {
        #expect(history([(-100, 2000), (-5, 1500)]).reference(at: Self.now) == .eur(2000))
        // A price that was put up for a day before is no reference.
        #expect(history([(-100, 2000), (-6, 3000), (-5, 1900)]).reference(at: Self.now) == .eur(2000))
        // Cheaper within the thirty days before: no reduction to announce.
        #expect(history([(-100, 2000), (-20, 1400), (-10, 2000), (-5, 1500)]).reference(at: Self.now) == nil)
        // Thirty days before the reduction and not before today.
        #expect(history([(-100, 1400), (-40, 2000), (-5, 1500)]).reference(at: Self.now) == .eur(2000))
    }

    @Test("new goods are held against their prices since launch, raised ones against nothing")
    func edges() {
        #expect(history([(-10, 2000), (-5, 1500)]).reference(at: Self.now) == .eur(2000))
        #expect(history([(-10, 2000)]).reference(at: Self.now) == nil)
        #expect(history([(-100, 1500), (-5, 2000)]).reference(at: Self.now) == nil)
        #expect(history([]).reference(at: Self.now) == nil)
        #expect(history([(-10, 2000), (-5, 1500)]).price(at: Self.now) == .eur(1500))
    }

    @Test("steps down that follow each other are one reduction")
    func progressive() {
        #expect(history([(-100, 2000), (-10, 1800), (-5, 1500)]).reference(at: Self.now) == .eur(2000))
    }

    @Test("a fixed amount never takes off more than the goods cost")
    func discounts() {
        #expect(Discount.percent(.percent(10)).amount(of: .eur(7470)) == .eur(747))
        #expect(Discount.amount(.eur(500)).amount(of: .eur(1500)) == .eur(500))
        #expect(Discount.amount(.eur(500)).amount(of: .eur(300)) == .eur(300))
    }

    @Test("a coupon holds to its period, its minimum and its number of uses")
    func coupons() {
        func coupon(from: Double? = nil, until: Double? = nil, active: Bool = true, limit: Int? = nil)
            -> Coupon
        {
            Coupon(
                code: "X", kind: .amount(.eur(500)), minimum: .eur(2000),
                validFrom: from.map { Self.now.addingTimeInterval($0) },
                validUntil: until.map { Self.now.addingTimeInterval($0) }, isActive: active, useLimit: limit,
                uses: 3)
        }
        let goods = Money.eur(2000)

        #expect(coupon().refusal(goods: goods, at: Self.now) == nil)
        #expect(coupon(from: 1).refusal(goods: goods, at: Self.now) == .notYet)
        #expect(coupon(until: 0).refusal(goods: goods, at: Self.now) == .ended)
        #expect(coupon(active: false).refusal(goods: goods, at: Self.now) == .ended)
        #expect(coupon(limit: 3).refusal(goods: goods, at: Self.now) == .usedUp)
        #expect(coupon(limit: 4).refusal(goods: goods, at: Self.now) == nil)
        #expect(coupon().refusal(goods: .eur(1999), at: Self.now) == .tooSmall(.eur(2000)))
    }

    @Test("the margin after VAT: owed on the sale, deducted on what was bought")
    func taxedMargin() throws {
        let sale = try Self.pro.preview(price: .eur(1500), unitCost: .eur(1000), isPlatformCatalogue: true)

        // 15.00 holds 2.60 of VAT; the fees of 0.95 hold 0.16.
        let abroad = TaxedMargin(sale, rate: .percent(21), feesRate: .percent(21))
        #expect(abroad.owed == .eur(260))
        #expect(abroad.deducted == .eur(16))
        #expect(abroad.margin == .eur(405 - 260 + 16))
        // A supplier that adds VAT takes it in cash and it comes back.
        let domestic = TaxedMargin(
            sale, rate: .percent(21), supplierRate: .percent(21), feesRate: .percent(21))
        #expect(domestic.cash == .eur(405 - 210))
        #expect(domestic.margin == abroad.margin)
        // One who is not registered owes nothing and gets nothing back.
        #expect(TaxedMargin(sale, rate: .percent(21), isRegistered: false).margin == .eur(405))
    }
}
