// Filling in nominal times that were missed, skipped, or came before the schedule was made. Each nominal time
// has one run for ever, so a range can be filled in twice without starting anything twice.

import Durable
import Foundation
import Postgres

/// One nominal time of a range and what is there already.
public struct BackfillLine: Sendable {
    public let occurrence: Occurrence
    /// What became of it, where it has been dealt with.
    public let firing: FiringLine?

    /// Whether filling the range in starts a run for it.
    public var isOpen: Bool { firing == nil || firing?.outcome == .skipped }
}

extension Schedules {
    /// The nominal times from `first` through `last`, in the past, with what is there already. Throws
    /// `SchedulesError.badRange` or `.tooMany` for a range that cannot be filled in.
    public func backfillPreview(_ name: ScheduleName, from first: Date, through last: Date) async throws
        -> [BackfillLine]
    {
        guard let row = try await pool.execute(ScheduleStatements.one(name)).first else {
            throw SchedulesError.noSuchSchedule(name)
        }
        let now = try row.decode(StoredSchedule.columnCount, as: Date.self)
        let firings = try await firings(name, from: first, through: last)
        return try lines(StoredSchedule(row), from: first, through: last, now: now, firings)
    }

    /// Starts the runs of all nominal times of a range that have none, all of them or none. Whatever the
    /// overlap policy says, they all run; a low priority lets other work go first. Returns how many began.
    @discardableResult
    public func backfill(
        _ name: ScheduleName, from first: Date, through last: Date, priority: Int = -10, by mandate: Mandate
    ) async throws -> Int {
        precondition((-100...100).contains(priority), "priorities go from -100 to 100")
        var started = 0
        try await act("backfill", name, by: mandate) { stored, now, tx in
            let firings = try await firings(name, from: first, through: last, in: tx)
            var batch = FiringBatch()
            for line in try lines(stored, from: first, through: last, now: now, firings) where line.isOpen {
                let nominal = line.occurrence.instant
                batch.start(
                    nominal, try stored.input(for: line.occurrence, from: book),
                    key: stored.schedule.key(of: nominal))
            }
            if !batch.isEmpty {
                started = try await startByHand(
                    stored, batch, "backfill", priority: priority, by: mandate, in: tx)
            }
            return [
                "from": first.formatted(.iso8601), "through": last.formatted(.iso8601),
                "started": "\(started)",
            ]
        }
        return started
    }

    private func lines(
        _ stored: StoredSchedule, from first: Date, through last: Date, now: Date,
        _ firings: [Date: FiringLine]
    ) throws -> [BackfillLine] {
        guard first <= last else { throw SchedulesError.badRange("the range ends before it begins") }
        guard last <= now else {
            throw SchedulesError.badRange(
                "a backfill ends in the past; what is to come fires by itself (now it is "
                    + "\(now.formatted(.iso8601)))")
        }
        let found = stored.schedule.occurrences(
            after: first.addingTimeInterval(-1), through: last, limit: Self.rangeLimit + 1)
        guard found.count <= Self.rangeLimit else { throw SchedulesError.tooMany(limit: Self.rangeLimit) }
        return found.filter { $0.instant >= first }.map {
            BackfillLine(occurrence: $0, firing: firings[$0.instant])
        }
    }

    private func firings(
        _ name: ScheduleName, from first: Date, through last: Date, in tx: PostgresTransaction? = nil
    ) async throws -> [Date: FiringLine] {
        // One more than a range may hold, runs by hand among them; beyond that the range is refused anyway.
        let query: Query = """
            select nominal, kind, outcome, reason, run, actor, at from engine.schedule_firing
            where schedule = \(name.rawValue) and kind <> 'now'
              and nominal between \(first) and \(last) limit \(Self.rangeLimit + 1)
            """
        let rows = if let tx { try await tx.execute(query) } else { try await pool.execute(query) }
        let lines = try rows.rows.map { try FiringLine($0) }
        return Dictionary(lines.map { ($0.nominal, $0) }) { first, _ in first }
    }
}
