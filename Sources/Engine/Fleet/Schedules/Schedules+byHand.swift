// Schedules that no code declares: a program or an operator makes them, with one input for all their runs.

import Durable
import Foundation
import Postgres

extension Schedules {
    /// Makes a schedule by hand. Throws `SchedulesError.exists` where the name is taken.
    public func create<W: Workflow>(
        _ schedule: Schedule, starting workflow: W.Type, with input: W.Input, by mandate: Mandate
    ) async throws {
        let payload = try Payload.encode(input, .input)
        try await pool.withTransaction { tx in
            let now = try await tx.execute("select clock_timestamp()").rows[0].decode(0, as: Date.self)
            let new = ScheduleSpecification(
                schedule: schedule, workflow: W.name, version: W.version, queue: runs.queue.name,
                source: .byHand, input: payload, next: schedule.next(after: now))
            guard try await tx.execute(ScheduleStatements.insert(new, under: nil)).first != nil else {
                throw SchedulesError.exists(schedule.name)
            }
            let facts = [
                "rule": schedule.rule.description, "zone": schedule.zone.name, "workflow": W.name.rawValue,
            ]
            try await Audit.append(
                AuditEntry("schedule.create", on: schedule.name.rawValue, by: mandate, after: facts), in: tx)
        }
        await tellScheduler()
    }

    /// Gives a schedule made by hand another specification, from now on. Throws `SchedulesError.movedOn`
    /// while nominal times are owed under the old one: repeat in a moment.
    public func change(_ schedule: Schedule, by mandate: Mandate) async throws {
        try await act("change", schedule.name, by: mandate) { stored, now, tx in
            guard stored.source == .byHand else { throw SchedulesError.isDeclared(schedule.name) }
            var new = ScheduleSpecification(
                schedule: schedule, workflow: stored.workflow, version: stored.version, queue: stored.queue,
                source: .byHand, input: stored.input)
            switch ScheduleChange.verdict(stored, new, now: now) {
            case .none: break
            case .notYet: throw SchedulesError.movedOn(schedule.name)
            case .change(let next):
                new.next = next
                _ = try await tx.execute(ScheduleStatements.change(new, at: stored.revision, under: nil))
            }
            return [
                "was": "\(stored.schedule.rule) \(stored.schedule.zone)",
                "is": "\(schedule.rule) \(schedule.zone)",
            ]
        }
    }

    /// Removes a schedule that was made by hand, or that the code declares no more. Its runs and the record
    /// of its firings stay.
    public func remove(_ name: ScheduleName, by mandate: Mandate) async throws {
        try await act("remove", name, by: mandate) { stored, _, tx in
            guard stored.source == .byHand || stored.retiredAt != nil || book[name] == nil else {
                throw SchedulesError.isDeclared(name)
            }
            _ = try await tx.execute("delete from engine.schedule where name = \(name.rawValue)")
            return ["rule": stored.schedule.rule.description, "zone": stored.schedule.zone.name]
        }
    }
}
