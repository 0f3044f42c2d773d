import Logging
import Postgres
import Redis
import ServiceLifecycle

/// The sweeper as a service of its own, for a process that runs no workflows.
public struct Caretaker: Service {
    private let sweeper: Sweeper

    public init(_ configuration: FleetConfiguration, redis: RedisClient, pool: PostgresPool, logger: Logger) {
        let queue = RunQueue(configuration.queue, redis: redis, logger: logger)
        sweeper = Sweeper(configuration, pool: pool, queue: queue, logger: logger)
    }

    /// Sweeps until the process is asked to stop.
    public func run() async throws {
        await cancelWhenGracefulShutdown { await sweeper.runUntilCancelled() }
    }
}
