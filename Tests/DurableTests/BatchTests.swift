import Durable
import DurableTesting
import Foundation
import Testing

@Suite("Batches of children")
struct BatchTests {
    struct Line: Sendable { let id: Int }

    struct Billing: Workflow {
        static let name: WorkflowName = "billing"
        enum Step: String, WorkflowStep { case bill, close }
        typealias Progress = BatchProgress
        let outside: Outside
        var atMost = 1_000
        var undoes = false

        func run(_ input: Int, _ flow: Flow<Billing>) async throws -> String {
            let lines = (0..<input).map { Line(id: $0) }
            let undo: @Sendable (Line, Int, Attempt) async throws -> Void = { line, _, attempt in
                outside.effect("credit \(line.id)", key: attempt.key)
            }
            let results = try await flow.children(
                of: lines, as: .bill, by: \.id, Doubling.self, atMost: atMost, progress: { $0 },
                input: { $0.id % 10 == 9 ? -1 : $0.id }, undo: undoes ? undo : nil)
            if undoes { throw Trouble(.permanent, code: "closed") }
            let good = results.compactMap { try? $0.get() }
            let codes = Set(
                results.compactMap { if case .failure(let failed) = $0 { failed.code } else { nil } })
            return "\(good.count) of \(results.count), sum \(good.reduce(0, +)), \(codes.sorted())"
        }
    }

    func fleet(_ billing: Billing, seenAs: @escaping @Sendable (any Journal) -> any Journal = { $0 })
        -> TestFleet
    {
        var registry = WorkflowRegistry()
        registry.register(billing)
        registry.register(Doubling(outside: billing.outside))
        return TestFleet(registry, seenAs: seenAs)
    }

    @Test("all children run, failures among them fail no other, and progress ends with the totals")
    func all() async throws {
        let fleet = fleet(Billing(outside: Outside()))
        let run = try fleet.journal.start(Billing.self, 200)

        try await fleet.settle()

        let sum = (0..<200).filter { $0 % 10 != 9 }.reduce(0, +) * 2
        #expect(
            fleet.journal.outcome(of: run)
                == .succeeded(Payload(json: #""180 of 200, sum \#(sum), [\"negative\"]""#)))
        let progress = try fleet.journal.progress(of: run)?.decode(BatchProgress.self, .progress)
        #expect(progress?.total == 200 && progress?.started == 200)
        #expect(progress?.succeeded == 180 && progress?.failed == 20)
    }

    @Test("no more children are alive than allowed", arguments: [1, 7, 30])
    func bounded(atMost: Int) async throws {
        let fleet = fleet(Billing(outside: Outside(), atMost: atMost))
        let run = try fleet.journal.start(Billing.self, 40)
        var most = 0

        for _ in 0..<10_000 where fleet.journal.outcome(of: run) == nil {
            try await fleet.stay(run)
            let alive = fleet.journal.runIDs.count { $0 != run && fleet.journal.outcome(of: $0) == nil }
            most = max(most, alive)
            for child in fleet.journal.ready where child != run { try await fleet.stay(child) }
            if fleet.journal.ready.isEmpty, let wake = fleet.journal.nextWake {
                fleet.clock.advance(to: wake)
            }
        }

        #expect(fleet.journal.outcome(of: run)?.word == "succeeded")
        #expect(most == atMost)
    }

    @Test("a batch survives every crash, and what it did is undone once")
    func crashes() async throws {
        for undoes in [false, true] {
            try await CrashRunner.survive { crash in
                let outside = Outside()
                let fleet = BatchTests().fleet(
                    Billing(outside: outside, atMost: 3, undoes: undoes), seenAs: crash)
                let run = try fleet.journal.start(Billing.self, 5)
                try await fleet.settle()
                return outside.distinct + [fleet.journal.outcome(of: run)?.word ?? "none"]
            }
        }
    }

    @Test("a cancelled batch stops all that are under way before it waits for any")
    func cancelled() async throws {
        let outside = Outside()
        let fleet = fleet(Billing(outside: outside, undoes: true))
        let run = try fleet.journal.start(Billing.self, 50)
        try await fleet.settle(turningClock: false)

        fleet.journal.cancel(run, reason: "wrong month")
        try await fleet.settle()

        #expect(fleet.journal.outcome(of: run) == .cancelled(reason: "wrong month"))
        #expect(outside.all.isEmpty)
        let words = fleet.journal.runIDs.filter { $0 != run }.map { fleet.journal.outcome(of: $0)?.word }
        #expect(words.count == 50 && words.allSatisfy { $0 == "cancelled" })
    }

    @Test("a batch that the run cannot record is refused before anything starts")
    func tooMany() async throws {
        let fleet = fleet(Billing(outside: Outside()))
        let run = try fleet.journal.start(Billing.self, 5_001)

        try await fleet.settle()

        guard case .failed(let failure) = fleet.journal.outcome(of: run) else { throw Trouble(.permanent) }
        #expect(failure.code == "too_many_children")
        #expect(failure.message.contains("5001") && failure.message.contains("5000"))
        #expect(fleet.journal.runIDs == [run])
    }

    @Test("children that take long cost their parent no wakes while they do")
    func wakes() async throws {
        let fleet = fleet(Billing(outside: Outside()))
        let run = try fleet.journal.start(Billing.self, 300)

        let stays = try await stays(of: run, in: fleet)

        #expect(stays <= 60)
    }

    /// Each child ends at an instant of its own.
    struct Staggered: Workflow {
        static let name: WorkflowName = "staggered"
        enum Step: String, WorkflowStep { case lap }

        func run(_ input: Int, _ flow: Flow<Staggered>) async throws -> Int {
            guard input < 0 else {
                try await flow.sleep(for: .seconds(input))
                return input
            }
            let laps = (1...(-input)).map { Line(id: $0) }
            let ends = try await flow.children(
                of: laps, as: .lap, by: \.id, Staggered.self, input: { $0.id })
            return try ends.reduce(0) { try $0 + $1.get() }
        }
    }

    @Test("children that end one by one wake their parent a logarithmic number of times")
    func wakesOneByOne() async throws {
        var registry = WorkflowRegistry()
        registry.register(Staggered())
        let fleet = TestFleet(registry)
        let run = try fleet.journal.start(Staggered.self, -1_000)

        let stays = try await stays(of: run, in: fleet)

        #expect(fleet.journal.outcome(of: run) == .succeeded(Payload(json: "500500")))
        // An eighth at a time from 1,000 down to 16, then one by one.
        #expect(stays <= 60)
    }

    private func stays(of run: RunID, in fleet: TestFleet) async throws -> Int {
        var stays = 0
        while fleet.journal.outcome(of: run) == nil {
            for id in fleet.journal.ready {
                if id == run { stays += 1 }
                try await fleet.stay(id)
            }
            if fleet.journal.ready.isEmpty, let wake = fleet.journal.nextWake {
                fleet.clock.advance(to: wake)
            }
        }
        return stays
    }

    @Test("two items with one id are a programmer's mistake")
    func twins() async {
        await #expect(processExitsWith: .failure) {
            var registry = WorkflowRegistry()
            registry.register(
                Sample { _, flow in
                    let lines = [Line(id: 1), Line(id: 1)]
                    _ = try await flow.children(
                        of: lines, as: .item, by: \.id, Doubling.self, input: { $0.id })
                    return ""
                })
            let fleet = TestFleet(registry)
            try fleet.journal.start(Sample.self, 1)
            try await fleet.settle()
        }
    }
}
