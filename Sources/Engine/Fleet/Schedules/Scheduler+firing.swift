// From a row that is owed firings to the one statement that carries them out.

import Durable
import Foundation
import Postgres

extension Scheduler {
    /// A schedule with what was found beside it.
    private struct DueSchedule {
        let stored: StoredSchedule
        let isRunning: Bool
        let queued: Date?
    }

    /// What the database said to a decision.
    enum FiringVerdict: String {
        case fired, changed
        case notLeader = "not_leader"
    }

    /// What one look at the schedules came to.
    struct FiringWork {
        /// How many schedules were dealt with.
        var done = 0
        /// Whether more may be owed already.
        var hasMore = false
    }

    /// Fires whatever is owed.
    @discardableResult
    func fireDue(at now: Date, under term: LeaderTerm) async throws -> FiringWork {
        let rows = try await pool.execute(
            ScheduleStatements.due(at: now, knowing: workflows, limit: Self.batch)
        ).rows
        var work = FiringWork()
        var lag = Duration.zero
        for row in rows {
            guard !Task.isCancelled, leader.term == term else { return work }
            do {
                let due = try due(row)
                lag = max(lag, .seconds(due.stored.fireAt.map { now.timeIntervalSince($0) } ?? 0))
                switch try await fire(due, at: now, under: term) {
                case .nothing: break
                case .done: work.done += 1
                case .lookAgain: work.hasMore = true
                }
            } catch let error as PostgresError where error.sqlState == nil || error.isConnectionLoss {
                throw error
            } catch {
                // Stays owed, so that nothing is lost; the others go on.
                tell("schedule not fired", "\(error)")
            }
        }
        ScheduleMetrics.lag(lag)
        if rows.count == Self.batch, work.done > 0 { work.hasMore = true }
        return work
    }

    private func due(_ row: Row) throws -> DueSchedule {
        DueSchedule(
            stored: try StoredSchedule(row),
            isRunning: try row.decode(StoredSchedule.columnCount, as: Bool.self),
            queued: try row.decode(StoredSchedule.columnCount + 1, as: Date?.self))
    }

    private enum Turn {
        case nothing, done, lookAgain
    }

    /// Decides about one schedule and carries it out.
    private func fire(_ due: DueSchedule, at now: Date, under term: LeaderTerm) async throws -> Turn {
        let stored = due.stored
        let schedule = stored.schedule
        var situation = owed(stored, at: now)
        var batch = FiringBatch()
        if let queued = due.queued, !due.isRunning {
            let input = try stored.input(for: stored.occurrence(at: queued), from: book)
            batch.start(queued, input, key: schedule.key(of: queued))
        }
        situation.isRunning = due.isRunning || due.queued != nil
        situation.hasQueued = due.queued != nil && due.isRunning
        let plan = schedule.plan(situation)
        for firing in plan.firings {
            let nominal = firing.occurrence.instant
            guard firing.outcome == .started else {
                batch.add(nominal, firing.outcome, firing.reason, schedule.key(of: nominal))
                continue
            }
            let input = try stored.input(for: firing.occurrence, from: book)
            batch.start(nominal, input, key: schedule.key(of: nominal))
        }
        guard !batch.isEmpty else { return .nothing }
        let last = plan.firings.last?.occurrence
        let verdict = try await carryOut(
            stored, batch,
            cancels: plan.cancelsRunning ? "schedule \(schedule.name) starts its next run" : nil,
            last: last, under: term)
        switch verdict {
        case .notLeader: return .nothing
        case .changed: return .lookAgain
        case .fired:
            for firing in plan.firings { ScheduleMetrics.fired(firing.outcome, firing.reason) }
            return situation.hasMore ? .lookAgain : .done
        }
    }

    /// The nominal times up to now, a window of them.
    private func owed(_ stored: StoredSchedule, at now: Date) -> FiringSituation {
        let schedule = stored.schedule
        var owed: [Occurrence] = []
        var turn = stored.next
        while let occurrence = turn, occurrence.instant.adding(schedule.spread) <= now,
            owed.count < FiringPlan.window
        {
            owed.append(occurrence)
            turn = schedule.next(after: occurrence)
        }
        var situation = FiringSituation(owed: owed, now: now)
        situation.hasMore = turn.map { $0.instant.adding(schedule.spread) <= now } ?? false
        return situation
    }

    /// The statement, and what follows from its answer.
    func carryOut(
        _ stored: StoredSchedule, _ batch: FiringBatch, cancels: String?, last: Occurrence?,
        under term: LeaderTerm
    ) async throws -> FiringVerdict {
        let rows = try await pool.execute(
            ScheduleStatements.fire(
                stored, batch, version: stored.version(from: book), cancels: cancels, last: last?.instant,
                following: last.flatMap { stored.schedule.next(after: $0) }, under: term)
        ).rows
        let verdict = FiringVerdict(rawValue: try rows[0].decode(0, as: String.self)) ?? .changed
        if verdict == .notLeader { leader.lost(term) }
        queue.enqueue(
            try rows.compactMap { row in
                try row.decode(1, as: UUID?.self).map { stored.ready(RunID(rawValue: $0)) }
            })
        return verdict
    }

    func tell(_ what: String, _ trouble: String) {
        guard progress.tells(trouble) else { return }
        logger.error("\(what)", metadata: ["error": "\(trouble)"])
    }
}

extension StoredSchedule {
    /// One of its runs as the dispatcher is told of it.
    func ready(_ run: RunID, priority: Int? = nil) -> ReadyRun {
        ReadyRun(
            id: run, tenant: schedule.tenant, queue: queue, priority: priority ?? schedule.priority, at: nil,
            workflow: workflow)
    }
}
