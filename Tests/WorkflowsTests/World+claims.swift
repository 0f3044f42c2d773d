import Commerce
import CommerceStore
import Durable
import DurableTesting
import Foundation
import Synchronization
import Testing
import Workflows

/// A delivered order of which a shopper has reported something, and the run that carries the claim.
struct Claimed: Sendable {
    let run: RunID
    let order: Order
    let id: OrderClaimID
    let settling: RunID
}

extension World {
    /// So many pieces were delivered, and one of them is damaged.
    func reported(_ quantity: Int = 1) async throws -> Claimed {
        let run = try await deliveredCheckout(quantity)
        let order = try #require(try await order(of: run))
        let (id, settling) = try await claim(1, from: order.id)
        return Claimed(run: run, order: order, id: id, settling: settling)
    }

    /// The shopper reports a problem, and its run begins.
    func claim(_ count: Int, from order: OrderID) async throws -> (id: OrderClaimID, run: RunID) {
        let id = OrderClaimID()
        let now = fleet.clock.now
        let outcome = try await transaction { tx in
            let line = try await Orders().lines(of: order, in: tx)[0].id
            return try await OrderClaims().report(
                OrderClaims.Draft(
                    id: id, order: order, line: line, count: count, problem: .damaged, wish: .refund,
                    description: "The lid is broken", language: .english), at: now, in: tx)
        }
        guard case .reported(_, isFirst: true) = outcome else {
            Issue.record("the report was refused: \(outcome)")
            throw CancellationError()
        }
        let run = try start(id)
        // As the desk does that starts it.
        try await transaction { try await OrderClaims().recordRun(run.rawValue, of: id, in: $0) }
        return (id, run)
    }

    func start(_ id: OrderClaimID) throws -> RunID {
        try fleet.journal.start(
            SettleClaim.self, SettleClaim.Input(claim: id), once: "claim:\(id)", for: Tenant(tenant))
    }

    func claim(_ id: OrderClaimID) async throws -> OrderClaim {
        try await transaction { try await OrderClaims().load(id, in: $0) }
    }

    /// The merchant decides, and the run is told.
    func decide(_ remedy: ClaimRemedy, _ claimed: Claimed) async throws {
        let now = fleet.clock.now
        let refusal = try await transaction {
            try await OrderClaims().decide(
                remedy, because: remedy == .refused ? "It was used" : "", of: claimed.id, by: "user:test",
                at: now, in: $0)
        }
        #expect(refusal == nil)
        try fleet.journal.send(.claim, Nothing(), to: claimed.settling, once: "decided:\(remedy.rawValue)")
    }

    /// The supplier answers, and the run is told.
    func answer(_ answer: OrderClaims.Answer, _ claimed: Claimed) async throws {
        #expect(try await write(answer, claimed.id) == nil)
        try fleet.journal.send(.claim, Nothing(), to: claimed.settling, once: "answered")
    }

    /// The supplier's answer is written, and whoever was to tell the run is gone.
    func write(_ answer: OrderClaims.Answer, _ id: OrderClaimID) async throws -> ClaimRefusal? {
        let now = fleet.clock.now
        return try await transaction {
            try await OrderClaims().answer(
                answer, note: "as they wrote", of: id, by: "operator", at: now, in: $0)
        }
    }

    /// Whether a person is asked to look at it.
    func asks(about id: OrderClaimID) async throws -> Bool {
        try await transaction { try await Attention().openItems(in: $0) }.contains { $0.subject == "\(id)" }
    }

    func supplier(of order: OrderID) async throws -> SupplierID {
        try await transaction { try await SupplierOrders().all(of: order, in: $0)[0].supplier }
    }

    func end(of run: RunID) throws -> ClaimEnd? {
        guard case .succeeded(let payload)? = fleet.journal.outcome(of: run) else { return nil }
        return try payload.decode(ClaimEnd.self, .output)
    }

    /// What a claim has done outside and in the books.
    func claimEffects(of order: OrderID) async throws -> [String] {
        let counts = ["refund.create", "fee_refund.create", "email.create"].map { "\($0): \(count($0))" }
        return try await counts + ending(of: order) + differencesFromStripe()
    }
}

/// Lets something happen right before the transaction of a run's step, once.
final class Interruption: Sendable {
    private let step: String
    private let act = Mutex<(run: RunID, body: @Sendable () async throws -> Void)?>(nil)

    init(before step: String) { self.step = step }

    func arm(of run: RunID, _ body: @escaping @Sendable () async throws -> Void) {
        act.withLock { $0 = (run, body) }
    }

    func watch(_ journal: InMemoryJournal) -> any Journal {
        InterruptedJournal(interruption: self, inner: journal)
    }

    fileprivate func strike(before key: StepKey, of run: RunID) async {
        let found = act.withLock { act -> (@Sendable () async throws -> Void)? in
            guard key.name == step, act?.run == run else { return nil }
            defer { act = nil }
            return act?.body
        }
        do { try await found?() } catch { Issue.record(error) }
    }
}

private struct InterruptedJournal: Journal {
    let interruption: Interruption
    let inner: InMemoryJournal

    func commit(_ entry: JournalEntry, under lease: Lease) async throws(JournalFailure) -> CommitVerdict {
        try await inner.commit(entry, under: lease)
    }

    func willTransact(_ key: StepKey, under lease: Lease) async throws(JournalFailure) {
        await interruption.strike(before: key, of: lease.run)
        try await inner.willTransact(key, under: lease)
    }
}
