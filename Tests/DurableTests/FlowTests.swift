import Durable
import DurableTesting
import Foundation
import Testing

@Suite("Flow")
struct FlowTests {
    let outside = Outside()

    func fleet(_ body: @escaping @Sendable (Int, Flow<Sample>) async throws -> String) -> TestFleet {
        var registry = WorkflowRegistry()
        registry.register(Sample(body: body))
        registry.register(Doubling(outside: outside))
        return TestFleet(registry)
    }

    func outcome(_ fleet: TestFleet, input: Int = 1) async throws -> Outcome? {
        let run = try fleet.journal.start(Sample.self, input)
        try await fleet.settle()
        return fleet.journal.outcome(of: run)
    }

    @Test("a finished step is not run again when the run wakes")
    func memoised() async throws {
        let fleet = fleet { [outside] _, flow in
            let first = try await flow.step(.one) { _ in
                outside.call("one")
                return 20
            }
            try await flow.sleep(for: .seconds(86_400 * 30))
            let second = try await flow.step(.two) { _ in first + 1 }
            return "\(second)"
        }

        let outcome = try await outcome(fleet)

        #expect(outcome == .succeeded(Payload(json: "\"21\"")))
        #expect(outside.all == ["one"])
    }

    @Test("transient failures are retried until the policy ends, with attempts recorded")
    func retries() async throws {
        let fleet = fleet { [outside] _, flow in
            try await flow.step(.one, retry: RetryPolicy(attempts: 3)) { attempt -> String in
                outside.call("try \(attempt.number)")
                if attempt.number < 3 { throw Trouble(.transient()) }
                return "done"
            }
        }

        let outcome = try await outcome(fleet)

        #expect(outcome == .succeeded(Payload(json: "\"done\"")))
        #expect(outside.all == ["try 1", "try 2", "try 3"])
    }

    @Test("a retry-after is waited for, a deferral costs no attempt")
    func pauses() async throws {
        let fleet = fleet { [outside] _, flow in
            try await flow.step(.one, retry: RetryPolicy(attempts: 2)) { attempt -> String in
                outside.call("try \(attempt.number)")
                switch outside.all.count {
                case 1: throw Trouble(.deferred(until: Date(timeIntervalSince1970: 1_800_003_600)))
                case 2: throw Trouble(.transient(retryAfter: .seconds(600)))
                default: return "done"
                }
            }
        }
        let run = try fleet.journal.start(Sample.self, 1)

        try await fleet.settle()

        #expect(fleet.journal.outcome(of: run) == .succeeded(Payload(json: "\"done\"")))
        #expect(outside.all == ["try 1", "try 1", "try 2"])
        #expect(fleet.clock.now >= Date(timeIntervalSince1970: 1_800_003_600 + 600))
    }

    @Test("a permanent failure runs the undo of finished steps, newest first")
    func undo() async throws {
        let fleet = fleet { [outside] _, flow in
            for step in [Sample.Step.one, .two] {
                _ = try await flow.step(step) { _ in
                    step.rawValue
                } undo: { output, attempt in
                    outside.effect("undo \(output)", key: attempt.key)
                }
            }
            return try await flow.step(.three) { _ -> String in throw Trouble(.permanent, code: "no_stock") }
        }

        let outcome = try await outcome(fleet)

        guard case .failed(let failure) = outcome else { throw Trouble(.permanent) }
        #expect(failure.code == "no_stock")
        #expect(failure.step == "three")
        #expect(outside.all == ["undo two", "undo one"])
    }

    @Test("what cannot be undone needs a person")
    func undoFails() async throws {
        let fleet = fleet { _, flow in
            _ = try await flow.step(.one) { _ in
                1
            } undo: { _, _ in
                throw Trouble(.permanent)
            }
            return try await flow.step(.two) { _ -> String in throw Trouble(.permanent) }
        }

        guard case .needsAttention(let failure) = try await outcome(fleet) else {
            Issue.record("the run did not ask for attention")
            return
        }
        #expect(failure.message.contains("could not undo one"))
    }

