// The dispatcher, seen from Swift. Losing it loses no run: a failed enqueue is repaired by the sweeper, so it
// is logged and not retried here.

import Durable
import Foundation
import Logging
import Redis
import Synchronization

/// How full a queue is.
public struct QueueDepth: Sendable, Hashable, Codable {
    public let ready: Int
    public let leased: Int
    public let due: Int
    /// Tenants with ready runs that may be given out.
    public let tenants: Int
    /// Tenants with ready runs that wait because they are at their cap or paused.
    public let tenantsAside: Int
    /// Nothing is given out before an operator resumes the queue.
    public let isPaused: Bool
    /// False after Redis has lost its data, until the sweeper has filled it again.
    public let isWhole: Bool
}

/// What a claim brought.
struct QueueClaim: Sendable {
    let ids: [RunID]
    /// Until the next timer is due, by the clock of Redis.
    let untilDue: Duration?
}

final class RunQueue: Sendable {
    let name: String
    let redis: RedisClient
    let logger: Logger
    let key: String
    let token: String
    /// Where the policies are that claims must keep; without it none are kept.
    let records: (any PolicyRecords)?
    /// Redis failed us: it may have lost policies or leases before it answers again.
    let mustCompare = Atomic<Bool>(false)
    private let gathering = Mutex<(runs: [ReadyRun], isSending: Bool)>(([], false))

    /// Lasts over a slow claim in Postgres; renewed while a run is held.
    static let lease: Duration = .seconds(30)
    private static let enqueueLimit = 1_000
    /// A millisecond's work: while the sweeper looks over what is ready, nobody is given anything.
    private static let ensureLimit = 200

    init(
        _ name: String, redis: RedisClient, token: String = UUID().uuidString,
        records: (any PolicyRecords)? = nil, logger: Logger
    ) {
        self.name = name
        self.redis = redis
        self.token = token
        self.records = records
        self.logger = logger
        key = Self.key(name)
    }

    /// With the version of the layout below it: another one is another queue, filled from Postgres.
    static func key(_ queue: String) -> String { "cf:{\(queue)}:2" }

    var bell: String { "\(key):bell" }

    /// Calls `heard` whenever the bell is rung, until the task is cancelled.
    func listen(_ heard: @Sendable () -> Void) async {
        for await _ in redis.subscribe([bell]) { heard() }
    }

    /// Queues runs that are committed as ready. Returns at once; bursts travel together.
    func enqueue(_ runs: [ReadyRun]) {
        let mustSend = gathering.withLock { state in
            state.runs += runs
            defer { state.isSending = true }
            return !state.isSending
        }
        guard mustSend else { return }
        // Ends by itself when nothing is left to send.
        Task { await sendGathered() }
    }

    private func sendGathered() async {
        while true {
            let runs = gathering.withLock { state -> [ReadyRun] in
                let taken = Array(state.runs.prefix(Self.enqueueLimit))
                state.runs.removeFirst(taken.count)
                if taken.isEmpty { state.isSending = false }
                return taken
            }
            guard !runs.isEmpty else { return }
            do {
                for (queue, runs) in Dictionary(grouping: runs, by: \.queue) {
                    _ = try await redis.call(QueueScripts.enqueue, keys: [Self.key(queue)], arguments(runs))
                }
            } catch {
                logger.warning(
                    "runs not queued in Redis; the sweeper will",
                    metadata: ["runs": "\(runs.count)", "error": "\(error)"])
            }
        }
    }

    /// Returns when everything that was enqueued before has been sent, or could not be: a stopping process
    /// should not leave runs to the sweeper.
    func flush() async {
        while gathering.withLock({ $0.isSending }) {
            // Awaited here, in a task of its own, because a cancelled caller still has to wait.
            await Task { try? await Task.sleep(for: .milliseconds(1)) }.value
        }
    }

    /// Queues those of `runs` that Redis does not know as ready or leased. Returns how many were missing.
    func ensure(_ runs: [ReadyRun]) async throws -> Int {
        var missing = 0
        for start in stride(from: 0, to: runs.count, by: Self.ensureLimit) {
            let some = Array(runs[start..<min(start + Self.ensureLimit, runs.count)])
            missing += try await redis.call(QueueScripts.ensure, keys: [key], arguments(some)).int ?? 0
        }
        return missing
    }

