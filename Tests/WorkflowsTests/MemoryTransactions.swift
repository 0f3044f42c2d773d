import Commerce
import CommerceStore
import Durable
import DurableTesting
import Synchronization
import Workflows

/// The shop's transactions on a real Postgres, with their checkpoints in the journal in memory.
///
/// Two stores cannot commit as one: the checkpoint is taken last inside the transaction, so that a worker
/// which has lost its run rolls back, and the commit follows at once, with nothing but this process's death
/// between them. The crash runner kills and pauses before the transaction and after it, so it never falls
/// into that gap; that there is none on Postgres is the engine's own test.
final class MemoryTransactions: CheckpointedTransactions {
    private let database: Database
    private let journal = Mutex<InMemoryJournal?>(nil)

    init(_ database: Database) { self.database = database }

    /// The journal is made after the workflows that write to it.
    func use(_ journal: InMemoryJournal) { self.journal.withLock { $0 = journal } }

    func transact<Output: Codable & Sendable>(
        for tenant: TenantID, _ checkpoint: TransactionCheckpoint,
        _ body: @Sendable @escaping (Transaction<OneTenant>) async throws -> Output
    ) async throws -> Output {
        guard let journal = journal.withLock({ $0 }) else { throw JournalFailure.leaseLost }
        if let known = journal.steps(of: checkpoint.lease.run).first(where: { $0.key == checkpoint.key }) {
            return try checkpoint.replay(known)
        }
        // What a body starts begins in memory at once and would outlive the rollback.
        guard journal.isHeld(checkpoint.lease) else { throw JournalFailure.leaseLost }
        return try await database.transaction(for: tenant) { tx in
            let output = try await body(tx)
            let verdict = journal.recordInTransaction(try checkpoint.record(output), under: checkpoint.lease)
            guard verdict == .committed else { throw JournalFailure.leaseLost }
            return output
        }
    }
}

/// Sends into the mailboxes of the journal in memory.
struct MemorySignals: SignalSender {
    let journal: InMemoryJournal

    func send<P: Codable & Sendable>(
        _ signal: Signal<P>, _ payload: P, to run: RunID, once key: String
    ) async throws -> Bool {
        try journal.send(signal, payload, to: run, once: key)
    }
}

/// The same for workflows, which are made before the journal is.
final class LateSignals: SignalSender, RunStarter, RunHistory {
    private let journal = Mutex<InMemoryJournal?>(nil)

    func use(_ journal: InMemoryJournal) { self.journal.withLock { $0 = journal } }

    func send<P: Codable & Sendable>(
        _ signal: Signal<P>, _ payload: P, to run: RunID, once key: String
    ) async throws -> Bool {
        guard let journal = journal.withLock({ $0 }) else { throw JournalFailure.leaseLost }
        return try journal.send(signal, payload, to: run, once: key)
    }

    func start<W: Workflow>(
        _ workflow: W.Type, _ input: W.Input, once key: String, with tx: Transaction<OneTenant>
    ) async throws {
        try journal.withLock { $0 }?.start(W.self, input, once: key, for: Tenant(tx.tenant))
    }

    func startSingle<W: Workflow>(
        _ workflow: W.Type, _ input: W.Input, key: String, with tx: Transaction<OneTenant>
    ) async throws {
        guard let journal = journal.withLock({ $0 }) else { throw JournalFailure.leaseLost }
        var round = 1
        while true {
            let run = try journal.start(
                W.self, input, once: "single:\(key):\(round)", for: Tenant(tx.tenant))
            guard journal.outcome(of: run) != nil else { return }
            round += 1
        }
    }

    func start<W: Workflow>(_ workflow: W.Type, _ runs: [KeyedRun<W.Input>]) async throws {
        guard let journal = journal.withLock({ $0 }) else { throw JournalFailure.leaseLost }
        for run in runs {
            try journal.start(W.self, run.input, once: run.key, for: Tenant(run.tenant))
        }
    }

    func events(of run: RunID) async throws -> [RunEvent] {
        guard let journal = journal.withLock({ $0 }) else { throw JournalFailure.leaseLost }
        return journal.steps(of: run).map {
            RunEvent(step: $0.key.name, item: $0.key.item, at: $0.startedAt)
        }
    }
}
