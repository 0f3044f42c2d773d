import Durable
import Foundation
import Postgres
import Testing

@testable import Fleet

@Suite("What operators look at first")
struct OverviewTests {
    @Test("the census counts live runs by where they stand, and those that ended otherwise than well")
    func census() async throws {
        let bench = try await OperationBench()
        let runs = bench.fleet.runs
        #expect(try await runs.census().live.isEmpty)
        for status in RunStatus.allCases { _ = try await bench.place(status) }
        let sleeper = try await bench.place(.waiting)
        _ = try await bench.fleet.pool.execute(
            """
            update engine.run set wait_reason = '{"kind": "signal", "step": "wait:news[1]"}'
            where id = \(sleeper.rawValue)
            """)

        let census = try await runs.census()

        func live(_ status: RunStatus, _ wait: WaitReason.Kind? = nil) -> Int? {
            census.live.first { $0.status == status && $0.wait == wait }?.count
        }
        #expect(live(.pending) == 1 && live(.running) == 1)
        #expect(live(.waiting) == 1 && live(.waiting, .signal) == 1)
        #expect(census.isWhole)
        #expect(census.endedToday.allSatisfy { $0.count.atLeast == 1 })
        #expect(census.endedToday.count == 4)
        #expect(census.aside.atLeast == 2)
        #expect(census.acceptedLastMinute.atLeast == 9)
        #expect(census.oldestReady != nil)
        #expect(try await runs.findings().isEmpty)
    }

    @Test("what is counted of the history is found by its index, not by reading it from its beginning")
    func indexed() async throws {
        let bench = try await OperationBench()
        for query in [FleetCensus.accepted, FleetCensus.endedBadly] {
            let plan = try await bench.fleet.pool.withTransaction { tx in
                // The tables of a test are so small that reading all of them would be right.
                _ = try await tx.execute("set local enable_seqscan = off")
                _ = try await tx.execute("set local enable_bitmapscan = off")
                return try await tx.execute("explain " + query).rows.map {
                    try $0.decode(0, as: String.self)
                }
            }.joined(separator: "\n")
            let conditions = plan.split(separator: "\n").filter { $0.contains("statement_timestamp") }
            #expect(!conditions.isEmpty && conditions.allSatisfy { $0.contains("Index Cond") }, "\(plan)")
        }
    }

    @Test("the oldest step is the one under way longest, or tried again longest; a latency leaves waits out")
    func steps() async throws {
        let bench = try await OperationBench()
        let busy = try await bench.place(.running)
        let trying = try await bench.place(.waiting)
        _ = try await bench.fleet.pool.pipeline([
            "delete from engine.step",
            """
            update engine.run set claimed_at = clock_timestamp() - interval '50 minutes'
            where id = \(busy.rawValue)
            """,
            """
            insert into engine.step (run, name, item, epoch, attempt, failed, output, started_at, ended_at)
            values (\(busy.rawValue), 'quick', '', 7, 1, false, '1', clock_timestamp() - interval '302 s',
                    clock_timestamp() - interval '300 s'),
                (\(busy.rawValue), 'wait:news[1]', '', 7, 1, false, '1',
                    clock_timestamp() - interval '900 s', clock_timestamp() - interval '400 s')
            """,
        ])
        let first = try await bench.fleet.runs.census()
        _ = try await bench.fleet.pool.pipeline([
            """
            update engine.run set wait_reason = '{"kind": "retry", "step": "fragile"}'
            where id = \(trying.rawValue)
            """,
            """
            insert into engine.attempt (run, name, item, number, counts, error, started_at, next_at)
            values (\(trying.rawValue), 'fragile', '', 1, true, '{}', clock_timestamp() - interval '1 hour',
                clock_timestamp())
            """,
        ])

        let second = try await bench.fleet.runs.census()

        #expect((295..<420).contains(try #require(first.oldestStep).seconds))
        #expect(abs(try #require(first.stepLatency).seconds - 2) < 0.1)
        #expect((3_595..<3_720).contains(try #require(second.oldestStep).seconds))
    }

