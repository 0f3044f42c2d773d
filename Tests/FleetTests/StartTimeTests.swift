import Durable
import Foundation
import Postgres
import Testing

@testable import Fleet

@Suite("Runs whose id is of another time")
struct StartTimeTests {
    private func start(_ id: RunID, _ fleet: FleetUnderTest, once key: String? = nil) -> RunStart {
        RunStart(
            id: id, tenant: "t", workflow: Napping.name, version: 1, queue: fleet.configuration.queue,
            priority: 0, input: Payload(json: "1"), key: key, notBefore: nil, parent: nil, reply: nil,
            trace: nil)
    }

    private func id(days: Double) -> RunID { RunID(now: Date(timeIntervalSinceNow: days * 86_400)) }

    /// Nothing of them was written.
    private func isEmpty(_ fleet: FleetUnderTest) async throws -> Bool {
        try await fleet.pool.execute(
            "select 1 from engine.run union all select 1 from engine.run_key limit 1"
        ).first == nil
    }

    @Test("more than a week from now is refused at the start, by name and time", arguments: [-8.0, 8, 3_000])
    func refused(days: Double) async throws {
        let fleet = try await FleetUnderTest.shared()
        let bad = id(days: days)
        let good = RunID()
        try await fleet.working([]) {
            async let kept = fleet.runs.writer.start(start(good, fleet, once: "good"))
            let refusal = await fleet.runs.writer.start(start(bad, fleet, once: "k"))

            guard case .failure(let failure) = refusal else {
                Issue.record("a run of another time was accepted")
                return
            }
            let day = bad.time.formatted(.iso8601.year().month().day())
            #expect("\(failure)".contains("\(bad)") && "\(failure)".contains(day))
            let other = try await kept.get()
            #expect(other.id == good)
            let rows = try await fleet.pool.execute("select key from engine.run_key").rows
            let keys = try rows.map { try $0.decode(0, as: String.self) }
            #expect(keys == ["good"])
        }
    }

    @Test("within the week it is taken", arguments: [-6.5, 0, 6.5])
    func taken(days: Double) async throws {
        let fleet = try await FleetUnderTest.shared()
        let run = id(days: days)
        try await fleet.working([]) {
            let started = try await fleet.runs.writer.start(start(run, fleet)).get()
            #expect(started.id == run)
        }
        let kept = try await fleet.pool.execute(
            """
            insert into engine.step (run, name, item, epoch, attempt, failed, output, started_at)
            values (\(run.rawValue), 'one', '', 1, 1, false, '1', now())
            """)
        #expect(kept.affected == 1)
    }

    @Test(
        "the doors for transactions refuse it too",
        arguments: ["start_run", "start_single", "start_debounced"])
    func doors(_ door: String) async throws {
        let fleet = try await FleetUnderTest.shared()
        let bad = id(days: 9)
        let rest: Query =
            switch door {
            case "start_run": "'k', null, null, null)"
            case "start_single": "'k', null)"
            default: "'k', '1 s', '2 s', null)"
            }
        let call: Query = Query(stringLiteral: "select * from engine.\(door)(") + "\(bad.rawValue), "
        let error = await #expect(throws: PostgresError.self) {
            try await fleet.pool.execute(call + "'t', 'napping', 1, 'q', 0, '1', " + rest)
        }

        let words = "\(try #require(error))"
        #expect(words.contains("\(bad)"))
        #expect(try await isEmpty(fleet))
    }

    static let histories = ["attempt", "intent", "run_history", "step", "step_detail"]

    @Test("so is one of a week that has no partition to write to", arguments: histories)
    func noPartition(of table: String) async throws {
        let fleet = try await FleetUnderTest.shared()
        let tables = try await fleet.pool.execute("select name from engine.history_tables() order by name")
            .rows.map { try $0.decode(0, as: String.self) }
        #expect(tables == Self.histories)
        let week = HistoryWeek(containing: Date()).following(1)
        let bad = RunID(now: week.start.addingTimeInterval(60))
        try await fleet.superuser("drop table engine.\(week.partition(table))")
        try await fleet.working([]) {
            let refusal = await fleet.runs.writer.start(start(bad, fleet))
            guard case .failure(let failure) = refusal else {
                Issue.record("a run that nothing can be recorded of was accepted")
                return
            }
            #expect("\(failure)".contains("\(bad)"))
        }
        #expect(try await isEmpty(fleet))
    }
}
