import Durable
import DurableTesting
import Foundation
import Testing

@Suite("Children in sagas")
struct ChildSagaTests {
    let outside = Outside()

    func fleet(
        seenAs: @escaping @Sendable (any Journal) -> any Journal = { $0 },
        _ body: @escaping @Sendable (Int, Flow<Sample>) async throws -> String
    ) -> TestFleet {
        var registry = WorkflowRegistry()
        registry.register(Sample(body: body))
        registry.register(Booking(outside: outside))
        return TestFleet(registry, seenAs: seenAs)
    }

    /// Books two children in parallel, and fails or waits when the first has ended.
    static func trip(_ outside: Outside, fails: Bool = true, second: Int = 2)
        -> @Sendable (Int, Flow<Sample>)
        async throws -> String
    {
        { _, flow in
            let undo: @Sendable (Int, Attempt) async throws -> Void = { output, attempt in
                outside.effect("cancel booking \(output)", key: attempt.key)
            }
            _ = try await flow.child(.one, Booking.self, 1, undo: undo)
            async let late = flow.child(.two, Booking.self, second, undo: undo)
            try await flow.sleep(for: .seconds(60))
            _ = try await flow.step(.three) { _ -> Int in
                if fails { throw Trouble(.permanent, code: "sold_out") }
                return 1
            }
            return "\(try await late)"
        }
    }

    @Test("a parent that fails undoes the child that succeeded, wherever a worker is lost")
    func failing() async throws {
        let survived = try await CrashRunner.survive([.before, .after, .pausedAfter]) { crash in
            let test = ChildSagaTests()
            let fleet = test.fleet(seenAs: crash, Self.trip(test.outside))
            let run = try fleet.journal.start(Sample.self, 1)
            try await fleet.settle()
            return test.outside.distinct + [fleet.journal.outcome(of: run)?.word ?? "none"]
        }
        #expect(survived > 60)
    }

    @Test("a cancelled parent stops the child under way, which undoes itself, and undoes the other")
    func cancelled() async throws {
        let fleet = fleet(Self.trip(outside))
        let run = try fleet.journal.start(Sample.self, 1)
        try await fleet.settle(upTo: .seconds(3_600))
        #expect(outside.distinct == ["book 1", "book 2"])

        fleet.journal.cancel(run, reason: "enough")
        try await fleet.settle(turningClock: false)

        #expect(fleet.journal.outcome(of: run) == .cancelled(reason: "enough"))
        #expect(outside.distinct == ["book 1", "book 2", "cancel booking 1", "give back 2"])
        let stopped = fleet.journal.runIDs.compactMap { id -> String? in
            guard id != run, case .cancelled(let reason) = fleet.journal.outcome(of: id) else { return nil }
            return reason
        }
        #expect(stopped.count == 1 && stopped[0].hasPrefix("its parent \(run) did not succeed"))
    }

    @Test("a child that needs a person is a leftover of its parent")
    func leftover() async throws {
        let fleet = fleet(Self.trip(outside, second: -2))
        let run = try fleet.journal.start(Sample.self, 1)

        try await fleet.settle()

        guard case .needsAttention(let failure) = fleet.journal.outcome(of: run) else {
            Issue.record("the run ended as \(String(describing: fleet.journal.outcome(of: run)))")
            return
        }
        #expect(failure.code == "sold_out")
        #expect(failure.owner == "merchant")
        #expect(failure.message.contains("booking -2 is in doubt"))
        #expect(outside.distinct.contains("cancel booking 1"))
    }

    @Test("a child without an undo goes on by itself")
    func independent() async throws {
        let fleet = fleet { _, flow in "\(try await flow.child(.one, Booking.self, 1))" }
        let run = try fleet.journal.start(Sample.self, 1)
        try await fleet.settle(turningClock: false)

        fleet.journal.cancel(run, reason: "enough")
        try await fleet.settle()

        #expect(fleet.journal.outcome(of: run) == .cancelled(reason: "enough"))
        let child = try #require(fleet.journal.runIDs.first { $0 != run })
        #expect(fleet.journal.outcome(of: child) == .succeeded(Payload(json: "1")))
    }
}
