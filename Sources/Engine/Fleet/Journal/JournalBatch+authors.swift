// The parts of a batch that long steps and sagas write: what a step has done so far, and the request to a
// child to stop.

import Durable
import Foundation
import Postgres

struct DetailColumns {
    var runs: [UUID] = []
    var epochs: [Int64] = []
    var names: [String] = []
    var items: [String] = []
    var attempts: [Int32] = []
    var details: [JSONB] = []

    mutating func add(_ key: StepKey, attempt: Int, _ detail: Payload, _ lease: Lease) {
        runs.append(lease.run.rawValue)
        epochs.append(lease.epoch)
        names.append(key.name)
        items.append(key.item)
        attempts.append(Int32(clamping: attempt))
        details.append(detail.jsonb)
    }
}

struct ChildCancelColumns {
    var runs: [UUID] = []
    var epochs: [Int64] = []
    var children: [UUID] = []
    var reasons: [String] = []

    mutating func add(_ child: RunID, reason: String, _ lease: Lease) {
        runs.append(lease.run.rawValue)
        epochs.append(lease.epoch)
        children.append(child.rawValue)
        reasons.append(reason)
    }
}

extension JournalBatch {
    func detailParts() -> [BatchPart] {
        var columns = DetailColumns()
        let places = places { entry, lease in
            guard case .detail(let key, let attempt, let detail) = entry else { return false }
            columns.add(key, attempt: attempt, detail, lease)
            return true
        }
        return places.isEmpty ? [] : [fencedPart(JournalStatements.details(columns), places)]
    }

    /// Two statements: who was fenced, and which children are ready to stop.
    func cancelParts() -> [BatchPart] {
        var columns = ChildCancelColumns()
        let places = places { entry, lease in
            guard case .cancelChild(let child, let reason) = entry else { return false }
            columns.add(child, reason: reason, lease)
            return true
        }
        guard !places.isEmpty else { return [] }
        return [
            fencedPart(JournalStatements.fenced(runs: columns.runs, epochs: columns.epochs), places),
            BatchPart(query: JournalStatements.cancelChildren(columns), read: readReady),
        ]
    }
}

extension JournalStatements {
    /// Keeps the last detail of each step. Answers the ordinals that were fenced.
    static func details(_ batch: DetailColumns) -> Query {
        """
        with inp as materialized (
            select * from unnest(\(batch.runs), \(batch.epochs), \(batch.names), \(batch.items),
                \(batch.attempts), \(batch.details))
                with ordinality as t(run, epoch, name, item, attempt, detail, ord)),
        own as materialized (
            select i.ord from inp i
            join engine.run r on r.id = i.run and r.epoch = i.epoch and r.status = 'running'),
        kept as (
            insert into engine.step_detail (run, name, item, attempt, detail)
            select distinct on (i.run, i.name, i.item) i.run, i.name, i.item, i.attempt, i.detail
            from inp i join own using (ord) order by i.run, i.name, i.item, i.ord desc
            on conflict (run, name, item) do update
                set attempt = excluded.attempt, detail = excluded.detail, at = clock_timestamp())
        select i.ord from inp i left join own o using (ord) where o.ord is null
        """
    }

    static func details(of runs: [UUID]) -> Query {
        """
        select d.run, d.name, d.item, d.detail
        from unnest(\(runs)) as i(run) cross join lateral (
            select * from engine.step_detail d where d.run = i.run offset 0) d
        """
    }

    /// The ordinals of those who do not own their run.
    static func fenced(runs: [UUID], epochs: [Int64]) -> Query {
        """
        select i.ord from unnest(\(runs), \(epochs)) with ordinality as i(run, epoch, ord)
        where not exists (
            select 1 from engine.run r where r.id = i.run and r.epoch = i.epoch and r.status = 'running')
        """
    }

    /// Asks live children to stop and undo; sleeping ones wake for it, and one that is about to sleep finds
    /// mail that it has not seen. Answers whom it reached, and whether they are ready.
    static func cancelChildren(_ batch: ChildCancelColumns) -> Query {
        """
        update engine.run c set cancel_reason = i.reason, mail = c.mail + 1,
            status = case when c.status = 'waiting' then 'pending' else c.status end,
            wake_at = case when c.status = 'waiting' then null else c.wake_at end,
            ready_at = clock_timestamp()
        from unnest(\(batch.runs), \(batch.epochs), \(batch.children), \(batch.reasons))
            as i(run, epoch, child, reason)
        join engine.run r on r.id = i.run and r.epoch = i.epoch and r.status = 'running'
        where c.id = i.child and c.parent = i.run and c.cancel_reason is null
        returning c.id, c.status = 'pending', c.tenant, c.queue, c.priority, c.workflow
        """
    }
}
