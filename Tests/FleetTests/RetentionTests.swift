import Durable
import Foundation
import Postgres
import Testing

@testable import Fleet

@Suite("History goes by whole weeks")
struct RetentionTests {
    static let week = HistoryWeek("2024-03-04")!
    let mandate: Mandate

    init() throws { mandate = try Mandate(actor: "ops", reason: "test") }

    func keeper(_ fleet: FleetUnderTest) -> HistoryKeeper {
        HistoryKeeper(pool: fleet.pool, logger: fleet.logger)
    }

    /// Puts ended runs, each with a step and an attempt, into a week that is long over.
    func fill(
        _ fleet: FleetUnderTest, _ runs: Int, tenant: String, workflow: String = "w",
        week: HistoryWeek = RetentionTests.week, endingWeeksLater later: Int = 0
    ) async throws {
        _ = try await fleet.pool.execute("select engine.create_week(\(week.description)::date)")
        let begin = week.start.addingTimeInterval(3_600)
        let ids = (0..<runs).map { _ in RunID(now: begin).rawValue }
        let end = week.following(later).start.addingTimeInterval(7_200)
        _ = try await fleet.pool.pipeline([
            """
            insert into engine.run_history (id, tenant, workflow, version, status, epoch, input, created_at,
                ended_at)
            select id, \(tenant), \(workflow), 1, 'succeeded', 1, '{}', \(begin), \(end)
            from unnest(\(ids)) as id
            """,
            """
            insert into engine.step (run, name, item, epoch, attempt, failed, output, started_at)
            select id, 'one', '', 1, 1, false, '1', \(begin) from unnest(\(ids)) as id
            """,
            """
            insert into engine.attempt (run, name, item, number, counts, error, started_at, next_at)
            select id, 'one', '', 1, true, '{}', \(begin), \(begin) from unnest(\(ids)) as id
            """,
        ])
    }

    func count(_ fleet: FleetUnderTest, _ query: Query) async throws -> Int {
        try await fleet.pool.execute(query).first?.decode(0, as: Int.self) ?? -1
    }

    func weeks(_ fleet: FleetUnderTest) async throws -> [HistoryWeek] {
        try await keeper(fleet).weeks().map(\.week)
    }

    /// What became of the week. Others, of these days and empty, may go as well when the clock is far ahead.
    func retained(_ keeper: HistoryKeeper, _ now: Date) async throws -> [String] {
        try await keeper.retain(now: now).filter { $0.hasPrefix("\(Self.week)") }
    }

    /// So long after the end of the week that its runs have been kept for `weeks` and a little more.
    func after(_ weeks: Int) -> Date { Self.week.following(weeks + 1).start.addingTimeInterval(60) }

    @Test("a week goes whole when the longest policy of what it holds has passed, and not before")
    func whole() async throws {
        let fleet = try await FleetUnderTest.shared()
        let keeper = keeper(fleet)
        try await fill(fleet, 50, tenant: "t")

        #expect(try await retained(keeper, after(103)) == [])
        #expect(try await weeks(fleet).contains(Self.week))
        #expect(try await retained(keeper, after(104)) == ["2024-03-04: dropped"])
        #expect(try await !weeks(fleet).contains(Self.week))
        #expect(try await count(fleet, "select count(*) from engine.step") == 0)
    }

    @Test("of a week with several policies the expired part goes and the rest stays, with all its records")
    func mixed() async throws {
        let fleet = try await FleetUnderTest.shared()
        let keeper = keeper(fleet)
        try await fill(fleet, 50, tenant: "brief")
        try await fill(fleet, 10, tenant: "brief", workflow: "invoice")
        try await fill(fleet, 30, tenant: "long")
        try await fill(fleet, 20, tenant: "court")
        try await keeper.setPolicy(tenant: "brief", workflow: nil, weeks: 4, isHeld: false, by: mandate)
        try await keeper.setPolicy(tenant: nil, workflow: "invoice", weeks: 500, isHeld: false, by: mandate)
        try await keeper.setPolicy(
            tenant: "brief", workflow: "invoice", weeks: 200, isHeld: false, by: mandate)
        try await keeper.setPolicy(tenant: "court", workflow: nil, weeks: nil, isHeld: true, by: mandate)

        #expect(try await retained(keeper, after(4)) == ["2024-03-04: rewritten"])
        #expect(try await count(fleet, "select count(*) from engine.run_history") == 60)
        #expect(try await count(fleet, "select count(*) from engine.step") == 60)
        #expect(try await count(fleet, "select count(*) from engine.attempt") == 60)
        #expect(try await retained(keeper, after(4)) == [])
        #expect(try await retained(keeper, after(104)) == ["2024-03-04: rewritten"])
        #expect(try await count(fleet, "select count(*) from engine.run_history") == 30)
        #expect(try await retained(keeper, after(200)) == ["2024-03-04: rewritten"])
        #expect(try await retained(keeper, after(5_000)) == [])
        #expect(
            try await count(fleet, "select count(*) from engine.run_history where tenant = 'court'") == 20)

