import Durable
import Foundation
import Postgres

/// The statements of the operators' verbs. All run with the run's row locked.
enum OperationStatements {
    static func steps(of run: RunID) -> Query {
        """
        select name, item, attempt, failed, output, started_at, ended_at from engine.step
        where run = \(run.rawValue)
        """
    }

    static func children(of run: RunID) -> Query {
        """
        select id, status from engine.run where parent = \(run.rawValue)
        union all select id, status from engine.run_history where parent = \(run.rawValue)
        """
    }

    static func input(of run: RunID) -> Query {
        """
        select input from engine.run where id = \(run.rawValue)
        union all select input from engine.run_history where id = \(run.rawValue)
        """
    }

    /// Takes a live run from whoever has it. Answers the new epoch.
    static func makeReady(_ run: RunID, input: JSONB? = nil, cancelling reason: String? = nil) -> Query {
        """
        update engine.run set status = 'pending', epoch = epoch + 1, worker = null, claimed_at = null,
            wake_at = null, wait_reason = null, waiting_for = null, ready_at = clock_timestamp(),
            input = coalesce(\(input)::jsonb, input),
            cancel_reason = coalesce(\(reason)::text, cancel_reason)
        where id = \(run.rawValue) returning epoch
        """
    }

    /// Ends the pauses before further attempts.
    static func dueNow(_ run: RunID) -> Query {
        """
        update engine.attempt set next_at = clock_timestamp()
        where run = \(run.rawValue) and next_at > clock_timestamp()
        """
    }

    /// Moves a run from the history back among the live ones, with its mailbox. Answers the new epoch.
    static func revive(_ run: RunID, input: JSONB?, keepsCancellation: Bool, takeovers: Int32) -> Query {
        """
        with gone as (delete from engine.run_history where id = \(run.rawValue) returning *),
        mail as (
            insert into engine.signal (run, name, once, payload, taken_at, sent_at)
            select g.id, m.name, m.once, m.payload, m.taken_at, m.sent_at
            from gone g, jsonb_to_recordset(g.mailbox)
                as m(name text, once text, payload jsonb, taken_at timestamptz, sent_at timestamptz)
            on conflict do nothing)
        insert into engine.run (id, tenant, workflow, version, queue, priority, epoch, parent, reply, labels,
            trace, progress, cancel_reason, input, created_at, subject_key, mail, takeovers, steps_seen)
        select g.id, g.tenant, g.workflow, g.version, coalesce(g.queue, 'default'), coalesce(g.priority, 0),
            g.epoch + 1, g.parent, g.reply, g.labels, g.trace, g.progress,
            case when \(keepsCancellation) then g.cancel_reason end,
            coalesce(\(input)::jsonb, g.input), g.created_at, g.subject_key,
            coalesce(jsonb_array_length(g.mailbox), 0), \(takeovers)::integer::smallint,
            (select count(*) from engine.step s where s.run = g.id)
        from gone g returning epoch
        """
    }

    /// Takes steps and their attempts out of the journal and keeps them under `epoch`.
    static func setAside(_ keys: [StepKey], of run: RunID, at epoch: Int64, by verb: Verb) -> [Query] {
        let (names, items) = (keys.map(\.name), keys.map(\.item))
        return [
            """
            with gone as (
                delete from engine.step s using unnest(\(names), \(items)) as k(name, item)
                where s.run = \(run.rawValue) and s.name = k.name and s.item = k.item returning s.*)
            insert into engine.set_aside (run, kind, name, item, epoch, verb, record)
            select run, 'step', name, item, \(epoch), \(verb.rawValue), to_jsonb(gone) from gone
            """,
            """
            with gone as (
                delete from engine.attempt a using unnest(\(names), \(items)) as k(name, item)
                where a.run = \(run.rawValue) and a.name = k.name and a.item = k.item returning a.*)
            insert into engine.set_aside (run, kind, name, item, epoch, verb, record)
            select run, 'attempt', name, item, \(epoch), \(verb.rawValue), to_jsonb(gone) from gone
            """,
            """
            with gone as (
                delete from engine.step_detail d using unnest(\(names), \(items)) as k(name, item)
                where d.run = \(run.rawValue) and d.name = k.name and d.item = k.item returning d.*)
            insert into engine.set_aside (run, kind, name, item, epoch, verb, record)
            select run, 'detail', name, item, \(epoch), \(verb.rawValue), to_jsonb(gone) from gone
            """,
        ]
    }

