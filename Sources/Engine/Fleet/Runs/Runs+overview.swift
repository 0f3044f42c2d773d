// What operators look at beyond the census: what failures have in common, and which runs belong together.
// Every question is bounded, because it is asked by a page that people reload while the fleet is in trouble.

import Durable
import Foundation
import Postgres

/// Failures of one cause.
public struct CauseLine: Sendable {
    public let fingerprint: String
    public let code: String
    public let step: String?
    /// Of the latest run; what is sealed stays sealed.
    public let message: String
    public let workflows: [String]
    public let count: Int
    public let lastHour: Int
    public let tenants: Int
    public let firstSeen: Date
    public let lastSeen: Date
    /// The latest run of this cause.
    public let example: RunID
}

extension Runs {
    /// The most failed runs of each status that one look at causes reads.
    private static let causeScan = 5_000

    /// What failures since `instant` have in common, the most frequent first, up to 100 causes. Looks at the
    /// latest 5,000 runs of each way to fail.
    public func causes(since instant: Date) async throws -> [CauseLine] {
        try await pool.execute(
            """
            select f.error ->> 'fingerprint', min(f.error ->> 'code'), min(f.error ->> 'step'),
                (array_agg(f.error ->> 'message' order by f.id desc))[1], array_agg(distinct f.workflow),
                count(*), count(*) filter (where f.ended_at > clock_timestamp() - interval '1 hour'),
                count(distinct f.tenant), min(f.ended_at), max(f.ended_at),
                (array_agg(f.id order by f.id desc))[1]
            from unnest(array['failed', 'poisoned', 'needs_attention']) s(status)
            cross join lateral (
                select h.id, h.tenant, h.workflow, h.error, h.ended_at from engine.run_history h
                where h.status = s.status and h.status <> 'succeeded' and h.error is not null
                    and h.id >= engine.first_id(\(instant))
                order by h.id desc limit \(Self.causeScan)) f
            where f.error ->> 'fingerprint' is not null
            group by 1 order by count(*) desc, max(f.ended_at) desc limit 100
            """
        ).rows.map { try CauseLine($0) }
    }

    /// The runs with these ids, those of one tenant that were started with these keys, and everything that
    /// descends from them: up to 200, oldest first. Sealed words are not opened here.
    public func family(of roots: [RunID], startedWith keys: [String], for tenant: Tenant) async throws
        -> [RunLine]
    {
        let ids = roots.map(\.rawValue)
        return try await pool.execute(
            """
            with recursive family (id, depth) as (
                select root.id, 0 from (
                    select unnest(\(ids)) as id
                    union select k.run from engine.run_key k
                    where k.tenant = \(tenant.rawValue) and k.key = any(\(keys))) root
                union
                select child.id, f.depth + 1 from family f cross join lateral (
                    select id from engine.run where parent = f.id
                    union all select id from engine.run_history where parent = f.id) child
                where f.depth < 8)
            select id, tenant, workflow, version, status, created_at, wait_reason, null::jsonb
            from engine.run where id in (select id from family)
            union all
            select id, tenant, workflow, version, status, created_at, null, error
            from engine.run_history where id in (select id from family)
            order by 1 limit 200
            """
        ).rows.map { try RunLine($0).opened(by: .unasked) }
    }
}

extension Runs {
    /// The run itself and those that it descends from, the nearest first, up to eight generations.
    public func ancestors(of run: RunID) async throws -> [RunID] {
        try await pool.execute(
            """
            with recursive line (id, parent, depth) as (
                select id, parent, 0 from (
                    select id, parent from engine.run where id = \(run.rawValue)
                    union all select id, parent from engine.run_history where id = \(run.rawValue)) r
                union all
                select above.id, above.parent, l.depth + 1 from line l cross join lateral (
                    select id, parent from engine.run where id = l.parent
                    union all select id, parent from engine.run_history where id = l.parent) above
                where l.depth < 8)
            select id from line order by depth
            """
        ).rows.map { RunID(rawValue: try $0.decode(0, as: UUID.self)) }
    }
}

extension CauseLine {
    init(_ row: Row) throws {
        let example = RunID(rawValue: try row.decode(10, as: UUID.self))
        fingerprint = try row.decode(0)
        code = try row.decode(1)
        step = try row.decode(2)
        message = RecordOpener.unasked.words(
            try row.decode(3, as: String?.self) ?? "", at: SealedPlace(run: example, role: .error))
        workflows = try row.decode(4)
        count = Int(try row.decode(5, as: Int64.self))
        lastHour = Int(try row.decode(6, as: Int64.self))
        tenants = Int(try row.decode(7, as: Int64.self))
        firstSeen = try row.decode(8)
        lastSeen = try row.decode(9)
        self.example = example
    }
}
