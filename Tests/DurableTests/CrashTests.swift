import Durable
import DurableTesting
import Foundation
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
        let survived = try await CrashRunner.survive { crash in
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
        #expect(survived >= 20)
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
