import Durable
import DurableTesting
import Foundation
import Synchronization
import Testing

@Suite("Crash everywhere")
struct CrashTests {
    /// A body with every kind of journal write.
    static func body(_ outside: Outside) -> @Sendable (Int, Flow<Sample>) async throws -> String {
        { input, flow in
            let charge = try await flow.step(.one) { attempt in
                try await attempt.announce()
                outside.effect("charge", key: attempt.key)
                return 5
            }
            let paid = try await flow.wait(.paid, upTo: .seconds(3_600))
            async let child = flow.child(.two, Doubling.self, charge)
            try await flow.sleep(for: .seconds(60))
            let flaky = try await flow.step(.three) { attempt -> Int in
                if attempt.number < 2 { throw Trouble(.transient()) }
                outside.effect("ship", key: attempt.key)
                return 1
            }
            return "\(paid ?? 0) \(try await child) \(flaky)"
        }
    }

    @Test("a workflow killed at every journal write has the same outside effects")
    func everywhere() async throws {
        let survived = try await CrashRunner.survive(CrashingJournal.Side.allCases) { crash in
            let outside = Outside()
            var registry = WorkflowRegistry()
            registry.register(Sample(body: Self.body(outside)))
            registry.register(Doubling(outside: outside))
            let fleet = TestFleet(registry, seenAs: crash)
            let run = try fleet.journal.start(Sample.self, 1)
            try await fleet.settle(turningClock: false)
            _ = try fleet.journal.send(.paid, 7, to: run, once: "evt")
            try await fleet.settle()
            return [outside.distinct.joined(separator: ","), "\(fleet.journal.outcome(of: run) as Any)"]
        }
        #expect(survived >= 60)
    }

    @Test("the runner notices a step whose effect has no key")
    func negative() async throws {
        await #expect(throws: CrashDivergence.self) {
            try await CrashRunner.survive { crash in
                let outside = Outside()
                var registry = WorkflowRegistry()
                registry.register(
                    Sample { _, flow in
                        try await flow.step(.one) { _ in
                            outside.call("charge")
                            return "done"
                        }
                    })
                let fleet = TestFleet(registry, seenAs: crash)
                try fleet.journal.start(Sample.self, 1)
                try await fleet.settle()
                return outside.all
            }
        }
    }

    @Test("a divergence says which write it was, of which step, and what differed")
    func message() async throws {
        let divergence = try await #require(throws: CrashDivergence.self) {
            try await CrashRunner.survive([.after]) { crash in
                let outside = Outside()
                var registry = WorkflowRegistry()
                registry.register(
                    Sample { _, flow in
                        _ = try await flow.step(.one) { _ in 1 }
                        outside.call("between steps")
                        return try await flow.step(.two) { _ in "done" }
                    })
                let fleet = TestFleet(registry, seenAs: crash)
                try fleet.journal.start(Sample.self, 1)
                try await fleet.settle()
                return outside.all
            }
        }

        let text = divergence.description
        #expect(text.contains("A worker that died after write 2 of 3 (the result of step two)"))
        #expect(text.contains(#"expected: ["between steps"]"#))
        #expect(divergence.side == .after)
    }

    @Test("a paused worker that goes on beside the next owner lands nothing")
    func zombie() async throws {
        let outside = Outside()
        var registry = WorkflowRegistry()
        registry.register(
            Sample { _, flow in
                for step in [Sample.Step.one, .two, .three] {
                    _ = try await flow.step(step) { attempt in
                        outside.effect("\(step)", key: attempt.key)
                        return 1
                    }
                }
                return "done"
            })
        let crash = Mutex<[CrashingJournal]>([])
        let fleet = TestFleet(registry) { inner in
            crash.withLock { made in
                if let first = made.first { return first }
                made.append(CrashingJournal(inner, at: 0, .pausedBefore))
                return made[0]
            }
        }
        let run = try fleet.journal.start(Sample.self, 1)

        try await fleet.settle()

        #expect(fleet.journal.outcome(of: run) == .succeeded(Payload(json: "\"done\"")))
        #expect(fleet.journal.steps(of: run).count == 3)
        #expect(outside.count("one") == 2)
        #expect(outside.distinct == ["one", "three", "two"])
    }

    @Test("a month of sleeps, retries and children is over at once, in the order of time")
    func virtualMonth() async throws {
        let outside = Outside()
        var registry = WorkflowRegistry()
        registry.register(
            Sample { _, flow in
                for day in 0..<30 {
                    try await flow.sleep(for: .seconds(86_400))
                    _ = try await flow.step(.item, for: day) { attempt -> Int in
                        if attempt.number == 1, day % 10 == 0 { throw Trouble(.transient()) }
                        outside.call("day \(day)")
                        return day
                    }
                }
                return "\(try await flow.child(.one, Doubling.self, 21))"
            })
        registry.register(Doubling(outside: outside))
        let fleet = TestFleet(registry)
        let start = fleet.clock.now
        let run = try fleet.journal.start(Sample.self, 1)

        try await fleet.settle()

        #expect(fleet.journal.outcome(of: run) == .succeeded(Payload(json: "\"42\"")))
        #expect(outside.all == (0..<30).map { "day \($0)" } + ["double 21"])
        #expect(fleet.clock.now >= start.addingTimeInterval(30 * 86_400))
    }

    @Test("after an announced call without a result the next attempt is ambiguous")
    func ambiguous() async throws {
        let outside = Outside()
        var registry = WorkflowRegistry()
        registry.register(
            Sample { _, flow in
                try await flow.step(.one) { attempt in
                    outside.call("ambiguous: \(attempt.isAmbiguous)")
                    try await attempt.announce()
                    return "done"
                }
            })
        // Writes are: intent, step, finish. Dying before the step leaves the intent.
        let fleet = TestFleet(registry, seenAs: { [crash = Once()] inner in crash.wrap(inner) })
        try fleet.journal.start(Sample.self, 1)

        try await fleet.settle()

        #expect(outside.all == ["ambiguous: false", "ambiguous: true"])
    }

    /// One crashing journal for the whole scenario.
    private final class Once: Sendable {
        private let made = Outside()
        func wrap(_ inner: InMemoryJournal) -> any Journal {
            defer { made.call("made") }
            return made.all.isEmpty ? CrashingJournal(inner, at: 1, .before) : inner
        }
    }
}
