import Durable
import Foundation
import Postgres

extension JournalStatements {
    /// Takes ownership of ready runs, or of those whose timer is due, under a higher epoch. Names that this
    /// worker does not know are left untouched. A run that is this worker's already was claimed by a batch
    /// whose answer got lost.
    static func claim(
        _ ids: [UUID], in queue: String, by worker: UUID, knowing workflows: [String], from: [Int32],
        to: [Int32], masters: [String]
    )
        -> Query
    {
        """
        with picked as materialized (
            select r.id from engine.run r
            where r.id = any(\(ids)) and r.queue = \(queue)
              and (r.status = 'pending'
                   or r.status = 'running' and r.worker = \(worker)
                   or r.status = 'waiting' and r.wake_at <= clock_timestamp() + interval '20 milliseconds')
              and exists (
                select 1 from unnest(\(workflows), \(from), \(to)) as known(workflow, low, high)
                where known.workflow = r.workflow and r.version between known.low and known.high)
              and (r.subject_key is null or exists (
                select 1 from engine.subject_key k where k.id = r.subject_key
                    and (k.sealed is null or k.master = any(\(masters)))))
            order by r.id for no key update skip locked)
        update engine.run r set status = 'running', epoch = r.epoch + 1, worker = \(worker), wake_at = null,
            claimed_at = clock_timestamp()
        from picked p where r.id = p.id
        returning r.id, r.epoch, r.tenant, r.workflow, r.version, r.input, r.created_at, r.mail,
            r.cancel_reason,
            r.trace, r.parent, r.reply, r.subject_key,
            case when r.subject_key is not null then (
                select k.sealed from engine.subject_key k where k.id = r.subject_key) end
        """
    }

    /// Gives back what a claim granted without the worker hearing of it. Nothing of these runs is under way.
    static func handBack(_ runs: [UUID], of worker: UUID) -> Query {
        """
        update engine.run set status = 'pending', epoch = epoch + 1, worker = null, claimed_at = null,
            ready_at = clock_timestamp()
        where id in (
            select id from engine.run where id = any(\(runs)) and worker = \(worker) and status = 'running'
            order by id for no key update)
        returning id, tenant, queue, priority, workflow
        """
    }

    /// Gives back what this worker owns besides `held` and has owned for longer than `age`.
    static func handBackStrays(besides held: [UUID], of worker: UUID, ownedFor age: Duration) -> Query {
        """
        update engine.run set status = 'pending', epoch = epoch + 1, worker = null, claimed_at = null,
            ready_at = clock_timestamp()
        where id in (
            select id from engine.run
            where worker = \(worker) and status = 'running' and not id = any(\(held))
              and claimed_at < clock_timestamp() - make_interval(secs => \(age.seconds))
            order by id for no key update)
        returning id, tenant, queue, priority, workflow
        """
    }

    static func steps(of runs: [UUID]) -> Query {
        """
        select s.run, s.name, s.item, s.attempt, s.failed, s.output, s.started_at
        from unnest(\(runs)) as i(run) cross join lateral (
            select * from engine.step s where s.run = i.run offset 0) s
        """
    }

    static func attempts(of runs: [UUID]) -> Query {
        """
        select a.run, a.name, a.item, a.number, a.counts, a.error, a.started_at, a.next_at
        from unnest(\(runs)) as i(run) cross join lateral (
            select * from engine.attempt a where a.run = i.run offset 0) a
        """
    }

    static func intents(of runs: [UUID]) -> Query {
        """
        select t.run, t.name, t.item
        from unnest(\(runs)) as i(run) cross join lateral (
            select * from engine.intent t where t.run = i.run offset 0) t
        """
    }

    static func mailboxes(of runs: [UUID]) -> Query {
        """
        select s.run, s.id, s.name, s.payload, s.once
        from unnest(\(runs)) as i(run) join engine.signal s on s.run = i.run and s.taken_at is null
        order by s.run, s.id
        """
    }

    static func register(_ worker: WorkerIdentity, lease: Duration) -> Query {
        """
        insert into engine.worker (id, host, process, queue, workflows, lowest, highest, slots, lease_until)
        values (\(worker.id), \(worker.host), \(worker.process), \(worker.queue), \(worker.workflows),
            \(worker.lowestVersions), \(worker.highestVersions), \(worker.slots),
            clock_timestamp() + make_interval(secs => \(lease.seconds)))
        on conflict (id) do update set lease_until = excluded.lease_until
        """
    }

    static func handBackAll(of worker: UUID) -> Query {
        """
        update engine.run set status = 'pending', epoch = epoch + 1, worker = null, claimed_at = null,
            ready_at = clock_timestamp()
        where id in (
            select id from engine.run where worker = \(worker) and status = 'running'
            order by id for no key update)
        returning id, tenant, queue, priority, workflow
        """
    }

    /// Renews the lease on everything this worker holds. Answers nothing where the worker was given up.
    static func heartbeat(_ worker: UUID, lease: Duration, isDraining: Bool) -> Query {
        """
        update engine.worker set draining = \(isDraining),
            lease_until = clock_timestamp() + make_interval(secs => \(lease.seconds))
        where id = \(worker) and lease_until > clock_timestamp() returning id
        """
    }
}
