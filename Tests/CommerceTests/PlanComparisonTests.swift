import Testing

@testable import Commerce

@Suite("Plans compared with a month's orders")
struct PlanComparisonTests {
    private func sale(
        _ orders: Int, gross: Money = .eur(1500), supplier: Money = .eur(1000), units: Int = 1,
        own: Bool = false, reference: ExchangeRate = .identity(.eur)
    ) -> PlanComparison.Sale {
        PlanComparison.Sale(
            gross: gross, supplier: supplier, catalogueUnits: units, hasOwnGoods: own, reference: reference,
            orders: orders)
    }

    @Test(
        "each plan leaves what its own terms leave, less its price",
        arguments: [(Plan.free, 9750, 9750), (.pro, 12_150, 10_250), (.business, 14_550, 9650)])
    func golden(plan: Plan, margin: Int, kept: Int) {
        let outcome = PlanComparison([sale(10), sale(20)]).outcome(on: plan)

        #expect(outcome.margin == .eur(Int64(margin)) && outcome.kept == .eur(Int64(kept)))
        #expect(outcome.refused == 0)
    }

    @Test("a store in lei is compared in euros, at the rate that was frozen, rounded once")
    func lei() throws {
        let rate = try ExchangeRate("4.9764", from: .eur, to: .ron)
        let sales = [
            sale(3, gross: .ron(7500), supplier: .ron(5100), reference: rate), sale(2),
        ]

        let outcome = PlanComparison(sales).outcome(on: .free)

        // 75.00 - 51.00 - 4.98 - 3.75 = 15.27 lei, three times: 45.81 lei are 9.21 euros.
        #expect(outcome.margin == .eur(921 + 2 * 325))
    }

    @Test("what a plan would have refused is counted and not added")
    func refused() {
        let atALoss = sale(4, gross: .eur(1130))
        let own = sale(2, units: 0, own: true)

        let free = PlanComparison([atALoss, own, sale(1)]).outcome(on: .free)
        let business = PlanComparison([atALoss, own, sale(1)]).outcome(on: .business)

        #expect(free.refused == 6 && free.margin == .eur(325))
        #expect(business.refused == 0)
        #expect(PlanComparison([]).outcome(on: .pro).kept == .eur(-1900))
    }
}
