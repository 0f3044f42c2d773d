import Durable
import Foundation
import Postgres

/// The scheduler's statements. Those that write name the leader's term.
enum ScheduleStatements {
    /// The database's time, and when there is something to do next.
    static func outlook(knowing workflows: [String]) -> Query {
        """
        select clock_timestamp(),
            (select min(fire_at) from engine.schedule where paused_at is null and retired_at is null
                and (source = 'by_hand' or workflow = any(\(workflows)))),
            exists (select 1 from engine.schedule_firing where is_open and outcome = 'queued')
        """
    }

    /// Active schedules that are owed a firing, or have one waiting: those this process has the code for.
    static func due(at now: Date, knowing workflows: [String], limit: Int) -> Query {
        """
        select \(StoredSchedule.columns),
            exists (select 1 from engine.schedule_firing f join engine.run r on r.id = f.run
                where f.schedule = s.name and f.is_open),
            (select min(f.nominal) from engine.schedule_firing f
                where f.schedule = s.name and f.is_open and f.outcome = 'queued')
        from engine.schedule s
        where s.paused_at is null and s.retired_at is null
          and (s.source = 'by_hand' or s.workflow = any(\(workflows)))
          and (s.fire_at <= \(now) or exists (select 1 from engine.schedule_firing f
                where f.schedule = s.name and f.is_open and f.outcome = 'queued'))
        order by s.fire_at limit \(limit)
        """
    }

    static func fire(
        _ stored: StoredSchedule, _ batch: FiringBatch, version: Int, cancels reason: String?,
        last: Date?, following: Occurrence?, under term: LeaderTerm
    ) -> Query {
        let fireAt = following?.instant.adding(stored.schedule.spread)
        return """
            select verdict, ready from engine.fire_schedule(\(term.holder), \(term.number),
                \(stored.schedule.name.rawValue), \(stored.revision), \(reason), \(Int32(clamping: version)),
                \(batch.nominals), \(batch.outcomes), \(batch.reasons), \(batch.runs), \(batch.inputs),
                \(batch.keys), \(last), \(following?.local.description), \(following?.instant), \(fireAt))
            """
    }

    static func fireByHand(
        _ name: ScheduleName, _ kind: String, _ batch: FiringBatch, version: Int, priority: Int?,
        by mandate: Mandate
    ) -> Query {
        """
        select * from engine.fire_by_hand(\(name.rawValue), \(kind), \(Int32(clamping: version)),
            \(priority.map { Int32(clamping: $0) }), \(mandate.actor), \(mandate.reason),
            \(batch.nominals), \(batch.runs), \(batch.inputs), \(batch.keys))
        """
    }

    static let all: Query = "select \(StoredSchedule.columns) from engine.schedule s order by s.name"

    static func one(_ name: ScheduleName, locked: Bool = false) -> Query {
        let lock: Query = locked ? "for update" : ""
        return """
            select \(StoredSchedule.columns), clock_timestamp() from engine.schedule s
            where s.name = \(name.rawValue) \(lock)
            """
    }

    /// Adds a schedule, unless its name is taken. Answers its name.
    static func insert(_ new: ScheduleSpecification, under term: LeaderTerm?) -> Query {
        let schedule = new.schedule
        let guarding = term?.guarding ?? "true"
        return """
            insert into engine.schedule (name, workflow, version, tenant, queue, priority, source, input,
                rule, zone, gap, repeated, overlap, catch_up, jitter_ms, next_local, next_nominal, fire_at,
                zone_data)
            select \(schedule.name.rawValue), \(new.workflow.rawValue), \(Int32(clamping: new.version)),
                \(schedule.tenant.rawValue), \(new.queue), \(Int32(clamping: schedule.priority)),
                \(new.source.rawValue), \(new.input.map { JSONB($0.bytes) }), \(schedule.rule.description),
                \(schedule.zone.name), \(schedule.gap.rawValue), \(schedule.repeated.rawValue),
                \(schedule.overlap.rawValue), \(schedule.catchUp.description),
                \(schedule.jitter.milliseconds), \(new.next?.local.description), \(new.next?.instant),
                \(new.next?.instant.adding(schedule.spread)), \(ScheduleZone.dataVersion)
            where \(guarding)
            on conflict do nothing returning name
            """
    }

    /// Gives a row another specification, if it is still at `revision`. Answers its name.
    static func change(_ new: ScheduleSpecification, at revision: Int64, under term: LeaderTerm?) -> Query {
        let schedule = new.schedule
        let guarding = term?.guarding ?? "true"
        return """
            update engine.schedule set workflow = \(new.workflow.rawValue),
                version = \(Int32(clamping: new.version)), tenant = \(schedule.tenant.rawValue),
                queue = \(new.queue), priority = \(Int32(clamping: schedule.priority)),
                input = \(new.input.map { JSONB($0.bytes) }), rule = \(schedule.rule.description),
                zone = \(schedule.zone.name), gap = \(schedule.gap.rawValue),
                repeated = \(schedule.repeated.rawValue), overlap = \(schedule.overlap.rawValue),
                catch_up = \(schedule.catchUp.description), jitter_ms = \(schedule.jitter.milliseconds),
                next_local = \(new.next?.local.description), next_nominal = \(new.next?.instant),
                fire_at = \(new.next?.instant.adding(schedule.spread)),
                zone_data = \(ScheduleZone.dataVersion), retired_at = null, revision = revision + 1,
                changed_at = clock_timestamp()
            where name = \(schedule.name.rawValue) and revision = \(revision) and \(guarding)
            returning name
            """
    }

    static func retire(_ stored: StoredSchedule, under term: LeaderTerm) -> Query {
        """
        update engine.schedule set retired_at = clock_timestamp(), revision = revision + 1
        where name = \(stored.schedule.name.rawValue) and revision = \(stored.revision) and \(term.guarding)
        """
    }

    /// Writes down what the zone data of this process makes of the next local time.
    static func reread(_ stored: StoredSchedule, as next: Occurrence?, under term: LeaderTerm) -> Query {
        """
        update engine.schedule set next_local = \(next?.local.description), next_nominal = \(next?.instant),
            fire_at = \(next?.instant.adding(stored.schedule.spread)),
            zone_data = \(ScheduleZone.dataVersion), revision = revision + 1
        where name = \(stored.schedule.name.rawValue) and revision = \(stored.revision) and \(term.guarding)
        """
    }

    /// Forgets firings from long ago: their nominal times are far behind every series, and the keys of their
    /// runs are gone as well.
    static func forget(olderThan days: Int32, limit: Int, under term: LeaderTerm) -> Query {
        """
        delete from engine.schedule_firing f using (
            select schedule, nominal from engine.schedule_firing
            where nominal < clock_timestamp() - make_interval(days => \(days)) and not is_open
            limit \(limit)) old
        where f.schedule = old.schedule and f.nominal = old.nominal and \(term.guarding)
        """
    }
}

/// What a row is made from.
struct ScheduleSpecification: Sendable {
    let schedule: Schedule
    let workflow: WorkflowName
    let version: Int
    let queue: String
    let source: StoredSchedule.Source
    var input: Payload?
    var next: Occurrence?
}
