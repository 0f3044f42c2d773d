// The bench's own look at Postgres, beside the engine. What it asks while the engine is measured runs inside
// one open transaction: its questions add no commits to the count, and at this isolation level pin no
// snapshot either.

import Durable
import Fleet
import Foundation
import Postgres

/// What the server has counted so far.
struct ServerCounters: Sendable {
    var commits: Double
    var walBytes: Double
    /// Row versions that an update or a delete left behind, whether or not they have been cleaned up since.
    var deadTuples: Double

    static func - (one: ServerCounters, other: ServerCounters) -> ServerCounters {
        ServerCounters(
            commits: one.commits - other.commits, walBytes: one.walBytes - other.walBytes,
            deadTuples: one.deadTuples - other.deadTuples)
    }
}

struct BenchDatabase: Sendable {
    let connection: PostgresConnection

    private static let workerPatience: Duration = .seconds(20)
    private static let drainPatience: Duration = .seconds(300)
    private static let sessionPatience: Duration = .seconds(15)

    static func open(_ servers: BenchServers) async throws -> BenchDatabase {
        let database = BenchDatabase(connection: try await .connect(servers.owner))
        let foreign = try await database.value(
            """
            select exists (select from engine.run where tenant not like \(BenchServers.tenants))
                or exists (
                    select from engine.run_history where tenant not like \(BenchServers.tenants))
            """, as: Bool.self)
        guard !foreign else {
            await database.close()
            throw BenchError.foreignRuns
        }
        return database
    }

    func close() async { await connection.close() }

    /// Empties what the bench writes to, and starts each measurement at a checkpoint.
    func reset() async throws {
        _ = try await connection.execute(
            """
            truncate engine.run, engine.run_key, engine.signal, engine.run_history, engine.step,
                engine.attempt, engine.intent
            """)
        _ = try await connection.execute("checkpoint")
    }

    /// Backends hand in what they counted when they end, so this waits until the bench's own are gone.
    func counters() async throws -> ServerCounters {
        let deadline = ContinuousClock.now + Self.sessionPatience
        while ContinuousClock.now < deadline, try await value(Self.otherSessions, as: Int.self) > 0 {
            try await Task.sleep(for: .milliseconds(20))
        }
        let row = try await connection.execute(
            """
            select (select xact_commit from pg_stat_database where datname = current_database())::float8,
                pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8,
                (select coalesce(sum(n_tup_upd + n_tup_del), 0) from pg_stat_user_tables
                    where schemaname = 'engine')::float8
            """
        ).first
        return ServerCounters(
            commits: try row?.decode(0, as: Double.self) ?? 0,
            walBytes: try row?.decode(1, as: Double.self) ?? 0,
            deadTuples: try row?.decode(2, as: Double.self) ?? 0)
    }

    private static let otherSessions: Query = """
        select count(*) from pg_stat_activity
        where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
        """

    func waitForWorker(_ process: Int32) async throws {
        let isThere = try await poll(upTo: Self.workerPatience, every: .milliseconds(5)) {
            try await value(
                "select exists (select from engine.worker where process = \(process))", as: Bool.self)
        }
        guard isThere else { throw BenchError.noWorker(process) }
    }

    /// Returns when no run is alive any more.
    func waitUntilDrained() async throws {
        // Each look goes over what has ended and is not vacuumed yet, and so takes from what is measured.
        let isDrained = try await poll(upTo: Self.drainPatience, every: .milliseconds(50)) {
            try await value("select not exists (select from engine.run)", as: Bool.self)
        }
        guard !isDrained else { return }
        throw BenchError.stuck(
            live: try await value("select count(*) from engine.run", as: Int.self), Self.drainPatience)
    }

    func poll(
        upTo limit: Duration, every pause: Duration, _ isDone: () async throws -> Bool
    ) async throws -> Bool {
        _ = try await connection.execute("begin")
        let deadline = ContinuousClock.now + limit
        var done = try await isDone()
        while !done, ContinuousClock.now < deadline {
            try await Task.sleep(for: pause)
            done = try await isDone()
        }
        _ = try await connection.execute("commit")
        return done
    }

