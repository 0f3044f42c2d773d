import ArgumentParser
import Durable
import Fleet
import Foundation

/// Which runs are meant, at the command line.
struct FilterOptions: ParsableArguments {
    @Option(
        help: """
            pending, running, waiting, succeeded, failed, cancelled, needs_attention or poisoned; may be \
            given several times.
            """)
    var status: [String] = []
    @Option(help: "Only runs of this workflow.")
    var workflow: String?
    @Option(help: "Only runs of this tenant.")
    var tenant: String?
    @Option(help: "Only runs with this label, as name=value.")
    var label: String?
    @Option(help: "Only failures of this cause, as `show` prints it.")
    var fingerprint: String?
    @Option(help: "Only runs that wait for: timer, signal, child, retry or deferral.")
    var waiting: String?
    @Option(help: "Accepted since: 2026-11-23T03:00:00Z, or 90m, 12h, 7d ago.")
    var since: String?
    @Option(help: "Accepted before; as --since.")
    var until: String?
    @Option(help: "The beginning of the run's id, or of the key it was started with.")
    var text: String?

    func filter(now: Date = Date()) throws -> RunFilter {
        var filter = RunFilter()
        filter.statuses = Set(try status.map { try RunStatus(argument: $0) })
        filter.workflow = workflow
        filter.tenant = tenant.map { Tenant($0) }
        filter.fingerprint = fingerprint
        filter.text = text
        filter.from = try since.map { try Self.instant($0, now) }
        filter.to = try until.map { try Self.instant($0, now) }
        filter.waitKind = try waiting.map {
            guard let kind = WaitReason.Kind(rawValue: $0) else {
                throw ValidationError("runs do not wait for \($0); see --help for what they wait for")
            }
            return kind
        }
        filter.label = try label.map {
            let parts = $0.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { throw ValidationError("a label is written name=value") }
            return RunFilter.Label(parts[0], parts[1])
        }
        return filter
    }

    static func instant(_ text: String, _ now: Date) throws -> Date {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        if let unit = text.last.flatMap({ units[$0] }), let many = Int(text.dropLast()) {
            return now.addingTimeInterval(-TimeInterval(many * unit))
        }
        do {
            return try Date(text, strategy: .iso8601)
        } catch {
            throw ValidationError("\(text) is neither an instant (2026-11-23T03:00:00Z) nor a time ago (12h)")
        }
    }
}

extension RunsCommand {
    struct ListCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Lists runs, newest first, and counts them.")

        @OptionGroup var which: FilterOptions
        @Option(help: "Only runs before this one: the last id of the page before.")
        var before: String?
        @Option(help: "How many, up to 500.")
        var limit = 50
        @Flag(help: "One JSON object per line.")
        var json = false

        func run() async throws {
            var filter = try which.filter()
            filter.before = try before.map { try RunArgument.parse($0) }
            filter.limit = limit
            let (lines, count) = try await RunsCommand.withRuns { [filter] runs in
                (try await runs.list(filter), try await runs.count(filter))
            }
            if json { return print(lines.map { RunJSON.line($0) }.joined(separator: "\n")) }
            guard !lines.isEmpty else { return print("no runs match: \(filter.description)") }
            print(RunText.table(lines))
            print("\n\(lines.count) of \(count) (\(filter.description))")
            if lines.count == limit, let last = lines.last { print("older: --before \(last.id)") }
        }
    }

    struct ShowCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Shows a run with its steps, attempts and children.")

        @Argument(help: "The run's id.")
        var id: String

        func run() async throws {
            let id = try RunArgument.parse(id)
            let (detail, why) = try await RunsCommand.withRuns {
                (try await $0.detail(id), try await $0.why(id))
            }
            guard let detail else { throw ValidationError("there is no run \(id)") }
            print(RunText.detail(detail, why: why))
        }
    }

    struct WhyCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "why", abstract: "Says in one sentence why a run stands where it stands.")

        @Argument(help: "The run's id.")
        var id: String
        @Flag(help: "As a JSON object.")
        var json = false

        func run() async throws {
            let id = try RunArgument.parse(id)
            guard let why = try await RunsCommand.withRuns({ try await $0.why(id) }) else {
                throw ValidationError("there is no run \(id)")
            }
            if json {
                return print(
                    RunJSON.text(["sentence": .text(why.sentence), "evidence": .texts(why.evidence)]))
            }
            print(([why.sentence] + why.evidence.map { "  \($0)" }).joined(separator: "\n"))
        }
    }

    struct ExportCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "export", abstract: "Prints everything recorded of a run as one JSON document.",
            discussion: "It leaves the system, so it is written into the audit.")

        @Argument(help: "The run's id.")
        var id: String
        @OptionGroup var who: MandateOptions

        func run() async throws {
            let (id, mandate) = (try RunArgument.parse(id), try who.mandate)
            let document = try await RunsCommand.withRuns { _, operations, _ in
                try await operations.export(id, by: mandate).0
            }
            print(document.text)
        }
    }
}
