// The client's side of the fleet: start a run, send it a signal, await its end. Web processes and workers
// share it. A start is answered after its row is committed in Postgres; the dispatcher is told afterwards,
// and if that fails the sweeper tells it later.

import Durable
import Foundation
import Logging
import Postgres
import Redis
import ServiceLifecycle

public final class Runs: Service {
    let pool: PostgresPool
    let queue: RunQueue
    public let events: RunEvents
    let writer: JournalWriter
    let subjects: SubjectKeys
    let backpressure: Backpressure
    let burst: BurstBuffer
    let logger: Logger

    public init(_ configuration: FleetConfiguration, redis: RedisClient, pool: PostgresPool, logger: Logger) {
        let queue = RunQueue(
            configuration.queue, redis: redis, records: PostgresPolicyRecords(pool: pool), logger: logger)
        self.pool = pool
        subjects = SubjectKeys(configuration.masterKeys, pool: pool)
        self.queue = queue
        backpressure = Backpressure(queue, mark: configuration.highWater)
        burst = BurstBuffer(queue, pool: pool)
        self.logger = logger
        events = RunEvents(redis: redis, logger: logger)
        writer = JournalWriter(configuration.database, worker: nil, lease: nil, logger: logger) {
            queue.enqueue($0)
        }
    }

    /// Carries the group commit of starts until the process stops.
    public func run() async throws {
        // Awaited here. Not a child: starts that were submitted before the stop are still answered.
        let writing = Task { await writer.run() }
        await withGracefulShutdownHandler {
            await withTaskCancellationHandler {
                await writing.value
            } onCancel: {
                writer.stop()
            }
        } onGracefulShutdown: {
            self.writer.stop()
        }
        await queue.flush()
    }

    /// Starts a run. With `once`, a start with a key that was used before for this workflow and tenant
    /// answers with that run instead. With `subject`, everything recorded of the run and its children is
    /// sealed under that person's key, until the person is erased.
    ///
    /// Throws `RunsError`; after `.notAccepted` it is not known whether the run exists, so repeat with the
    /// same key.
    public func start<W: Workflow>(
        _ workflow: W.Type, _ input: W.Input, once key: String? = nil, for tenant: Tenant, priority: Int = 0,
        at instant: Date? = nil, trace: String? = nil, subject: Subject? = nil
    ) async throws(RunsError) -> StartedRun {
        try await backpressure.check()
        let plain = try prepare(W.self, input, key, tenant, priority, instant, trace)
        let start = try await sealed(plain, about: subject)
        switch await writer.start(start) {
        case .success(let started): return started
        case .failure(start.untimely): throw .untimely(start.id)
        case .failure(let failure): throw .notAccepted("\(failure)")
        }
    }

    /// Starts a run together with the business rows of `transaction`: both or neither.
    public func start<W: Workflow>(
        _ workflow: W.Type, _ input: W.Input, once key: String? = nil, for tenant: Tenant, priority: Int = 0,
        at instant: Date? = nil, trace: String? = nil, subject: Subject? = nil,
        in transaction: PostgresTransaction
    ) async throws -> StartedRun {
        try await backpressure.check()
        let plain = try prepare(W.self, input, key, tenant, priority, instant, trace)
        let start = try await sealed(plain, about: subject)
        let row = try await transaction.executing(
            start,
            """
            select engine.start_run(\(start.id.rawValue), \(start.tenant.rawValue),
                \(start.workflow.rawValue),
                \(Int32(start.version)), \(start.queue), \(Int32(start.priority)), \(start.input.jsonb),
                    \(start.key),
                \(start.notBefore), \(JSONB?.none), \(start.trace))
            """
        ).first
        let id = RunID(rawValue: try row?.decode(0, as: UUID.self) ?? start.id.rawValue)
        if id == start.id, let key = start.subjectKey {
            _ = try await transaction.execute("select engine.bind_subject(\(id.rawValue), \(key))")
        }
        if id == start.id { transaction.afterCommit { [queue] in queue.enqueue([ReadyRun(start)]) } }
        return StartedRun(id: id, isNew: id == start.id)
    }

    /// Puts a signal into a run's mailbox, once per key. Returns false where the run had it before, or has
    /// ended.
    @discardableResult
    public func send<P: Codable & Sendable>(
        _ signal: Signal<P>, _ payload: P, to run: RunID, once key: String
    ) async throws -> Bool {
        var columns = SignalColumns()
        let plain = try Payload.encode(payload, .signal)
        let place = SealedPlace(run: run, role: .signal, name: signal.name, item: key)
        let cipher = try await subjects.cipher(ofLive: run)
        columns.add(signal.name, cipher?.seal(plain, at: place) ?? plain, to: run, once: key)
        let rows = try await pool.execute(JournalStatements.send(columns))
        var verdicts = BatchVerdicts()
        try readReady(rows, &verdicts)
        queue.enqueue(verdicts.ready)
        return rows.first != nil
    }

    func prepare<W: Workflow>(
        _ workflow: W.Type, _ input: W.Input, _ key: String?, _ tenant: Tenant, _ priority: Int,
        _ instant: Date?, _ trace: String?, as id: RunID = RunID()
    ) throws(RunsError) -> RunStart {
        precondition((-100...100).contains(priority), "priorities go from -100 to 100")
        do throws(PayloadError) {
            return RunStart(
                id: id, tenant: tenant, workflow: W.name, version: W.version, queue: queue.name,
                priority: priority, input: try Payload.encode(input, .input), key: key, notBefore: instant,
                parent: nil, reply: nil, trace: trace ?? TraceContext.current)
        } catch {
            throw .input(error)
        }
    }
}
