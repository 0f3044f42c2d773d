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
    /// Tenants with ready runs.
    public let tenants: Int
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
    private let redis: RedisClient
    private let logger: Logger
    private let key: String
    private let token: String
    private let gathering = Mutex<(runs: [ReadyRun], isSending: Bool)>(([], false))

    /// Lasts over a slow claim in Postgres; renewed while a run is held.
    static let lease: Duration = .seconds(30)
    private static let enqueueLimit = 1_000

    init(_ name: String, redis: RedisClient, token: String = UUID().uuidString, logger: Logger) {
        self.name = name
        self.redis = redis
        self.token = token
        self.logger = logger
        key = Self.key(name)
    }

    private static func key(_ queue: String) -> String { "cf:{\(queue)}" }

    var bell: String { "\(key):bell" }

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
        guard !runs.isEmpty else { return 0 }
        return Int(try await redis.call(QueueScripts.ensure, keys: [key], arguments(runs)).int ?? 0)
    }

    func finishAndClaim(done: [RunID], upTo limit: Int) async throws -> QueueClaim {
        var arguments: [RedisArgument] = [
            RedisArgument(token), RedisArgument(Self.lease.milliseconds), RedisArgument(limit),
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

    func renew(_ held: [RunID]) async throws {
        guard !held.isEmpty else { return }
        let arguments = [RedisArgument(token), RedisArgument(Self.lease.milliseconds)]
        _ = try await redis.call(
            QueueScripts.renew, keys: [key], arguments + held.map { RedisArgument($0.description) })
    }

    func reap(upTo limit: Int) async throws -> Int {
        Int(try await redis.call(QueueScripts.reap, keys: [key], [RedisArgument(limit)]).int ?? 0)
    }

    func depth() async throws -> QueueDepth {
        let reply = try await redis.call(QueueScripts.depth, keys: [key], [])
        guard case .array(let values) = reply, values.count == 5 else {
            throw RedisError.protocolViolation("depth answered \(reply)")
        }
        let numbers = values.map { Int($0.int ?? 0) }
        return QueueDepth(
            ready: numbers[0], leased: numbers[1], due: numbers[2], tenants: numbers[3],
            isWhole: numbers[4] == 1)
    }

    /// Notes that everything which is ready in Postgres has been queued since Redis last lost its data.
    func markWhole() async throws {
        _ = try await redis.send(RedisCommand("SET", "\(key):whole", "1"))
    }

    private func arguments(_ runs: [ReadyRun]) -> [RedisArgument] {
        var arguments: [RedisArgument] = []
        arguments.reserveCapacity(runs.count * 4)
        for run in runs {
            arguments.append(RedisArgument(run.id.description))
            arguments.append(RedisArgument(run.tenant.rawValue))
            arguments.append(RedisArgument(run.priority))
            arguments.append(RedisArgument(run.at.map { Int64($0.timeIntervalSince1970 * 1000) } ?? 0))
        }
        return arguments
    }
}

extension Duration {
    var milliseconds: Int64 {
        components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
    }
}
