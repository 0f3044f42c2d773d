// The Postgres journal with the moves around it that a fleet makes, for crashes at every write. Time is the
// real one, shifted: Postgres judges timers by its own clock, so that a run whose shifted time has come is
// made due there.

import Durable
import DurableTesting
import Foundation
import Postgres
import Synchronization

@testable import Fleet

final class ShiftedClock: TurnableClock {
    private let shift = Mutex<TimeInterval>(0)

    var now: Date { Date().addingTimeInterval(shift.withLock { $0 }) }

    func advance(to instant: Date) {
        shift.withLock { $0 += max(0, instant.timeIntervalSince(Date().addingTimeInterval($0))) }
    }

    func sleep(for duration: Duration) async throws { try await Task.sleep(for: duration) }
}

final class PostgresDriven: DrivenJournal {
    let clock = ShiftedClock()
    let queue: String
    let writer: JournalWriter
    private let fleet: FleetUnderTest
    private let owned = Mutex<[Lease: OwnedRun]>([:])

    init(_ fleet: FleetUnderTest, _ registry: WorkflowRegistry) {
        self.fleet = fleet
        queue = "crash-\(UUID().uuidString.prefix(8))"
        writer = JournalWriter(
            fleet.configuration.database,
            worker: WorkerIdentity(queue: queue, slots: 1, registry: registry), lease: nil,
            logger: fleet.logger, onReady: { _ in })
    }

    func start<W: Workflow>(_ workflow: W.Type, _ input: W.Input) async throws -> RunID {
        try await writer.start(
            RunStart(
                id: RunID(), tenant: "t", workflow: W.name, version: W.version, queue: queue, priority: 0,
                input: try Payload.encode(input, .input), key: nil, notBefore: nil, parent: nil, reply: nil,
                trace: nil)
        ).get().id
    }

    func claimable() async throws -> [RunID] {
        try await fleet.pool.execute(
            """
            select id from engine.run
            where queue = \(queue) and (status = 'pending' or status = 'waiting' and wake_at <= \(clock.now))
            order by id
            """
        ).rows.map { RunID(rawValue: try $0.decode(0, as: UUID.self)) }
    }

    func nextTimer() async throws -> Date? {
        try await fleet.pool.execute(
            "select min(wake_at) from engine.run where queue = \(queue) and status = 'waiting'"
        ).first?.decode(0, as: Date?.self)
    }

    func claim(_ run: RunID) async throws -> ClaimedRun? {
        _ = try await fleet.pool.execute(
            """
            update engine.run set wake_at = clock_timestamp()
            where id = \(run.rawValue) and status = 'waiting' and wake_at <= \(clock.now)
            """)
        // The statement forgives its own worker, whose answer may have got lost; here each owner is another.
        let held = try await fleet.pool.execute(
            "select 1 from engine.run where id = \(run.rawValue) and status = 'running'")
        guard held.first == nil, let claimed = try await writer.claim([run]).get().first else { return nil }
        owned.withLock { $0[claimed.run.lease] = claimed }
        return claimed.run
    }

    func journal(of run: ClaimedRun) -> any Journal {
        let owned = owned.withLock { $0[run.lease] } ?? OwnedRun(run: run, reply: nil)
        let events = RunEvents(redis: fleet.redis, logger: fleet.logger)
        return RunJournal(writer: writer, events: events, owned: owned, queue: queue)
    }

    func takeOver(_ run: RunID) async throws {
        _ = try await fleet.pool.execute(
            """
            update engine.run set status = 'pending', epoch = epoch + 1, worker = null
            where id = \(run.rawValue) and status = 'running'
            """)
    }
}

/// Business rows that commit together with their step's checkpoint.
struct LedgerRows: TransactionSource {
    let pool: PostgresPool

    func transact<Output: Codable & Sendable>(
        for tenant: Tenant, _ checkpoint: TransactionCheckpoint,
        _ body: @Sendable @escaping (PostgresTransaction) async throws -> Output
    ) async throws -> Output {
        try await pool.withTransaction { tx in
            try await TransactionJournal.step(checkpoint, in: tx) { try await body(tx) }
        }
    }
}
