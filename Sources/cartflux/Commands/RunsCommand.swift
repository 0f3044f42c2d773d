// The operators' side of the fleet at the command line. Reading needs nothing but the run's id; everything
// that changes something needs a reason, and is written into the audit under the name of whoever is signed
// in.

import ArgumentParser
import Durable
import Fleet
import Foundation
import Postgres
import Redis

struct RunsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs", abstract: "Looks at runs and acts on them.",
        discussion: """
            Verbs that change a run need --reason; they are written into the audit (`cartflux audit list`).
            What a verb cannot do to a run in its present state it refuses, and changes nothing.
            """,
        groupedSubcommands: [
            CommandGroup(
                name: "Looking",
                subcommands: [ListCommand.self, ShowCommand.self, WhyCommand.self, ExportCommand.self]),
            CommandGroup(
                name: "Going on",
                subcommands: [RetryCommand.self, ResumeCommand.self, RerunCommand.self, ForkCommand.self]),
            CommandGroup(
                name: "Stepping in",
                subcommands: [
                    CancelCommand.self, SignalCommand.self, SkipCommand.self, EditCommand.self,
                    RunsBulkCommand.self,
                ]),
            CommandGroup(name: "Deploying", subcommands: [RunsCheckCommand.self]),
        ], defaultSubcommand: ListCommand.self)

    /// Only the engine's database and Redis are needed to look at runs and to act on them.
    static func withRuns<R: Sendable>(
        _ body: (Runs, Operations, PostgresPool) async throws -> R
    ) async throws -> R {
        let settings = Settings()
        let logger = try settings.logger("cartflux.runs")
        let fleet = try settings.fleet()
        let redis = RedisClient(try settings.parsed(.redisURL) { try RedisConfiguration($0) }, logger: logger)
        let pool = PostgresPool(fleet.database, size: 2, logger: logger)
        let runs = Runs(fleet, redis: redis, pool: pool, logger: logger)
        do {
            let result = try await body(runs, Operations(runs, masterKeys: fleet.masterKeys), pool)
            await redis.shutdown()
            await pool.shutdown()
            return result
        } catch {
            await redis.shutdown()
            await pool.shutdown()
            throw error
        }
    }

    static func withRuns<R: Sendable>(_ body: (Runs) async throws -> R) async throws -> R {
        try await withRuns { runs, _, _ in try await body(runs) }
    }
}

extension Settings {
    /// What the tools of operators need to know of the fleet.
    func fleet() throws -> FleetConfiguration {
        var fleet = FleetConfiguration(
            database: try parsed(.engineDatabaseURL) { try PostgresConfiguration($0) })
        fleet.masterKeys = try masterKeys()
        return fleet
    }

    /// Nil where runs are never about a person.
    func masterKeys() throws -> MasterKeys? {
        optional(.engineMasterKeys) == nil ? nil : try parsed(.engineMasterKeys) { try MasterKeys($0) }
    }
}

enum RunArgument {
    static func parse(_ text: String) throws -> RunID {
        guard let id = RunID(text) else { throw ValidationError("\(text) is not the id of a run") }
        return id
    }

    /// `name`, or `name[item]` as timelines print it.
    static func step(_ text: String) throws -> StepKey {
        guard text.hasSuffix("]"), let open = text.firstIndex(of: "[") else { return StepKey(text) }
        return StepKey(String(text[..<open]), item: String(text[text.index(after: open)...].dropLast()))
    }

    /// JSON text, or `@file`, or `@-` for standard input.
    static func json(_ text: String) throws -> Payload {
        guard text.hasPrefix("@") else { return Payload(json: text) }
        let path = String(text.dropFirst())
        let data =
            path == "-"
            ? try FileHandle.standardInput.readToEnd() ?? Data()
            : try Data(contentsOf: URL(filePath: path))
        return Payload(json: [UInt8](data))
    }
}

/// Who acts and why.
struct MandateOptions: ParsableArguments {
    @Option(help: "Why; it is kept in the audit.")
    var reason: String

    @Option(help: "Who acts; the user who is signed in by default.")
    var actor: String?

    var mandate: Mandate {
        get throws {
            try Self.mandate(actor: actor, reason: reason)
        }
    }

    static func mandate(actor: String?, reason: String) throws -> Mandate {
        let environment = ProcessInfo.processInfo.environment
        let user = environment["SUDO_USER"] ?? environment["USER"] ?? environment["LOGNAME"] ?? NSUserName()
        return try Mandate(actor: actor ?? user, reason: reason)
    }
}

/// One run, and what the caller saw of it.
struct SubjectOptions: ParsableArguments {
    @Argument(help: "The run's id.")
    var id: String

    @Option(help: "Only if the run is still in this epoch, as `show` printed it.")
    var ifEpoch: Int64?

    @Option(help: "Only if the run still has this status.")
    var ifStatus: String?

    var run: RunID { get throws { try RunArgument.parse(id) } }

    var sighting: Sighting {
        get throws { Sighting(status: try ifStatus.map { try RunStatus(argument: $0) }, epoch: ifEpoch) }
    }
}

extension RunStatus {
    init(argument: String) throws {
        guard let status = RunStatus(rawValue: argument) else {
            let known = RunStatus.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("there is no status \(argument); there are \(known)")
        }
        self = status
    }
}
