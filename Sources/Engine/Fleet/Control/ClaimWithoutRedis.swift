// Claims while the dispatcher is away. Postgres itself then holds pauses and caps: one claimant of a queue at
// a time counts what is running and takes what fits, in the same transaction, so that two workers can never
// fill the same room. The order is round robin among tenants by weight, then priority, then age. Slower than
// Redis by far, and it need not be fast.

import Durable
import Foundation
import Postgres

enum ClaimWithoutRedis {
    /// Takes up to `limit` ready runs for `worker`; it owns them when this returns, and claims them once more
    /// to load them.
    static func claim(upTo limit: Int, for worker: WorkerIdentity, from pool: PostgresPool) async throws
        -> [RunID]
    {
        try await pool.withTransaction { tx in
            _ = try await tx.execute(lock(worker.queue))
            let candidates = try await tx.execute(
                ready(upTo: limit, in: worker.queue, knowing: worker.workflows))
            let ids = try candidates.rows.map { try $0.decode(0, as: UUID.self) }
            guard !ids.isEmpty else { return [] }
            let owned = try await tx.execute(
                JournalStatements.claim(
                    ids, in: worker.queue, by: worker.id, knowing: worker.workflows,
                    from: worker.lowestVersions, to: worker.highestVersions, masters: worker.masters))
            return try owned.rows.map { RunID(rawValue: try $0.decode(0, as: UUID.self)) }
        }
    }

    private static func lock(_ queue: String) -> Query {
        "select pg_advisory_xact_lock(hashtext('engine.claim_without_redis:' || \(queue)))"
    }

    /// Ready runs and due timers that no pause and no cap holds back.
    private static func ready(upTo limit: Int, in queue: String, knowing workflows: [String]) -> Query {
        """
        with busy as materialized (
            select tenant, workflow, count(*) as many from engine.run
            where status = 'running' and queue = \(queue) group by tenant, workflow),
        tenants as (
            select p.tenant, p.weight, p.paused,
                p.cap - coalesce((select sum(many) from busy b where b.tenant = p.tenant), 0) as room
            from engine.tenant_policy p),
        workflows as (
            select p.workflow, p.paused,
                p.cap - coalesce((select sum(many) from busy b where b.workflow = p.workflow), 0) as room
            from engine.workflow_policy p),
        waiting as (
            select r.id, r.workflow, r.priority, coalesce(t.weight, 1) as weight, t.room as tenant_room,
                w.room as workflow_room,
                row_number() over (partition by r.tenant order by r.priority desc, r.id) as turn
            from engine.run r
            left join tenants t on t.tenant = r.tenant
            left join workflows w on w.workflow = r.workflow
            where r.queue = \(queue) and r.workflow = any(\(workflows))
              and (r.status = 'pending' or r.status = 'waiting' and r.wake_at <= clock_timestamp())
              and not coalesce(t.paused, false) and not coalesce(w.paused, false)
              and coalesce(w.room, 1) > 0
              and not exists (select 1 from engine.queue_policy q where q.queue = \(queue) and q.paused)),
        allowed as (
            select *, row_number() over (partition by workflow order by turn / weight, priority desc, id)
                as place
            from waiting where tenant_room is null or turn <= tenant_room)
        select id from allowed where workflow_room is null or place <= workflow_room
        order by turn / weight, priority desc, id limit \(limit)
        """
    }
}
