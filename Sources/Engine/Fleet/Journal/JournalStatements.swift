// The statements of the group commit. Rows are matched on (run, epoch): a write under an older epoch finds no
// row and lands nowhere. `clock_timestamp()` is the one clock of leases and timers.

import Durable
import Foundation
import Postgres

enum JournalStatements {
    /// Locks the runs of a batch in the order of their ids. That is the one order in which the engine locks
    /// live runs, whoever it is: a transaction that writes to several, such as a child's end and its
    /// parent's mailbox, first takes all of them by this statement or the one below, so that no two can wait
    /// for each other in a ring.
    static func lock(_ runs: [UUID]) -> Query {
        """
        select count(*) from (
            select 1 from engine.run where id = any(\(runs)) order by id for no key update) locked
        """
    }

    /// Locks a run and its parent, for whoever ends a child from outside.
    static func lockWithParent(_ run: RunID) -> Query {
        """
        select count(*) from (
            select 1 from engine.run
            where id = \(run.rawValue) or id = (select parent from engine.run where id = \(run.rawValue))
            order by id for no key update) locked
        """
    }

    /// Records steps, under a lock that keeps their runs' owner until the commit. Answers how many were
    /// inserted, once, or once for each run (id, epoch, reason) whose cancellation was asked for. As many as
    /// sent means that every one went well. A plain insert costs half of one that looks for conflicts, and a
    /// conflict is only to be expected where a batch is sent again.
    static func steps(_ batch: StepColumns, again isAgain: Bool) -> Query {
        let insert: Query = """
            with own as materialized (
                select r.id, r.epoch, r.cancel_reason from engine.run r
                where r.id = any(\(batch.runs)) and r.status = 'running'
                order by r.id for no key update),
            ins as (
                insert into engine.step (run, name, item, epoch, attempt, failed, output, started_at)
                select i.run, i.name, i.item, i.epoch, i.attempt, i.failed, i.output, i.started_at
                from unnest(\(batch.runs), \(batch.epochs), \(batch.names), \(batch.items), \(batch.attempts),
                    \(batch.failed), \(batch.outputs), \(batch.startedAt))
                    as i(run, epoch, name, item, attempt, failed, output, started_at)
                join own o on o.id = i.run and o.epoch = i.epoch
            """
        let answer: Query = """
             returning 1)
            select (select count(*) from ins), o.id, o.epoch, o.cancel_reason
            from (select) as once left join own o on o.cancel_reason is not null
            """
        return isAgain ? insert + " on conflict do nothing" + answer : insert + answer
    }

    /// The stored records of the steps of a batch, with the epoch that wrote each.
    static func storedSteps(runs: [UUID], names: [String], items: [String]) -> Query {
        """
        select i.ord, s.attempt, s.failed, s.output, s.started_at, s.epoch
        from unnest(\(runs), \(names), \(items)) with ordinality as i(run, name, item, ord)
        join engine.step s on s.run = i.run and s.name = i.name and s.item = i.item
        """
    }

    static func takeSignals(runs: [UUID], epochs: [Int64], ids: [Int64]) -> Query {
        """
        update engine.signal s set taken_at = clock_timestamp()
        from unnest(\(runs), \(epochs), \(ids)) as i(run, epoch, id)
        join engine.run r on r.id = i.run and r.epoch = i.epoch and r.status = 'running'
        where s.run = i.run and s.id = i.id
        """
    }

    /// Records failed attempts. Answers the ordinals that were fenced.
    static func attempts(_ batch: AttemptColumns) -> Query {
        """
        with inp as materialized (
            select * from unnest(\(batch.runs), \(batch.epochs), \(batch.names), \(batch.items),
                \(batch.numbers),
                \(batch.counts), \(batch.errors), \(batch.startedAt), \(batch.nextAt))
                with ordinality as t(run, epoch, name, item, number, counts, error, started_at, next_at,
                    ord)),
        own as materialized (
            select i.ord from inp i
            join engine.run r on r.id = i.run and r.epoch = i.epoch and r.status = 'running'),
        ins as (
            insert into engine.attempt (run, name, item, number, counts, error, started_at, next_at)
            select i.run, i.name, i.item, i.number, i.counts, i.error, i.started_at, i.next_at
            from inp i join own using (ord) on conflict do nothing)
        select i.ord from inp i left join own o using (ord) where o.ord is null
        """
    }

