// What the bare loop sends: the same tables and rows as the engine, in the plainest statements that keep the
// fence.

import Durable
import Foundation
import Postgres

enum BareStatements {
    static func start(_ runs: [UUID], inputs: [JSONB]) -> Query {
        """
        insert into engine.run (id, tenant, workflow, version, queue, priority, input)
        select id, \(BenchServers.tenant), \(FiveStepBench.name.rawValue), 1, \(BenchServers.queue), 0, input
        from unnest(\(runs), \(inputs)) as i(id, input)
        """
    }

    static func claim(_ runs: [UUID], by worker: UUID) -> Query {
        """
        with picked as materialized (
            select id from engine.run where id = any(\(runs)) and status = 'pending'
            order by id for no key update skip locked)
        update engine.run r set status = 'running', epoch = r.epoch + 1, worker = \(worker),
            claimed_at = clock_timestamp()
        from picked p where r.id = p.id
        returning r.id, r.epoch, r.tenant, r.workflow, r.version, r.input, r.created_at
        """
    }

    static func step(
        _ name: String, of runs: [UUID], epochs: [Int64], outputs: [JSONB], startedAt: [Date]
    ) -> Query {
        """
        with own as materialized (
            select id, epoch from engine.run where id = any(\(runs)) and status = 'running'
            order by id for no key update)
        insert into engine.step (run, name, item, epoch, attempt, failed, output, started_at)
        select i.run, \(name), '', i.epoch, 1, false, i.output, i.started_at
        from unnest(\(runs), \(epochs), \(outputs), \(startedAt)) as i(run, epoch, output, started_at)
        join own on own.id = i.run and own.epoch = i.epoch
        """
    }

    static func finish(_ runs: [UUID], epochs: [Int64], outputs: [JSONB]) -> Query {
        """
        with gone as (
            delete from engine.run r using unnest(\(runs), \(epochs), \(outputs)) as i(run, epoch, output)
            where r.id = i.run and r.epoch = i.epoch and r.status = 'running'
            returning r.*, i.output)
        insert into engine.run_history
            (id, tenant, workflow, version, status, epoch, input, output, created_at)
        select id, tenant, workflow, version, 'succeeded', epoch, input, output, created_at from gone
        """
    }
}