    @Test("failures of one cause are one line, with the latest as an example")
    func causes() async throws {
        let bench = try await OperationBench()
        let first = try await bench.place(.failed)
        let last = try await bench.place(.needsAttention)
        _ = try await bench.place(.succeeded)
        let other = FailureRecord(code: "elsewhere", message: "another thing", step: "after")
        let odd = try await bench.place(.poisoned)
        _ = try await bench.fleet.pool.execute(
            "update engine.run_history set error = \(other.jsonb) where id = \(odd.rawValue)")

        let causes = try await bench.fleet.runs.causes(since: Date(timeIntervalSinceNow: -3_600))

        #expect(causes.map(\.code) == ["broken", "elsewhere"])
        #expect(causes[0].count == 2 && causes[0].lastHour == 2 && causes[0].tenants == 1)
        #expect(causes[0].example == max(first, last))
        #expect(causes[0].message == "it broke" && causes[0].step == "fragile")
        #expect(causes[0].workflows == ["mendable"])
        let later = try await bench.fleet.runs.causes(since: Date(timeIntervalSinceNow: 3_600))
        #expect(later.isEmpty)
    }

    @Test("a family is the run, its descendants and what was started with a key; ancestors lead back")
    func family() async throws {
        let bench = try await OperationBench()
        let runs = bench.fleet.runs
        try await bench.working {
            let parent = try await runs.start(Family.self, 1, for: "t").id
            let beside = try await runs.start(Mendable.self, 1, once: "refund-7", for: "t").id
            _ = try await runs.start(Mendable.self, 1, once: "refund-7", for: "other")
            #expect(try await bench.end(parent) == .failed)
            #expect(try await bench.end(beside) == .failed)
            let child = try #require(try await runs.detail(parent)?.children.first?.id)

            let found = try await runs.family(of: [parent], startedWith: ["refund-7"], for: "t")

            #expect(Set(found.map(\.id)) == [parent, child, beside])
            #expect(try await runs.ancestors(of: child) == [child, parent])
            #expect(try await runs.ancestors(of: RunID()).isEmpty)
        }
    }

    @Test("the chronicle tells what happened in order, operators' acts and what they set aside too")
    func chronicle() async throws {
        let bench = try await OperationBench()
        let runs = bench.fleet.runs
        try await bench.working {
            let run = try await runs.start(Mendable.self, 1, for: "t").id
            #expect(try await bench.end(run) == .failed)
            let before = try await runs.chronicle(of: run)
            bench.mended.turnOn()
            _ = try await bench.operations.retry(run, by: bench.mandate)
            #expect(try await bench.end(run) == .succeeded)

            let after = try await runs.chronicle(of: run)

            #expect(before.first?.kind == .accepted && before.last?.kind == .ended)
            #expect(before.contains { $0.kind == .done && $0.subject == "before" })
            #expect(before.contains { $0.kind == .failed && $0.subject == "fragile" })
            #expect(after.map(\.at) == after.map(\.at).sorted())
            #expect(after.contains { $0.kind == .setAside && $0.subject == "fragile" })
            #expect(after.contains { $0.kind == .operated && $0.subject == "retry" && $0.note == "anca" })
            #expect(after.last?.subject == "succeeded")
        }
    }

    @Test("an announced call shows its key, and whether its step has come to its end")
    func announced() async throws {
        let bench = try await OperationBench()
        let run = try await bench.place(.failed)
        _ = try await bench.fleet.pool.execute(
            """
            insert into engine.intent (run, name, item, attempt) values
                (\(run.rawValue), 'fragile', '', 1), (\(run.rawValue), 'charge', 'a', 2)
            """)

        let calls = try await bench.fleet.runs.announcedCalls(of: run)

        #expect(Set(calls.map(\.key)) == ["cf:\(run):fragile", "cf:\(run):charge:a"])
        #expect(calls.first { $0.step.name == "fragile" }?.isSettled == true)
        #expect(calls.first { $0.step.name == "charge" }?.isSettled == false)
    }
}
