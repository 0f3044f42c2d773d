import Durable
import Foundation
import Postgres
import Synchronization
import Testing

@testable import Fleet

@Suite("One verb over many runs")
struct OperationBulkTests {
    static func failed(_ many: Int, _ bench: OperationBench) async throws -> [RunID] {
        var runs: [RunID] = []
        for _ in 0..<many { runs.append(try await bench.place(.failed)) }
        return runs
    }

    static var filter: RunFilter {
        var filter = RunFilter()
        filter.statuses = [.failed]
        return filter
    }

    func order(_ bench: OperationBench, perSecond: Int = 1_000) async throws -> BulkOperation {
        try await bench.operations.order(
            .retry, on: Self.filter, perSecond: perSecond, by: bench.mandate)
    }

    @Test("acts on every run that matches, says how far it is, and is written down")
    func all() async throws {
        let bench = try await OperationBench()
        let runs = try await Self.failed(12, bench)
        let untouched = try await bench.place(.poisoned)
        let batch = try await order(bench)
        #expect(batch.counted.atLeast == 12 && batch.acted == 0 && batch.status == .open)

        let done = try await bench.operations.work(batch.id)

        #expect(done.status == .done && done.acted == 12 && done.refused == 0)
        for run in runs { #expect(try await bench.status(run) == .pending) }
        #expect(try await bench.status(untouched) == .poisoned)
        let verbs = try await Audit.list(from: bench.fleet.pool).map(\.verb)
        #expect(verbs == ["bulk.done"] + Array(repeating: "retry", count: 12) + ["bulk.order"])
        #expect(try await Audit.verify(in: bench.fleet.pool).faults.isEmpty)
    }

    @Test("goes on where a caller that died had come to, and two callers share the work")
    func resumes() async throws {
        let bench = try await OperationBench()
        _ = try await Self.failed(30, bench)
        let batch = try await order(bench, perSecond: 200)
        let worked = Task { try await bench.operations.work(batch.id) }
        try await bench.fleet.until { try await bench.operations.bulk(batch.id).acted >= 3 }
        worked.cancel()
        _ = await worked.result
        let first = try await bench.operations.bulk(batch.id)
        #expect(first.status == .open && first.acted < 30)

        async let one = bench.operations.work(batch.id)
        async let two = bench.operations.work(batch.id)
        _ = try await (one, two)

        let done = try await bench.operations.bulk(batch.id)
        #expect(done.status == .done && done.acted == 30 && done.refused == 0)
        #expect(try await bench.count("select count(*) from engine.audit where verb = 'retry'") == 30)
        #expect(try await bench.count("select count(*) from engine.run where epoch = 8") == 30)
    }

    @Test("an abort stops before the next run, and what was done stays")
    func abort() async throws {
        let bench = try await OperationBench()
        _ = try await Self.failed(30, bench)
        let batch = try await order(bench, perSecond: 50)
        let worked = Task { try await bench.operations.work(batch.id) }
        try await bench.fleet.until { try await bench.operations.bulk(batch.id).acted >= 2 }

        let aborted = try await bench.operations.abort(batch.id, by: bench.mandate)
        let last = try await worked.value

        #expect(aborted.status == .aborted && last.status == .aborted)
        #expect(last.acted < 30)
        #expect(try await bench.count("select count(*) from engine.run") == last.acted)
        #expect(try await bench.operations.work(batch.id).acted == last.acted)
    }

    @Test("a run that cannot be acted on is counted, and the others go on")
    func refusals() async throws {
        let bench = try await OperationBench()
        let runs = try await Self.failed(5, bench)
        let done = StepRecord(
            key: StepKey("undo:before"), attempt: 1, result: .output(.null), startedAt: Date())
        var undone = StepColumns()
        undone.add(done, Lease(run: runs[2], epoch: 7))
        _ = try await bench.fleet.pool.execute(OperationStatements.copy(undone, endedAt: [Date()]))
        let batch = try await order(bench)

        let result = try await bench.operations.work(batch.id)

        #expect(result.acted == 4 && result.refused == 1)
        #expect(result.lastNote?.contains("\(runs[2])") == true)
        #expect(try await bench.status(runs[2]) == .failed)
    }

    @Test("the pace is kept by the row, whoever works")
    func pace() async throws {
        let bench = try await OperationBench()
        _ = try await Self.failed(4, bench)
        let batch = try await order(bench, perSecond: 20)

        try await bench.operations.work(batch.id)

        let ahead = try await bench.fleet.pool.execute(
            """
            select next_at >= created_at + interval '200 milliseconds' from engine.operation_batch
            where id = \(batch.id)
            """)
        #expect(try ahead.rows[0].decode(0, as: Bool.self))
    }

    @Test("runs that came after the order are not meant")
    func later() async throws {
        let bench = try await OperationBench()
        _ = try await Self.failed(2, bench)
        let batch = try await order(bench)
        try await bench.fleet.until { RunID() > RunID(rawValue: batch.upper) }
        let late = try await bench.place(.failed)

        let done = try await bench.operations.work(batch.id)

        #expect(done.acted == 2)
        #expect(try await bench.status(late) == .failed)
    }
}
