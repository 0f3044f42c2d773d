import Durable
import Foundation
import Postgres
import Redis
import Testing

@testable import Fleet

@Suite("Starts that look at what is there")
struct ControlStartTests {
    @Test("a single start answers with the live run, and starts anew when that has ended")
    func single() async throws {
        let fleet = try await FleetUnderTest.shared()

        let first = try await fleet.runs.startSingle(Napping.self, 1, key: "sync", for: "t")
        let second = try await fleet.runs.startSingle(Napping.self, 2, key: "sync", for: "t")
        let other = try await fleet.runs.startSingle(Napping.self, 2, key: "sync", for: "u")
        _ = try await fleet.pool.execute("delete from engine.run where id = \(first.id.rawValue)")
        let third = try await fleet.runs.startSingle(Napping.self, 3, key: "sync", for: "t")

        #expect(first.isNew && !second.isNew && second.id == first.id)
        #expect(other.isNew && third.isNew && third.id != first.id)
    }

    @Test("of many single starts at once one starts")
    func singleAtOnce() async throws {
        let fleet = try await FleetUnderTest.shared()

        let started = try await withThrowingTaskGroup(of: StartedRun.self) { group in
            for number in 0..<20 {
                group.addTask {
                    try await fleet.runs.startSingle(Napping.self, number, key: "sync", for: "t")
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }

        #expect(started.count(where: \.isNew) == 1)
        #expect(Set(started.map(\.id)).count == 1)
    }

    @Test("a debounced start takes the last input and is put off, but not beyond its limit")
    func debounced() async throws {
        let fleet = try await FleetUnderTest.shared()
        func start(_ input: Int, longest: Duration = .seconds(3_600)) async throws -> DebouncedStart {
            try await fleet.runs.startDebounced(
                Napping.self, input, key: "stock", for: "t", quiet: .seconds(600), longest: longest)
        }

        let first = try await start(1)
        let second = try await start(2)
        let bounded = try await start(3, longest: .seconds(600))
        let row = try await fleet.pool.execute("select input::text, status from engine.run").rows
        _ = try await fleet.pool.execute("update engine.run set status = 'running', epoch = 1")
        let next = try await start(4)

        #expect(first.isNew && !second.isNew && second.id == first.id)
        #expect(second.beginsAt > first.beginsAt && bounded.beginsAt < second.beginsAt)
        #expect(row.count == 1)
        #expect(try row[0].decode(0, as: String.self) == "3")
        #expect(next.isNew && next.id != first.id)
    }

    @Test("above the high-water mark a start is refused before anything is written")
    func refused() async throws {
        let fleet = try await FleetUnderTest.shared()
        var configuration = fleet.configuration
        configuration.highWater = HighWater(backlog: 10, retryAfter: .seconds(7))
        let runs = Runs(configuration, redis: fleet.redis, pool: fleet.pool, logger: fleet.logger)
        let crowd = (0..<10).map { _ in
            ReadyRun(
                id: RunID(), tenant: "t", queue: configuration.queue, priority: 0, at: nil,
                workflow: Napping.name)
        }
        _ = try await runs.queue.ensure(crowd)

        let refusal = await #expect(throws: RunsError.self) {
            try await runs.startSingle(Napping.self, 1, key: "k", for: "t")
        }

        #expect(refusal?.code == "fleet_overloaded")
        #expect(refusal?.disposition == .transient(retryAfter: .seconds(7)))
        #expect(refusal?.description.contains("10 ready runs") == true)
        #expect(refusal?.description.contains("7 s") == true)
        let rows = try await fleet.pool.execute("select count(*) from engine.run")
        #expect(try rows.rows[0].decode(0, as: Int64.self) == 0)
    }

    @Test(
        "the mark on the memory of Redis is a share of its limit, and without a limit there is none",
        arguments: [(699, 1_000, false), (700, 1_000, true), (5_000, 0, false)])
    func memory(_ used: Int, _ limit: Int, _ isOver: Bool) {
        var load = Load()
        load.read(info: "# Memory\r\nused_memory:\(used << 20)\r\nmaxmemory:\(limit << 20)\r\nx:y\r\n")

        #expect((load.excess(over: HighWater()) != nil) == isOver)
    }

    @Test("a batch starts every input once, across a caller that died, and counts its ends")
    func batch() async throws {
        let fleet = try await FleetUnderTest.shared()
        let inputs = Array(0..<1_200)
        let batch = try await fleet.runs.startBatch(Napping.self, inputs, once: "import", for: "t")
        // As if the caller had died after its first chunk.
        _ = try await fleet.pool.execute(
            """
            with late as (
                delete from engine.run where id in (select id from engine.run order by id offset 500))
            update engine.batch set started = 500
            """)

        let again = try await fleet.runs.startBatch(Napping.self, inputs, once: "import", for: "t")
        let once = try await fleet.runs.startBatch(Napping.self, inputs, once: "import", for: "t")
        _ = try await fleet.pool.execute(
            """
            with gone as (delete from engine.run
                where id in (select id from engine.run order by id limit 700) returning *)
            insert into engine.run_history (id, tenant, workflow, version, status, epoch, labels, input,
                created_at)
            select id, tenant, workflow, version, case when input::text::int % 7 = 0 then 'failed'
                else 'succeeded' end, epoch, labels, input, created_at from gone
            """)
        let progress = try #require(try await fleet.runs.progress(of: batch))
        let live = try await fleet.pool.execute(
            "select count(*), count(distinct input) from engine.run"
        ).rows[0]

        #expect(again == batch && once == batch)
        #expect(try live.decode(0, as: Int64.self) == 500)
        #expect(progress.total == 1_200 && progress.started == 1_200)
        #expect(progress.endedCount == 700 && !progress.isOver)
        #expect((progress.ended[.failed] ?? 0) > 0)
        await #expect(throws: RunsError.self) {
            try await fleet.runs.startBatch(Napping.self, [1], once: "import", for: "t")
        }
    }

