// `accepted: redis`: for bursts that Postgres could not take one by one. A run is accepted when Redis has it
// on disk, which only `appendfsync always` promises; that is verified, and without it the burst path is
// refused. It is drained into Postgres in batches. What has been drained is known by the runs themselves,
// live or ended, and by nothing else, so a drainer may die before or after any of its steps, any number of
// them may try at once, and Redis may fall back to an older state: nothing is lost and nothing is started
// twice. A mark by number was rejected: after a failover to a replica that was behind, new entries get old
// numbers.

import Durable
import Foundation
import Logging
import Postgres
import Redis
import Synchronization

/// A run in the buffer.
struct BurstEntry: Codable, Sendable {
    let id: RunID
    let tenant: Tenant
    let workflow: String
    let version: Int
    let priority: Int
    /// JSON text.
    let input: String
    let trace: String?
    /// The key under which the input is sealed, where the run is about a person.
    var subjectKey: UUID?
}

extension BurstEntry {
    init(_ start: RunStart) {
        self.init(
            id: start.id, tenant: start.tenant, workflow: start.workflow.rawValue, version: start.version,
            priority: start.priority, input: start.input.text, trace: start.trace,
            subjectKey: start.subjectKey)
    }
}

final class BurstBuffer: Sendable {
    /// Where a drainer can be killed in a test.
    enum Point: CaseIterable, Sendable {
        case beforeRead, afterRead, beforeCommit, afterCommit, afterTrim
    }

    /// Everything in the buffer together: what a restart of Redis must read again.
    static let byteLimit = 64 << 20
    static let portion = 500
    private static let trust: Duration = .seconds(30)
    /// Between a run's id and the clock of Redis, as at the engine's other doors.
    private static let timeliness: Duration = .seconds(7 * 86_400)

    private let queue: RunQueue
    private let pool: PostgresPool
    private let byteLimit: Int
    private let verifiedAt = Mutex<ContinuousClock.Instant?>(nil)
    private var base: String { "cf:{burst:\(queue.name)}" }

    init(_ queue: RunQueue, pool: PostgresPool, byteLimit: Int = BurstBuffer.byteLimit) {
        self.queue = queue
        self.pool = pool
        self.byteLimit = byteLimit
    }

    // MARK: Accepting

    /// Returns when Redis has the run on disk.
    func append(_ entry: BurstEntry) async throws(RunsError) {
        try await verifyDurability()
        let text = String(decoding: JSONB(encoded: entry).bytes, as: UTF8.self)
        let reply: RedisValue
        do {
            reply = try await queue.redis.call(
                BurstScripts.append, keys: [base],
                [
                    RedisArgument(byteLimit), RedisArgument(text),
                    RedisArgument(String(entry.id.description.filter { $0 != "-" }.prefix(12))),
                    RedisArgument(Self.timeliness.milliseconds),
                ])
        } catch {
            verifiedAt.withLock { $0 = nil }
            throw .notAccepted("the burst buffer: \(error)")
        }
        switch reply.array?.first?.int {
        case 1: return
        case 2: throw .untimely(entry.id)
        default:
            throw .overloaded(
                by: "the burst buffer holds \(reply.array?.last?.int ?? 0) of \(byteLimit) bytes",
                retryAfter: .seconds(1))
        }
    }

    /// Throws unless Redis writes every command to disk before it answers.
    func verifyDurability() async throws(RunsError) {
        let isKnown = verifiedAt.withLock { at in
            at.map { ContinuousClock.now - $0 < Self.trust } ?? false
        }
        if isKnown { return }
        let replies: [RedisValue]
        do {
            replies = try await queue.redis.pipeline([
                RedisCommand("CONFIG", "GET", "appendonly"), RedisCommand("CONFIG", "GET", "appendfsync"),
            ])
        } catch {
            throw .notAccepted("the burst buffer: \(error)")
        }
        let values = replies.map { $0.strings?.last ?? "unknown" }
        guard values == ["yes", "always"] else {
            throw .notDurable(
                "Redis has appendonly \(values[0]) and appendfsync \(values[1]); bursts need yes and always")
        }
        verifiedAt.withLock { $0 = .now }
    }

    // MARK: Draining

    /// Moves one portion into Postgres. Returns how many runs that started. `passing` lets a test kill it.
    func drain(passing: (Point) throws -> Void = { _ in }) async throws -> Int {
        try passing(.beforeRead)
        let entries = try await read()
        guard !entries.isEmpty else { return 0 }
        try passing(.afterRead)
        let started = try await store(entries.map(\.entry), passing: passing)
        try passing(.afterCommit)
        queue.enqueue(
            started.map {
                ReadyRun(
                    id: $0.id, tenant: $0.tenant, queue: queue.name, priority: $0.priority, at: nil,
                    workflow: WorkflowName(rawValue: $0.workflow))
            })
        try await trim(entries)
        try passing(.afterTrim)
        return started.count
    }

