import Foundation
import Testing

@testable import Commerce
@testable import CommerceStore

@Suite("Claims in the store's tables")
struct ClaimTests {
    @Test("a report sent from many tasks at once is one, and no unit is claimed twice")
    func reportedOnce() async throws {
        let shop = try await TestShop.open()
        let sold = try await shop.delivered()
        let draft = sold.draft()

        let outcomes = try await withThrowingTaskGroup(of: OrderClaims.Outcome.self) { group in
            for _ in 0..<6 {
                group.addTask {
                    try await shop.transaction {
                        try await OrderClaims().report(draft, at: TestShop.arrival, in: $0)
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }

        let first = outcomes.filter { if case .reported(_, isFirst: true) = $0 { true } else { false } }
        let again = outcomes.filter { if case .reported(_, isFirst: false) = $0 { true } else { false } }
        #expect((first.count, again.count) == (1, 5))
        let more = try await shop.transaction {
            try await OrderClaims().report(sold.draft(2), at: TestShop.arrival, in: $0)
        }
        #expect(more == .refused(.notThese))
    }

    @Test("a claimed unit cannot be withdrawn from, and a withdrawn one cannot be claimed")
    func eitherOr() async throws {
        let shop = try await TestShop.open()
        let sold = try await shop.delivered(3)
        _ = try await shop.reported(sold)

        let withdrawal = Withdrawals.Draft(
            id: WithdrawalID(), order: sold.order.id, name: "Ana Pop",
            email: EmailAddress(unchecked: "ana@example.test"), language: .romanian, units: [sold.lines[0]: 1]
        )
        let (open, declared, left) = try await shop.transaction { tx in
            let open = try await Withdrawals().offer(of: sold.order.id, in: tx).lines[0].units.count
            let declared = try await Withdrawals().submit(withdrawal, at: TestShop.arrival, in: tx)
            let left = try await OrderClaims().offer(of: sold.order.id, in: tx).lines[0].units.count
            return (open, declared, left)
        }

        #expect(open == 2)
        guard case .declared(_, isFirst: true) = declared else {
            Issue.record("the withdrawal was refused: \(declared)")
            return
        }
        #expect(left == 1)
    }

    @Test("what is refunded cannot be claimed; a claimed unit is paid back once its refund is settled")
    func refunded() async throws {
        let shop = try await TestShop.open()
        let sold = try await shop.delivered()
        let claim = try await shop.reported(sold)

        let (steps, left) = try await shop.transaction { tx in
            var steps = [try await OrderClaims().standing(of: claim, in: tx)]
            let units = try await SupplierOrders().units(ofOrder: sold.order.id, in: tx).map(\.id)
            let refund = try #require(
                try await Refunds().reserve(
                    units, of: sold.order.id, paidBy: sold.payment, cause: .goodwill, key: "all", in: tx))
            steps.append(try await OrderClaims().standing(of: claim, in: tx))
            let left = try await OrderClaims().offer(of: sold.order.id, in: tx).lines
            try await Refunds().markSent(refund.id, stripeRefund: "re_1", in: tx)
            steps.append(try await OrderClaims().standing(of: claim, in: tx))
            _ = try await Refunds().settle(refund.id, in: tx)
            steps.append(try await OrderClaims().standing(of: claim, in: tx))
            return (steps, left)
        }

        #expect(steps.map(\.isPaidBack) == [false, false, false, true])
        #expect(steps.map { $0.isBeingPaidBack ?? false } == [false, true, true, false])
        #expect(left.isEmpty)
    }

    @Test("a refund of all that was left names no units, and is promised and paid back all the same")
    func refundedWhole() async throws {
        let shop = try await TestShop.open()
        let sold = try await shop.delivered()
        let claim = try await shop.reported(sold)

        let steps = try await shop.transaction { tx in
            let refund = try #require(
                try await Refunds().reserveAll(
                    of: sold.order.id, paidBy: sold.payment, cause: .goodwill, key: "all", in: tx))
            var steps = [try await OrderClaims().standing(of: claim, in: tx)]
            _ = try await Refunds().settle(refund.id, in: tx)
            try await Orders().refreshStatus(sold.order.id, in: tx)
            steps.append(try await OrderClaims().standing(of: claim, in: tx))
            return steps
        }

        #expect(steps.map(\.isPaidBack) == [false, true])
        #expect(steps.map { $0.isBeingPaidBack ?? false } == [true, false])
    }

    @Test("a decision is made once; only a replacement that cannot be had becomes a refund")
    func decisions() async throws {
        let shop = try await TestShop.open()
        let sold = try await shop.delivered()
        let claim = try await shop.reported(sold)

        let refusals = try await shop.transaction { tx in
            var refusals: [ClaimRefusal?] = []
            for remedy: ClaimRemedy in [.replacement, .refused, .refund, .replacement] {
                refusals.append(
                    try await OrderClaims().decide(
                        remedy, because: "", of: claim, by: "user:1", at: TestShop.arrival, in: tx))
            }
            refusals.append(
                try await OrderClaims().send("RR1", of: claim, by: "user:1", at: TestShop.arrival, in: tx))
            return refusals
        }
        #expect(refusals == [nil, .tooLate, nil, .tooLate, .tooLate])

        let forced = try await problem {
            try await shop.transaction { tx in
                try await tx.execute(
                    "update shop.order_claim set remedy = 'refused' where id = \(claim.rawValue)")
            }
        }
        #expect(forced == .claimDecided)
    }

    @Test("the supplier's first answer stays, and it cannot credit more than it was paid")
    func answers() async throws {
        let shop = try await TestShop.open()
        let sold = try await shop.delivered()
        let claim = try await shop.reported(sold)

        let refusals = try await shop.transaction { tx in
            var refusals: [ClaimRefusal?] = []
            for answer: OrderClaims.Answer in [
                .credited(.eur(1_000_000)), .credited(.ron(100)), .credited(.eur(1_000)), .refused,
            ] {
                refusals.append(
                    try await OrderClaims().answer(
                        answer, note: "", of: claim, by: "operator", at: TestShop.arrival, in: tx))
            }
            return refusals
        }
        #expect(refusals == [.tooMuch, .tooMuch, nil, .tooLate])

        let forced = try await problem {
            try await shop.transaction { tx in
                try await tx.execute(
                    "update shop.order_claim set credit_minor = 1 where id = \(claim.rawValue)")
            }
        }
        #expect(forced == .claimFrozen)
        let stored = try await shop.transaction { try await OrderClaims().load(claim, in: $0) }
        #expect(stored.credit == .eur(1_000))
    }

    @Test("a unit that was replaced can be claimed once more; one of a refused claim only withdrawn from")
    func freed() async throws {
        let shop = try await TestShop.open()
        let sold = try await shop.delivered()
        let replaced = try await shop.reported(sold)
        let refused = try await shop.reported(sold)

        let (claimable, withdrawable) = try await shop.transaction { tx in
            try await OrderClaims().settle(replaced, as: .replaced, at: TestShop.arrival, in: tx)
            try await OrderClaims().settle(refused, as: .refused, at: TestShop.arrival, in: tx)
            return (
                try await OrderClaims().offer(of: sold.order.id, in: tx).lines.map(\.units.count),
                try await Withdrawals().offer(of: sold.order.id, in: tx).lines.map(\.units.count)
            )
        }

        #expect(claimable == [1])
        #expect(withdrawable == [2])
    }

    @Test("a late credit is measured by what was withheld, and given once per claim")
    func lateCredit() async throws {
        let shop = try await TestShop.open()
        let sold = try await shop.delivered()
        let claim = try await shop.reported(sold)

        let (grounds, first, again) = try await shop.transaction { tx in
            let grounds = try await OrderClaims().grounds(of: claim, in: tx)
            let credit = SupplierCredit(cost: grounds.withheld, markedUpUnits: grounds.markedUpUnits)
            let first = try await Refunds().reserveLateCredit(
                credit, of: sold.order.id, paidBy: sold.payment, key: "claim:\(claim)", in: tx)
            let again = try await Refunds().reserveLateCredit(
                credit, of: sold.order.id, paidBy: sold.payment, key: "claim:\(claim)", in: tx)
            return (grounds, first, again)
        }

        #expect(grounds.withheld == .eur(1_000))
        #expect(grounds.cost == .eur(1_000))
        #expect(first?.breakdown.amount == .eur(0))
        #expect(first?.breakdown.supplier == .eur(1_000))
        #expect(first == again)
    }

    @Test("goods of a withdrawal are claimed back once they were refunded, and once")
    func returned() async throws {
        let shop = try await TestShop.open()
        let sold = try await shop.delivered()
        let withdrawal = Withdrawals.Draft(
            id: WithdrawalID(), order: sold.order.id, name: "Ana Pop",
            email: EmailAddress(unchecked: "ana@example.test"), language: .romanian, units: [sold.lines[0]: 2]
        )

        let counts = try await shop.transaction { tx in
            _ = try await Withdrawals().submit(withdrawal, at: TestShop.arrival, in: tx)
            var counts: [Int] = []
            for step in 0..<3 {
                if step == 1 {
                    try await Withdrawals().markRefunded(withdrawal.id, at: TestShop.arrival, in: tx)
                }
                counts.append(
                    try await OrderClaims().claimReturned(
                        withdrawal.id, by: "user:1", at: TestShop.arrival, in: tx
                    ).count)
            }
            return counts
        }

        #expect(counts == [0, 1, 0])
        let claim = try #require(
            try await shop.transaction { try await OrderClaims().all(of: sold.order.id, in: $0) }.first)
        #expect(claim.problem == .returned)
        #expect(claim.remedy == .refund)
    }

