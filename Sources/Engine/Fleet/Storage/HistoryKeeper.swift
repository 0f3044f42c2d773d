// Keeps the history's partitions: enough of them ahead, and none for longer than policy says. The moves
// themselves are functions of the database (0009), because only the owner of the tables may make them;
// here is when they are made. Each takes its lock for a moment and gives up rather than let others wait.

import Durable
import Foundation
import Logging
import Postgres

/// One week of history as it is stored.
public struct StoredWeek: Sendable, Hashable {
    public let week: HistoryWeek
    public let bytes: Int64
    /// As of the last look; nil before the first.
    public let runs: Int64?
    public let expired: Int64?
    public let nextLook: Date?
    public let note: String
}

/// The partitions of the history, and what retention does to them.
public struct HistoryKeeper: Sendable {
    let pool: PostgresPool
    let logger: Logger

    /// Below this many whole weeks ahead somebody must be told.
    public static let leastWeeksAhead = 2
    /// How many weeks are created ahead.
    public static let weeksAhead = 4

    private static let lockPatienceMilliseconds: Int32 = 100
    private static let lockTries: Int32 = 20
    private static let liveLimit: Int32 = 1_000
    private static let keyBatch: Int32 = 1_000
    private static let keyBatches = 20
    private static let crowdedPause: TimeInterval = 86_400

    public init(pool: PostgresPool, logger: Logger) {
        self.pool = pool
        self.logger = logger
    }

    // MARK: Ahead

    /// Creates the partitions of the weeks to come. Returns how many whole weeks are ready after this one.
    public func prepareAhead(now: Date) async throws -> Int {
        _ = try await pool.execute("select engine.ensure_partitions(\(Int32(Self.weeksAhead)))")
        return try await weeksAhead(now: now)
    }

    /// How many whole weeks after this one can be written to. Below `leastWeeksAhead` is an alarm.
    public func weeksAhead(now: Date) async throws -> Int {
        let row = try await pool.execute("select engine.weeks_ahead(\(now))").first
        return Int(try row?.decode(0, as: Int32.self) ?? 0)
    }

    // MARK: Retention

    /// Looks at every week that may have something to let go of, and lets go of it. Returns what was done.
    @discardableResult
    public func retain(now: Date) async throws -> [String] {
        var done: [String] = []
        for week in try await dueWeeks(now: now) {
            let found = try await inspect(week, now: now)
            switch RetentionRule.move(for: found, now: now) {
            case .leave(let until): try await note(found, next: until, "")
            case .shrink:
                let outcome = try await shrink(week, now: now)
                try await settle(found, outcome, now: now)
                done.append("\(week): \(outcome.rawValue)")
                logger.notice(
                    "history let go of",
                    metadata: [
                        "week": "\(week)", "outcome": "\(outcome.rawValue)", "runs": "\(found.runs)",
                        "expired": "\(found.expired)", "live": "\(found.live)",
                    ])
            }
        }
        return done
    }

    func dueWeeks(now: Date) async throws -> [HistoryWeek] {
        let rows = try await pool.execute(
            """
            select w.week::text from engine.history_weeks() w left join engine.history_week h using (week)
            where engine.week_start(w.week + 7) <= \(now) and coalesce(h.due_at, '-infinity') <= \(now)
            order by 1
            """)
        return try rows.rows.compactMap { HistoryWeek(try $0.decode(0, as: String.self)) }
    }

    func inspect(_ week: HistoryWeek, now: Date) async throws -> WeekInspection {
        let row = try await pool.execute(
            """
            select runs, expired, expired_since, nullif(next_expiry, 'infinity'), live
            from engine.inspect_week(\(week.description)::date, \(now))
            """
        ).first
        var found = WeekInspection(week: week)
        guard let row else { return found }
        found.runs = try row.decode(0, as: Int64.self)
        found.expired = try row.decode(1, as: Int64.self)
        found.expiredSince = try row.decode(2, as: Date?.self)
        found.nextExpiry = try row.decode(3, as: Date?.self)
        found.live = try row.decode(4, as: Int64.self)
        return found
    }

    func shrink(_ week: HistoryWeek, now: Date) async throws -> ShrinkOutcome {
        // In a transaction of its own: a run that comes back to life counts itself in this row, and must not
        // wait for the copying.
        _ = try await pool.execute(
            """
            insert into engine.history_week (week) select \(week.description)::date
            where not exists (
                select 1 from engine.history_week where week = \(week.description)::date)
            on conflict do nothing
            """)
        let row = try await pool.execute(
            """
            select engine.shrink_week(\(week.description)::date, \(now), \(Self.lockPatienceMilliseconds),
                \(Self.lockTries), \(Self.liveLimit))
            """
        ).first
        return ShrinkOutcome(rawValue: try row?.decode(0, as: String.self) ?? "") ?? .busy
    }

    private func settle(_ found: WeekInspection, _ outcome: ShrinkOutcome, now: Date) async throws {
        switch outcome {
        case .dropped: break
        case .rewritten:
            // A new look tells what is left and when its turn comes.
            let left = try await inspect(found.week, now: now)
            let next = now.addingTimeInterval(RetentionRule.longestUnseen)
            try await note(left, next: min(left.nextExpiry ?? next, next), "rewritten")
        case .busy, .revived: try await note(found, next: now, outcome.rawValue)
        case .crowded:
            logger.warning(
                "a week of history is past its policy, but too many of its runs still live",
                metadata: ["week": "\(found.week)", "live": "\(found.live)"])
            try await note(found, next: now.addingTimeInterval(Self.crowdedPause), outcome.rawValue)
        }
    }

