import Durable
import Foundation
import Postgres
import Testing

@testable import Fleet

@Suite("Retention beside live runs")
struct RetentionLiveTests {
    let mandate: Mandate
    let retention: RetentionTests

    init() throws {
        mandate = try Mandate(actor: "ops", reason: "test")
        retention = try RetentionTests()
    }

    /// Far enough ahead that every policy but a hold has passed.
    static let farAhead = Date(timeIntervalSinceNow: 20 * 365 * 86_400)

    @Test("a live run keeps its steps however old it is, and goes on from them")
    func live() async throws {
        let fleet = try await FleetUnderTest.shared()
        let keeper = retention.keeper(fleet)
        let effects = Effects()
        var registry = WorkflowRegistry()
        registry.register(Patient(effects: effects))
        let run = try await fleet.working([registry]) {
            let run = try await fleet.runs.start(Patient.self, 3, for: "t").id
            try await fleet.until { try await fleet.runs.report(run)?.status == .waiting }
            return run
        }
        let week = HistoryWeek(containing: Date())
        try await retention.fill(fleet, 40, tenant: "gone", week: week)

        #expect(try await keeper.shrink(week, now: Self.farAhead) == .rewritten)
        #expect(try await keeper.shrink(week, now: Self.farAhead) == .rewritten)

        let history = try await retention.count(fleet, "select count(*) from engine.run_history")
        let steps = try await retention.count(
            fleet, "select count(*) from engine.step where run = \(run.rawValue) and name = 'work'")
        #expect(history == 0 && steps == 3)
        try await fleet.working([registry]) {
            try await fleet.runs.send(Patient.go, 1, to: run, once: "g")
            #expect(try await fleet.runs.result(of: run, as: Patient.self, upTo: .seconds(20)) == 3)
        }
        #expect(effects.calls == 3)
    }

    @Test("runs in full swing lose nothing while the week under them is written anew, again and again")
    func swing() async throws {
        let fleet = try await FleetUnderTest.shared()
        let keeper = retention.keeper(fleet)
        let effects = Effects()
        var registry = WorkflowRegistry()
        registry.register(FiveSteps(effects: effects))
        let week = HistoryWeek(containing: Date())
        try await keeper.setPolicy(tenant: "held", workflow: nil, weeks: nil, isHeld: true, by: mandate)

        let outcomes = try await fleet.working([registry, registry]) {
            async let rewriting = withThrowingTaskGroup(of: ShrinkOutcome.self) { _ in
                var outcomes: [ShrinkOutcome] = []
                for _ in 0..<6 {
                    try await retention.fill(fleet, 20, tenant: "gone", week: week)
                    outcomes.append(try await keeper.shrink(week, now: Self.farAhead))
                }
                return outcomes
            }
            var runs: [RunID] = []
            for number in 0..<300 {
                runs.append(try await fleet.runs.start(FiveSteps.self, number, for: "held").id)
            }
            for run in runs {
                _ = try await fleet.runs.result(of: run, as: FiveSteps.self, upTo: .seconds(40))
            }
            return try await rewriting
        }

        #expect(outcomes.contains(.rewritten))
        #expect(outcomes.allSatisfy { [.rewritten, .busy].contains($0) })
        #expect(effects.calls == 1_500)
        #expect(
            try await retention.count(
                fleet,
                """
                select count(*) from engine.step s join engine.run_history h on h.id = s.run
                where h.tenant = 'held' and s.name <> ''
                """) == 1_500)
        #expect(try await keeper.shrink(week, now: Self.farAhead) == .rewritten)
        #expect(
            try await retention.count(
                fleet, "select count(*) from engine.run_history where tenant = 'gone'") == 0)
    }

    @Test("a run that comes back to life while its week is being copied is noticed, and nothing is let go of")
    func revived() async throws {
        let fleet = try await FleetUnderTest.shared()
        let keeper = retention.keeper(fleet)
        try await retention.fill(fleet, 30, tenant: "t")
        _ = try await keeper.inspect(RetentionTests.week, now: Self.farAhead)

        let outcome = try await fleet.pool.withTransaction { tx in
            // As a retry does: out of the history and among the live ones, in one transaction.
            _ = try await tx.execute(
                """
                with gone as (delete from engine.run_history
                    where id = (select id from engine.run_history order by id limit 1) returning *)
                insert into engine.run (id, tenant, workflow, version, epoch, input)
                select id, tenant, workflow, version, epoch + 1, input from gone
                """)
            let shrinking = Task { try await keeper.shrink(RetentionTests.week, now: Self.farAhead) }
            try await fleet.until {
                try await retention.count(
                    fleet,
                    """
                    select count(*) from pg_locks where not granted and mode = 'AccessExclusiveLock'
                      and relation = 'engine.run_history'::regclass
                    """) > 0
            }
            return shrinking
        }
        let answer = try await outcome.value

        #expect(answer == .revived)
        #expect(try await retention.count(fleet, "select count(*) from engine.step") == 30)
        #expect(try await keeper.shrink(RetentionTests.week, now: Self.farAhead) == .rewritten)
        #expect(try await retention.count(fleet, "select count(*) from engine.step") == 1)
    }

    @Test("while somebody reads, retention gives way and leaves everything as it was")
    func busy() async throws {
        let fleet = try await FleetUnderTest.shared()
        let keeper = retention.keeper(fleet)
        try await retention.fill(fleet, 5, tenant: "t")
        _ = try await keeper.inspect(RetentionTests.week, now: Self.farAhead)

        let answer = try await fleet.pool.withTransaction { tx in
            _ = try await tx.execute("select count(*) from engine.step")
            let row = try await fleet.pool.execute(
                """
                select engine.shrink_week(\(RetentionTests.week.description)::date, \(Self.farAhead), 20,
                    2, 10)
                """
            ).first
            return try row?.decode(0, as: String.self)
        }

        #expect(answer == "busy")
        #expect(try await retention.count(fleet, "select count(*) from engine.step") == 5)
        let copies = try await retention.count(
            fleet, "select count(*) from pg_class where relname like '%\\_kept'")
        #expect(copies == 0)
    }

    @Test("a week with more live runs than can be moved in a moment is left alone")
    func crowded() async throws {
        let fleet = try await FleetUnderTest.shared()
        try await fleet.working([]) {
            for _ in 0..<5 { _ = try await fleet.runs.start(FiveSteps.self, 1, for: "t") }
        }
        let week = HistoryWeek(containing: Date())
        _ = try await retention.keeper(fleet).inspect(week, now: Self.farAhead)

        let row = try await fleet.pool.execute(
            "select engine.shrink_week(\(week.description)::date, \(Self.farAhead), 20, 2, 4)"
        ).first

        #expect(try row?.decode(0, as: String.self) == "crowded")
    }
}

/// Works, then waits for a word.
struct Patient: Workflow {
    static let name: WorkflowName = "patient"
    enum Step: String, WorkflowStep { case work }
    static let go: Signal<Int> = "go"
    let effects: Effects

    func run(_ input: Int, _ flow: Flow<Patient>) async throws -> Int {
        var sum = 0
        for item in 0..<input {
            sum += try await flow.step(.work, for: item) { attempt in
                effects.happen(attempt.key)
                return 1
            }
        }
        _ = try await flow.wait(Self.go)
        return sum
    }
}
