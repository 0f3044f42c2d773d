import Foundation
import Testing

@testable import Commerce
@testable import CommerceStore

@Suite("Words to the runs of claims, and their end")
struct ClaimCallTests {
    /// What the database's own time has reached.
    private static var soon: Date { Date().addingTimeInterval(60) }

    private func carried(_ shop: TestShop) async throws -> (claim: OrderClaimID, run: UUID) {
        let claim = try await shop.reported(try await shop.delivered())
        let run = UUID()
        try await shop.transaction { try await OrderClaims().recordRun(run, of: claim, in: $0) }
        return (claim, run)
    }

    private func open(_ shop: TestShop, at now: Date = soon) async throws -> [ClaimCall] {
        try await shop.transaction { try await ClaimCalls().open(at: now, limit: 10, in: $0) }
    }

    @Test("what was said is to be told until the run has looked, and what is said anew is another word")
    func heard() async throws {
        let shop = try await TestShop.open()
        let (claim, run) = try await carried(shop)
        #expect(try await open(shop) == [])

        #expect(
            try await shop.transaction {
                try await OrderClaims().decide(
                    .replacement, because: "", of: claim, by: "user:1", at: TestShop.arrival, in: $0)
            } == nil)
        let decided = try await open(shop)
        _ = try await shop.transaction { try await OrderClaims().look(at: claim, in: $0) }
        let looked = try await open(shop)
        #expect(try await shop.answer(claim, .refused) == nil)
        let answered = try await open(shop)

        #expect(decided.map(\.run) == [run])
        #expect(looked == [])
        #expect(answered.map(\.claim) == [claim])
        #expect(answered.map(\.once) != decided.map(\.once))
        // Whoever says it tells the run too, and usually that is enough.
        #expect(try await open(shop, at: Date().addingTimeInterval(-60)) == [])
        let stores = try await shop.database.platformTransaction {
            try await ClaimCalls().waiting(at: Self.soon, limit: 100_000, in: $0)
        }
        #expect(stores.contains(shop.tenant))
    }

    @Test("a run that was told is left alone for a while, unless something new is said")
    func putOff() async throws {
        let shop = try await TestShop.open()
        let (claim, _) = try await carried(shop)
        _ = try await shop.transaction {
            try await OrderClaims().decide(
                .replacement, because: "", of: claim, by: "user:1", at: TestShop.arrival, in: $0)
        }
        let call = try #require(try await open(shop).first)

        let tomorrow = Date().addingTimeInterval(86_400)
        try await shop.transaction { try await ClaimCalls().putOff(call, until: tomorrow, in: $0) }
        let afterwards = try await open(shop)
        let later = try await open(shop, at: tomorrow.addingTimeInterval(60))
        _ = try await shop.answer(claim, .refused)

        #expect(afterwards == [])
        #expect(later == [call])
        let again = try await open(shop)
        #expect(again.count == 1 && again != [call])
        // A word of before says nothing about what came after it.
        try await shop.transaction { try await ClaimCalls().putOff(call, until: tomorrow, in: $0) }
        #expect(try await open(shop) == again)
    }

    @Test("a refund that settles is news for the claims of its order, and a reserved one is none")
    func refunded() async throws {
        let shop = try await TestShop.open()
        let sold = try await shop.delivered()
        let claim = try await shop.reported(sold)
        try await shop.transaction { try await OrderClaims().recordRun(UUID(), of: claim, in: $0) }

        let refund = try await shop.transaction {
            try #require(
                try await Refunds().reserveAll(
                    of: sold.order.id, paidBy: sold.payment, cause: .goodwill, key: "all", in: $0))
        }
        let reserved = try await open(shop)
        _ = try await shop.transaction { try await Refunds().settle(refund.id, in: $0) }

        #expect(reserved == [])
        #expect(try await open(shop).map(\.claim) == [claim])
    }

    // MARK: - The end

    @Test("of an answer and an end that come at the same moment one wins, and the other is told")
    func endAndAnswerAtOnce() async throws {
        let shop = try await TestShop.open()
        let sold = try await shop.delivered(6)
        for round in 0..<6 {
            let claim = try await shop.reported(sold, at: TimeInterval(round))
            try await shop.transaction {
                try await OrderClaims().settle(claim, as: .refunded, at: TestShop.arrival, in: $0)
            }

            async let ended = shop.transaction {
                try await OrderClaims().close(claim, as: .unanswered, at: TestShop.arrival, in: $0)
            }
            async let refusal = shop.answer(claim, .credited(.eur(1_000)))
            let (isEnded, refused) = try await (ended, refusal)

            let stored = try await shop.transaction { try await OrderClaims().load(claim, in: $0) }
            #expect(refused == (isEnded ? .closed : nil))
            #expect(stored.answer == (isEnded ? nil : .credited))
            #expect(stored.ending == (isEnded ? .unanswered : nil))
        }
    }

    @Test("after the end nothing more is said, and an answer that is not handed on keeps the claim open")
    func endAndAnswer() async throws {
        let shop = try await TestShop.open()
        let sold = try await shop.delivered()
        let (ended, answered) = (try await shop.reported(sold), try await shop.reported(sold, at: 1))
        _ = try await shop.answer(answered, .borne)

        let (isEnded, isAnsweredEnded, decided, sent) = try await shop.transaction { tx in
            for claim in [ended, answered] {
                try await OrderClaims().settle(claim, as: .refunded, at: TestShop.arrival, in: tx)
            }
            return (
                try await OrderClaims().close(ended, as: .unanswered, at: TestShop.arrival, in: tx),
                try await OrderClaims().close(answered, as: .unanswered, at: TestShop.arrival, in: tx),
                try await OrderClaims().decide(
                    .refund, because: "", of: ended, by: "user:1", at: TestShop.arrival, in: tx),
                try await OrderClaims().send("RR1", of: ended, by: "user:1", at: TestShop.arrival, in: tx)
            )
        }

        #expect((isEnded, isAnsweredEnded) == (true, false))
        #expect([decided, sent, try await shop.answer(ended, .refused)] == [.closed, .closed, .closed])
    }
}
