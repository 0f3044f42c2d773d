import ArgumentParser
import Durable
import Fleet
import Foundation
import Postgres
import Redis

struct RunsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs", abstract: "Looks at runs.",
        subcommands: [ListCommand.self, ShowCommand.self, WhyCommand.self],
        defaultSubcommand: ListCommand.self)

    struct ListCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Lists runs, newest first.")

        @Option(help: "pending, running, waiting, succeeded, failed, cancelled, needs_attention or poisoned.")
        var status: String?
        @Option(help: "Only runs of this workflow.")
        var workflow: String?
        @Option(help: "Only runs of this tenant.")
        var tenant: String?
        @Option(help: "Only runs before this one: the last id of the page before.")
        var before: String?
        @Option(help: "How many, up to 500.")
        var limit = 50

        func run() async throws {
            var filter = RunFilter()
            if let status {
                guard let known = RunStatus(rawValue: status) else {
                    throw ValidationError("there is no status \(status); see --help for those there are")
                }
                filter.status = known
            }
            filter.workflow = workflow
            filter.tenant = tenant.map { Tenant($0) }
            filter.before = try before.map { try RunArgument.parse($0) }
            filter.limit = limit
            let lines = try await RunsCommand.withRuns { try await $0.list(filter) }
            print(lines.isEmpty ? "no runs match" : RunText.table(lines))
        }
    }

    struct ShowCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Shows a run with its steps, attempts and children.")

        @Argument(help: "The run's id.")
        var id: String

        func run() async throws {
            let id = try RunArgument.parse(id)
            guard let detail = try await RunsCommand.withRuns({ try await $0.detail(id) }) else {
                throw ValidationError("there is no run \(id)")
            }
            print(RunText.detail(detail))
        }
    }

    struct WhyCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "why", abstract: "Says in one sentence why a run stands where it stands.")

        @Argument(help: "The run's id.")
        var id: String

        func run() async throws {
            let id = try RunArgument.parse(id)
            guard let why = try await RunsCommand.withRuns({ try await $0.why(id) }) else {
                throw ValidationError("there is no run \(id)")
            }
            print(([why.sentence] + why.evidence.map { "  \($0)" }).joined(separator: "\n"))
        }
    }

    /// Only the engine's database and Redis are needed to look at runs.
    private static func withRuns<R: Sendable>(_ body: (Runs) async throws -> R) async throws -> R {
        let settings = Settings()
        let logger = try settings.logger("cartflux.runs")
        let fleet = FleetConfiguration(
            database: try settings.parsed(.engineDatabaseURL) { try PostgresConfiguration($0) })
        let redis = RedisClient(try settings.parsed(.redisURL) { try RedisConfiguration($0) }, logger: logger)
        let pool = PostgresPool(fleet.database, size: 2, logger: logger)
        let result = try await body(Runs(fleet, redis: redis, pool: pool, logger: logger))
        await redis.shutdown()
        await pool.shutdown()
        return result
    }
}

enum RunArgument {
    static func parse(_ text: String) throws -> RunID {
        guard let id = RunID(text) else { throw ValidationError("\(text) is not the id of a run") }
        return id
    }
}
