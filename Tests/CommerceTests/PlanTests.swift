import Testing

@testable import Commerce

@Suite struct PlanTests {
    let plans = PlanCatalogue.standard

    @Test("a limit names the cheapest plan that allows the wish")
    func limits() throws {
        #expect(try Self.refusal(plans, .anotherStore(owned: 1), .free)?.allowedBy == "Pro")
        #expect(try Self.refusal(plans, .anotherStore(owned: 3), .pro)?.allowedBy == "Business")
        #expect(try Self.refusal(plans, .customDomain, .free)?.allowedBy == "Business")
        let limit = try #require(try Self.refusal(plans, .ownSupplier, .free))
        #expect(limit.description == "the Free plan does not include your own suppliers; the Pro plan does")
        #expect(
            CommerceError.planLimit(try #require(try Self.refusal(plans, .anotherStore(owned: 1), .free)))
                .description
                == "the Free plan does not allow more than 1 store; the Pro plan does")
    }

    @Test("what a plan includes passes")
    func allowed() throws {
        try plans.check(.anotherStore(owned: 0), on: .free)
        try plans.check(.anotherStore(owned: 2), on: .pro)
        try plans.check(.anotherStore(owned: 5000), on: .business)
        try plans.check(.ownSupplier, on: .pro)
        try plans.check(.customDomain, on: .business)
    }

    @Test("an unknown plan is an error that names it")
    func unknown() {
        #expect(throws: CommerceError.unknownPlan(PlanID(unchecked: "gold"))) {
            try plans.check(.customDomain, on: PlanID(unchecked: "gold"))
        }
    }

    @Test("an upgrade costs the difference for the days that are left, that day included")
    func proration() {
        #expect(Plan.free.upgradeCharge(to: .pro, daysLeft: 30, daysInMonth: 30) == .eur(1900))
        #expect(Plan.free.upgradeCharge(to: .pro, daysLeft: 1, daysInMonth: 30) == .eur(63))
        #expect(Plan.pro.upgradeCharge(to: .business, daysLeft: 15, daysInMonth: 31) == .eur(1452))
    }

    @Test("a month in Romania on Pro leaves the subscription due, the fees being withheld already")
    func statement() throws {
        let statement = PlatformStatement(
            markups: .eur(350), commissions: .eur(547), processing: .eur(0), subscription: .eur(1900),
            vat: .percent(21))

        #expect(statement.fees.net == .eur(741))
        #expect(statement.fees.vat == .eur(156))
        #expect(statement.subscription.vat == .eur(399))
        #expect(statement.total == .eur(3196))
        #expect(statement.due == .eur(2299))
        #expect(!statement.isEmpty)
        // 20 % of 7.41 + 19.00
        #expect(AffiliateTerms.accrual(on: statement) == .eur(528))
    }

    @Test("no fees and no subscription are no invoice")
    func emptyStatement() {
        let statement = PlatformStatement(
            markups: .eur(0), commissions: .eur(0), processing: .eur(0), subscription: .eur(0),
            vat: .percent(21))

        #expect(statement.isEmpty)
    }

    private static func refusal(_ plans: PlanCatalogue, _ wish: PlanWish, _ plan: PlanID) throws
        -> PlanLimit?
    {
        do {
            try plans.check(wish, on: plan)
            return nil
        } catch CommerceError.planLimit(let limit) {
            return limit
        }
    }
}
