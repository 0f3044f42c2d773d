// Vendors and business tables as the sample workflows reach them. A vendor remembers every key and answers a
// repeated one with its first receipt, as real ones do; the ledger of first times is what the checker reads.

import Durable
import Foundation
import Synchronization

@testable import DurableTesting
@testable import Fleet

/// The vendor could not be reached, or its answer was lost.
struct VendorSilent: Error {}

/// The vendor says no, and will say no again.
struct VendorRefused: Classified {
    var disposition: Disposition { .permanent }
}

final class OutsideWorld: Sendable {
    let history: History
    private let wire: Wire
    private let ledger = Mutex<(receipts: [String: Int], failures: [String: Int])>(([:], [:]))
    /// A step must not run out of attempts.
    private static let failureLimit = 3

    init(_ wire: Wire, _ history: History) {
        self.wire = wire
        self.history = history
    }

    /// Does something once per key and answers with its receipt.
    func act(_ run: RunID, _ step: String, key: String, from process: SimulatedProcess) async throws -> Int {
        if !process.isDead { history.append(.began(run, step: step, key: key, by: process.name)) }
        let fails = mayFail(key) && wire.loop.chance(wire.plan.outside)
        let loosesAnswer = wire.loop.chance(0.5)
        let receipt = try await reach(from: process) { [self] in
            if fails, !loosesAnswer { return Int?.none }
            return record(run, step, key)
        }
        guard let receipt, !fails else {
            ledger.withLock { $0.failures[key, default: 0] += 1 }
            throw VendorSilent()
        }
        return receipt
    }

    private func mayFail(_ key: String) -> Bool {
        !wire.isCalm && ledger.withLock { $0.failures[key, default: 0] } < Self.failureLimit
    }

    private func reach<R: Sendable>(
        from process: SimulatedProcess, _ effect: @escaping @Sendable () -> R
    ) async throws -> R {
        do {
            return try await wire.call(from: process, effect)
        } catch {
            throw VendorSilent()
        }
    }

    private func record(_ run: RunID, _ step: String, _ key: String) -> Int {
        let (receipt, isNew) = ledger.withLock { ledger -> (Int, Bool) in
            if let known = ledger.receipts[key] { return (known, false) }
            let receipt = ledger.receipts.count + 1
            ledger.receipts[key] = receipt
            return (receipt, true)
        }
        if isNew { history.append(.effect(run, step: step, key: key)) }
        return receipt
    }
}

/// The business's own tables, in the same database as the journal.
struct BusinessTables: TransactionSource {
    /// What a transaction is about to write.
    final class Transaction: Sendable {
        private let count = Mutex(0)
        var rows: Int { count.withLock { $0 } }
        func insert() { count.withLock { $0 += 1 } }
    }

    let store: SimulatedStore

    func transact<Output: Codable & Sendable>(
        for tenant: Tenant, _ checkpoint: TransactionCheckpoint,
        _ body: @Sendable @escaping (Transaction) async throws -> Output
    ) async throws -> Output {
        let (key, history) = (checkpoint.key, store.server.history)
        let run = checkpoint.lease.run
        if let known = try await store.ask({ $0.state.withLock { $0.journal.runs[run]?.steps[key] } }) {
            return try checkpoint.replay(known)
        }
        let transaction = Transaction()
        let output = try await body(transaction)
        let record = try checkpoint.record(output)
        let rows = transaction.rows
        let verdict = try await store.ask { server -> CommitVerdict in
            let now = server.loop.now
            let verdict = server.state.withLock {
                $0.recordStep(record, under: checkpoint.lease, now: now)
            }
            if verdict.isWritten {
                for row in 0..<rows {
                    history.append(.effect(run, step: key.name, key: "row \(row) of \(run)/\(key)"))
                }
            }
            return verdict
        }
        guard verdict.isWritten else { throw JournalFailure.leaseLost }
        return output
    }
}

extension StoreState {
    mutating func recordStep(_ record: StepRecord, under lease: Lease, now: Date) -> CommitVerdict {
        journal.commit(.step(record, consuming: nil), under: admitted(lease), now: now)
    }
}

extension CommitVerdict {
    /// Whether the entry is in the journal by this very write.
    var isWritten: Bool {
        switch self {
        case .committed, .cancelling: true
        default: false
        }
    }
}
