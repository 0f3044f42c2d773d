import Durable
import DurableTesting
import Foundation
import Synchronization
import Testing

@Suite("Sagas")
struct SagaTests {
    let outside = Outside()

    func fleet(
        seenAs: @escaping @Sendable (any Journal) -> any Journal = { $0 },
        _ body: @escaping @Sendable (Int, Flow<Sample>) async throws -> String
    ) -> TestFleet {
        var registry = WorkflowRegistry()
        registry.register(Sample(body: body))
        registry.register(Doubling(outside: outside))
        registry.register(Booking(outside: outside))
        return TestFleet(registry, seenAs: seenAs)
    }

    /// Three undoable steps, one after the other, the last of which fails.
    static func failing(_ outside: Outside, undoFails: Set<String> = [])
        -> @Sendable (Int, Flow<Sample>)
        async throws -> String
    {
        { _, flow in
            for step in [Sample.Step.one, .two, .three] {
                _ = try await flow.step(step) { attempt in
                    outside.effect("\(step)", key: attempt.key)
                    return step.rawValue
                } undo: { output, attempt in
                    if undoFails.contains(output) { throw Trouble(.permanent, code: "gone") }
                    if attempt.number < 2 { throw Trouble(.transient()) }
                    outside.effect("undo \(output)", key: attempt.key)
                }
            }
            throw Trouble(.permanent, code: "no_stock")
        }
    }

    @Test("everything is undone once, in reverse, with retries, wherever the worker is lost")
    func everywhere() async throws {
        let survived = try await CrashRunner.survive(CrashingJournal.Side.allCases) { crash in
            let test = SagaTests()
            let fleet = test.fleet(seenAs: crash, Self.failing(test.outside))
            let run = try fleet.journal.start(Sample.self, 1)
            try await fleet.settle()
            // The order of the first times: a repeated call changes nothing outside.
            var firsts: [String] = []
            for call in test.outside.all where !firsts.contains(call) { firsts.append(call) }
            return firsts + [fleet.journal.outcome(of: run)?.word ?? "none"]
        }
        #expect(survived > 60)
    }

    @Test("a failed undo stops no other, and every leftover is named")
    func leftovers() async throws {
        let fleet = fleet(Self.failing(outside, undoFails: ["three", "one"]))
        let run = try fleet.journal.start(Sample.self, 1)

        try await fleet.settle()

        guard case .needsAttention(let failure) = fleet.journal.outcome(of: run) else {
            Issue.record("the run ended as \(String(describing: fleet.journal.outcome(of: run)))")
            return
        }
        #expect(failure.code == "no_stock")
        #expect(failure.owner == .operator)
        #expect(failure.message.contains("could not undo 2 things: three: "))
        #expect(failure.message.contains("; one: "))
        #expect(outside.count("undo two") == 1)
    }

    @Test("a cancelled run undoes all it did, and a second cancel stops nothing", arguments: 0..<6)
    func cancelled(twiceAt turn: Int) async throws {
        let fleet = fleet { [outside] _, flow in
            for step in [Sample.Step.one, .two] {
                _ = try await flow.step(step) { _ in
                    1
                } undo: { _, attempt in
                    if attempt.number < 3 { throw Trouble(.transient()) }
                    outside.effect("undo \(step)", key: attempt.key)
                }
            }
            try await flow.sleep(for: .seconds(100))
            return try await flow.step(.three) { _ in "never" }
        }
        let run = try fleet.journal.start(Sample.self, 1)
        try await fleet.settle(turningClock: false)

        fleet.journal.cancel(run, reason: "first")
        for round in 0..<20 {
            if round == turn { fleet.journal.cancel(run, reason: "second") }
            try await fleet.stay(run)
            if let wake = fleet.journal.nextWake { fleet.clock.advance(to: wake) }
        }

        #expect(fleet.journal.outcome(of: run) == .cancelled(reason: "first"))
        #expect(outside.distinct == ["undo one", "undo two"])
    }

    @Test("a cancellation that arrives while a step runs lets it end, undoes it, and starts no other")
    func whileRunning() async throws {
        let journal = Mutex<(InMemoryJournal, RunID)?>(nil)
        let fleet = fleet { [outside] _, flow in
            _ = try await flow.step(.one) { _ in
                let (journal, run) = try #require(journal.withLock { $0 })
                journal.cancel(run, reason: "the merchant asked")
                return 1
            } undo: { _, _ in
                outside.call("undo one")
            }
            return try await flow.step(.two) { _ in
                outside.call("two")
                return ""
            }
        }
        let run = try fleet.journal.start(Sample.self, 1)
        journal.withLock { $0 = (fleet.journal, run) }

        try await fleet.settle()

        #expect(fleet.journal.outcome(of: run) == .cancelled(reason: "the merchant asked"))
        #expect(outside.all == ["undo one"])
    }