    /// From the worker's start to the end of the last run, by the clock of the server.
    func drainSeconds(of process: Int32) async throws -> Double {
        try await value(
            """
            select extract(epoch from (select max(ended_at) from engine.run_history)
                - (select started_at from engine.worker where process = \(process)))::float8
            """, as: Double.self)
    }

    /// Empties the live side only, so that what is finished stays in the way.
    func forgetLiveRuns() async throws {
        _ = try await connection.execute("truncate engine.run, engine.run_key, engine.signal")
    }

    /// Writes finished runs of five steps each, all of this week, without the engine.
    func fillHistory(runs: Int) async throws {
        _ = try await connection.execute(
            """
            with made as (
                insert into engine.run_history
                    (id, tenant, workflow, version, status, epoch, input, output, created_at)
                select overlay(gen_random_uuid()::text placing
                        left(engine.first_id(clock_timestamp())::text, 14) || '7' from 1 for 15)::uuid,
                    \(BenchServers.tenant), \(FiveStepBench.name.rawValue), 1, 'succeeded', 1, '0', '{}',
                    clock_timestamp()
                from generate_series(1, \(runs)) returning id)
            insert into engine.step (run, name, item, epoch, attempt, failed, output, started_at)
            select id, 'step' || n, '', 1, 1, false, to_jsonb(\(FiveStepBench.result)::text),
                clock_timestamp()
            from made, generate_series(1, 5) as n
            """)
    }

    func historicSteps() async throws -> Int {
        try await value("select count(*) from engine.step", as: Int.self)
    }

    /// Makes the planner know what lies there, as autovacuum would in time.
    func analyze() async throws {
        _ = try await connection.execute("analyze engine.step, engine.run_history")
    }

    /// Ended runs by tenant, of the first `count` that ended.
    func endedByTenant(first count: Int) async throws -> [String: Int] {
        let rows = try await connection.execute(
            """
            select tenant, count(*) from
                (select tenant from engine.run_history order by ended_at limit \(count)) as first
            group by tenant
            """
        ).rows
        return try Dictionary(
            uniqueKeysWithValues: rows.map {
                (try $0.decode(0, as: String.self), try $0.decode(1, as: Int.self))
            })
    }

    func sleepingRuns() async throws -> Int {
        try await value("select count(*) from engine.run where status = 'waiting'", as: Int.self)
    }

    /// The server's processes: its first one and all that it has started.
    func serverProcesses() async throws -> [Int32] {
        let backend = try await value("select pg_backend_pid()", as: Int32.self)
        return try ProcessUsage.family(of: ProcessUsage.parent(of: backend))
    }

    func endedRuns() async throws -> Int {
        try await value("select count(*) from engine.run_history where status = 'succeeded'", as: Int.self)
    }

    /// What each finished probe of a workflow answered, of all tenants or those like a pattern.
    func probedNanoseconds(
        of workflow: WorkflowName = StartProbe.name, tenants: String = "%"
    ) async throws -> [Int] {
        try await connection.execute(
            """
            select (output #>> '{}')::bigint from engine.run_history
            where workflow = \(workflow.rawValue) and status = 'succeeded' and tenant like \(tenants)
            """
        ).rows.map { try $0.decode(0, as: Int.self) }
    }

    /// The settings that decide what a commit costs.
    func settings() async throws -> [String: String] {
        let rows = try await connection.execute(
            """
            select name, setting from pg_settings
            where name in
                ('server_version', 'fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers')
            """
        ).rows
        return try Dictionary(
            uniqueKeysWithValues: rows.map {
                (try $0.decode(0, as: String.self), try $0.decode(1, as: String.self))
            })
    }

    func value<Value: PostgresDecodable>(_ query: Query, as type: Value.Type) async throws -> Value {
        guard let row = try await connection.execute(query).first else {
            throw BenchError.unexpectedRows(query.text, wanted: 1, got: 0)
        }
        return try row.decode(0, as: type)
    }
}
