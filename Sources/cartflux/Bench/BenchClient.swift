import Durable
import Fleet
import Foundation
import Postgres
import Redis

/// The side that starts runs, in the process of the bench.
struct BenchClient: Sendable {
    let runs: Runs

    /// Callers of `start` at once: enough that a batch never waits for the next caller.
    private static let callers = 1_024

    /// Lends a client, and closes its connections afterwards.
    static func with<Value: Sendable>(
        _ servers: BenchServers, _ body: (BenchClient) async throws -> Value
    ) async throws -> Value {
        let pool = servers.pool()
        let redis = RedisClient(servers.redis, logger: servers.logger)
        let runs = Runs(servers.fleet(slots: 1), redis: redis, pool: pool, logger: servers.logger)
        let value: Result<Value, any Error>
        do {
            value = .success(
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await runs.run() }
                    defer { group.cancelAll() }
                    return try await body(BenchClient(runs: runs))
                })
        } catch {
            value = .failure(error)
        }
        await redis.shutdown()
        await pool.shutdown()
        return try value.get()
    }

    func start<W: Workflow>(
        _ workflow: W.Type, _ input: W.Input, for tenant: String = BenchServers.tenant,
        at instant: Date? = nil
    ) async throws -> RunID {
        try await runs.start(W.self, input, for: Tenant(tenant), at: instant).id
    }

    /// Returns when `count` runs are accepted.
    func start<W: Workflow>(
        _ count: Int, of workflow: W.Type, for tenant: String = BenchServers.tenant, at instant: Date? = nil
    ) async throws where W.Input == Int {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for caller in 0..<Self.callers {
                group.addTask {
                    for number in stride(from: caller, to: count, by: Self.callers) {
                        _ = try await start(W.self, number, for: tenant, at: instant)
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}

/// The bench's queue in Redis.
enum BenchQueue {
    /// The process of the server.
    static func serverProcess(_ servers: BenchServers) async throws -> Int32 {
        let redis = RedisClient(servers.redis, logger: servers.logger)
        let info = try await redis.send(RedisCommand("INFO", "server")).string ?? ""
        await redis.shutdown()
        let line = info.split(separator: "\r\n").first { $0.hasPrefix("process_id:") }
        return line.flatMap { Int32($0.dropFirst("process_id:".count)) } ?? 0
    }

    /// Removes what it left.
    static func remove(_ servers: BenchServers) async throws {
        let redis = RedisClient(servers.redis, logger: servers.logger)
        var cursor = "0"
        repeat {
            let reply = try await redis.send(
                RedisCommand(
                    "SCAN", RedisArgument(cursor), "MATCH", "cf:{\(BenchServers.queue)}*", "COUNT", "1000"))
            guard let parts = reply.array, parts.count == 2 else { break }
            cursor = parts[0].string ?? "0"
            let keys = parts[1].strings ?? []
            if !keys.isEmpty { try await redis.send(RedisCommand("DEL", keys.map { RedisArgument($0) })) }
        } while cursor != "0"
        await redis.shutdown()
    }
}
