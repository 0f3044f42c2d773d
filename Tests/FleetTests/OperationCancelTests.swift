import Durable
import Foundation
import Postgres
import Testing

@testable import Fleet

@Suite("Cancelling by hand")
struct OperationCancelTests {
    @Test("a running run ends the step in flight, records it, and undoes it")
    func cooperative() async throws {
        let bench = try await OperationBench()
        bench.mayUndo.turnOn()
        try await bench.working {
            let run = try await bench.fleet.runs.start(Booking.self, 1, for: "t").id
            await bench.gate.entered()
            let result = try await bench.operations.cancel(run, by: bench.mandate)
            #expect(result.status == .running)
            await #expect(throws: OperationError.self) {
                try await bench.operations.cancel(run, by: bench.mandate)
            }

            bench.gate.open()

            #expect(try await bench.end(run) == .cancelled)
            #expect(bench.effects.count("cf:\(run):hotel") == 1)
            #expect(bench.effects.count("cf:\(run):undo:hotel") == 1)
            #expect(bench.effects.count("cf:\(run):undo:flight") == 1)
            #expect(bench.effects.count("cf:\(run):pay") == 0)
            #expect(try await bench.fleet.runs.report(run)?.failure?.message == bench.mandate.reason)
            let late = try await bench.fleet.pool.execute(
                """
                select engine.record_step(\(run.rawValue), \(result.epoch), 'late', '', 1, '1', now())
                """)
            #expect(try late.rows[0].decode(0, as: String.self) == "fenced")
        }
    }

    @Test("force takes the run from its worker at once, and what that worker still records is fenced")
    func force() async throws {
        let bench = try await OperationBench()
        bench.mayUndo.turnOn()
        try await bench.working {
            let run = try await bench.fleet.runs.start(Booking.self, 1, for: "t").id
            await bench.gate.entered()
            let epoch = try await bench.epoch(run)

            let result = try await bench.operations.cancel(run, .force, by: bench.mandate)
            #expect(result.epoch == epoch + 1)
            bench.gate.open()

            #expect(try await bench.end(run) == .cancelled)
            #expect(bench.effects.count("cf:\(run):undo:hotel") == 1)
            #expect(bench.effects.count("cf:\(run):undo:flight") == 1)
            #expect(bench.effects.count("cf:\(run):pay") == 0)
            let owner = try await bench.fleet.pool.execute(
                "select min(epoch) from engine.step where run = \(run.rawValue) and name = 'hotel'")
            #expect(try owner.rows[0].decode(0, as: Int64.self) > result.epoch)
        }
    }

    @Test("a sleeping run wakes to undo; without undo it ends where it stands")
    func waiting() async throws {
        let bench = try await OperationBench()
        try await bench.working {
            let run = try await bench.fleet.runs.start(Waiting.self, 3_600, for: "t").id
            let other = try await bench.fleet.runs.start(Waiting.self, 3_600, for: "t").id
            for id in [run, other] {
                try await bench.fleet.until { try await bench.status(id) == .waiting }
            }

            _ = try await bench.operations.cancel(run, by: bench.mandate)
            let left = try await bench.operations.cancel(other, .leave, by: bench.mandate)

            #expect(left.status == .cancelled)
            #expect(try await bench.status(other) == .cancelled)
            #expect(try await bench.end(run) == .cancelled)
        }
    }

    @Test("a run that never began ends at once, without a worker")
    func neverBegan() async throws {
        let bench = try await OperationBench()
        let run = try await bench.fleet.pool.withTransaction { tx in
            try await bench.fleet.runs.start(FiveSteps.self, 1, for: "t", in: tx).id
        }

        _ = try await bench.operations.cancel(run, by: bench.mandate)

        #expect(try await bench.status(run) == .cancelled)
    }

    @Test("a child that is ended by hand tells its parent")
    func tellsParent() async throws {
        let bench = try await OperationBench()
        try await bench.working {
            let parent = try await bench.fleet.runs.start(Elder.self, 1, for: "t").id
            try await bench.fleet.until {
                guard let child = try await bench.fleet.runs.detail(parent)?.children.first else {
                    return false
                }
                return child.status == .waiting
            }
            let child = try #require(try await bench.fleet.runs.detail(parent)?.children.first?.id)

            _ = try await bench.operations.cancel(child, .leave, by: bench.mandate)

            #expect(try await bench.end(parent) == .failed)
            #expect(try await bench.fleet.runs.report(parent)?.failure?.code == "cancelled")
        }
    }

    @Test("an undo that failed is tried again by retry, and the run ends as it would have")
    func failedUndo() async throws {
        let bench = try await OperationBench()
        try await bench.working {
            let run = try await bench.fleet.runs.start(Booking.self, 1, for: "t").id
            await bench.gate.entered()
            _ = try await bench.operations.cancel(run, by: bench.mandate)
            bench.gate.open()
            #expect(try await bench.end(run) == .needsAttention)
            bench.mayUndo.turnOn()

            _ = try await bench.operations.retry(run, by: bench.mandate)

            #expect(try await bench.end(run) == .cancelled)
            #expect(bench.effects.count("cf:\(run):undo:hotel") == 1)
            #expect(bench.effects.count("cf:\(run):undo:flight") == 1)
            let why = await #expect(throws: OperationError.self) {
                try await bench.operations.rerun(run, from: StepKey("pay"), by: bench.mandate)
            }
            #expect(why != nil)
        }
    }
}

/// Waits for a child that waits.
struct Elder: Workflow {
    static let name: WorkflowName = "elder"
    enum Step: String, WorkflowStep { case child }

    func run(_ input: Int, _ flow: Flow<Elder>) async throws -> Int {
        try await flow.child(.child, Waiting.self, 3_600)
    }
}