        try await keeper.setPolicy(tenant: "court", workflow: nil, weeks: nil, isHeld: false, by: mandate)
        #expect(try await retained(keeper, after(5_000)).contains("2024-03-04: dropped"))
        let audited = try await count(
            fleet, "select count(*) from engine.audit where verb = 'storage.retain'")
        #expect(audited == 5)
    }

    @Test("a run that ended late is kept from its end, and little that expires waits for more")
    func endedLate() async throws {
        let fleet = try await FleetUnderTest.shared()
        let keeper = keeper(fleet)
        try await fill(fleet, 5, tenant: "t")
        try await fill(fleet, 95, tenant: "t", endingWeeksLater: 30)

        #expect(try await retained(keeper, after(104)) == [])
        #expect(try await retained(keeper, after(107)) == [])
        #expect(try await retained(keeper, after(108)) == ["2024-03-04: rewritten"])
        #expect(try await count(fleet, "select count(*) from engine.run_history") == 95)
        #expect(try await retained(keeper, after(134)) == ["2024-03-04: dropped"])
    }

    @Test("what the database answers about policies is the most particular one, and a hold above all")
    func policies() async throws {
        let fleet = try await FleetUnderTest.shared()
        let keeper = keeper(fleet)
        func weeks(_ tenant: String, _ workflow: String) async throws -> Int32? {
            try await fleet.pool.execute("select engine.kept_weeks(\(tenant), \(workflow))").first?.decode(
                0, as: Int32?.self)
        }
        try await keeper.setPolicy(tenant: "a", workflow: nil, weeks: 8, isHeld: false, by: mandate)
        try await keeper.setPolicy(tenant: nil, workflow: "w", weeks: 9, isHeld: false, by: mandate)
        try await keeper.setPolicy(tenant: "a", workflow: "x", weeks: 10, isHeld: false, by: mandate)
        try await keeper.setPolicy(tenant: nil, workflow: "y", weeks: nil, isHeld: true, by: mandate)

        #expect(try await weeks("z", "z") == 104)
        #expect(try await weeks("a", "w") == 8)
        #expect(try await weeks("b", "w") == 9)
        #expect(try await weeks("a", "x") == 10)
        #expect(try await weeks("a", "y") == nil)
        await #expect(throws: RetentionProblem.self) {
            try await keeper.setPolicy(tenant: nil, workflow: nil, weeks: nil, isHeld: true, by: mandate)
        }
        await #expect(throws: RetentionProblem.self) {
            try await keeper.setPolicy(tenant: "a", workflow: nil, weeks: 0, isHeld: false, by: mandate)
        }
    }

    @Test("idempotency keys go when their time has come, unless their run is alive")
    func keys() async throws {
        let fleet = try await FleetUnderTest.shared()
        try await fleet.working([]) {
            let live = try await fleet.runs.start(FiveSteps.self, 1, once: "live", for: "t").id
            _ = try await fleet.pool.execute(
                """
                insert into engine.run_key (tenant, workflow, key, run)
                select 't', 'five_steps', 'dead-' || n, gen_random_uuid() from generate_series(1, 2500) n
                """)
            _ = try await fleet.pool.execute(
                """
                update engine.run_key set expires_at = clock_timestamp() - interval '1 day'
                where key <> 'dead-7'
                """)

            #expect(try await keeper(fleet).expireKeys() == 2_499)
            let left = try await fleet.pool.execute("select key from engine.run_key order by key").rows
            #expect(try left.map { try $0.decode(0, as: String.self) } == ["dead-7", "live"])
            let again = try await fleet.runs.start(FiveSteps.self, 1, once: "live", for: "t")
            #expect(again.id == live && !again.isNew)
        }
    }
}