    @Test("a body may catch a failed step and take another path, on every replay the same")
    func otherPath() async throws {
        let fleet = fleet { [outside] _, flow in
            do {
                _ = try await flow.step(.one) { _ -> Int in
                    outside.call("one")
                    throw Trouble(.permanent, code: "declined")
                }
            } catch let failed as StepFailed where failed.code == "declined" {
                try await flow.sleep(for: .seconds(10))
                return "other"
            }
            return "main"
        }

        #expect(try await outcome(fleet) == .succeeded(Payload(json: "\"other\"")))
        #expect(outside.all == ["one"])
    }

    @Test("a signal sent before, during or after the wait is taken once", arguments: [0, 1])
    func signals(turn: Int) async throws {
        let fleet = fleet { _, flow in
            let paid = try await flow.wait(.paid, upTo: .seconds(3_600))
            return "\(paid ?? -1)"
        }
        let run = try fleet.journal.start(Sample.self, 1)

        if turn == 1 { try await fleet.settle(turningClock: false) }
        #expect(try fleet.journal.send(.paid, 5, to: run, once: "evt_1"))
        #expect(try !fleet.journal.send(.paid, 6, to: run, once: "evt_1"))
        try await fleet.settle()

        #expect(fleet.journal.outcome(of: run) == .succeeded(Payload(json: "\"5\"")))
    }

    @Test("a wait gives up at the same instant whatever happens in between")
    func deadline() async throws {
        let fleet = fleet { _, flow in
            let first = try await flow.wait(.paid, upTo: .seconds(3_600))
            return "\(first ?? -1)"
        }
        let start = fleet.clock.now
        let run = try fleet.journal.start(Sample.self, 1)
        try await fleet.settle(turningClock: false)
        fleet.clock.advance(by: .seconds(1_800))
        fleet.journal.cancel(run, reason: "only to wake it")

        try await fleet.settle()

        #expect(fleet.clock.now <= start.addingTimeInterval(3_601))
        #expect(fleet.journal.outcome(of: run) == .cancelled(reason: "only to wake it"))
    }

    @Test("children run on their own and their result or failure comes back")
    func children() async throws {
        let fleet = fleet { _, flow in
            async let good = flow.child(.one, Doubling.self, 21)
            do {
                _ = try await flow.child(.two, Doubling.self, -1)
            } catch let failed as StepFailed {
                return "\(try await good) \(failed.code)"
            }
            return "no failure"
        }

        #expect(try await outcome(fleet) == .succeeded(Payload(json: "\"42 negative\"")))
        #expect(outside.all == ["double 21"])
    }

    @Test("a branch that waits does not hold up one that works")
    func parallel() async throws {
        let fleet = fleet { [outside] _, flow in
            async let paid = flow.wait(.paid, upTo: .seconds(500))
            for item in 0..<5 {
                _ = try await flow.step(.item, for: item) { _ in
                    outside.call("item \(item)")
                    return item
                }
            }
            try await flow.sleep(for: .seconds(100))
            outside.call("slept")
            return "\(try await paid ?? -1)"
        }
        let run = try fleet.journal.start(Sample.self, 1)

        try await fleet.settle(upTo: .seconds(200))
        #expect(outside.all.filter { $0 != "slept" } == (0..<5).map { "item \($0)" })
        #expect(outside.all.contains("slept"))
        _ = try fleet.journal.send(.paid, 9, to: run, once: "a")
        try await fleet.settle()

        #expect(fleet.journal.outcome(of: run) == .succeeded(Payload(json: "\"9\"")))
    }

    @Test("each item is its own step, in order and bounded")
    func each() async throws {
        struct Line: Sendable { let id: Int }
        let fleet = fleet { _, flow in
            let doubled = try await flow.each((1...20).map { Line(id: $0) }, as: .item, by: \.id, atMost: 3) {
                line, _ in line.id * 2
            }
            return doubled.map(String.init).joined(separator: ",")
        }

        let expected = (1...20).map { String($0 * 2) }.joined(separator: ",")
        #expect(try await outcome(fleet) == .succeeded(Payload(json: "\"\(expected)\"")))
    }

