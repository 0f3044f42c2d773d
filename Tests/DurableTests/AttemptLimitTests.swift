import Durable
import DurableTesting
import Foundation
import Synchronization
import Testing

@Suite("Limits of an attempt")
struct AttemptLimitTests {
    let outside = Outside()

    func fleet(_ body: @escaping @Sendable (Int, Flow<Sample>) async throws -> String) -> TestFleet {
        var registry = WorkflowRegistry()
        registry.register(Sample(body: body))
        return TestFleet(registry)
    }

    /// Lets a body hang without hearing of its cancellation, until the test is over.
    final class Hanging: Sendable {
        private let state = Mutex<(isOver: Bool, waiting: [CheckedContinuation<Void, Never>])>((false, []))

        func hang() async {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if !state.isOver { state.waiting.append(continuation) }
                    return state.isOver
                }
                if isOver { continuation.resume() }
            }
        }

        func letGo() {
            let waiting = state.withLock { state in
                state.isOver = true
                defer { state.waiting = [] }
                return state.waiting
            }
            for continuation in waiting { continuation.resume() }
        }
    }

    @Test("a body that ignores its cancellation holds nothing up, and brings nothing in after its time")
    func ignored() async throws {
        let hanging = Hanging()
        let late = Outside()
        let fleet = fleet { [outside] _, flow in
            try await flow.step(.one, retry: RetryPolicy(attempts: 2), timeout: .seconds(30)) { attempt in
                outside.call("try \(attempt.number), ambiguous: \(attempt.isAmbiguous)")
                try await attempt.announce()
                guard attempt.number == 1 else { return "second" }
                await hanging.hang()
                do { try await attempt.announce() } catch { late.call("announce: \(error.durableCode)") }
                do { try await attempt.heartbeat(7) } catch { late.call("detail: \(error.durableCode)") }
                return "first, late"
            }
        }
        let run = try fleet.journal.start(Sample.self, 1)
        async let settled: Void = fleet.settle()

        await fleet.clock.sleepers(atLeast: 1)
        fleet.clock.advance(by: .seconds(30))
        try await settled

        #expect(fleet.journal.outcome(of: run) == .succeeded(Payload(json: "\"second\"")))
        #expect(outside.all == ["try 1, ambiguous: false", "try 2, ambiguous: true"])
        #expect(fleet.journal.attempts(of: run).map(\.failure.code) == ["step_timed_out"])
        hanging.letGo()
        await late.calls(atLeast: 2)
        #expect(late.all == ["announce: attempt_over", "detail: attempt_over"])
        #expect(fleet.journal.steps(of: run).map(\.result) == [.output(Payload(json: "\"second\""))])
    }

    @Test("a step that outlives its time on every attempt fails for good")
    func givesUp() async throws {
        let hanging = Hanging()
        let fleet = fleet { _, flow in
            try await flow.step(.one, retry: .once, timeout: .seconds(5)) { _ in
                await hanging.hang()
                return ""
            }
        }
        let run = try fleet.journal.start(Sample.self, 1)
        async let settled: Void = fleet.settle()
        await fleet.clock.sleepers(atLeast: 1)
        fleet.clock.advance(by: .seconds(5))
        try await settled

        guard case .failed(let failure) = fleet.journal.outcome(of: run) else { throw Trouble(.permanent) }
        #expect(failure.code == "step_timed_out")
        #expect(failure.step == "one")
        hanging.letGo()
    }

    @Test("a step that falls silent fails, one that goes on beating does not")
    func silence() async throws {
        let beats = AsyncStream.makeStream(of: Void.self)
        let hanging = Hanging()
        let fleet = fleet { [outside] _, flow in
            try await flow.step(.one, retry: RetryPolicy(attempts: 2), heartbeat: .seconds(10)) { attempt in
                outside.call("try \(attempt.number)")
                guard attempt.number == 1 else { return "second" }
                for await _ in beats.stream {
                    try attempt.heartbeat()
                    outside.call("beat")
                }
                await hanging.hang()
                return "late"
            }
        }
        let run = try fleet.journal.start(Sample.self, 1)
        async let settled: Void = fleet.settle()

        for beat in 1...5 {
            await fleet.clock.sleepers(atLeast: 1)
            fleet.clock.advance(by: .seconds(6))
            beats.continuation.yield()
            await outside.calls(atLeast: 1 + beat)
        }
        beats.continuation.finish()
        // The watch sleeps once more for what is left since the last beat, and then finds silence.
        while outside.count("try 2") == 0 {
            await fleet.clock.sleepers(atLeast: 1)
            fleet.clock.advance(by: .seconds(5))
            await Task.yield()
        }
        try await settled

        #expect(fleet.journal.outcome(of: run) == .succeeded(Payload(json: "\"second\"")))
        #expect(outside.count("beat") == 5)
        #expect(fleet.journal.attempts(of: run).map(\.failure.code) == ["step_fell_silent"])
        hanging.letGo()
    }

    @Test("a long step goes on where its last heartbeat was, in the next attempt and the next worker")
    func resumes() async throws {
        let survived = try await CrashRunner.survive(CrashingJournal.Side.allCases) { crash in
            let outside = Outside()
            var registry = WorkflowRegistry()
            registry.register(
                Sample { _, flow in
                    let rows = try await flow.step(.one) { attempt in
                        var row = try attempt.detail(as: Int.self) ?? 0
                        while row < 100_000 {
                            row += 10_000
                            outside.effect("rows to \(row)", key: "\(row)")
                            try await attempt.heartbeat(row)
                            if row == 50_000, attempt.number == 1 { throw Trouble(.transient()) }
                        }
                        return row
                    }
                    return "\(rows)"
                })
            let fleet = TestFleet(registry, seenAs: crash)
            let run = try fleet.journal.start(Sample.self, 1)
            try await fleet.settle()
            #expect(outside.all.count <= 12)
            return outside.distinct + ["\(fleet.journal.outcome(of: run) as Any)"]
        }
        #expect(survived > 50)
    }

    @Test("a detail over its limit is refused and changes nothing")
    func largeDetail() async throws {
        let fleet = fleet { _, flow in
            try await flow.step(.one) { attempt in
                try await attempt.heartbeat(3)
                do {
                    try await attempt.heartbeat(String(repeating: "x", count: 20_000))
                } catch let error as PayloadError {
                    return "\(error.code), \(try attempt.detail(as: Int.self) ?? 0)"
                }
                return "kept"
            }
        }
        let run = try fleet.journal.start(Sample.self, 1)

        try await fleet.settle()

        #expect(fleet.journal.outcome(of: run) == .succeeded(Payload(json: "\"payload_too_large, 3\"")))
    }
}

extension Error {
    fileprivate var durableCode: String { (self as? any Classified)?.code ?? "\(self)" }
}
