import Durable
import Postgres

enum ControlStatements {
    static let queues: Query = """
        select distinct queue from engine.worker union select queue from engine.queue_policy
        """

    static func pause(_ subject: PolicySubject, _ paused: Bool, _ mandate: Mandate) -> Query {
        let table: String
        switch subject {
        case .queue: table = "engine.queue_policy"
        case .workflow: table = "engine.workflow_policy"
        case .tenant: table = "engine.tenant_policy"
        }
        return """
            insert into \(raw: table) (\(raw: subject.kind), paused, actor, reason)
            values (\(subject.name), \(paused), \(mandate.actor), \(mandate.reason))
            on conflict (\(raw: subject.kind)) do update set paused = excluded.paused,
                actor = excluded.actor, reason = excluded.reason, changed_at = clock_timestamp()
            """
    }

    static func share(of tenant: Tenant, _ weight: Double, _ cap: Int?, _ mandate: Mandate) -> Query {
        """
        insert into engine.tenant_policy (tenant, weight, cap, actor, reason)
        values (\(tenant.rawValue), \(weight)::float8, \(cap.map { Int32(clamping: $0) }), \(mandate.actor),
            \(mandate.reason))
        on conflict (tenant) do update set weight = excluded.weight, cap = excluded.cap,
            actor = excluded.actor, reason = excluded.reason, changed_at = clock_timestamp()
        """
    }

    static func cap(of workflow: WorkflowName, _ cap: Int?, _ mandate: Mandate) -> Query {
        """
        insert into engine.workflow_policy (workflow, cap, actor, reason)
        values (\(workflow.rawValue), \(cap.map { Int32(clamping: $0) }), \(mandate.actor), \(mandate.reason))
        on conflict (workflow) do update set cap = excluded.cap, actor = excluded.actor,
            reason = excluded.reason, changed_at = clock_timestamp()
        """
    }

    /// The policy as it stands, locked, as text for the audit.
    static func current(_ subject: PolicySubject) -> Query {
        switch subject {
        case .queue(let name):
            "select 'paused ' || paused from engine.queue_policy where queue = \(name) for update"
        case .workflow(let name):
            """
            select 'paused ' || paused || ', cap ' || coalesce(cap::text, 'none')
            from engine.workflow_policy where workflow = \(name.rawValue) for update
            """
        case .tenant(let tenant):
            """
            select 'paused ' || paused || ', weight ' || weight || ', cap ' || coalesce(cap::text, 'none')
            from engine.tenant_policy where tenant = \(tenant.rawValue) for update
            """
        }
    }

    /// What holds back a run: (queue paused since, by, why), the same for workflow and tenant, their caps,
    /// and the runs that fill them.
    static func standing(queue: String, workflow: String, tenant: String) -> [Query] {
        [
            """
            select q.paused, q.changed_at, q.actor, q.reason, null::integer
            from engine.queue_policy q where q.queue = \(queue)
            """,
            """
            select w.paused, w.changed_at, w.actor, w.reason, w.cap
            from engine.workflow_policy w where w.workflow = \(workflow)
            """,
            """
            select t.paused, t.changed_at, t.actor, t.reason, t.cap
            from engine.tenant_policy t where t.tenant = \(tenant)
            """,
            """
            select id from engine.run where status = 'running' and queue = \(queue)
              and workflow = \(workflow) order by id limit 1001
            """,
            """
            select id from engine.run where status = 'running' and queue = \(queue)
              and tenant = \(tenant) order by id limit 1001
            """,
        ]
    }

    static let shares: Query = """
        select tenant, weight::float8, cap, paused, actor, reason, changed_at from engine.tenant_policy
        order by tenant limit 10000
        """

    static let workflowRules: Query = """
        select workflow, cap, paused, actor, reason, changed_at from engine.workflow_policy
        order by workflow limit 10000
        """

    static let queueLines: Query = """
        select names.queue, coalesce(p.paused, false), p.actor, p.reason, p.changed_at,
            (select count(*) from engine.worker w
             where w.queue = names.queue and w.lease_until > clock_timestamp()),
            (select sum(w.slots) from engine.worker w
             where w.queue = names.queue and w.lease_until > clock_timestamp())
        from (select queue from engine.worker union select queue from engine.queue_policy) names
        left join engine.queue_policy p on p.queue = names.queue
        order by names.queue
        """

    static let workers: Query = """
        select w.id, w.host, w.process, w.queue, w.slots, w.started_at, w.lease_until, w.draining,
            w.workflows, w.lease_until > clock_timestamp(),
            (select count(*) from engine.run r where r.worker = w.id and r.status = 'running')
        from engine.worker w order by w.queue, w.host, w.process limit 1000
        """
}
