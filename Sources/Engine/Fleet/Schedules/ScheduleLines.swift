import Durable
import Foundation
import Postgres

/// One line of the list of schedules.
public struct ScheduleLine: Sendable {
    public let name: ScheduleName
    public let workflow: WorkflowName
    /// Nil where this program cannot read the row; `problem` says why.
    public let stored: StoredSchedule?
    public let problem: String?
    /// How long a firing is overdue; zero when nothing is owed.
    public let lag: Duration
    /// Whether a run of it is alive.
    public let isRunning: Bool

    init(_ row: Row) throws {
        name = ScheduleName(try row.decode(0, as: String.self))
        workflow = WorkflowName(rawValue: try row.decode(1, as: String.self))
        let now = try row.decode(StoredSchedule.columnCount, as: Date.self)
        isRunning = try row.decode(StoredSchedule.columnCount + 1, as: Bool.self)
        do {
            let stored = try StoredSchedule(row)
            self.stored = stored
            problem = nil
            let owedSince = stored.isActive ? stored.fireAt : nil
            lag = max(.zero, .seconds(owedSince.map { now.timeIntervalSince($0) } ?? 0))
        } catch let error as SchedulesError {
            stored = nil
            problem = "\(error)"
            lag = .zero
        }
    }
}

/// One schedule with its past and its future.
public struct ScheduleDetail: Sendable {
    public let stored: StoredSchedule
    public let upcoming: [Occurrence]
    /// The last first.
    public let firings: [FiringLine]
}

/// What became of one nominal time.
public struct FiringLine: Sendable {
    public let nominal: Date
    /// `due`, `backfill` or `now`.
    public let kind: String
    public let outcome: FiringOutcome?
    public let reason: String?
    public let run: RunID?
    public let actor: String?
    public let at: Date

    init(_ row: Row) throws {
        nominal = try row.decode(0, as: Date.self)
        kind = try row.decode(1, as: String.self)
        outcome = FiringOutcome(rawValue: try row.decode(2, as: String.self))
        reason = try row.decode(3, as: String?.self)
        run = try row.decode(4, as: UUID?.self).map { RunID(rawValue: $0) }
        actor = try row.decode(5, as: String?.self)
        at = try row.decode(6, as: Date.self)
    }
}
