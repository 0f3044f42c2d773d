// The verbs over one run. Each parses, calls one function of `Operations`, and prints what came of it.

import ArgumentParser
import Durable
import Fleet
import Foundation

/// A verb: what it does to a run, once its words are understood.
protocol RunVerbCommand: AsyncParsableCommand {
    var subject: SubjectOptions { get }
    var who: MandateOptions { get }
    var json: Bool { get }
    func act(_ operations: Operations, _ run: RunID, _ mandate: Mandate, _ sighting: Sighting) async throws
        -> OperationResult
}

extension RunVerbCommand {
    func run() async throws {
        let (run, mandate, sighting) = (try subject.run, try who.mandate, try subject.sighting)
        let result = try await RunsCommand.withRuns { _, operations, _ in
            try await act(operations, run, mandate, sighting)
        }
        print(json ? RunJSON.result(result) : RunText.result(result))
    }
}

extension RunsCommand {
    struct RetryCommand: RunVerbCommand {
        static let configuration = CommandConfiguration(
            commandName: "retry",
            abstract: "Goes on with a failed run from its failed step; finished steps keep their results.")
        @OptionGroup var subject: SubjectOptions
        @OptionGroup var who: MandateOptions
        @Flag(help: "The result as JSON.") var json = false

        func act(_ operations: Operations, _ run: RunID, _ mandate: Mandate, _ sighting: Sighting)
            async throws
            -> OperationResult
        {
            try await operations.retry(run, by: mandate, seenAs: sighting)
        }
    }

    struct ResumeCommand: RunVerbCommand {
        static let configuration = CommandConfiguration(
            commandName: "resume",
            abstract: "Ends the pause before a retry now, or gives a poisoned run to one more worker.",
            discussion: "A workflow's own timers keep their time; `skip sleep:LABEL[1]` ends one of those.")
        @OptionGroup var subject: SubjectOptions
        @OptionGroup var who: MandateOptions
        @Flag(help: "The result as JSON.") var json = false

        func act(_ operations: Operations, _ run: RunID, _ mandate: Mandate, _ sighting: Sighting)
            async throws
            -> OperationResult
        {
            try await operations.resume(run, by: mandate, seenAs: sighting)
        }
    }

    struct RerunCommand: RunVerbCommand {
        static let configuration = CommandConfiguration(
            commandName: "rerun",
            abstract: "Sets aside a step and everything recorded after it, and does it again.",
            discussion: "Steps keep their idempotency keys, so a vendor recognises what it has done before.")
        @OptionGroup var subject: SubjectOptions
        @Option(help: "The first step to do again, as `show` prints it: name or name[item].")
        var from: String
        @OptionGroup var who: MandateOptions
        @Flag(help: "The result as JSON.") var json = false

        func act(_ operations: Operations, _ run: RunID, _ mandate: Mandate, _ sighting: Sighting)
            async throws
            -> OperationResult
        {
            try await operations.rerun(
                run, from: try RunArgument.step(from), by: mandate, seenAs: sighting)
        }
    }

    struct ForkCommand: RunVerbCommand {
        static let configuration = CommandConfiguration(
            commandName: "fork",
            abstract: "Starts a new run with the same input and the steps up to a point; the old one stays.",
            discussion: "The new run has keys of its own: what it does, happens again.")
        @OptionGroup var subject: SubjectOptions
        @Option(help: "The first step to do anew; without it, everything is done anew.")
        var from: String?
        @Option(help: "Another input, as JSON, @file or @- for standard input.")
        var input: String?
        @Option(help: "Forks once per key; without one, once from each step.")
        var once: String?
        @OptionGroup var who: MandateOptions
        @Flag(help: "The result as JSON.") var json = false

        func act(_ operations: Operations, _ run: RunID, _ mandate: Mandate, _ sighting: Sighting)
            async throws
            -> OperationResult
        {
            try await operations.fork(
                run, from: try from.map { try RunArgument.step($0) },
                input: try input.map { try RunArgument.json($0) }, once: once, by: mandate, seenAs: sighting)
        }
    }

    struct CancelCommand: RunVerbCommand {
        static let configuration = CommandConfiguration(
            commandName: "cancel",
            abstract: "Stops a live run and undoes what it has done.",
            discussion: "The step under way ends and is recorded first, so that it can be undone too.")
        @OptionGroup var subject: SubjectOptions
        @Flag(help: "Take it from its worker at once; what its step under way did is not known then.")
        var force = false
        @Flag(help: "End it where it stands; what it has done stays done.")
        var noUndo = false
        @OptionGroup var who: MandateOptions
        @Flag(help: "The result as JSON.") var json = false

        func validate() throws {
            if force && noUndo { throw ValidationError("--force undoes; it does not go with --no-undo") }
        }

        func act(_ operations: Operations, _ run: RunID, _ mandate: Mandate, _ sighting: Sighting)
            async throws
            -> OperationResult
        {
            try await operations.cancel(
                run, noUndo ? .leave : force ? .force : .undo, by: mandate, seenAs: sighting)
        }
    }

    struct SignalCommand: RunVerbCommand {
        static let configuration = CommandConfiguration(
            commandName: "signal", abstract: "Puts a signal into a live run's mailbox.")
        @OptionGroup var subject: SubjectOptions
        @Option(help: "The signal's name, as `why` prints it.") var name: String
        @Option(help: "Its payload, as JSON, @file or @- for standard input.") var payload = "null"
        @Option(help: "The same key arrives once; every call has its own by default.") var once: String?
        @OptionGroup var who: MandateOptions
        @Flag(help: "The result as JSON.") var json = false

        func act(_ operations: Operations, _ run: RunID, _ mandate: Mandate, _ sighting: Sighting)
            async throws
            -> OperationResult
        {
            try await operations.signal(
                run, name, try RunArgument.json(payload), once: once ?? "operator:\(UUID())", by: mandate,
                seenAs: sighting)
        }
    }

    struct SkipCommand: RunVerbCommand {
        static let configuration = CommandConfiguration(
            commandName: "skip", abstract: "Records a result for a step as if it had succeeded.",
            discussion: "`wait:SIGNAL[1]` is the first wait for a signal, `sleep:LABEL[1]` a timer.")
        @OptionGroup var subject: SubjectOptions
        @Option(help: "The step, as `show` prints it: name or name[item].") var step: String
        @Option(help: "Its result, as JSON, @file or @- for standard input.") var output = "{}"
        @OptionGroup var who: MandateOptions
        @Flag(help: "The result as JSON.") var json = false

        func act(_ operations: Operations, _ run: RunID, _ mandate: Mandate, _ sighting: Sighting)
            async throws
            -> OperationResult
        {
            try await operations.skip(
                run, step: try RunArgument.step(step), output: try RunArgument.json(output), by: mandate,
                seenAs: sighting)
        }
    }

    struct EditCommand: RunVerbCommand {
        static let configuration = CommandConfiguration(
            commandName: "edit", abstract: "Replaces a run's input and goes on, as `retry` does.")
        @OptionGroup var subject: SubjectOptions
        @Option(help: "The new input, as JSON, @file or @- for standard input.") var input: String
        @OptionGroup var who: MandateOptions
        @Flag(help: "The result as JSON.") var json = false

        func act(_ operations: Operations, _ run: RunID, _ mandate: Mandate, _ sighting: Sighting)
            async throws
            -> OperationResult
        {
            try await operations.edit(
                run, input: try RunArgument.json(input), by: mandate, seenAs: sighting)
        }
    }
}
