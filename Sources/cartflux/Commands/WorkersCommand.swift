import ArgumentParser
import Fleet
import Foundation

struct WorkersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workers", abstract: "Looks at worker processes.",
        subcommands: [ListCommand.self], defaultSubcommand: ListCommand.self)

    struct ListCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Lists worker processes with what they run.")
        @Flag(help: "The workflows that each of them knows.") var workflows = false

        func run() async throws {
            let lines = try await QueuesCommand.withControl { try await $0.workers() }
            print(lines.isEmpty ? "no worker is known" : WorkerText.table(lines, workflows: workflows))
        }
    }
}

enum WorkerText {
    static func table(_ lines: [WorkerLine], workflows: Bool) -> String {
        var header = [
            "worker", "host", "process", "queue", "state", "running", "slots", "since", "lease until",
        ]
        if workflows { header.append("workflows") }
        return RunText.columns(
            [header]
                + lines.map { line in
                    let state = !line.isAlive ? "silent" : line.isDraining ? "draining" : "working"
                    let row = [
                        line.id.uuidString.lowercased().prefix(8).description, line.host, "\(line.process)",
                        line.queue, state, "\(line.running)", "\(line.slots)",
                        line.startedAt.formatted(.iso8601), line.leaseUntil.formatted(.iso8601),
                    ]
                    return workflows ? row + [line.workflows.joined(separator: ", ")] : row
                })
    }
}