    @Test("a batch is over when all of its runs have ended")
    func batchEnds() async throws {
        let fleet = try await FleetUnderTest.shared()
        var registry = WorkflowRegistry()
        registry.register(Napping())

        let progress = try await fleet.working([registry]) {
            let batch = try await fleet.runs.startBatch(
                Napping.self, Array(repeating: 1, count: 120), for: "t")
            return try await fleet.runs.end(ofBatch: batch, upTo: .seconds(60))
        }

        #expect(progress.ended == [.succeeded: 120])
    }

    @Test("a delayed start begins no earlier than its time")
    func delayed() async throws {
        let fleet = try await FleetUnderTest.shared()
        var registry = WorkflowRegistry()
        registry.register(FiveSteps(effects: Effects()))

        try await fleet.working([registry]) {
            let at = Date(timeIntervalSinceNow: 0.4)
            let run = try await fleet.runs.start(FiveSteps.self, 1, for: "t", at: at)
            _ = try await fleet.runs.result(of: run.id, as: FiveSteps.self, upTo: .seconds(30))

            #expect(Date() >= at)
        }
    }

    @Test("what a paused queue holds is carried on by real workers after it is resumed")
    func pausedWorkers() async throws {
        let under = try await QueueUnderControl.make()
        let fleet = under.fleet
        var registry = WorkflowRegistry()
        let effects = Effects()
        registry.register(FiveSteps(effects: effects))
        try await under.control.pause(.tenant("held"), by: under.mandate)

        try await fleet.working([registry]) {
            let held = try await fleet.runs.start(FiveSteps.self, 1, for: "held")
            let other = try await fleet.runs.start(FiveSteps.self, 1, for: "other")
            _ = try await fleet.runs.result(of: other.id, as: FiveSteps.self, upTo: .seconds(30))
            #expect(try await fleet.runs.report(held.id)?.status == .pending)

            try await under.control.resume(.tenant("held"), by: under.mandate)
            _ = try await fleet.runs.result(of: held.id, as: FiveSteps.self, upTo: .seconds(30))
        }

        #expect(effects.calls == 10)
    }
}

@Suite("Starts that look at what is there, from business transactions")
struct ControlDoorTests {
    /// A role of a business, which may use the schema and nothing in it.
    private func business(_ fleet: FleetUnderTest) async throws -> PostgresPool {
        let role = "face_\(UUID().uuidString.prefix(8).lowercased())"
        try await fleet.superuser("create role \(role) login nosuperuser nobypassrls")
        try await fleet.superuser("grant usage on schema engine to \(role)")
        try await fleet.superuser(
            """
            create or replace function engine.may_act_for(any_tenant text) returns boolean language sql stable
            as $$ select any_tenant = nullif(current_setting('cartflux.tenant', true), '') $$
            """)
        var configuration = fleet.configuration.database
        configuration.user = role
        return PostgresPool(configuration, size: 2, logger: fleet.logger)
    }

    @Test("both are open to a role that may touch no table, for the tenant of its transaction alone")
    func doors() async throws {
        let fleet = try await FleetUnderTest.shared()
        let pool = try await business(fleet)

        let (single, debounced) = try await pool.withTransaction { tx in
            _ = try await tx.execute("select set_config('cartflux.tenant', 't', true)")
            return (
                try await fleet.runs.startSingle(Napping.self, 1, key: "k", for: "t", in: tx),
                try await fleet.runs.startDebounced(
                    Napping.self, 1, key: "k", for: "t", quiet: .seconds(5), longest: .seconds(9), in: tx)
            )
        }
        for tenant in ["t", ""] {
            await #expect(throws: PostgresError.self) {
                try await pool.withTransaction { tx in
                    _ = try await tx.execute("select set_config('cartflux.tenant', \(tenant), true)")
                    _ = try await fleet.runs.startSingle(Napping.self, 1, key: "k", for: "u", in: tx)
                }
            }
            await #expect(throws: PostgresError.self) {
                try await pool.withTransaction { tx in
                    _ = try await tx.execute("select set_config('cartflux.tenant', \(tenant), true)")
                    _ = try await fleet.runs.startDebounced(
                        Napping.self, 1, key: "k", for: "u", quiet: .seconds(5), longest: .seconds(9),
                        in: tx)
                }
            }
        }
        await #expect(throws: PostgresError.self) {
            _ = try await pool.execute("select 1 from engine.run")
        }
        await pool.shutdown()

        let rows = try await fleet.pool.execute("select id from engine.run order by id").rows
        let started = try rows.map { RunID(rawValue: try $0.decode(0, as: UUID.self)) }
        #expect(Set(started) == [single.id, debounced.id])
    }

    @Test("a start in a transaction that fails is not there")
    func rolledBack() async throws {
        struct Undone: Error {}
        let fleet = try await FleetUnderTest.shared()

        await #expect(throws: Undone.self) {
            try await fleet.pool.withTransaction { tx in
                _ = try await fleet.runs.startSingle(Napping.self, 1, key: "k", for: "t", in: tx)
                throw Undone()
            }
        }

        #expect(try await fleet.pool.execute("select 1 from engine.run").first == nil)
    }
}
