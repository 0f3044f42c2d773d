import Durable
import EngineMigrations
import Fleet
import Foundation
import Logging
import Postgres
import Redis

@main
struct Welcome {
    static func main() async throws {
        try await Rehearsal.confirmation()
        try await Rehearsal.silence()
        print("rehearsed: a confirmation, and a week of silence")

        try await migrate(try variable("MIGRATE_DATABASE_URL"))
        let output = try await serve()
        try expect(output == "ana@example.com is a customer")
        print("served: \(output)")
    }

    /// Brings the engine's schema to this version, as an administrator.
    static func migrate(_ url: String) async throws {
        let connection = try await PostgresConnection.connect(PostgresConfiguration(url))
        try await Migrator(directory: EngineMigrations.directory, schema: "engine").migrate(connection)
        await connection.close()
    }

    /// Runs a worker beside the code that starts a run, sends it a signal and awaits its end.
    static func serve() async throws -> String {
        let logger = Logger(label: "welcome") { _ in SwiftLogNoOpLogHandler() }
        let configuration = FleetConfiguration(
            database: try PostgresConfiguration(try variable("ENGINE_DATABASE_URL")))
        let pool = PostgresPool(configuration.database, size: 4, logger: logger)
        let redis = RedisClient(try RedisConfiguration(try variable("REDIS_URL")), logger: logger)
        let runs = Runs(configuration, redis: redis, pool: pool, logger: logger)

        var registry = WorkflowRegistry()
        registry.register(WelcomeCustomer(mail: Mail()))
        let worker = Worker(configuration, registry: registry, redis: redis, pool: pool, logger: logger)

        let output = try await withThrowingTaskGroup(of: Void.self) { services in
            services.addTask { try await runs.run() }
            services.addTask { try await worker.run() }
            let run = try await runs.start(
                WelcomeCustomer.self, .init(email: "ana@example.com"), once: "ana", for: "acme")
            try await runs.send(WelcomeCustomer.confirmed, true, to: run.id, once: "click")
            let output = try await runs.result(of: run.id, as: WelcomeCustomer.self, upTo: .seconds(30))
            services.cancelAll()
            return output
        }
        await redis.shutdown()
        await pool.shutdown()
        return output
    }
}

struct Unexpected: Error {}

func expect(_ condition: Bool) throws { if !condition { throw Unexpected() } }

func variable(_ name: String) throws -> String {
    guard let value = ProcessInfo.processInfo.environment[name] else { throw Unexpected() }
    return value
}
