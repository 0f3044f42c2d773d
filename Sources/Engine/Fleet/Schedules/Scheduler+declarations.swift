// What a new leader does first: makes the table agree with the code it was built from, and with its zone
// data.

import Durable
import Foundation
import Postgres

extension Scheduler {
    /// Compares the declarations with the table. Returns false where a change has to wait for firings that
    /// are owed under the old specification; call it again after those.
    func declare(at now: Date, under term: LeaderTerm) async throws -> Bool {
        var rows: [ScheduleName: StoredSchedule] = [:]
        var unreadable: Set<ScheduleName> = []
        for row in try await pool.execute(ScheduleStatements.all).rows {
            do {
                let stored = try StoredSchedule(row)
                rows[stored.schedule.name] = stored
            } catch let error as SchedulesError {
                unreadable.insert(ScheduleName(try row.decode(0, as: String.self)))
                tell("schedule left alone", "\(error)")
            }
        }
        var isComplete = true
        for declared in book.declared where !unreadable.contains(declared.schedule.name) {
            if try await !declare(declared, over: rows[declared.schedule.name], at: now, under: term) {
                isComplete = false
            }
        }
        for stored in rows.values where isForgotten(stored) {
            _ = try await pool.execute(ScheduleStatements.retire(stored, under: term))
            logger.notice(
                "schedule retired: its workflow declares it no more",
                metadata: ["schedule": "\(stored.schedule.name)"])
        }
        return isComplete
    }

    private func declare(
        _ declared: DeclaredSchedule, over stored: StoredSchedule?, at now: Date, under term: LeaderTerm
    ) async throws -> Bool {
        let schedule = declared.schedule
        var new = ScheduleSpecification(
            schedule: schedule, workflow: declared.workflow, version: declared.version, queue: queue.name,
            source: .declared)
        guard let stored else {
            new.next = schedule.next(after: now)
            return try await pool.execute(ScheduleStatements.insert(new, under: term)).first != nil
        }
        guard stored.source == .declared else {
            tell("declared schedule left out", "\(SchedulesError.exists(schedule.name)), made by hand")
            return true
        }
        switch ScheduleChange.verdict(stored, new, now: now) {
        case .none: return true
        case .notYet: return false
        case .change(let next):
            new.next = next
            let change = ScheduleStatements.change(new, at: stored.revision, under: term)
            guard try await pool.execute(change).first != nil else { return false }
            logger.notice(
                "schedule changed by the code",
                metadata: [
                    "schedule": "\(schedule.name)", "was": "\(stored.schedule.rule) \(stored.schedule.zone)",
                    "is": "\(schedule.rule) \(schedule.zone)", "next": "\(next.map { "\($0)" } ?? "never")",
                ])
            return true
        }
    }

    /// Declared once by a workflow that is still here, and not any more.
    private func isForgotten(_ stored: StoredSchedule) -> Bool {
        stored.source == .declared && stored.retiredAt == nil && book.workflows[stored.workflow] != nil
            && book[stored.schedule.name] == nil
    }

    /// Computes the next nominal times anew where they were computed with other zone data.
    func rereadZones(under term: LeaderTerm) async throws {
        for row in try await pool.execute(ScheduleStatements.all).rows {
            // An unreadable row is told of when the declarations are compared.
            guard let stored = try? StoredSchedule(row), stored.zoneData != ScheduleZone.dataVersion else {
                continue
            }
            let next = ScheduleChange.reread(stored)
            _ = try await pool.execute(ScheduleStatements.reread(stored, as: next, under: term))
            guard next != stored.next else { continue }
            logger.warning(
                "zone data moved a schedule",
                metadata: [
                    "schedule": "\(stored.schedule.name)",
                    "zone": "\(stored.schedule.zone), \(stored.zoneData) to \(ScheduleZone.dataVersion)",
                    "was": "\(stored.next.map { "\($0)" } ?? "never")",
                    "is": "\(next.map { "\($0)" } ?? "never")",
                ])
        }
    }

    /// Firings are kept as long as the keys of their runs.
    func forgetOldFirings(under term: LeaderTerm) async throws {
        _ = try await pool.execute(
            ScheduleStatements.forget(olderThan: 400, limit: 10_000, under: term))
    }
}
