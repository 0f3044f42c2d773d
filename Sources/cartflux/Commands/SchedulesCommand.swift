// Schedules at the command line. What changes something needs a reason and is written into the audit.

import ArgumentParser
import Durable
import Fleet
import Foundation
import Postgres
import Redis
import Workflows

struct SchedulesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedules", abstract: "Looks at schedules and acts on them.",
        discussion: """
            A schedule starts one run for each of its nominal times, however late and by whichever process.
            Times are given as instants (2026-03-29T01:00:00Z), or as the clock of the schedule's zone shows
            them (2026-03-29, '2026-03-29 03:30'). What changes something needs --reason.
            """,
        subcommands: [
            ListCommand.self, ShowCommand.self, PreviewCommand.self, PauseCommand.self, ResumeCommand.self,
            RunNowCommand.self, BackfillCommand.self,
        ], defaultSubcommand: ListCommand.self)

    struct ListCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Lists all schedules with their next times and how late they are.")

        func run() async throws {
            let lines = try await SchedulesCommand.withSchedules { try await $0.list() }
            print(lines.isEmpty ? "no schedules yet" : ScheduleText.table(lines))
        }
    }

    struct ShowCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Shows a schedule, its next times and its last firings.")

        @Argument(help: "The schedule's name.") var name: String
        @Option(help: "How many next times and last firings, up to 500.") var limit = 10

        func run() async throws {
            let (name, limit) = (ScheduleName(name), limit)
            let detail = try await SchedulesCommand.withSchedules {
                try await $0.detail(name, upTo: max(1, min(limit, 500)))
            }
            print(ScheduleText.detail(detail))
        }
    }

    struct PreviewCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "preview", abstract: "Shows when a rule would fire; nothing is stored.",
            discussion: """
                Five cron fields or a phrase: '30 3 * * *', 'last business day of month at 18:00',
                'second tuesday of month at 09:00', 'every 3 days at 04:00 from 2026-01-01'.
                """)

        @Argument(help: "The rule, in quotes.") var rule: String
        @Option(help: "A name of the time zone database, such as Europe/Bucharest.") var zone: String
        @Option(help: "After this time; now by default.") var after: String?
        @Option(help: "How many, up to 1,000.") var count = 10
        @Option(help: "A skipped local time: first_instant_after or leave_out.") var gap = GapRule
            .firstInstantAfter
        @Option(help: "Which instant of a repeated local time: first or second.") var `repeat` = RepeatRule
            .first

        func run() async throws {
            let schedule = try Schedule(
                "preview", ScheduleRule(rule), in: zone, gap: gap, repeated: `repeat`)
            let start = try after.map { try TimeArgument.instant($0, in: schedule.zone) } ?? Date()
            let times = schedule.occurrences(
                after: start, through: .distantFuture, limit: max(1, min(count, Schedules.rangeLimit)))
            print(ScheduleText.occurrences(times, in: schedule.zone))
        }
    }

    struct PauseCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "pause", abstract: "Lets a schedule fire nothing until it is resumed.")

        @Argument(help: "The schedule's name.") var name: String
        @OptionGroup var why: MandateOptions

        func run() async throws {
            let (name, mandate) = (ScheduleName(name), try why.mandate)
            try await SchedulesCommand.withSchedules { try await $0.pause(name, by: mandate) }
            print("\(name) is paused; what comes due meanwhile is not owed")
        }
    }

    struct ResumeCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "resume", abstract: "Lets a schedule go on from now.")

        @Argument(help: "The schedule's name.") var name: String
        @Flag(help: "Treat what came due during the pause as the catch-up policy says.") var catchUp = false
        @OptionGroup var why: MandateOptions

        func run() async throws {
            let (name, mandate, catchUp) = (ScheduleName(name), try why.mandate, catchUp)
            let detail = try await SchedulesCommand.withSchedules {
                try await $0.resume(name, catchingUp: catchUp, by: mandate)
                return try await $0.detail(name, upTo: 1)
            }
            print("\(name) goes on: \(detail.stored.next.map { "\($0)" } ?? "it has no time to come")")
        }
    }

    struct RunNowCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "run-now", abstract: "Starts a run now, beside the schedule's own times.")

        @Argument(help: "The schedule's name.") var name: String
        @Option(help: "A key of yours: asking again with it starts nothing more.") var once: String?
        @OptionGroup var why: MandateOptions

        func run() async throws {
            let (name, mandate, once) = (ScheduleName(name), try why.mandate, once)
            let run = try await SchedulesCommand.withSchedules {
                try await $0.runNow(name, once: once, by: mandate)
            }
            print(run)
        }
    }
}

