import Foundation
import Testing

@testable import Commerce
@testable import CommerceStore

@Suite("What claims on one supplier order get back together")
struct ClaimCreditTests {
    /// The pieces of one line that a claim is about.
    struct Part: Sendable {
        let line: Int
        let count: Int

        init(_ line: Int, _ count: Int) {
            self.line = line
            self.count = count
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        /// Pieces of each line; every line costs 10.00 a piece, and the carriage of the parcel 5.00.
        let quantity: Int
        let lines: Int
        let claims: [Part]
        /// What S of each claim is, as they were reported.
        let withheld: [Int64]

        var testDescription: String { name }
    }

    static let cases = [
        Case(name: "all of the only line", quantity: 2, lines: 1, claims: [Part(0, 2)], withheld: [2_500]),
        Case(name: "a part of it", quantity: 2, lines: 1, claims: [Part(0, 1)], withheld: [1_000]),
        Case(
            name: "the line piece by piece", quantity: 3, lines: 1,
            claims: [Part(0, 1), Part(0, 1), Part(0, 1)], withheld: [1_000, 1_000, 1_500]),
        Case(name: "one of two lines", quantity: 2, lines: 2, claims: [Part(0, 2)], withheld: [2_000]),
        Case(
            name: "line by line", quantity: 2, lines: 2, claims: [Part(0, 2), Part(1, 2)],
            withheld: [2_000, 2_500]),
        Case(
            name: "line by line, one of them in two parts", quantity: 2, lines: 2,
            claims: [Part(0, 1), Part(1, 2), Part(0, 1)], withheld: [1_000, 2_000, 1_500]),
        Case(
            name: "two lines in parts, and a piece is kept", quantity: 2, lines: 2,
            claims: [Part(0, 2), Part(1, 1)], withheld: [2_000, 1_000]),
    ]

    /// A shop whose supplier takes 5.00 for a parcel.
    private func shop() async throws -> TestShop {
        let shop = try await TestShop.open()
        _ = try await shop.transaction { tx in
            try await tx.execute(
                """
                update shop.supplier set parcel_shipping_minor = 500
                where tenant_id = \(shop.tenant.rawValue) and id = \(shop.supplier.rawValue)
                """)
        }
        return shop
    }

    private func report(
        _ parts: [Part], of sold: SoldGoods, in shop: TestShop
    ) async throws -> [OrderClaimID] {
        var claims: [OrderClaimID] = []
        for (place, part) in parts.enumerated() {
            claims.append(
                try await shop.reported(sold, part.count, ofLine: part.line, at: TimeInterval(place)))
        }
        return claims
    }

    private func grounds(_ claims: [OrderClaimID], in shop: TestShop) async throws -> [ClaimGrounds] {
        try await shop.transaction { tx in
            var found: [ClaimGrounds] = []
            for claim in claims { found.append(try await OrderClaims().grounds(of: claim, in: tx)) }
            return found
        }
    }

    @Test("the carriage belongs to the claim with which everything is claimed", arguments: cases)
    func carriage(one: Case) async throws {
        let shop = try await shop()
        let sold = try await shop.delivered(one.quantity, lines: one.lines)

        let claims = try await report(one.claims, of: sold, in: shop)
        let grounds = try await grounds(claims, in: shop)

        #expect(grounds.map(\.withheld) == one.withheld.map { .eur($0) })
        #expect(grounds.map(\.cost) == one.withheld.map { .eur($0) })
        #expect(Set(grounds.map(\.left)) == [.eur(Int64(one.quantity * one.lines) * 1_000 + 500)])
    }

    @Test("a claim that asks for nothing any more is none of those with which everything is claimed")
    func refusedAmongThem() async throws {
        let shop = try await shop()
        let sold = try await shop.delivered(1, lines: 2)
        let claims = try await report([Part(0, 1), Part(1, 1)], of: sold, in: shop)
        #expect(try await grounds(claims, in: shop).map(\.withheld) == [.eur(1_000), .eur(1_500)])

        #expect(try await shop.answer(claims[0], .refused) == nil)

        #expect(try await grounds(claims, in: shop).map(\.withheld) == [.eur(1_000), .eur(1_000)])
    }

    @Test(
        "claims on one supplier order are credited no more than it cost, however many there are",
        arguments: [
            ([1_000, 1_000], [nil, nil]), ([1_500, 1_000], [nil, nil]), ([1_500, 1_001], [nil, .tooMuch]),
            ([2_500, 1], [nil, .tooMuch]), ([2_501, 2_500], [.tooMuch, nil]),
        ] as [([Int64], [ClaimRefusal?])])
    func bounded(credits: [Int64], refusals: [ClaimRefusal?]) async throws {
        let shop = try await shop()
        let sold = try await shop.delivered(2)
        let claims = try await report([Part(0, 1), Part(0, 1)], of: sold, in: shop)

        var found: [ClaimRefusal?] = []
        for (claim, credit) in zip(claims, credits) {
            found.append(try await shop.answer(claim, .credited(.eur(credit))))
        }

        #expect(found == refusals)
        let line = try await PlatformClaims(shop.database).find(claims[1], of: shop.tenant)
        #expect(line?.credited == .eur(refusals[0] == nil ? credits[0] : 0))
    }

    @Test("of credits at the same moment those that are too much are refused, by the database too")
    func atOnce() async throws {
        let shop = try await shop()
        let sold = try await shop.delivered(4)
        let claims = try await report(Array(repeating: Part(0, 1), count: 4), of: sold, in: shop)

        let refusals = try await withThrowingTaskGroup(of: ClaimRefusal?.self) { group in
            for claim in claims { group.addTask { try await shop.answer(claim, .credited(.eur(1_500))) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }

        // Of 45.00.
        #expect(refusals.count { $0 == nil } == 3)
        #expect(refusals.count { $0 == .tooMuch } == 1)
        let forced = try await problem {
            try await shop.transaction { tx in
                try await tx.execute(
                    """
                    update shop.order_claim set answer = 'credited', answered_by = 'x', answered_at = now(),
                        credit_currency = 'EUR', credit_minor = 1 where answer is null
                    """)
            }
        }
        #expect(forced == .creditedBeyondCost)
    }

    @Test("what was handed on for a unit that is claimed once more leaves so much less of S")
    func handedOnTwice() async throws {
        let shop = try await shop()
        let sold = try await shop.delivered()
        let first = try await shop.reported(sold, 2)
        #expect(try await shop.answer(first, .borne) == nil)
        try await shop.transaction { tx in
            let credit = SupplierCredit(cost: .eur(1_100), markedUpUnits: 0)
            _ = try await Refunds().reserveLateCredit(
                credit, of: sold.order.id, paidBy: sold.payment, key: OrderClaims.creditKey(of: first),
                in: tx)
            try await OrderClaims().settle(first, as: .replaced, at: TestShop.arrival, in: tx)
        }

        let again = try await shop.reported(sold, 2, at: 60)
        let found = try await grounds([first, again], in: shop)

        #expect(found.map(\.withheld) == [.eur(2_000), .eur(2_500)])
        #expect(found.map(\.left) == [.eur(2_500), .eur(1_400)])
    }
}