    /// Records intents. Answers the ordinals that were fenced.
    static func intents(runs: [UUID], epochs: [Int64], names: [String], items: [String], attempts: [Int32])
        -> Query
    {
        """
        with inp as materialized (
            select * from unnest(\(runs), \(epochs), \(names), \(items), \(attempts))
                with ordinality as t(run, epoch, name, item, attempt, ord)),
        own as materialized (
            select i.ord from inp i
            join engine.run r on r.id = i.run and r.epoch = i.epoch and r.status = 'running'),
        ins as (
            insert into engine.intent (run, name, item, attempt)
            select i.run, i.name, i.item, i.attempt from inp i join own using (ord) on conflict do nothing)
        select i.ord from inp i left join own o using (ord) where o.ord is null
        """
    }

    /// The last progress of each run. Answers the ordinals that were taken.
    static func progress(runs: [UUID], epochs: [Int64], values: [JSONB]) -> Query {
        """
        update engine.run r set progress = i.progress
        from unnest(\(runs), \(epochs), \(values)) with ordinality as i(run, epoch, progress, ord)
        where r.id = i.run and r.epoch = i.epoch and r.status = 'running'
        returning i.ord
        """
    }

    /// Puts runs to sleep, or makes them ready where mail or a cancellation came that they have not seen.
    static func suspend(_ batch: SuspendColumns) -> Query {
        """
        update engine.run r set
            status = case when r.mail > i.mail_seen or r.mail >= i.wake_mail
                    or r.cancel_reason is not null and not i.cancel_seen
                then 'pending' else 'waiting' end,
            wake_at = case when r.mail > i.mail_seen or r.mail >= i.wake_mail
                    or r.cancel_reason is not null and not i.cancel_seen
                then null else i.wake_at end,
            ready_at = clock_timestamp(), worker = null, claimed_at = null, wait_reason = i.reason,
            wake_mail = i.wake_mail, waiting_for = array(select jsonb_array_elements_text(i.signals))
        from unnest(\(batch.runs), \(batch.epochs), \(batch.wakeAt), \(batch.signals), \(batch.mailSeen),
            \(batch.wakeMail), \(batch.cancellationSeen), \(batch.reasons)) with ordinality
            as i(run, epoch, wake_at, signals, mail_seen, wake_mail, cancel_seen, reason, ord)
        where r.id = i.run and r.epoch = i.epoch and r.status = 'running'
        returning i.ord, r.status = 'pending', r.tenant, r.queue, r.priority, r.wake_at, r.workflow
        """
    }

    /// Hands runs back without a mark against them; their epoch rises, so that a late write of this owner is
    /// fenced.
    static func release(runs: [UUID], epochs: [Int64]) -> Query {
        """
        update engine.run r set status = 'pending', epoch = r.epoch + 1, worker = null, claimed_at = null,
            ready_at = clock_timestamp()
        from unnest(\(runs), \(epochs)) with ordinality as i(run, epoch, ord)
        where r.id = i.run and r.epoch = i.epoch and r.status = 'running'
        returning i.ord, r.tenant, r.queue, r.priority, r.workflow
        """
    }

    /// Moves ended runs into the history. Answers the ordinals that were moved.
    static func finish(_ batch: FinishColumns) -> Query {
        """
        with gone as (
            delete from engine.run r
            using unnest(\(batch.runs), \(batch.epochs), \(batch.statuses), \(batch.outputs), \(batch.errors))
                with ordinality as i(run, epoch, ended, output, error, ord)
            where r.id = i.run and r.epoch = i.epoch and r.status = 'running'
            returning r.*, i.ended, i.output, i.error, i.ord),
        kept as (
            insert into engine.run_history (id, tenant, workflow, version, status, epoch, parent, labels,
                trace, progress, input, output, error, created_at, queue, priority, reply, cancel_reason,
                mailbox, subject_key)
            select id, tenant, workflow, version, ended, epoch, parent, labels, trace, progress, input,
                output, error, created_at, queue, priority, reply, cancel_reason,
                case when mail > 0 and ended <> 'succeeded' then engine.mailbox_of(id) end, subject_key
            from gone),
        emptied as (delete from engine.signal s using gone g where g.mail > 0 and s.run = g.id)
        select ord from gone
        """
    }