    @Test("clean-up behind the shield runs to its end, sleeps and children included, before the undo")
    func shielded() async throws {
        let fleet = fleet { [outside] _, flow in
            _ = try await flow.step(.one) { _ in
                1
            } undo: { _, _ in
                outside.call("undo one")
            }
            do {
                try await flow.sleep(for: .seconds(1_000))
            } catch is RunCancelled {
                try await flow.shielded {
                    _ = try await flow.step(.two) { _ in
                        outside.call("clean up")
                        return 1
                    }
                    try await flow.sleep(for: .seconds(10))
                    let doubled = try await flow.child(.three, Doubling.self, 4)
                    _ = try await flow.step(.four) { _ in
                        outside.call("cleaned \(doubled)")
                        return 1
                    }
                }
                outside.call("after")
                _ = try await flow.step(.item) { _ in
                    outside.call("not reached")
                    return 1
                }
            }
            return ""
        }
        let run = try fleet.journal.start(Sample.self, 1)
        try await fleet.settle(turningClock: false)

        fleet.journal.cancel(run, reason: "enough")
        try await fleet.settle()

        #expect(fleet.journal.outcome(of: run) == .cancelled(reason: "enough"))
        #expect(outside.all.filter { $0 != "after" } == ["clean up", "double 4", "cleaned 8", "undo one"])
    }

    @Test("an undoable step that a failing sibling cancels is brought to its end and undone")
    func siblings() async throws {
        let gate = AsyncStream.makeStream(of: Void.self)
        let fleet = fleet { [outside] _, flow in
            async let charge = flow.step(.one) { attempt in
                for await _ in gate.stream { break }
                outside.effect("charge", key: attempt.key)
                return 5
            } undo: { _, attempt in
                outside.effect("refund", key: attempt.key)
            }
            _ = try await flow.step(.two) { _ -> Int in
                gate.continuation.yield()
                throw Trouble(.permanent)
            }
            return "\(try await charge)"
        }
        let run = try fleet.journal.start(Sample.self, 1)

        try await fleet.settle()

        #expect(fleet.journal.outcome(of: run)?.word == "failed")
        #expect(outside.distinct == ["charge", "refund"])
    }

    @Test("cancelled after its worker died in an undoable step, a run finds out what it did and undoes it")
    func diedThenCancelled() async throws {
        let survived = try await CrashRunner.survive { crash in
            let test = SagaTests()
            let fleet = test.fleet(seenAs: crash) { [outside = test.outside] _, flow in
                _ = try await flow.step(.one) { attempt in
                    outside.effect("charge", key: attempt.key)
                    return 1
                } undo: { _, attempt in
                    outside.effect("refund", key: attempt.key)
                }
                try await flow.sleep(for: .seconds(50))
                return ""
            }
            let run = try fleet.journal.start(Sample.self, 1)
            try await fleet.stay(run)
            fleet.journal.cancel(run, reason: "enough")
            try await fleet.settle()
            let charged = test.outside.distinct.contains("charge")
            #expect(charged == test.outside.distinct.contains("refund"))
            return fleet.journal.outcome(of: run)?.word
        }
        #expect(survived >= 10)
    }

    @Test("a run over the bound of steps still undoes all that it did")
    func overTheBound() async throws {
        let undone = Mutex(0)
        let fleet = fleet { _, flow in
            for item in 0...RunSession.stepLimit {
                _ = try await flow.step(.item, for: item) { _ in
                    item
                } undo: { _, _ in
                    undone.withLock { $0 += 1 }
                }
            }
            return "not reached"
        }
        let run = try fleet.journal.start(Sample.self, 1)

        try await fleet.settle()

        guard case .failed(let failure) = fleet.journal.outcome(of: run) else {
            Issue.record("the run ended as \(String(describing: fleet.journal.outcome(of: run)))")
            return
        }
        #expect(failure.code == "too_many_steps")
        #expect(failure.message.contains("10000"))
        #expect(undone.withLock { $0 } == RunSession.stepLimit)
    }
}

/// A child that takes its time and can be stopped and undone.
struct Booking: Workflow {
    static let name: WorkflowName = "booking"
    enum Step: String, WorkflowStep { case book }
    let outside: Outside

    func run(_ input: Int, _ flow: Flow<Booking>) async throws -> Int {
        let booked = try await flow.step(.book) { attempt in
            outside.effect("book \(input)", key: attempt.key)
            return input
        } undo: { output, attempt in
            outside.effect("give back \(output)", key: attempt.key)
        }
        try await flow.sleep(for: .seconds(3_600))
        if input < 0 { throw NeedsAttention("booking \(input) is in doubt", owner: "merchant") }
        return booked
    }
}