    @Test("an unpaid order and what is still to be sent offer nothing to report")
    func nothingToReport() async throws {
        let shop = try await TestShop.open()
        let unpaid = try await shop.order()
        let (paid, _) = try await shop.paidOrder()

        let offers = try await shop.transaction { tx in
            _ = try await SupplierOrders().plan(paid.id, in: tx)
            return [
                try await OrderClaims().offer(of: unpaid.id, in: tx),
                try await OrderClaims().offer(of: paid.id, in: tx),
            ]
        }

        #expect(offers.allSatisfy { !$0.isOpen(at: TestShop.now) })
    }

    @Test("another store sees no claim and can say nothing about it; the operators see it")
    func isolation() async throws {
        let shop = try await TestShop.open()
        let other = try await TestShop.open()
        let sold = try await shop.delivered()
        let claim = try await shop.reported(sold)

        let (seen, decided, answered) = try await other.transaction { tx in
            (
                try await OrderClaims().find(claim, in: tx),
                try await OrderClaims().decide(
                    .refund, because: "", of: claim, by: "x", at: TestShop.now, in: tx),
                try await OrderClaims().answer(
                    .refused, note: "", of: claim, by: "x", at: TestShop.now, in: tx)
            )
        }
        let line = try await PlatformClaims(shop.database).find(claim, of: shop.tenant)

        #expect(seen == nil)
        #expect(decided == .unknown)
        #expect(answered == .unknown)
        #expect(try await other.transaction { try await OrderClaims().recent(in: $0) }.isEmpty)
        #expect(line?.contents.hasPrefix("1 x ") == true)
        #expect(line?.cost == .eur(2_000))
    }
}
