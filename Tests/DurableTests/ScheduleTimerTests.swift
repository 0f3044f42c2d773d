import Durable
import DurableTesting
import Foundation
import Testing

@Suite("Long timers under a clock that is turned")
struct ScheduleTimerTests {
    @Test("a sleep of four hundred days ends at its time, whatever woke the run in between")
    func longSleep() async throws {
        let outside = Outside()
        var registry = WorkflowRegistry()
        registry.register(
            Sample { _, flow in
                try await flow.sleep(for: .seconds(400 * 86_400))
                return try await flow.step(.one) { attempt in
                    outside.effect("woke", key: attempt.key)
                    return "awake"
                }
            })
        let fleet = TestFleet(registry)
        let start = fleet.clock.now
        let run = try fleet.journal.start(Sample.self, 1)
        try await fleet.settle(turningClock: false)

        // Restarts, and wake-ups that come too early.
        for day in [1, 30, 365, 399] {
            fleet.clock.advance(to: start.addingTimeInterval(Double(day) * 86_400))
            try await fleet.stay(run)
            #expect(fleet.journal.outcome(of: run) == nil)
        }
        // The clock jumps far beyond it.
        fleet.clock.advance(by: .seconds(90 * 86_400))
        try await fleet.settle(turningClock: false)

        #expect(fleet.journal.outcome(of: run) != nil)
        #expect(outside.all == ["woke"])
    }
}
