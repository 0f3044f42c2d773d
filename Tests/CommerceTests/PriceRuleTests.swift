import Testing

@testable import Commerce

/// How a store makes a price of a cost.
@Suite struct PriceRuleTests {
    private static func pricing(
        _ plan: Plan, _ bearer: ProcessingFeeBearer = .platform
    ) -> Pricing {
        Pricing(terms: plan.terms.bearing(bearer), rates: .same(.eur))
    }

    private static func price(_ rule: PriceRule, _ cost: Int64, _ pricing: Pricing) throws -> Money? {
        try rule.price(unitCost: .eur(cost), isPlatformCatalogue: true, pricing: pricing)
    }

    @Test("the standard rule is the lowest price that ends in .90 and leaves three tenths")
    func standard() throws {
        #expect(try Self.price(.standard(.eur), 1000, Self.pricing(.pro)) == .eur(1590))
        #expect(try Self.price(.standard(.eur), 1000, Self.pricing(.free)) == .eur(1790))
    }

    @Test("so many times the cost and a fixed amount, up to the wanted ending")
    func multiplied() throws {
        let rule = PriceRule(
            multiplier: .percent(200), fixed: .eur(150), ending: .ninetyNine, minimumMargin: .zero)

        #expect(try Self.price(rule, 1000, Self.pricing(.pro)) == .eur(2199))
        #expect(try Self.price(rule, 1024, Self.pricing(.pro)) == .eur(2199))
        #expect(try Self.price(rule, 1025, Self.pricing(.pro)) == .eur(2299))
    }

    @Test("a rule that asks for nothing still asks for the lowest price that passes")
    func floor() throws {
        let rule = PriceRule(
            multiplier: .zero, fixed: .eur(0), ending: .any, minimumMargin: .zero)

        #expect(try Self.price(rule, 1000, Self.pricing(.free)) == .eur(1158))
        #expect(try Self.price(rule, 1000, Self.pricing(.pro, .merchant)) == .eur(1126))
    }

    @Test("where the rates leave no room for the margin there is no price")
    func impossible() throws {
        var plan = Plan.free
        plan.terms.commission = .percent(90)

        #expect(try Self.price(.standard(.eur), 1000, Self.pricing(plan)) == nil)
    }

    @Test("the price keeps the margin, and the next lower one that may be asked does not", arguments: seeds)
    func lowest(seed: UInt64) throws {
        var random = SeededRandom(seed)
        let plans = [Plan.free, .pro, .business]
        let pricing = Self.pricing(plans[random.int(0...2)], random.flip() ? .merchant : .platform)
        let rule = PriceRule(
            multiplier: BasisPoints(random.int(0...30_000)), fixed: .eur(Int64(random.int(0...500))),
            ending: PriceRule.Ending.allCases[random.int(0...4)],
            minimumMargin: BasisPoints(random.int(0...8_000)))
        let cost = Int64(random.int(1...50_000))
        func sale(_ price: Money) throws -> MarginBreakdown {
            try pricing.preview(price: price, unitCost: .eur(cost), isPlatformCatalogue: true)
        }
        func keeps(_ sale: MarginBreakdown) -> Bool {
            !sale.margin.isNegative
                && sale.margin.minorUnits * 10_000
                    >= sale.gross.minorUnits * Int64(rule.minimumMargin.value)
        }

        let price = try #require(try Self.price(rule, cost, pricing), "seed \(seed)")

        #expect(try keeps(sale(price)), "seed \(seed)")
        let lowest = try #require(
            try pricing.lowestPrice(unitCost: .eur(cost), isPlatformCatalogue: true))
        let marked = Money.eur(cost).applying(rule.multiplier, rounding: .awayFromZero) + rule.fixed
        #expect(price >= max(marked, lowest), "seed \(seed)")
        if let ending = Int64(rule.ending.rawValue) {
            #expect(price.minorUnits % 100 == ending, "seed \(seed)")
        }
        let below = price - .eur(rule.ending == .any ? 1 : 100)
        #expect(try below < max(marked, lowest) || !keeps(sale(below)), "seed \(seed)")
    }
}