    /// The oldest portion.
    func read() async throws -> [BufferedEntry] {
        let reply = try await queue.redis.call(
            BurstScripts.read, keys: [base], [RedisArgument(Self.portion)])
        let values = reply.strings ?? []
        return try stride(from: 0, to: values.count - 1, by: 2).map {
            try BufferedEntry(digest: values[$0], text: values[$0 + 1])
        }
    }

    /// Takes what Postgres has out of the buffer.
    func trim(_ entries: [BufferedEntry]) async throws {
        try await queue.redis.call(
            BurstScripts.trim, keys: [base], entries.map { RedisArgument($0.digest) })
    }

    /// Returns those that are new in Postgres.
    private func store(_ entries: [BurstEntry], passing: (Point) throws -> Void) async throws -> [BurstEntry]
    {
        let ids = entries.map(\.id.rawValue)
        return try await pool.withTransaction { tx in
            // One drainer after the other, so that each sees all that the last one has started, also where
            // it has ended since.
            _ = try await tx.execute("select pg_advisory_xact_lock(hashtext(\(base)))")
            let fresh = try await tx.execute(
                """
                select i.id from unnest(\(ids)) as i(id)
                where not exists (select 1 from engine.run r where r.id = i.id)
                  and not exists (select 1 from engine.run_history h where h.id = i.id)
                """
            ).rows.map { try $0.decode(0, as: UUID.self) }
            guard !fresh.isEmpty else { return [] }
            // An entry may have lain here for longer than its week was kept open.
            _ = try await tx.execute(
                """
                select engine.create_week(late.week) from (
                    select distinct (engine.time_of(i.id) at time zone 'UTC')::date as week
                    from unnest(\(fresh)) as i(id) cross join engine.start_window() w
                    where i.id < w.low or i.id >= w.high) late
                """)
            let new = Set(fresh)
            let started = entries.filter { new.contains($0.id.rawValue) }
            try await insert(started, in: tx)
            try passing(.beforeCommit)
            return started
        }
    }

    /// A run that Postgres refuses is found by going one by one, and ends as failed: its caller was told that
    /// it is accepted, so it must be found.
    private func insert(_ entries: [BurstEntry], in tx: PostgresTransaction) async throws {
        do {
            try await tx.savepoint { point in
                _ = try await point.execute(Self.insertion(entries, in: queue.name))
            }
        } catch let error as PostgresError where error.isEntrysFault {
            guard entries.count == 1 else {
                for entry in entries { try await insert([entry], in: tx) }
                return
            }
            _ = try await tx.execute(Self.refusal(of: entries[0], "\(error)"))
        }
    }

    private static func insertion(_ entries: [BurstEntry], in queue: String) -> Query {
        """
        insert into engine.run (id, tenant, workflow, version, queue, priority, input, trace, subject_key)
        select i.id, i.tenant, i.workflow, i.version, \(queue), i.priority, i.input, i.trace, i.subject_key
        from unnest(\(entries.map(\.id.rawValue)), \(entries.map(\.tenant.rawValue)),
            \(entries.map(\.workflow)), \(entries.map { Int32(clamping: $0.version) }),
            \(entries.map { Int16(clamping: $0.priority) }), \(entries.map { JSONB($0.input) }),
            \(entries.map(\.trace)), \(entries.map(\.subjectKey)))
            as i(id, tenant, workflow, version, priority, input, trace, subject_key)
        on conflict (id) do nothing
        """
    }

    private static func refusal(of entry: BurstEntry, _ error: String) -> Query {
        let failure = FailureRecord(code: "burst_refused", message: error)
        return """
            insert into engine.run_history (id, tenant, workflow, version, status, epoch, input, error,
                created_at)
            values (\(entry.id.rawValue), \(entry.tenant.rawValue), \(entry.workflow),
                \(Int32(clamping: entry.version)), 'failed', 0, 'null'::jsonb, \(failure.jsonb),
                clock_timestamp())
            on conflict do nothing
            """
    }
}

/// An entry with the digest by which Redis knows it.
struct BufferedEntry: Sendable {
    let digest: String
    let entry: BurstEntry

    /// An earlier release put a number before the entry.
    init(digest: String, text: String) throws {
        guard let start = text.firstIndex(of: "{") else {
            throw RedisError.protocolViolation("the burst buffer holds what nobody put there")
        }
        self.digest = digest
        entry = try JSONDecoder().decode(BurstEntry.self, from: Data(text[start...].utf8))
    }
}
