// Queues and what operators decide about dispatch. Each command parses, calls one function of `Control`, and
// prints what came of it.

import ArgumentParser
import Durable
import Fleet
import Foundation

struct QueuesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queues", abstract: "Looks at queues; pauses, caps and weighs what they give out.",
        discussion: """
            A pause lets what is under way go on to its next wait, and gives out nothing more. Shares and caps
            hold in every queue. What changes something needs --reason and is written into the audit.
            """,
        subcommands: [
            ListCommand.self, PauseCommand.self, ResumeCommand.self, ShareCommand.self, CapCommand.self,
            PoliciesCommand.self,
        ], defaultSubcommand: ListCommand.self)

    struct ListCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Lists queues with their depth, workers and pauses.")

        func run() async throws {
            let lines = try await QueuesCommand.withControl { try await $0.queues() }
            print(lines.isEmpty ? "no queue has a worker or a policy yet" : QueueText.queues(lines))
        }
    }

    struct PauseCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "pause", abstract: "Gives out nothing more of a queue, workflow or tenant.")
        @OptionGroup var subject: PolicySubjectOptions
        @OptionGroup var who: MandateOptions

        func run() async throws {
            let (subject, mandate) = (try subject.subject, try who.mandate)
            try await QueuesCommand.withControl { try await $0.pause(subject, by: mandate) }
            print("paused \(subject.kind) \(subject.name)")
        }
    }

    struct ResumeCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "resume", abstract: "Goes on where `pause` stopped.")
        @OptionGroup var subject: PolicySubjectOptions
        @OptionGroup var who: MandateOptions

        func run() async throws {
            let (subject, mandate) = (try subject.subject, try who.mandate)
            try await QueuesCommand.withControl { try await $0.resume(subject, by: mandate) }
            print("resumed \(subject.kind) \(subject.name)")
        }
    }

    struct ShareCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "share", abstract: "Sets a tenant's weight and cap.")
        @Argument(help: "The tenant.") var tenant: String
        @Option(help: "Relative to the usual 1, from 0.01 to 1000.") var weight = 1.0
        @Option(help: "How many of its runs may be under way at once; no cap by default.") var cap: Int?
        @OptionGroup var who: MandateOptions

        func validate() throws {
            guard (0.01...1_000).contains(weight) else {
                throw ValidationError("--weight goes from 0.01 to 1000")
            }
            guard cap.map({ $0 >= 1 }) ?? true else {
                throw ValidationError("--cap begins at 1; or use `pause`")
            }
        }

        func run() async throws {
            let (mandate, weight, cap, tenant) = (try who.mandate, weight, cap, Tenant(tenant))
            try await QueuesCommand.withControl {
                try await $0.setShare(of: tenant, weight: weight, cap: cap, by: mandate)
            }
            print("tenant \(tenant): weight \(weight), cap \(cap.map { "\($0)" } ?? "none")")
        }
    }

    struct CapCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "cap", abstract: "Sets how many runs of a workflow may be under way at once.")
        @Argument(help: "The workflow's name.") var workflow: String
        @Argument(help: "How many; without it there is no cap.") var cap: Int?
        @OptionGroup var who: MandateOptions

        func validate() throws {
            guard cap.map({ $0 >= 1 }) ?? true else {
                throw ValidationError("a cap begins at 1; or use `pause`")
            }
        }

        func run() async throws {
            let (mandate, cap, workflow) = (try who.mandate, cap, WorkflowName(rawValue: workflow))
            try await QueuesCommand.withControl { try await $0.setCap(of: workflow, to: cap, by: mandate) }
            print("workflow \(workflow): cap \(cap.map { "\($0)" } ?? "none")")
        }
    }

    struct PoliciesCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "policies", abstract: "Lists the shares, caps and pauses of tenants and workflows.")

        func run() async throws {
            let lines = try await QueuesCommand.withControl { try await $0.policies() }
            print(lines.isEmpty ? "nothing differs from weight 1 and no cap" : QueueText.policies(lines))
        }
    }

    static func withControl<R: Sendable>(_ body: (Control) async throws -> R) async throws -> R {
        try await RunsCommand.withRuns { (runs: Runs) in try await body(Control(runs)) }
    }
}

/// What is paused or resumed: exactly one of the three.
struct PolicySubjectOptions: ParsableArguments {
    @Option(help: "A queue.") var queue: String?
    @Option(help: "A workflow.") var workflow: String?
    @Option(help: "A tenant.") var tenant: String?

    func validate() throws {
        guard [queue, workflow, tenant].count(where: { $0 != nil }) == 1 else {
            throw ValidationError("name one of --queue, --workflow and --tenant")
        }
    }

    var subject: PolicySubject {
        get throws {
            if let queue { return .queue(queue) }
            if let workflow { return .workflow(WorkflowName(rawValue: workflow)) }
            return .tenant(Tenant(tenant ?? ""))
        }
    }
}

enum QueueText {
    static func queues(_ lines: [QueueLine]) -> String {
        let header = [
            "queue", "state", "ready", "leased", "timers", "tenants", "aside", "workers", "slots", "note",
        ]
        return RunText.columns(
            [header]
                + lines.map { line in
                    let depth = line.depth
                    func number(_ value: Int?) -> String { value.map { "\($0)" } ?? "?" }
                    var state = line.isPaused ? "paused" : "open"
                    if depth.map({ !$0.isWhole }) ?? false { state += ", being rebuilt" }
                    return [
                        line.name, state, number(depth?.ready), number(depth?.leased), number(depth?.due),
                        number(depth?.tenants), number(depth?.tenantsAside), "\(line.workers)",
                        "\(line.slots)", note(line),
                    ]
                })
    }

    private static func note(_ line: QueueLine) -> String {
        var notes: [String] = []
        if line.depth == nil { notes.append("Redis does not answer") }
        if let actor = line.pausedBy { notes.append("by \(actor): \(line.reason ?? "")") }
        return notes.joined(separator: "; ")
    }

    static func policies(_ lines: [PolicyLine]) -> String {
        RunText.columns(
            [["kind", "name", "weight", "cap", "state", "since", "by", "reason"]]
                + lines.map { line in
                    [
                        line.subject.kind, line.subject.name, line.weight.map { "\($0)" } ?? "",
                        line.cap.map { "\($0)" } ?? "none", line.isPaused ? "paused" : "open",
                        line.changedAt.formatted(.iso8601), line.actor, line.reason,
                    ]
                })
    }
}
