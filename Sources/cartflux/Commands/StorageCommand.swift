// Storage for years, at the command line: what is kept, for how long, and whether every live run is where it
// should be. Looking needs nothing; whatever changes something needs a reason and is written into the audit.

import ArgumentParser
import Durable
import Fleet
import Foundation
import Postgres

struct StorageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "storage", abstract: "Looks after history, retention and the keys of people.",
        discussion: """
            Workers and `cartflux schedule` make partitions ahead, let go of what is past its policy, and scan
            for runs that are nowhere, all by themselves. These commands show it, and change what is kept.
            """,
        subcommands: [
            StatusCommand.self, PartitionsCommand.self, RetainCommand.self, CheckCommand.self,
            EraseCommand.self, RotateCommand.self,
        ], defaultSubcommand: StatusCommand.self)

    struct StatusCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "status", abstract: "Shows the tables that are always written, and what is due.")

        func run() async throws {
            let status = try await StorageCommand.withRuns { _, pool, _ in
                try await StorageStatus.read(pool, now: Date())
            }
            print(StorageText.status(status))
        }
    }

    struct PartitionsCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "partitions", abstract: "Shows the weeks of history that are stored.",
            discussion: """
                Ends with an error where fewer than \(HistoryKeeper.leastWeeksAhead) whole weeks are
                ready ahead.
                """)

        @Flag(help: "Make the partitions of the weeks to come.")
        var create = false

        func run() async throws {
            let (weeks, ahead) = try await StorageCommand.withRuns { keeper, _, _ in
                let now = Date()
                let ahead =
                    create
                    ? try await keeper.prepareAhead(now: now) : try await keeper.weeksAhead(now: now)
                return (try await keeper.weeks(), ahead)
            }
            print(StorageText.weeks(weeks))
            print("\n\(ahead) whole weeks are ready after this one")
            if ahead < HistoryKeeper.leastWeeksAhead { throw ExitCode.failure }
        }
    }

    struct RetainCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "retain", abstract: "Shows or sets how long runs are kept after they have ended.",
            discussion: """
                Without options it prints the policies. Of several that fit a run, the one that names more
                wins, the tenant before the workflow; a hold on any of them keeps everything. What is past its
                policy goes by whole weeks: after the given number of weeks, and at most five later.

                  cartflux storage retain --weeks 104 --reason "two years"
                  cartflux storage retain --tenant acme --workflow refund_order --weeks 520 --reason "tax law"
                  cartflux storage retain --tenant acme --hold --reason "case 12/2026"
                  cartflux storage retain --tenant acme --remove --reason "case closed"
                """)

        @Option(help: "Only this tenant's runs; all tenants by default.")
        var tenant: String?
        @Option(help: "Only runs of this workflow; all workflows by default.")
        var workflow: String?
        @Option(help: "How many whole weeks.")
        var weeks: Int?
        @Flag(help: "Keep everything until the hold is lifted.")
        var hold = false
        @Flag(help: "Remove this policy.")
        var remove = false
        @Flag(help: "Let go now of what is past its policy, rather than within the hour.")
        var now = false
        @Option(help: "Why; it is kept in the audit.")
        var reason: String?
        @Option(help: "Who acts; the user who is signed in by default.")
        var actor: String?

        private var isChange: Bool { weeks != nil || hold || remove }

        func validate() throws {
            if remove, weeks != nil || hold {
                throw ValidationError("--remove goes with neither --weeks nor --hold")
            }
            if isChange, reason == nil { throw ValidationError("a change needs --reason") }
        }

        func run() async throws {
            let (policies, done) = try await StorageCommand.withRuns { keeper, _, _ in
                if isChange {
                    let mandate = try MandateOptions.mandate(actor: actor, reason: reason ?? "")
                    try await keeper.setPolicy(
                        tenant: tenant, workflow: workflow, weeks: weeks, isHeld: hold, by: mandate)
                }
                let done = now ? try await keeper.retain(now: Date()) : []
                return (try await keeper.policies(), done)
            }
            print(StorageText.policies(policies))
            for line in done { print(line) }
        }
    }

    struct CheckCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check", abstract: "Proves that every live run is in exactly one place.",
            discussion: """
                Looks twice, some seconds apart, and prints what was broken both times. Ends with an error
                where something is. Nothing is repaired: see ops/runbooks/run-nowhere.md.
                """)

        func run() async throws {
            let findings = try await StorageCommand.withRuns { _, _, runs in
                let scanner = InvariantScanner(runs)
                _ = try await scanner.check()
                return try await scanner.openFindings()
            }
            print(StorageText.findings(findings))
            if !findings.isEmpty { throw ExitCode.failure }
        }
    }

    struct EraseCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "erase", abstract: "Destroys the key of a person, and with it all that runs kept.",
            discussion: """
                Inputs, results, signals and the words of errors of every run about the person become
                unreadable, in every table; live runs about them end as failed (subject_erased). It cannot be
                undone. Copies of the database from before are not touched.
                """)

        @Option(help: "The tenant whose customer it is.")
        var tenant: String
        @Argument(help: "The person, as runs were started with it.")
        var subject: String
        @OptionGroup var who: MandateOptions
        @Flag(help: "Do not ask.")
        var yes = false

        func run() async throws {
            if !yes {
                print("Type the person again to erase them for good: ", terminator: "")
                guard readLine() == subject else { throw ValidationError("nothing was erased") }
            }
            let mandate = try who.mandate
            let erasure = try await StorageCommand.withRuns { _, _, runs in
                try await Subjects(runs).erase(Subject(subject), of: Tenant(tenant), by: mandate)
            }
            guard let erasure else {
                throw ValidationError("tenant \(tenant) has no runs about that person, or no longer")
            }
            print(
                "erased; \(erasure.liveRuns.count) live runs end now; other processes may start runs under "
                    + "the dead key for \(Subjects.settlingTime.components.seconds) s, which end unread")
        }
    }

    struct RotateCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rotate", abstract: "Seals the keys of people under the newest master key.",
            discussion: """
                Put the new key first in ENGINE_MASTER_KEYS of every process, keep the old one behind it, and
                restart them; then rotate. When nothing is left to rotate, the old key can go.
                """)

        func run() async throws {
            let changed = try await StorageCommand.withRuns { _, _, runs in
                try await Subjects(runs).rotate()
            }
            print(changed == 0 ? "nothing left to rotate" : "\(changed) keys sealed again")
        }
    }

    private static func withRuns<R: Sendable>(
        _ body: (HistoryKeeper, PostgresPool, Runs) async throws -> R
    ) async throws -> R {
        let logger = try Settings().logger("cartflux.storage")
        return try await RunsCommand.withRuns { runs, _, pool in
            try await body(HistoryKeeper(pool: pool, logger: logger), pool, runs)
        }
    }
}
