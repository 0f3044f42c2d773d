import ArgumentParser
import Durable
import Fleet
import Foundation

struct RunsBulkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bulk", abstract: "One verb over many runs, at a pace, with an abort.",
        discussion: """
            `bulk order VERB` with a filter prints how many runs match and a few of them; with --yes it orders
            the work and does it. The order outlives this command: `bulk work ID` goes on with it, and so
            does `cartflux schedule`.
            """,
        subcommands: [OrderCommand.self, WorkCommand.self, AbortCommand.self, ListCommand.self])

    enum Action: String, ExpressibleByArgument, CaseIterable { case retry, resume, rerun, cancel, signal }

    struct OrderCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "order", abstract: "Previews, or orders, a verb over all runs that match.")

        @Argument(help: "retry, resume, rerun, cancel or signal.") var verb: Action
        @OptionGroup var which: FilterOptions
        @Option(help: "For rerun: the first step to do again.") var from: String?
        @Option(help: "For signal: its name.") var name: String?
        @Option(help: "For signal: its payload, as JSON.") var payload = "null"
        @Flag(help: "For cancel: end the runs where they stand.") var noUndo = false
        @Option(help: "How many runs a second, 1 to 1,000.") var perSecond = 10
        @Flag(help: "Do it. Without it, this is a preview.") var yes = false
        @OptionGroup var who: MandateOptions

        func validate() throws {
            if !Operations.bulkRateLimit.contains(perSecond) {
                throw ValidationError("--per-second goes from 1 to 1,000")
            }
            _ = try action
        }

        private var action: BulkVerb {
            get throws {
                switch verb {
                case .retry: return .retry
                case .resume: return .resume
                case .cancel: return .cancel(noUndo ? .leave : .undo)
                case .rerun:
                    guard let from else { throw ValidationError("rerun needs --from STEP") }
                    let step = try RunArgument.step(from)
                    return .rerun(from: step.name, item: step.item)
                case .signal:
                    guard let name else { throw ValidationError("signal needs --name") }
                    return .signal(name: name, payload: payload)
                }
            }
        }

        func run() async throws {
            let (filter, action, mandate) = (try which.filter(), try action, try who.mandate)
            try await RunsCommand.withRuns { runs, operations, _ in
                guard yes else {
                    var sample = filter
                    sample.limit = 5
                    let lines = try await runs.list(sample)
                    print("\(verb.rawValue) of \(try await runs.count(filter)) runs: \(filter.description)")
                    if !lines.isEmpty { print("\nfor instance\n\(RunText.table(lines))") }
                    return print("\nthis was a preview; --yes does it, \(perSecond) runs a second")
                }
                let batch = try await operations.order(action, on: filter, perSecond: perSecond, by: mandate)
                let id = batch.id.uuidString.lowercased()
                print("ordered as \(id); Ctrl-C leaves it open, `bulk abort` stops it")
                print(RunText.bulk(try await operations.work(batch.id) { print(RunText.bulk($0)) }))
            }
        }
    }

    struct WorkCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "work", abstract: "Goes on with an order that was left open.")
        @Argument(help: "The order's id.") var id: String

        func run() async throws {
            let id = try RunsBulkCommand.parse(id)
            try await RunsCommand.withRuns { _, operations, _ in
                print(RunText.bulk(try await operations.work(id) { print(RunText.bulk($0)) }))
            }
        }
    }

    struct AbortCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "abort", abstract: "Stops an order before its next run.")
        @Argument(help: "The order's id.") var id: String
        @OptionGroup var who: MandateOptions

        func run() async throws {
            let (id, mandate) = (try RunsBulkCommand.parse(id), try who.mandate)
            let bulk = try await RunsCommand.withRuns { _, operations, _ in
                try await operations.abort(id, by: mandate)
            }
            print(RunText.bulk(bulk))
        }
    }

    struct ListCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Lists orders, newest first.")

        func run() async throws {
            let bulks = try await RunsCommand.withRuns { _, operations, _ in try await operations.bulks() }
            print(bulks.isEmpty ? "no orders" : bulks.map { RunText.bulk($0) }.joined(separator: "\n"))
        }
    }

    static func parse(_ text: String) throws -> UUID {
        guard let id = UUID(uuidString: text) else {
            throw ValidationError("\(text) is not the id of an order")
        }
        return id
    }
}
