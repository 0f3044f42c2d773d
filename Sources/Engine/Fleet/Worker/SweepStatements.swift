import Durable
import Foundation
import Postgres

enum SweepStatements {
    /// Three unclean ends of workers under a run without a new step in between, and it is set aside.
    static let takeoverLimit: Int32 = 3

    /// One sweep at a time in the whole fleet; the lock goes with the transaction.
    static let lock: Query = "select pg_try_advisory_xact_lock(hashtext('engine.sweep'))"

    /// A row that somebody holds must not stop the sweep of the whole fleet.
    static let lockPatience: Query = "set local lock_timeout = '2s'"

    /// Locked, so that a late heartbeat cannot revive a lease whose runs are being given away.
    static let expiredWorkers: Query = """
        select id, host, process from engine.worker where lease_until < clock_timestamp()
        for update skip locked
        """

    /// Takes the runs of dead workers away from them. A run that has recorded a step since its last takeover,
    /// or a long step that said how far it is, starts counting anew. One that is to be set aside stays as
    /// running and has no owner until that is done, so that nobody is given it.
    static func rescue(from workers: [UUID]) -> Query {
        """
        with lost as materialized (
            select r.id, r.steps_seen, r.takeovers,
                (select count(*) from engine.step s where s.run = r.id)::integer as steps,
                exists (select 1 from engine.step_detail d where d.run = r.id and d.at > r.claimed_at) as beat
            from engine.run r
            where r.status = 'running'
              and (r.worker = any(\(workers))
                   or not exists (select 1 from engine.worker w where w.id = r.worker))
            order by r.id for no key update of r skip locked),
        judged as (
            select id, steps, case when steps > steps_seen or beat then 1
                else least(takeovers + 1, 1000) end as deaths
            from lost)
        update engine.run r set epoch = r.epoch + 1, worker = null, claimed_at = null,
            status = case when j.deaths < \(takeoverLimit) then 'pending' else r.status end,
            ready_at = clock_timestamp(), steps_seen = j.steps, takeovers = j.deaths
        from judged j where r.id = j.id
        returning r.id, r.takeovers, r.tenant, r.queue, r.priority, r.workflow, r.epoch
        """
    }

    static func forget(_ workers: [UUID]) -> Query {
        """
        delete from engine.worker w where w.id = any(\(workers)) and w.lease_until < clock_timestamp()
            and not exists (select 1 from engine.run r where r.worker = w.id and r.status = 'running')
        """
    }

    /// Every poisoned run has the same cause as far as the engine can tell.
    private static let poisonFingerprint = Fingerprint(
        step: nil, code: "poisoned",
        message: "3 workers in a row died while they ran it, without a step recorded in between"
    ).rawValue

    /// Sets a run aside that took down worker after worker, with the evidence, unless it has moved since.
    static func poison(_ run: Lease) -> Query {
        """
        with gone as (
            delete from engine.run r
            where r.id = \(run.run.rawValue) and r.epoch = \(run.epoch) and r.status = 'running'
            returning r.*),
        emptied as (delete from engine.signal s using gone g where g.mail > 0 and s.run = g.id),
        kept as (
        insert into engine.run_history (id, tenant, workflow, version, status, epoch, parent, labels, trace,
            progress, queue, priority, reply, cancel_reason, mailbox, input, subject_key, error,
            created_at)
        select id, tenant, workflow, version, 'poisoned', epoch, parent, labels, trace, progress, queue,
            priority, reply, cancel_reason, case when mail > 0 then engine.mailbox_of(id) end, input,
            subject_key, jsonb_build_object('code', 'poisoned', 'owner', 'operator',
                'fingerprint', \(poisonFingerprint)::text, 'message',
                format('%s workers in a row died while they ran it, without a step recorded in between',
                    takeovers)),
            created_at
        from gone)
        select epoch, parent, reply from gone
        """
    }

    /// Sleeping runs whose time came more than `grace` ago: Redis must have lost their timers.
    static func overdue(by grace: Duration, in queue: String, limit: Int) -> Query {
        """
        select id, tenant, queue, priority, workflow from engine.run
        where wake_at < clock_timestamp() - make_interval(secs => \(grace.seconds)) and status = 'waiting'
          and queue = \(queue)
        order by wake_at limit \(limit)
        """
    }

    /// Ready runs, in pages by id, that have been ready for longer than `age`.
    static func pending(after id: UUID, olderThan age: Duration, in queue: String, limit: Int) -> Query {
        """
        select id, tenant, queue, priority, workflow from engine.run
        where id > \(id) and status = 'pending' and queue = \(queue)
          and ready_at <= clock_timestamp() - make_interval(secs => \(age.seconds))
        order by id limit \(limit)
        """
    }

    /// Timers to queue again after Redis lost its data.
    static func timers(after id: UUID, in queue: String, limit: Int) -> Query {
        """
        select id, tenant, queue, priority, wake_at, workflow from engine.run
        where id > \(id) and status = 'waiting' and queue = \(queue) and wake_at is not null
        order by id limit \(limit)
        """
    }

    static let ensurePartitions: Query = "select engine.ensure_partitions(4)"
}
