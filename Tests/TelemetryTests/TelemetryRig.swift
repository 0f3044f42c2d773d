import Durable
import EngineMigrations
import Foundation
import Logging
import Metrics
import Postgres
import Redis
import Synchronization
import Telemetry
import TestServers
import Testing
import Tracing
import WebSupport

@testable import Fleet

/// The instruments of this process, installed once as a real process installs them.
enum Installed {
    static let instruments: (metrics: MetricsRegistry, tracer: OTLPTracer) = {
        let bounds = EngineMetric.allCases.compactMap { metric in metric.bounds.map { (metric.rawValue, $0) }
        }
        let metrics = MetricsRegistry(bounds: Dictionary(uniqueKeysWithValues: bounds))
        MetricsSystem.bootstrap(metrics)
        let tracer = OTLPTracer()
        InstrumentationSystem.bootstrap(tracer)
        return (metrics, tracer)
    }()
}

/// A fleet with a database and a queue of its own.
struct TracedFleet {
    let configuration: FleetConfiguration
    let pool: PostgresPool
    let redis: RedisClient
    let runs: Runs
    let logger: Logger

    static func open(_ logger: Logger = .quiet) async throws -> TracedFleet {
        _ = Installed.instruments
        let template = try await TestServers.shared.template(named: "engine") { url in
            let connection = try await PostgresConnection.connect(PostgresConfiguration(url))
            try await Migrator(directory: EngineMigrations.directory, schema: "engine").migrate(connection)
            await connection.close()
        }
        let database = try await TestServers.shared.createDatabase(from: template)
        var configuration = FleetConfiguration(
            database: try PostgresConfiguration(database.url(role: "cartflux_engine")))
        configuration.queue = "q\(UUID().uuidString.prefix(8))"
        configuration.slots = 16
        let pool = PostgresPool(configuration.database, size: 4, logger: logger)
        let redis = RedisClient(
            try RedisConfiguration(await TestServers.shared.freshRedisURL()), logger: logger)
        return TracedFleet(
            configuration: configuration, pool: pool, redis: redis,
            runs: Runs(configuration, redis: redis, pool: pool, logger: logger), logger: logger)
    }

    /// Runs `body` beside a worker and the client, which stop afterwards.
    func working<R: Sendable>(
        _ registry: WorkflowRegistry, _ body: @Sendable @escaping () async throws -> R
    ) async throws -> R {
        let worker = Worker(configuration, registry: registry, redis: redis, pool: pool, logger: logger)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await runs.run() }
            group.addTask { try await worker.run() }
            let result = try await body()
            group.cancelAll()
            return result
        }
    }
}

extension Logger {
    static var quiet: Logger {
        var logger = Logger(label: "telemetry-tests")
        logger.logLevel = .critical
        return logger
    }
}

struct TookTooLong: Error {
    let what: String
}

/// Waits for what a real server will show, not longer than half a minute.
func until(_ what: String, _ holds: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(30)
    while try await !holds() {
        guard ContinuousClock.now < end else { throw TookTooLong(what: what) }
        try await Task.sleep(for: .milliseconds(10))
    }
}

/// The first attempt of its second step fails; then it starts a child.
struct TracedOrder: Workflow {
    static let name: WorkflowName = "traced_order"
    enum Step: String, WorkflowStep { case first, second, child }
    let logger: Logger

    struct Hiccup: Classified {
        var disposition: Disposition { .transient(retryAfter: .milliseconds(1)) }
        var code: String { "hiccup" }
    }

    func run(_ input: Int, _ flow: Flow<TracedOrder>) async throws -> Int {
        let one = try await flow.step(.first) { _ in
            logger.critical("inside a step")
            return 1
        }
        let retry = RetryPolicy(attempts: 3, base: .milliseconds(1), cap: .milliseconds(2))
        let two = try await flow.step(.second, retry: retry) { attempt in
            if attempt.number == 1 { throw Hiccup() }
            return 2
        }
        return try await flow.child(.child, TracedChild.self, input) + one + two
    }
}

struct TracedChild: Workflow {
    static let name: WorkflowName = "traced_child"
    enum Step: String, WorkflowStep { case only }

    func run(_ input: Int, _ flow: Flow<TracedChild>) async throws -> Int {
        try await flow.step(.only) { _ in input }
    }
}

extension WorkflowRegistry {
    static func traced(_ logger: Logger = .quiet) -> WorkflowRegistry {
        var registry = WorkflowRegistry()
        registry.register(TracedOrder(logger: logger))
        registry.register(TracedChild())
        return registry
    }
}
