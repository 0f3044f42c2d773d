// The worker under measurement; see `BenchChild`.

import Durable
import Fleet
import Foundation
import Redis

/// What the child process of a bench runs.
struct BenchWorker {
    let slots: Int

    func run() async throws {
        let servers = try BenchServers()
        let pool = servers.pool()
        let redis = RedisClient(servers.redis, logger: servers.logger)
        let worker = Worker(
            servers.fleet(slots: slots), registry: Self.registry, redis: redis, pool: pool,
            logger: servers.logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await worker.run() }
            group.addTask { await BenchChild.endOfInput() }
            // Whichever ends first ends the other.
            while try await group.next() != nil { group.cancelAll() }
        }
        await redis.shutdown()
        await pool.shutdown()
    }

    private static var registry: WorkflowRegistry {
        var registry = WorkflowRegistry()
        registry.register(FiveStepBench())
        registry.register(NoStepBench())
        registry.register(StartProbe())
        registry.register(WakeProbe())
        registry.register(BusyBench())
        return registry
    }
}