extension SchedulesCommand {
    /// Fills in nominal times of the past, or only shows them.
    struct BackfillCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "backfill", abstract: "Starts the runs of past nominal times that have none.",
            discussion: """
                Only shows what would start unless --yes is given. At most 1,000 nominal times at once. A time
                that has its run is left alone, so a range can be filled in twice without harm.
                """)

        @Argument(help: "The schedule's name.") var name: String
        @Option(help: "The first time of the range.") var from: String
        @Option(help: "The last time of the range, in the past.") var through: String
        @Option(help: "The runs' priority, from -100 to 100; low, so that other work goes first.")
        var priority = -10
        @Flag(help: "Start them.") var yes = false
        @OptionGroup var why: MandateOptions

        func validate() throws {
            guard (-100...100).contains(priority) else {
                throw ValidationError("--priority goes from -100 to 100")
            }
        }

        func run() async throws {
            let command = self
            let name = ScheduleName(name)
            let mandate = try why.mandate
            try await SchedulesCommand.withSchedules { schedules in
                let zone = try await schedules.detail(name, upTo: 1).stored.schedule.zone
                let first = try TimeArgument.instant(command.from, in: zone)
                let last = try TimeArgument.instant(command.through, in: zone)
                guard command.yes else {
                    let lines = try await schedules.backfillPreview(name, from: first, through: last)
                    let open = lines.count(where: \.isOpen)
                    print(ScheduleText.backfill(lines, in: zone))
                    return print("\(open) of \(lines.count) would start; add --yes to start them")
                }
                let count = try await schedules.backfill(
                    name, from: first, through: last, priority: command.priority, by: mandate)
                print("\(count) runs started")
            }
        }
    }

    /// Only the engine's database and Redis are needed.
    static func withSchedules<R: Sendable>(_ body: (Schedules) async throws -> R) async throws -> R {
        let settings = Settings()
        let logger = try settings.logger("cartflux.schedules")
        let fleet = try settings.fleet()
        let redis = RedisClient(try settings.parsed(.redisURL) { try RedisConfiguration($0) }, logger: logger)
        let pool = PostgresPool(fleet.database, size: 2, logger: logger)
        let runs = Runs(fleet, redis: redis, pool: pool, logger: logger)
        let result: Result<R, any Error>
        do {
            let book = try ScheduleBook(Shop.scheduled)
            result = .success(try await body(Schedules(runs, book: book, redis: redis)))
        } catch {
            result = .failure(error)
        }
        await redis.shutdown()
        await pool.shutdown()
        return try result.get()
    }
}

extension GapRule: ExpressibleByArgument {}
extension RepeatRule: ExpressibleByArgument {}

enum TimeArgument {
    /// An instant, or a day or a time as the clock of `zone` shows it.
    static func instant(_ text: String, in zone: ScheduleZone) throws -> Date {
        if text.hasSuffix("Z"), let instant = try? Date(text, strategy: .iso8601) { return instant }
        let local = LocalTime(parsing: text) ?? LocalTime(parsing: "\(text) 00:00")
        guard let local, let instant = zone.instant(of: local) else {
            throw ValidationError(
                "'\(text)' is no time; write 2026-03-29, '2026-03-29 03:30' or 2026-03-29T01:00:00Z")
        }
        return instant
    }
}

extension Platform {
    /// Fires the shop's schedules while this process leads the duty, and stands by while another one does.
    func scheduler() throws -> Scheduler {
        Scheduler(
            fleet, book: try ScheduleBook(Shop.scheduled), redis: redis, pool: enginePool, logger: logger)
    }
}
