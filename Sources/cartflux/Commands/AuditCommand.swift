import ArgumentParser
import Fleet
import Foundation

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "What operators did, and the proof that nobody changed it since.",
        subcommands: [ListCommand.self, VerifyCommand.self], defaultSubcommand: ListCommand.self)

    struct ListCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Lists acts, newest first.")

        @Option(help: "Only acts on this subject: a run's id, a queue's name.") var subject: String?
        @Option(help: "Only acts before this number.") var before: Int64?
        @Option(help: "How many, up to 500.") var limit = 50
        @Flag(help: "One JSON object per line.") var json = false

        func run() async throws {
            let records = try await RunsCommand.withRuns { _, _, pool in
                try await Audit.list(on: subject, before: before, limit: limit, from: pool)
            }
            if json { return print(records.map { RunJSON.audit($0) }.joined(separator: "\n")) }
            print(records.isEmpty ? "nothing was done yet" : RunText.audit(records))
        }
    }

    struct VerifyCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify",
            abstract: "Follows the chain from its first row and says where it was touched.",
            discussion: """
                Prints the end of the chain. Note it down outside the database and give it as --expect later:
                then even a chain that was written anew as a whole is found. Exit code 1 on any fault.
                """)

        @Option(help: "An end that was noted down earlier: NUMBER:HASH.") var expect: String?

        func validate() throws {
            guard let expect else { return }
            let parts = expect.split(separator: ":")
            if parts.count != 2 || Int64(parts[0]) == nil || parts[1].count != 64 {
                throw ValidationError("--expect is a number, a colon and 64 hex digits")
            }
        }

        func run() async throws {
            let report = try await RunsCommand.withRuns { _, _, pool in
                try await Audit.verify(anchor: expect, in: pool)
            }
            for fault in report.faults { print(fault) }
            print("\(report.rows) rows; the chain ends at \(report.head.anchor)")
            guard report.faults.isEmpty else { throw ExitCode(1) }
            print("nothing was changed, deleted or moved")
        }
    }
}
