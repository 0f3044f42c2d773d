import Durable
import Foundation
import Postgres

extension Operations {
    /// Everything recorded of a run as one JSON document: its row, steps, attempts, intents, mailbox, what
    /// was set aside, its keys, its children, and what operators did to it. Payloads about a person stay
    /// sealed.
    public func export(_ run: RunID, by mandate: Mandate) async throws -> (Payload, OperationResult) {
        var document = Payload.null
        let result = try await act(.export, on: run, by: mandate, seenAs: Sighting.any) { subject, tx in
            let row = try await tx.execute(Self.document(of: run)).rows[0]
            document = Payload(json: try row.decode(0, as: JSONB.self).bytes)
            return Act(
                result: run, status: subject.status, epoch: subject.epoch, note: "exported",
                facts: ["document": AuditHash.digest(document)])
        }
        return (document, result)
    }

    private static func document(of run: RunID) -> Query {
        let id = run.rawValue
        return """
            select jsonb_build_object(
                'run', coalesce(
                    (select to_jsonb(r) from engine.run r where r.id = \(id)),
                    (select to_jsonb(h) from engine.run_history h where h.id = \(id))),
                'keys', (select jsonb_agg(k.key) from engine.run_key k where k.run = \(id)
                    and (k.tenant, k.workflow) = (select tenant, workflow from engine.run where id = \(id)
                        union all select tenant, workflow from engine.run_history where id = \(id))),
                'steps', (select jsonb_agg(to_jsonb(s) - 'run' order by s.ended_at)
                    from engine.step s where s.run = \(id)),
                'attempts', (select jsonb_agg(to_jsonb(a) - 'run' order by a.started_at)
                    from engine.attempt a where a.run = \(id)),
                'intents', (select jsonb_agg(to_jsonb(i) - 'run' order by i.at)
                    from engine.intent i where i.run = \(id)),
                'details', (select jsonb_agg(to_jsonb(d) - 'run' order by d.at)
                    from engine.step_detail d where d.run = \(id)),
                'signals', (select jsonb_agg(to_jsonb(m) - 'run' order by m.id)
                    from engine.signal m where m.run = \(id)),
                'set_aside', (select jsonb_agg(to_jsonb(x) - 'run' order by x.at)
                    from engine.set_aside x where x.run = \(id)),
                'children', (select jsonb_agg(jsonb_build_object('id', c.id, 'workflow', c.workflow,
                        'status', c.status) order by c.id)
                    from (select id, workflow, status, parent from engine.run where parent = \(id)
                        union all select id, workflow, status, parent from engine.run_history
                        where parent = \(id)) c),
                'audit', (select jsonb_agg(jsonb_build_object('number', u.number, 'at', u.at, 'actor',
                        u.actor, 'verb', u.verb, 'reason', u.reason, 'before', u.before, 'after', u.after)
                        order by u.number)
                    from engine.audit u where u.subject = \("\(run)")),
                'exported_at', clock_timestamp())
            """
    }
}