    /// Puts signals into mailboxes and wakes those who wait for them. A child's reply counts only if the
    /// child's end under that epoch is in the history. Answers the runs that got something new and whether
    /// they are ready.
    static func send(_ batch: SignalColumns) -> Query {
        """
        with inp as materialized (
            select i.* from unnest(\(batch.runs), \(batch.names), \(batch.keys), \(batch.payloads),
                \(batch.children), \(batch.childEpochs)) as i(run, name, once, payload, child, child_epoch)
            where i.child is null or exists (
                select 1 from engine.run_history h where h.id = i.child and h.epoch = i.child_epoch)),
        target as materialized (
            select r.id from engine.run r where r.id in (select run from inp) order by r.id for no key
                update),
        ins as (
            insert into engine.signal (run, name, once, payload)
            select i.run, i.name, i.once, i.payload from inp i join target t on t.id = i.run
            on conflict on constraint signal_once do nothing
            returning run, name),
        news as (select run, count(*) as many, array_agg(name) as names from ins group by run)
        update engine.run r set mail = r.mail + n.many,
            status = case when r.status = 'waiting'
                and (r.waiting_for && n.names or r.mail + n.many >= r.wake_mail) then 'pending'
                else r.status end,
            wake_at = case when r.status = 'waiting'
                and (r.waiting_for && n.names or r.mail + n.many >= r.wake_mail) then null
                else r.wake_at end,
            ready_at = clock_timestamp()
        from news n where r.id = n.run
        returning r.id, r.status = 'pending', r.tenant, r.queue, r.priority, r.workflow
        """
    }

    /// Accepts runs. Answers those that were not new: their ordinal, the run that has their key if it is
    /// visible, whether they were refused, and whether that was for the time of their id and not for their
    /// parent's lease.
    static func start(_ batch: StartColumns) -> Query {
        """
        with inp as materialized (
            select * from unnest(\(batch.ids), \(batch.tenants), \(batch.workflows), \(batch.versions),
                \(batch.queues), \(batch.priorities), \(batch.inputs), \(batch.keys), \(batch.notBefore),
                \(batch.parents), \(batch.parentEpochs), \(batch.replies), \(batch.traces),
                \(batch.subjectKeys)) with ordinality
                as t(id, tenant, workflow, version, queue, priority, input, key, not_before, parent,
                    parent_epoch, reply, trace, subject_key, ord)),
        times as materialized (select low, high from engine.start_window()),
        allowed as materialized (
            select i.* from inp i cross join times t
            where i.id >= t.low and i.id < t.high and (i.parent is null or exists (
                select 1 from engine.run r
                where r.id = i.parent and r.epoch = i.parent_epoch and r.status = 'running'))),
        keyed as (
            insert into engine.run_key (tenant, workflow, key, run)
            select tenant, workflow, key, id from allowed where key is not null order by tenant, workflow, key
            on conflict do nothing returning run),
        ins as (
            insert into engine.run (id, tenant, workflow, version, queue, priority, input, parent, reply,
                trace, subject_key, status, wake_at, wait_reason)
            select a.id, a.tenant, a.workflow, a.version, a.queue, a.priority, a.input, a.parent, a.reply,
                a.trace, a.subject_key,
                case when a.not_before is null then 'pending' else 'waiting' end, a.not_before,
                case when a.not_before is not null then '{"kind": "timer", "step": "start"}'::jsonb end
            from allowed a where a.key is null or a.id in (select run from keyed)
            on conflict do nothing)
        select i.ord, k.run, a.id is null, i.id < t.low or i.id >= t.high
        from inp i cross join times t left join allowed a on a.id = i.id
        left join engine.run_key k on k.tenant = i.tenant and k.workflow = i.workflow and k.key = i.key
        where a.id is null or (i.key is not null and i.id not in (select run from keyed))
        """
    }

    static func runsByKey(tenants: [String], workflows: [String], keys: [String]) -> Query {
        """
        select i.ord, k.run from unnest(\(tenants), \(workflows), \(keys)) with ordinality as i(tenant,
            workflow, key, ord)
        join engine.run_key k on k.tenant = i.tenant and k.workflow = i.workflow and k.key = i.key
        """
    }
}
