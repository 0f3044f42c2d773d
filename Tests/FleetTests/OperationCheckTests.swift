import Durable
import Foundation
import Postgres
import Testing

@testable import Fleet

@Suite("Checking a deployment against live runs")
struct OperationCheckTests {
    /// Two branches and a wait: the code under which the runs of these tests began.
    struct Retired: Workflow {
        static let name: WorkflowName = "evolving"
        enum Step: String, WorkflowStep { case load, left, right, pay }

        func run(_ input: Int, _ flow: Flow<Retired>) async throws -> Int {
            let loaded = try await flow.step(.load) { _ in input }
            async let left = flow.step(.left) { _ in loaded }
            async let right = flow.step(.right) { _ in loaded }
            let sum = try await left + right
            _ = try await flow.wait(Signal<Int>("go"), upTo: .seconds(3_600))
            return try await flow.step(.pay) { _ in sum }
        }
    }

    /// `right` is called something else now.
    struct Renamed: Workflow {
        static let name: WorkflowName = "evolving"
        enum Step: String, WorkflowStep { case load, left, rechts, pay }
        let effects: Effects

        func run(_ input: Int, _ flow: Flow<Renamed>) async throws -> Int {
            let loaded = try await flow.step(.load) { _ in input }
            async let left = flow.step(.left) { _ in loaded }
            async let right = flow.step(.rechts) { attempt in
                effects.happen(attempt.key)
                return loaded
            }
            let sum = try await left + right
            _ = try await flow.wait(Signal<Int>("go"), upTo: .seconds(3_600))
            return try await flow.step(.pay) { _ in sum }
        }
    }

    /// `load` gives something else now, and the body swallows what does not decode.
    struct Retyped: Workflow {
        static let name: WorkflowName = "evolving"
        enum Step: String, WorkflowStep { case load, left, right, pay }

        func run(_ input: Int, _ flow: Flow<Retyped>) async throws -> String {
            do {
                return try await flow.step(.load) { _ in "text" }
            } catch {
                return "swallowed"
            }
        }
    }

    /// Wants another input.
    struct Reinput: Workflow {
        static let name: WorkflowName = "evolving"
        enum Step: String, WorkflowStep { case load, left, right, pay }
        func run(_ input: [String], _ flow: Flow<Reinput>) async throws -> Int { 0 }
    }

    /// Has one step more, before the wait.
    struct Grown: Workflow {
        static let name: WorkflowName = "evolving"
        enum Step: String, WorkflowStep { case load, first, left, right, pay }
        let effects: Effects

        func run(_ input: Int, _ flow: Flow<Grown>) async throws -> Int {
            _ = try await flow.step(.first) { attempt in
                effects.happen(attempt.key)
                return 1
            }
            return try await flow.step(.load) { _ in input }
        }
    }

    /// Runs only versions that come later.
    struct Newer: Workflow {
        static let name: WorkflowName = "evolving"
        static let version = 3
        static let supportedVersions = 2...3
        enum Step: String, WorkflowStep { case load }
        func run(_ input: Int, _ flow: Flow<Newer>) async throws -> Int { 0 }
    }

    static func waiting() async throws -> (OperationBench, RunID) {
        let bench = try await OperationBench()
        var registry = WorkflowRegistry()
        registry.register(Retired())
        let run = try await bench.fleet.working([registry]) {
            let run = try await bench.fleet.runs.start(Retired.self, 7, for: "t").id
            try await bench.fleet.until { try await bench.status(run) == .waiting }
            return run
        }
        return (bench, run)
    }

    static func findings<W: Workflow>(_ bench: OperationBench, _ workflow: W?) async throws
        -> [ReplayFinding]
    {
        var registry = WorkflowRegistry()
        if let workflow { registry.register(workflow) }
        let check = DeployCheck(registry, pool: bench.fleet.pool, logger: bench.fleet.logger)
        let before = try await bench.fleet.pool.execute("select to_jsonb(r) from engine.run r").rows.map {
            try $0.decode(0, as: JSONB.self)
        }
        let report = try await check.run()
        let after = try await bench.fleet.pool.execute("select to_jsonb(r) from engine.run r").rows.map {
            try $0.decode(0, as: JSONB.self)
        }
        #expect(before == after && report.checked == before.count)
        return report.divergent.flatMap(\.findings)
    }

    @Test("the code that began a run can carry it on")
    func same() async throws {
        let (bench, _) = try await Self.waiting()

        #expect(try await Self.findings(bench, Retired()).isEmpty)
    }

    @Test("a renamed step is named, and no step runs")
    func renamed() async throws {
        let (bench, _) = try await Self.waiting()

        let found = try await Self.findings(bench, Renamed(effects: bench.effects))

        #expect(found.map(\.kind) == [.gone])
        #expect(found.first?.step == StepKey("right"))
        #expect(bench.effects.calls == 0)
    }

    @Test("a changed type of a result is named, even where the body swallows it")
    func retyped() async throws {
        let (bench, _) = try await Self.waiting()

        let found = try await Self.findings(bench, Retyped())

        #expect(found.map(\.kind) == [.output])
        #expect(found.first?.step == StepKey("load"))
    }

    @Test("a changed type of the input is named")
    func reinput() async throws {
        let (bench, _) = try await Self.waiting()

        #expect(try await Self.findings(bench, Reinput()).map(\.kind) == [.input])
    }

    @Test("a step added before recorded ones is told from a renamed one")
    func grown() async throws {
        let (bench, _) = try await Self.waiting()

        let found = try await Self.findings(bench, Grown(effects: bench.effects))

        #expect(Set(found.map(\.kind)) == [.unreached])
        #expect(bench.effects.calls == 0)
    }

    @Test("a workflow or a version that is gone is named")
    func gone() async throws {
        let (bench, run) = try await Self.waiting()

        #expect(try await Self.findings(bench, nil as Retired?).map(\.kind) == [.unknownWorkflow])
        #expect(try await Self.findings(bench, Newer()).map(\.kind) == [.unknownVersion])
        #expect(try await bench.status(run) == .waiting)
    }

    @Test("a cancelled run on its way back is replayed too")
    func cancelled() async throws {
        let bench = try await OperationBench()
        let run = try await bench.working {
            let run = try await bench.fleet.runs.start(Booking.self, 1, for: "t").id
            await bench.gate.entered()
            _ = try await bench.operations.cancel(run, .force, by: bench.mandate)
            return run
        }
        #expect(try await bench.status(run)?.isEnd == false)
        let check = DeployCheck(bench.registry, pool: bench.fleet.pool, logger: bench.fleet.logger)

        #expect(try await check.run().divergent.isEmpty)
    }
}
