// `accepted: redis`: for bursts that Postgres could not take one by one. A run is accepted when Redis has it
// on disk, which only `appendfsync always` promises; that is verified, and without it the burst path is
// refused. It is drained into Postgres in batches. The number of the last run that Postgres has is committed
// together with the runs, so a drainer may die before or after any of its steps, and any number of them may
// drain at once: nothing is lost and nothing is started twice.

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
                [RedisArgument(UUID().uuidString), RedisArgument(byteLimit), RedisArgument(text)])
        } catch {
            verifiedAt.withLock { $0 = nil }
            throw .notAccepted("the burst buffer: \(error)")
        }
        guard reply.array?.first?.int == 1 else {
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
        let reply = try await queue.redis.call(
            BurstScripts.read, keys: [base], [RedisArgument(Self.portion)])
        guard let values = reply.strings, values.count > 1 else { return 0 }
        let entries = try values.dropFirst().map { try NumberedEntry($0) }
        try passing(.afterRead)
        let started = try await store(entries, from: values[0], passing: passing)
        try passing(.afterCommit)
        queue.enqueue(
            started.map {
                ReadyRun(
                    id: $0.id, tenant: $0.tenant, queue: queue.name, priority: $0.priority, at: nil,
                    workflow: WorkflowName(rawValue: $0.workflow))
            })
        let last = entries[entries.count - 1].number
        try await queue.redis.call(
            BurstScripts.trim, keys: [base],
            [RedisArgument(values[0]), RedisArgument(last), RedisArgument(Self.portion)])
        try passing(.afterTrim)
        return started.count
    }

    private func store(
        _ entries: [NumberedEntry], from buffer: String, passing: (Point) throws -> Void
    ) async throws -> [BurstEntry] {
        try await pool.withTransaction { tx in
            _ = try await tx.execute(
                "insert into engine.burst_mark (buffer) values (\(buffer)) on conflict do nothing")
            let drained = try await tx.execute(
                "select drained from engine.burst_mark where buffer = \(buffer) for update"
            ).rows[0].decode(0, as: Int64.self)
            let fresh = entries.filter { $0.number > drained }
            guard let last = fresh.last else { return [] }
            try await insert(fresh.map(\.entry), in: tx)
            _ = try await tx.execute(
                """
                update engine.burst_mark set drained = \(last.number), changed_at = clock_timestamp()
                where buffer = \(buffer)
                """)
            try passing(.beforeCommit)
            return fresh.map(\.entry)
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
        insert into engine.run (id, tenant, workflow, version, queue, priority, input, trace)
        select i.id, i.tenant, i.workflow, i.version, \(queue), i.priority, i.input, i.trace
        from unnest(\(entries.map(\.id.rawValue)), \(entries.map(\.tenant.rawValue)),
            \(entries.map(\.workflow)), \(entries.map { Int32(clamping: $0.version) }),
            \(entries.map { Int16(clamping: $0.priority) }), \(entries.map { JSONB($0.input) }),
            \(entries.map(\.trace))) as i(id, tenant, workflow, version, priority, input, trace)
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

private struct NumberedEntry {
    let number: Int64
    let entry: BurstEntry

    init(_ text: String) throws {
        let parts = text.split(separator: "\n", maxSplits: 1)
        guard parts.count == 2, let number = Int64(parts[0]) else {
            throw RedisError.protocolViolation("the burst buffer holds what nobody put there")
        }
        self.number = number
        entry = try JSONDecoder().decode(BurstEntry.self, from: Data(parts[1].utf8))
    }
}