    @Test("a cancelled run stops at its next step and undoes what it did")
    func cancelled() async throws {
        let fleet = fleet { [outside] _, flow in
            _ = try await flow.step(.one) { _ in
                1
            } undo: { _, _ in
                outside.call("undone")
            }
            try await flow.sleep(for: .seconds(100))
            return try await flow.step(.two) { _ in
                outside.call("two")
                return "two"
            }
        }
        let run = try fleet.journal.start(Sample.self, 1)
        try await fleet.settle(turningClock: false)

        fleet.journal.cancel(run, reason: "the merchant asked")
        try await fleet.settle()

        #expect(fleet.journal.outcome(of: run) == .cancelled(reason: "the merchant asked"))
        #expect(outside.all == ["undone"])
    }

    @Test("progress is published once, not again by replays")
    func progress() async throws {
        struct Shown: Workflow {
            static let name: WorkflowName = "shown"
            enum Step: String, WorkflowStep { case one }
            func run(_ input: Int, _ flow: Flow<Shown>) async throws -> Nothing {
                try await flow.progress("first")
                _ = try await flow.step(.one) { _ in 1 }
                try await flow.progress("second")
                try await flow.sleep(for: .seconds(1))
                return Nothing()
            }
            typealias Progress = String
        }
        var registry = WorkflowRegistry()
        registry.register(Shown())
        let fleet = TestFleet(registry)
        let run = try fleet.journal.start(Shown.self, 1)

        try await fleet.settle()

        #expect(fleet.journal.progress(of: run) == Payload(json: "\"second\""))
    }

    @Test("now, uuid and version answer the same on every replay")
    func determinism() async throws {
        let fleet = fleet { [outside] _, flow in
            let now = try await flow.now()
            outside.call(
                "\(now.timeIntervalSince1970) \(flow.uuid("a")) \(try await flow.version("x", current: 3))")
            try await flow.sleep(for: .seconds(5))
            return "done"
        }

        _ = try await outcome(fleet)

        #expect(outside.all.count == 2)
        #expect(Set(outside.all).count == 1)
        #expect(outside.all[0].hasSuffix(" 3"))
    }

    @Test("a change guard tells runs that were past it before the change")
    func versions() async throws {
        let isNew = Outside()
        let fleet = fleet { _, flow in
            var meaning = -1
            if !isNew.all.isEmpty { meaning = try await flow.version("tax", current: 1) }
            _ = try await flow.step(.one) { _ in 1 }
            try await flow.sleep(for: .seconds(5))
            return "\(meaning)"
        }
        let run = try fleet.journal.start(Sample.self, 1)
        try await fleet.settle(turningClock: false)

        isNew.call("deployed")
        try await fleet.settle()

        #expect(fleet.journal.outcome(of: run) == .succeeded(Payload(json: "\"0\"")))
    }

    @Test("a step over its time limit is tried again")
    func timeouts() async throws {
        var registry = WorkflowRegistry()
        registry.register(
            Sample { [outside] _, flow in
                try await flow.step(.one, retry: RetryPolicy(attempts: 2), timeout: .milliseconds(20)) {
                    attempt in
                    outside.call("try \(attempt.number)")
                    if attempt.number == 1 { try await Task.sleep(for: .seconds(60)) }
                    return "done"
                }
            })
        let journal = InMemoryJournal(clock: SystemClock())
        let run = try journal.start(Sample.self, 1)
        let claimed = try #require(journal.claim(run))
        let environment = DurableEnvironment(
            journal: journal, logger: .init(label: "test"), jitter: { 0 }, inPlacePause: .seconds(1))

        let departure = await registry.workflow("sample", version: 1)?.execute(
            RunSession(claimed, in: environment))

        #expect(departure == .finished)
        #expect(outside.all == ["try 1", "try 2"])
    }
}