    private func note(_ found: WeekInspection, next: Date, _ note: String) async throws {
        _ = try await pool.execute(
            """
            update engine.history_week set looked_at = clock_timestamp(), due_at = \(next),
                runs = \(found.runs), expired = \(found.expired), note = \(note)
            where week = \(found.week.description)::date
            """)
    }

    // MARK: Keys

    /// Forgets idempotency keys whose time has come, in small batches. Returns how many.
    @discardableResult
    public func expireKeys() async throws -> Int {
        var gone = 0
        for _ in 0..<Self.keyBatches {
            let row = try await pool.execute(
                "select gone, looked from engine.expire_keys(\(Self.keyBatch))"
            ).first
            gone += Int(try row?.decode(0, as: Int32.self) ?? 0)
            if try row?.decode(1, as: Int32.self) ?? 0 < Self.keyBatch { break }
        }
        return gone
    }

    // MARK: For operators

    /// The weeks that are stored, oldest first.
    public func weeks() async throws -> [StoredWeek] {
        let rows = try await pool.execute(
            """
            select w.week::text, w.bytes, h.runs, h.expired, h.due_at, coalesce(h.note, '')
            from engine.history_weeks() w left join engine.history_week h using (week) order by 1
            """)
        return try rows.rows.compactMap { row in
            guard let week = HistoryWeek(try row.decode(0, as: String.self)) else { return nil }
            return StoredWeek(
                week: week, bytes: try row.decode(1, as: Int64.self),
                runs: try row.decode(2, as: Int64?.self),
                expired: try row.decode(3, as: Int64?.self), nextLook: try row.decode(4, as: Date?.self),
                note: try row.decode(5, as: String.self))
        }
    }

    /// The policies, the default first.
    public func policies() async throws -> [RetentionPolicy] {
        let rows = try await pool.execute(
            """
            select nullif(tenant, ''), nullif(workflow, ''), keep_weeks, held, set_by, reason
            from engine.retention order by tenant, workflow
            """)
        return try rows.rows.map { row in
            RetentionPolicy(
                tenant: try row.decode(0, as: String?.self), workflow: try row.decode(1, as: String?.self),
                weeks: try row.decode(2, as: Int32?.self).map(Int.init),
                isHeld: try row.decode(3, as: Bool.self), setBy: try row.decode(4, as: String.self),
                reason: try row.decode(5, as: String.self))
        }
    }

    /// Sets how long runs of a tenant and workflow are kept. Neither weeks nor a hold removes the policy.
    /// Throws `RetentionProblem` for what cannot be.
    public func setPolicy(
        tenant: String?, workflow: String?, weeks: Int?, isHeld: Bool, by mandate: Mandate
    ) async throws {
        if let weeks, !RetentionPolicy.weeksRange.contains(weeks) { throw RetentionProblem.weeks(weeks) }
        let isDefault = tenant == nil && workflow == nil
        if isDefault, weeks == nil { throw RetentionProblem.defaultNeedsWeeks }
        let before = try await policies().first { $0.tenant == tenant && $0.workflow == workflow }
        try await pool.withTransaction { tx in
            _ = try await tx.execute(
                """
                select engine.set_retention(\(tenant ?? ""), \(workflow ?? ""), \(weeks.map(Int32.init)),
                    \(isHeld), \(mandate.actor), \(mandate.reason))
                """)
            try await Audit.append(
                AuditEntry(
                    "storage.retain", on: "\(tenant ?? "*")/\(workflow ?? "*")", by: mandate,
                    before: before?.facts ?? [:],
                    after: RetentionPolicy(
                        tenant: tenant, workflow: workflow, weeks: weeks, isHeld: isHeld,
                        setBy: mandate.actor, reason: mandate.reason
                    ).facts), in: tx)
        }
    }
}

/// What became of a week; the raw values are the database's words.
public enum ShrinkOutcome: String, Sendable {
    case dropped, rewritten
    /// Others were using the tables; it is tried again.
    case busy
    /// A run of that week was brought back to life or changed meanwhile; it is tried again.
    case revived
    /// More live runs than can be moved while others wait.
    case crowded
}

/// A policy that cannot be.
public enum RetentionProblem: Error, Sendable, CustomStringConvertible {
    case weeks(Int)
    case defaultNeedsWeeks

    public var description: String {
        switch self {
        case .weeks(let weeks):
            "\(weeks) weeks cannot be; give \(RetentionPolicy.weeksRange.lowerBound) to "
                + "\(RetentionPolicy.weeksRange.upperBound)"
        case .defaultNeedsWeeks:
            "the default needs a number of weeks; a hold alone is for a tenant or workflow"
        }
    }
}

extension RetentionPolicy {
    var facts: [String: String] {
        ["weeks": weeks.map { "\($0)" } ?? "", "held": isHeld ? "yes" : "no"]
    }
}