    /// Gives back the leases of `done` and leases up to `limit` more runs, in fair order and within all caps;
    /// when there are that many, also up to `spare` first runs of tenants that have none in flight.
    func finishAndClaim(
        done: [RunID], upTo limit: Int, spare: Int = 0
    ) async throws -> QueueClaim {
        do {
            if mustCompare.load(ordering: .acquiring) { try await restorePolicies() }
            return try await claim(done, limit, spare)
        } catch RedisError.reply(code: "NOPOLICY", _) {
            try await restorePolicies()
            return try await claim(done, limit, spare)
        } catch let error as RedisError {
            mustCompare.store(true, ordering: .releasing)
            throw error
        }
    }

    private func claim(_ done: [RunID], _ limit: Int, _ spare: Int) async throws -> QueueClaim {
        var arguments: [RedisArgument] = [
            RedisArgument(token), RedisArgument(Self.lease.milliseconds), RedisArgument(limit),
            RedisArgument(records == nil ? 0 : 1), RedisArgument(spare),
        ]
        for id in done { arguments.append(RedisArgument(id.description)) }
        let reply = try await redis.call(QueueScripts.finishAndClaim, keys: [key], arguments)
        guard case .array(let values) = reply, values.count >= 2, let now = values[0].int,
            let due = values[1].int
        else { throw RedisError.protocolViolation("finish_and_claim answered \(reply)") }
        return QueueClaim(
            ids: values.dropFirst(2).compactMap { $0.string.flatMap { RunID($0) } },
            untilDue: due < 0 ? nil : .milliseconds(max(0, Int64(due) - Int64(now))))
    }

    /// Keeps the leases of the runs that this worker still holds, and takes those again that Redis forgot.
    func renew(_ held: [RunID]) async throws {
        guard !held.isEmpty else { return }
        let arguments = [RedisArgument(token), RedisArgument(Self.lease.milliseconds)]
        let reply = try await redis.call(
            QueueScripts.renew, keys: [key], arguments + held.map { RedisArgument($0.description) })
        try await adopt(forgotten: (reply.strings ?? []).compactMap { RunID($0) })
    }

    /// Drops leases that have expired and whose runs nobody owns any more, and brings the policies up to
    /// date. Returns how many were dropped.
    func reap(upTo limit: Int) async throws -> Int {
        try await followPolicies()
        let reply = try await redis.call(QueueScripts.expired, keys: [key], [RedisArgument(limit)])
        var expired = (reply.strings ?? []).compactMap { RunID($0) }
        guard !expired.isEmpty else { return 0 }
        // A worker that could not reach Redis for a while still runs what it holds, and its tenant's cap must
        // go on counting that.
        let kept = try await adopt(forgotten: expired)
        expired.removeAll { kept.contains($0) }
        guard !expired.isEmpty else { return 0 }
        let dropped = try await redis.call(
            QueueScripts.drop, keys: [key], expired.map { RedisArgument($0.description) })
        return Int(dropped.int ?? 0)
    }

    func depth() async throws -> QueueDepth {
        let reply = try await redis.call(QueueScripts.depth, keys: [key], [])
        guard case .array(let values) = reply, values.count == 7 else {
            throw RedisError.protocolViolation("depth answered \(reply)")
        }
        let numbers = values.map { Int($0.int ?? 0) }
        return QueueDepth(
            ready: numbers[0], leased: numbers[1], due: numbers[2], tenants: numbers[3],
            tenantsAside: numbers[5], isPaused: numbers[6] == 1, isWhole: numbers[4] == 1)
    }

    /// Notes that everything which is ready in Postgres has been queued since Redis last lost its data.
    func markWhole() async throws {
        _ = try await redis.send(RedisCommand("SET", "\(key):whole", "1"))
    }

    private func arguments(_ runs: [ReadyRun]) -> [RedisArgument] {
        var arguments: [RedisArgument] = []
        arguments.reserveCapacity(runs.count * 6)
        for run in runs {
            arguments.append(RedisArgument(run.id.description))
            arguments.append(RedisArgument(run.tenant.rawValue))
            arguments.append(RedisArgument(run.workflow.rawValue))
            arguments.append(RedisArgument(run.priority))
            arguments.append(RedisArgument(run.at.map { Int64($0.timeIntervalSince1970 * 1000) } ?? 0))
            arguments.append(RedisArgument(run.isTakenBack ? 1 : 0))
        }
        return arguments
    }
}

extension Duration {
    var milliseconds: Int64 {
        components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
    }
}