    /// Frees the keys under which a run's children were started, so that the steps start new ones.
    static func retire(_ steps: [StepKey], of run: RunID, tenant: Tenant, at epoch: Int64) -> Query {
        """
        update engine.run_key set key = key || ':until:' || \(epoch)
        where tenant = \(tenant.rawValue) and key = any(\(steps.map { ChildKey.of($0, in: run) }))
        """
    }

    static func forget(_ answers: [SurgeryPlan.ChildAnswer], in run: RunID) -> Query {
        """
        delete from engine.signal s
        using unnest(\(answers.map(\.signal)), \(answers.map { "\($0.child)" })) as a(name, once)
        where s.run = \(run.rawValue) and s.name = a.name and s.once = a.once
        """
    }

    static func output(of run: RunID) -> Query {
        "select output from engine.run_history where id = \(run.rawValue)"
    }

    /// Ends a live run as cancelled, under a higher epoch.
    static func end(_ run: RunID, _ error: JSONB) -> Query {
        """
        with gone as (delete from engine.run where id = \(run.rawValue) returning *),
        emptied as (delete from engine.signal s using gone g where s.run = g.id)
        insert into engine.run_history (id, tenant, workflow, version, status, epoch, parent, labels, trace,
            progress, input, error, created_at, subject_key, queue, priority, reply, cancel_reason, mailbox)
        select id, tenant, workflow, version, 'cancelled', epoch + 1, parent, labels, trace, progress, input,
            \(error), created_at, subject_key, queue, priority, reply, \(error)::jsonb ->> 'message',
            case when mail > 0 then engine.mailbox_of(id) end
        from gone
        """
    }

    /// Records a result that an operator gave.
    static func record(_ output: Payload, for key: StepKey, of run: RunID, under epoch: Int64) -> Query {
        """
        insert into engine.step (run, name, item, epoch, attempt, failed, output, started_at)
        values (\(run.rawValue), \(key.name), \(key.item), \(epoch), 0, false, \(output.jsonb),
            clock_timestamp())
        """
    }

    /// Not 0: a claim of a run that was never owned does not look for recorded steps.
    static let forkEpoch: Int64 = 1

    /// A new run with the input, labels and route of another. Answers it, or nothing where the key is taken.
    static func fork(_ run: RunID, as fork: RunID, input: JSONB, once key: String) -> Query {
        """
        with source as (
            select tenant, workflow, version, queue, priority, labels, trace, subject_key from engine.run
            where id = \(run.rawValue)
            union all
            select tenant, workflow, version, coalesce(queue, 'default'), coalesce(priority, 0), labels,
                trace, subject_key
            from engine.run_history where id = \(run.rawValue)),
        keyed as (
            insert into engine.run_key (tenant, workflow, key, run)
            select tenant, workflow, \(key), \(fork.rawValue) from source
            on conflict do nothing returning run)
        insert into engine.run (id, tenant, workflow, version, epoch, queue, priority, labels, trace,
            subject_key, input)
        select k.run, s.tenant, s.workflow, s.version, \(forkEpoch), s.queue, s.priority,
            coalesce(s.labels, '{}') || jsonb_build_object('forked_from', \("\(run)")::text), s.trace,
            s.subject_key, \(input)
        from source s, keyed k returning id
        """
    }

    static func forked(_ run: RunID, once key: String) -> Query {
        """
        select k.run from engine.run_key k
        join (select tenant, workflow from engine.run where id = \(run.rawValue)
              union all select tenant, workflow from engine.run_history where id = \(run.rawValue)) s
            using (tenant, workflow)
        where k.key = \(key)
        """
    }

    static func copy(_ steps: StepColumns, endedAt: [Date]) -> Query {
        """
        insert into engine.step (run, name, item, epoch, attempt, failed, output, started_at, ended_at)
        select * from unnest(\(steps.runs), \(steps.names), \(steps.items), \(steps.epochs),
            \(steps.attempts), \(steps.failed), \(steps.outputs), \(steps.startedAt), \(endedAt))
        """
    }

    /// Asks the owner of a running run to stop: it is told with its next step, or when it would sleep,
    /// because there is more mail than it has seen.
    static func askToCancel(_ run: RunID, reason: String) -> Query {
        """
        update engine.run set cancel_reason = coalesce(cancel_reason, \(reason)), mail = mail + 1
        where id = \(run.rawValue)
        """
    }
}

/// The key under which a step starts its child once.
enum ChildKey {
    static func of(_ step: StepKey, in parent: RunID) -> String { "child:\(parent):\(step)" }
}
