// The operators' and programs' side of schedules: look at them, pause, resume, run now, fill in what was
// missed, and keep schedules made by hand. Every act is one transaction with its audit row, and tells the
// scheduler to look.

import Durable
import Foundation
import Postgres
import Redis

/// Schedules as seen from outside the scheduler.
public struct Schedules: Sendable {
    let runs: Runs
    let book: ScheduleBook
    private let redis: RedisClient
    var pool: PostgresPool { runs.pool }

    static let channel = "cf:schedules"
    /// The most nominal times that one call lists or fills in.
    public static let rangeLimit = 1_000

    /// - Parameter book: what this program declares; inputs of runs that are started by hand come from it.
    public init(_ runs: Runs, book: ScheduleBook, redis: RedisClient) {
        self.runs = runs
        self.book = book
        self.redis = redis
    }

    /// All schedules by name, with what has been made of them.
    public func list() async throws -> [ScheduleLine] {
        try await pool.execute(
            """
            select \(StoredSchedule.columns), clock_timestamp(),
                exists (select 1 from engine.schedule_firing f join engine.run r on r.id = f.run
                    where f.schedule = s.name and f.is_open)
            from engine.schedule s order by s.name
            """
        ).rows.map { try ScheduleLine($0) }
    }

    /// One schedule with its last firings and its next times. Throws `SchedulesError.noSuchSchedule`.
    public func detail(_ name: ScheduleName, upTo limit: Int = 10) async throws -> ScheduleDetail {
        let results = try await pool.pipeline([
            ScheduleStatements.one(name),
            """
            select nominal, kind, outcome, reason, run, actor, at from engine.schedule_firing
            where schedule = \(name.rawValue) order by nominal desc limit \(max(1, min(limit, 500)))
            """,
        ])
        guard let row = results[0].first else { throw SchedulesError.noSuchSchedule(name) }
        let stored = try StoredSchedule(row)
        let upcoming = sequence(first: stored.next) { turn in
            turn.map { stored.schedule.next(after: $0) }
        }.prefix(limit).compactMap { $0 }
        return ScheduleDetail(
            stored: stored, upcoming: upcoming, firings: try results[1].rows.map { try FiringLine($0) })
    }

    /// Lets nothing fire until `resume`. What becomes due meanwhile is not owed.
    public func pause(_ name: ScheduleName, by mandate: Mandate) async throws {
        try await act("pause", name, by: mandate) { stored, _, tx in
            _ = try await tx.execute(
                """
                update engine.schedule set paused_at = coalesce(paused_at, clock_timestamp()),
                    paused_by = \(mandate.actor), paused_reason = \(mandate.reason), revision = revision + 1
                where name = \(name.rawValue)
                """)
            return ["was": stored.pause == nil ? "active" : "paused"]
        }
    }

    /// Goes on with the first nominal time from now on; with `catchingUp`, with the first that came due while
    /// it was paused, as the catch-up policy has it.
    public func resume(_ name: ScheduleName, catchingUp: Bool = false, by mandate: Mandate) async throws {
        try await act("resume", name, by: mandate) { stored, now, tx in
            let schedule = stored.schedule
            let isBehind = stored.pause != nil && stored.next.map { $0.instant <= now } == true
            let next = isBehind && !catchingUp ? schedule.next(after: now) : stored.next
            _ = try await tx.execute(
                """
                update engine.schedule set paused_at = null, paused_by = null, paused_reason = null,
                    next_local = \(next?.local.description), next_nominal = \(next?.instant),
                    fire_at = \(next?.instant.adding(schedule.spread)), revision = revision + 1
                where name = \(name.rawValue)
                """)
            return ["next": next.map { "\($0)" } ?? "never"]
        }
    }

    /// Starts a run now, beside the series, which goes on as it was. With `once`, asking again with the same
    /// key starts nothing more.
    @discardableResult
    public func runNow(_ name: ScheduleName, once key: String? = nil, by mandate: Mandate) async throws
        -> RunID
    {
        let started = RunID()
        let key = "schedule:\(name):now:\(key ?? started.description)"
        try await act("run_now", name, by: mandate) { stored, now, tx in
            let moment = Occurrence(local: stored.schedule.zone.local(of: now), instant: now)
            var batch = FiringBatch()
            batch.start(now, try stored.input(for: moment, from: book), key: key)
            try await startByHand(stored, batch, "now", priority: nil, by: mandate, in: tx)
            return ["key": key]
        }
        let known = try await pool.execute(
            """
            select f.run from engine.schedule_firing f
            join engine.schedule s on s.name = f.schedule
            join engine.run_key k on k.tenant = s.tenant and k.workflow = s.workflow and k.run = f.run
            where f.schedule = \(name.rawValue) and f.kind = 'now' and k.key = \(key) limit 1
            """
        ).first?.decode(0, as: UUID.self)
        return known.map { RunID(rawValue: $0) } ?? started
    }

    /// Starts the runs of a batch that are not there yet, and queues them after the commit. Returns how many.
    @discardableResult
    func startByHand(
        _ stored: StoredSchedule, _ batch: FiringBatch, _ kind: String, priority: Int?, by mandate: Mandate,
        in tx: PostgresTransaction
    ) async throws -> Int {
        let started = try await tx.execute(
            ScheduleStatements.fireByHand(
                stored.schedule.name, kind, batch, version: stored.version(from: book), priority: priority,
                by: mandate)
        ).column(0, as: UUID.self)
        tx.afterCommit { [runs] in
            runs.queue.enqueue(started.map { stored.ready(RunID(rawValue: $0), priority: priority) })
        }
        return started.count
    }

    /// The frame of every act: the row is locked, the change made, the audit written, the scheduler told.
    func act(
        _ verb: String, _ name: ScheduleName, by mandate: Mandate,
        _ body: (StoredSchedule, Date, PostgresTransaction) async throws -> [String: String]
    ) async throws {
        try await pool.withTransaction { tx in
            guard let row = try await tx.execute(ScheduleStatements.one(name, locked: true)).first else {
                throw SchedulesError.noSuchSchedule(name)
            }
            let now = try row.decode(StoredSchedule.columnCount, as: Date.self)
            let facts = try await body(try StoredSchedule(row), now, tx)
            try await Audit.append(
                AuditEntry("schedule.\(verb)", on: name.rawValue, by: mandate, after: facts), in: tx)
        }
        await tellScheduler()
        await runs.queue.flush()
    }

    /// Best effort: the scheduler looks again within a second in any case.
    func tellScheduler() async {
        do {
            _ = try await redis.send(
                RedisCommand("PUBLISH", RedisArgument(Self.channel), RedisArgument("1")))
        } catch {
            runs.logger.debug("scheduler not told of a change", metadata: ["error": "\(error)"])
        }
    }
}
