// How many runs stand where, and how long the oldest have. Every question is bounded, because it is asked by
// a page that people reload while the fleet is in trouble: a scan stops where its answer is only "very many".
// Ids are compared with the statement's instant and not with `clock_timestamp()`: that one is another at
// every row, so no index would help, and a table of a million runs would be read from its beginning.

import Durable
import Foundation
import Postgres

/// Where the fleet's runs stand just now.
public struct FleetCensus: Sendable {
    /// So many runs in one status, and for sleeping ones, asleep for one reason.
    public struct Standing: Sendable, Hashable {
        public let status: RunStatus
        public let wait: WaitReason.Kind?
        public let count: Int
    }

    /// The live runs. Counted up to `scanLimit`; `isWhole` says whether that was all of them.
    public let live: [Standing]
    public let isWhole: Bool
    /// Ended otherwise than well, among the runs that were accepted in the last 24 hours.
    public let endedToday: [(status: RunStatus, count: BoundedCount)]
    /// Waiting for a person, however old.
    public let aside: BoundedCount
    public let acceptedLastMinute: BoundedCount
    /// How long the oldest ready run has been ready; nil where none is.
    public let oldestReady: Duration?
    /// How long the oldest step that is under way, or is tried again and again, has not come to its end; nil
    /// where there is none. Looks at the hundred runs of each kind that have stood longest.
    public let oldestStep: Duration?
    /// What 95 of 100 steps took at most; nil where no step ended in the last 24 hours. Looks at the steps of
    /// the latest thousand runs, waits left out.
    public let stepLatency: Duration?

    static let scanLimit = 50_000

    /// How many runs stand so, whatever they wait for where no reason is given.
    public func count(_ status: RunStatus, _ wait: WaitReason.Kind? = nil) -> Int {
        live.filter { $0.status == status && (wait == nil || $0.wait == wait) }.reduce(0) { $0 + $1.count }
    }
}

/// A live run that was found to be nowhere, or in two places, and still is.
public struct InvariantLine: Sendable {
    public let run: RunID
    public let kind: String
    public let detail: String
    public let firstSeen: Date
}

extension Runs {
    /// Counts the fleet. Bounded, and cheap enough for a page.
    public func census() async throws -> FleetCensus { try await FleetCensus.take(pool) }

    /// What the scanner found and still stands, the latest first, up to 50.
    public func findings() async throws -> [InvariantLine] {
        try await pool.execute(
            """
            select run, kind, detail, first_seen from engine.finding
            where resolved_at is null order by last_seen desc limit 50
            """
        ).rows.map { row in
            InvariantLine(
                run: RunID(rawValue: try row.decode(0, as: UUID.self)), kind: try row.decode(1),
                detail: try row.decode(2), firstSeen: try row.decode(3))
        }
    }
}

extension FleetCensus {
    static func take(_ pool: PostgresPool) async throws -> FleetCensus {
        try FleetCensus(
            try await pool.pipeline([
                standings, endedBadly, setAside, readiness, accepted, oldestStep, latency,
            ]))
    }

    private static let standings: Query = """
        select status, wait_reason ->> 'kind', count(*)
        from (select status, wait_reason from engine.run limit \(scanLimit + 1)) r
        group by 1, 2 order by 1, 2
        """

    static let endedBadly: Query = """
        select s.status, (select count(*) from (
            select 1 from engine.run_history h
            where h.status = s.status and h.status <> 'succeeded'
                and h.id >= engine.first_id(statement_timestamp() - interval '24 hours')
            limit \(BoundedCount.limit + 1)) c)
        from unnest(array['failed', 'cancelled', 'poisoned', 'needs_attention']) s(status)
        """

    private static let setAside: Query = """
        select count(*) from (
            select 1 from engine.run_history h
            where h.status = any('{poisoned,needs_attention}') and h.status <> 'succeeded'
            limit \(BoundedCount.limit + 1)) c
        """

    static let accepted: Query = """
        select count(*) from (
            (select 1 from engine.run
             where id >= engine.first_id(statement_timestamp() - interval '1 minute')
             limit \(BoundedCount.limit + 1))
            union all
            (select 1 from engine.run_history
             where id >= engine.first_id(statement_timestamp() - interval '1 minute')
             limit \(BoundedCount.limit + 1))) c
        """

    private static let readiness: Query = """
        select extract(epoch from clock_timestamp() - min(ready_at))::float8
        from engine.run where status = 'pending'
        """

    /// A running run does one step after the other, so the one that is under way began when the last one
    /// ended. What is tried again began with its first attempt.
    private static let oldestStep: Query = """
        select extract(epoch from clock_timestamp() - min(began))::float8 from (
            select greatest(r.claimed_at, (select max(s.ended_at) from engine.step s where s.run = r.id))
                as began
            from (select id, claimed_at from engine.run where status = 'running'
                order by claimed_at limit 100) r
            union all
            select (select min(a.started_at) from engine.attempt a where a.run = r.id and not exists (
                select 1 from engine.step s where s.run = a.run and s.name = a.name and s.item = a.item))
            from (select id from engine.run where status = 'waiting' and wait_reason ->> 'kind' = 'retry'
                order by id limit 100) r) steps
        """

    private static let latency: Query = """
        select percentile_cont(0.95) within group (order by extract(epoch from s.ended_at - s.started_at))
        from ((select id from engine.run order by id desc limit 300)
            union all (select id from engine.run_history order by id desc limit 700)) r
        cross join lateral (
            select started_at, ended_at from engine.step s
            where s.run = r.id and s.ended_at > statement_timestamp() - interval '24 hours'
                and s.name not like 'wait:%' and s.name not like 'sleep:%' limit 20) s
        """

    private init(_ results: [ResultSet]) throws {
        live = try results[0].rows.map { row in
            Standing(
                status: RunStatus(rawValue: try row.decode(0, as: String.self)) ?? .pending,
                wait: try row.decode(1, as: String?.self).flatMap { WaitReason.Kind(rawValue: $0) },
                count: Int(try row.decode(2, as: Int64.self)))
        }
        isWhole = live.reduce(0) { $0 + $1.count } <= Self.scanLimit
        endedToday = try results[1].rows.map { row in
            (
                RunStatus(rawValue: try row.decode(0, as: String.self)) ?? .failed,
                BoundedCount(atLeast: Int(try row.decode(1, as: Int64.self)))
            )
        }
        func count(_ place: Int) throws -> BoundedCount {
            BoundedCount(atLeast: Int(try results[place].rows[0].decode(0, as: Int64.self)))
        }
        func seconds(_ place: Int) throws -> Duration? {
            try results[place].rows[0].decode(0, as: Double?.self).map { .seconds($0) }
        }
        aside = try count(2)
        oldestReady = try seconds(3)
        acceptedLastMinute = try count(4)
        oldestStep = try seconds(5)
        stepLatency = try seconds(6)
    }
}
