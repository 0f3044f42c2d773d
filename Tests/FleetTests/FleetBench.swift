import Durable
import EngineMigrations
import Fleet
import Foundation
import Logging
import Postgres
import Redis
import Synchronization
import TestServers

/// A fleet of workers against one database and one Redis.
struct FleetUnderTest {
    let configuration: FleetConfiguration
    let pool: PostgresPool
    let redis: RedisClient
    let runs: Runs
    let logger: Logger
    let seat: Seat?

    static func quietLogger(_ label: String) -> Logger {
        var logger = Logger(label: label)
        logger.logLevel = ProcessInfo.processInfo.environment["FLEET_LOG"] == nil ? .critical : .debug
        return logger
    }

    /// On the shared servers, in a database of its own.
    static func shared(masterKeys: MasterKeys? = nil) async throws -> FleetUnderTest {
        let seat = await Seat.taken()
        let template = try await TestServers.shared.template(named: "engine") { try await migrate($0) }
        let database = try await TestServers.shared.createDatabase(from: template)
        return try FleetUnderTest(
            databaseURL: database.url(role: "cartflux_engine"),
            redisURL: try await TestServers.shared.freshRedisURL(), queue: "q\(UUID().uuidString.prefix(8))",
            masterKeys: masterKeys, seat: seat)
    }

    static func migrate(_ url: String) async throws {
        let connection = try await PostgresConnection.connect(PostgresConfiguration(url))
        try await Migrator(directory: EngineMigrations.directory, schema: "engine").migrate(connection)
        await connection.close()
    }

    init(
        databaseURL: String, redisURL: String, queue: String, masterKeys: MasterKeys? = nil,
        seat: Seat? = nil
    ) throws {
        self.seat = seat
        logger = Self.quietLogger("fleet")
        var configuration = FleetConfiguration(database: try PostgresConfiguration(databaseURL))
        configuration.queue = queue
        configuration.masterKeys = masterKeys
        configuration.lease = .seconds(10)
        configuration.heartbeat = .seconds(1)
        configuration.sweep = .milliseconds(200)
        configuration.drain = .milliseconds(300)
        configuration.slots = 64
        self.configuration = configuration
        pool = PostgresPool(configuration.database, size: 4, logger: logger)
        redis = RedisClient(try RedisConfiguration(redisURL), logger: logger)
        runs = Runs(configuration, redis: redis, pool: pool, logger: logger)
    }

    func worker(_ registry: WorkflowRegistry, _ change: (inout FleetConfiguration) -> Void = { _ in })
        -> Worker
    {
        var configuration = configuration
        change(&configuration)
        return Worker(configuration, registry: registry, redis: redis, pool: pool, logger: logger)
    }

    /// Runs `body` beside one worker per registry, which stop afterwards.
    func working<R: Sendable>(
        _ registries: [WorkflowRegistry], _ body: @Sendable @escaping () async throws -> R
    ) async throws -> R {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.runs.run() }
            for registry in registries {
                let worker = worker(registry)
                group.addTask { try await worker.run() }
            }
            let result = try await body()
            group.cancelAll()
            return result
        }
    }
}

/// Counts effects by key, as a vendor with idempotency keys does.
final class Effects: Sendable {
    private let keys = Mutex<[String: Int]>([:])
    func happen(_ key: String) { keys.withLock { $0[key, default: 0] += 1 } }
    var distinct: Int { keys.withLock { $0.count } }
    var calls: Int { keys.withLock { $0.values.reduce(0, +) } }
    func count(_ key: String) -> Int { keys.withLock { $0[key] ?? 0 } }
    var names: [String] { keys.withLock { $0.keys.sorted() } }
}

struct FiveSteps: Workflow {
    static let name: WorkflowName = "five_steps"
    enum Step: String, WorkflowStep { case one, two, three, four, five }
    let effects: Effects

    func run(_ input: Int, _ flow: Flow<FiveSteps>) async throws -> Int {
        var sum = input
        for step in Step.allCases {
            sum += try await flow.step(step) { attempt in
                effects.happen(attempt.key)
                return 1
            }
        }
        return sum
    }
}

struct Parent: Workflow {
    static let name: WorkflowName = "parent"
    enum Step: String, WorkflowStep { case child }

    func run(_ input: Int, _ flow: Flow<Parent>) async throws -> Int {
        try await withThrowingTaskGroup(of: Int.self) { group in
            for item in 0..<input {
                group.addTask { try await flow.child(.child, for: item, FiveSteps.self, item) }
            }
            return try await group.reduce(0, +)
        }
    }
}

struct Waiting: Workflow {
    static let name: WorkflowName = "waiting"
    enum Step: String, WorkflowStep { case note }
    typealias Progress = String
    static let go: Signal<Int> = "go"

    func run(_ input: Int, _ flow: Flow<Waiting>) async throws -> Int {
        try await flow.progress("asking")
        let answer = try await flow.wait(Self.go, upTo: .seconds(input))
        return answer ?? -1
    }
}

struct Napping: Workflow {
    static let name: WorkflowName = "napping"
    enum Step: String, WorkflowStep { case done }

    func run(_ input: Int, _ flow: Flow<Napping>) async throws -> Int {
        try await flow.sleep(for: .milliseconds(input))
        return try await flow.step(.done) { _ in input }
    }
}
