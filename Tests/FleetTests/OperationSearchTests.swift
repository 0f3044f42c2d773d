import Durable
import Foundation
import Postgres
import Testing

@testable import Fleet

@Suite("Finding runs")
struct OperationSearchTests {
    /// Ten runs that differ in everything that can be asked for, oldest first.
    static func populated() async throws -> (OperationBench, [RunID]) {
        let bench = try await OperationBench()
        var runs: [RunID] = []
        for status in RunStatus.allCases { runs.append(try await bench.place(status)) }
        let pool = bench.fleet.pool
        _ = try await pool.execute(
            """
            update engine.run set workflow = 'other', tenant = 'u', labels = '{"order": "7"}',
                wait_reason = '{"kind": "retry", "step": "pay"}' where status = 'waiting'
            """)
        _ = try await pool.execute(
            """
            update engine.run_history set labels = '{"order": "7", "shop": "a"}' where status = 'failed'
            """)
        for (run, key) in [(runs[0], "order-1"), (runs[4], "order-12"), (runs[5], "or%er-1")] {
            _ = try await pool.execute(
                """
                insert into engine.run_key (tenant, workflow, key, run)
                values ('t', 'mendable', \(key), \(run.rawValue))
                """)
        }
        return (bench, runs)
    }

    func found(_ bench: OperationBench, _ change: (inout RunFilter) -> Void) async throws -> Set<RunID> {
        var filter = RunFilter()
        change(&filter)
        let lines = try await bench.fleet.runs.list(filter)
        let count = try await bench.fleet.runs.count(filter)
        #expect(count.isExact && count.atLeast == lines.count)
        return Set(lines.map(\.id))
    }

    @Test("by status, workflow, tenant, label, cause, wait, time, id and key, alone and together")
    func filters() async throws {
        let (bench, runs) = try await Self.populated()
        let place = Dictionary(uniqueKeysWithValues: zip(RunStatus.allCases, runs))
        let failure = FailureRecord(code: "broken", message: "it broke", step: "fragile")
        func of(_ statuses: RunStatus...) -> Set<RunID> { Set(statuses.compactMap { place[$0] }) }

        #expect(try await found(bench) { _ in } == Set(runs))
        #expect(
            try await found(bench) { $0.statuses = [.failed, .running] } == of(.failed, .running))
        #expect(try await found(bench) { $0.workflow = "other" } == of(.waiting))
        #expect(try await found(bench) { $0.tenant = "u" } == of(.waiting))
        #expect(try await found(bench) { $0.label = .init("order", "7") } == of(.waiting, .failed))
        #expect(
            try await found(bench) {
                $0.label = .init("order", "7")
                $0.tenant = "t"
            } == of(.failed))
        #expect(
            try await found(bench) { $0.fingerprint = failure.fingerprint.rawValue }
                == of(.failed, .cancelled, .needsAttention, .poisoned))
        #expect(try await found(bench) { $0.waitKind = .retry } == of(.waiting))
        #expect(try await found(bench) { $0.waitKind = .timer } == [])
        #expect(try await found(bench) { $0.from = Date(timeIntervalSinceNow: 60) } == [])
        #expect(try await found(bench) { $0.from = Date(timeIntervalSinceNow: -60) } == Set(runs))
        #expect(try await found(bench) { $0.to = Date(timeIntervalSinceNow: -60) } == [])
        #expect(try await found(bench) { $0.text = runs[3].description } == [runs[3]])
        #expect(try await found(bench) { $0.text = "order-1" } == [runs[0], runs[4]])
        #expect(try await found(bench) { $0.text = "or%er" } == [runs[5]])
        #expect(try await found(bench) { $0.text = "nothing like it" } == [])
    }

    @Test("pages follow each other without gap or repetition, across live runs and history")
    func pages() async throws {
        let (bench, runs) = try await Self.populated()
        var filter = RunFilter()
        filter.limit = 3
        var seen: [RunID] = []
        while true {
            let page = try await bench.fleet.runs.list(filter)
            guard let last = page.last else { break }
            seen += page.map(\.id)
            filter.before = last.id
        }

        #expect(seen == runs.sorted().reversed())
    }

    @Test("a count stops at ten thousand")
    func bounded() {
        #expect(BoundedCount(atLeast: 9_999).description == "9,999")
        #expect(BoundedCount(atLeast: 10_000).description == "10,000")
        #expect(BoundedCount(atLeast: 10_001).description == "10,000+")
        #expect(BoundedCount(atLeast: 50_000).atLeast == 10_001)
    }

    @Test("a search by cause or label in the history uses its index, not the table")
    func indexes() async throws {
        let (bench, _) = try await Self.populated()
        for change: @Sendable (inout RunFilter) -> Void in [
            { $0.fingerprint = "abc" }, { $0.workflow = "other" },
        ] {
            var filter = RunFilter()
            change(&filter)
            let plan = try await bench.fleet.pool.withTransaction { [filter] tx in
                _ = try await tx.execute("set local enable_seqscan = off")
                let query: Query = "explain select id from engine.run_history r where "
                return try await tx.execute(query + filter.conditions(.ended)).column(0, as: String.self)
                    .joined(separator: "\n")
            }
            #expect(!plan.contains("Seq Scan"), "\(plan)")
        }
    }
}
