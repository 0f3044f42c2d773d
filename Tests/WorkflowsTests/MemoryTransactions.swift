import Commerce
import CommerceStore
import Durable
import DurableTesting
import Synchronization
import Workflows

/// The shop's transactions on a real Postgres, with their checkpoints in the journal in memory.
///
/// Two stores cannot commit as one: the checkpoint follows the commit at once, with nothing but this
/// process's death between them. The crash runner kills before the transaction and after the checkpoint, so
/// it never falls into that gap; that there is none on Postgres is the engine's own test.
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
        let output = try await database.transaction(for: tenant) { try await body($0) }
        let verdict = journal.recordInTransaction(try checkpoint.record(output), under: checkpoint.lease)
        guard verdict == .committed else { throw JournalFailure.leaseLost }
        return output
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
final class LateSignals: SignalSender, RunStarter {
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
}
