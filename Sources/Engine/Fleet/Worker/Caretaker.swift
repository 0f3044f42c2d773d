import Logging
import Postgres
import Redis
import ServiceLifecycle

/// The sweeper and the duties of storage as a service of its own, for a process that runs no workflows.
public struct Caretaker: Service {
    private let sweeper: Sweeper
    private let duties: StorageDuties

    public init(_ configuration: FleetConfiguration, redis: RedisClient, pool: PostgresPool, logger: Logger) {
        let queue = RunQueue(
            configuration.queue, redis: redis, records: PostgresPolicyRecords(pool: pool), logger: logger)
        sweeper = Sweeper(configuration, pool: pool, queue: queue, logger: logger)
        duties = StorageDuties(pool: pool, queue: queue, logger: logger)
    }

    /// Sweeps until the process is asked to stop.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await sweeper.runUntilCancelled() }
                group.addTask { await duties.runUntilCancelled() }
            }
        }
    }
}
