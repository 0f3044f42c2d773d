// What becomes of one week of history, as a pure decision. A week goes whole as soon as nothing in it is
// kept. A week of which only a part is past its policy is written anew without that part, which costs a
// pass over what stays: it waits until a tenth of the week has expired, or until something in it is four
// weeks overdue. So a policy of N weeks is honoured after N weeks at the earliest and N + 5 at the
// latest.

import Foundation

/// What a look at one week of history found.
struct WeekInspection: Sendable, Hashable {
    /// The Monday on which it begins.
    let week: HistoryWeek
    var runs: Int64 = 0
    var expired: Int64 = 0
    var expiredSince: Date?
    var nextExpiry: Date?
    /// Runs that began in that week and have not ended.
    var live: Int64 = 0
}

/// What is done about it.
enum RetentionMove: Sendable, Hashable {
    /// Nothing before that instant.
    case leave(until: Date)
    /// Let go of what has expired: the whole week, or a part of it.
    case shrink
}

enum RetentionRule {
    /// The part of a week that is worth a pass over the rest.
    static let worthwhileShare = 10
    static let longestOverdue: TimeInterval = 28 * 86_400
    /// A week without any run goes after this; until then somebody with a slow clock might still write to
    /// it.
    static let emptyGrace: TimeInterval = 14 * 86_400
    /// Runs of old weeks keep ending, so each is looked at again after this at the latest.
    static let longestUnseen: TimeInterval = 7 * 86_400

    static func move(for found: WeekInspection, now: Date) -> RetentionMove {
        let next = min(found.nextExpiry ?? .distantFuture, now.addingTimeInterval(longestUnseen))
        guard found.week.end <= now else { return .leave(until: max(next, found.week.end)) }
        if found.runs == 0, found.live == 0 {
            let until = found.week.end.addingTimeInterval(emptyGrace)
            return until <= now ? .shrink : .leave(until: until)
        }
        guard found.expired > 0 else { return .leave(until: next) }
        if found.expired == found.runs { return .shrink }
        if found.expired * Int64(worthwhileShare) >= found.runs { return .shrink }
        guard let since = found.expiredSince else { return .leave(until: next) }
        let deadline = since.addingTimeInterval(longestOverdue)
        return deadline <= now ? .shrink : .leave(until: min(next, deadline))
    }
}

/// A week of history, by the day on which it begins: `2026-11-23`, always a Monday, in UTC.
public struct HistoryWeek: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let start: Date

    private static let day: TimeInterval = 86_400
    /// A Monday.
    private static let origin: TimeInterval = 4 * day

    /// The week that holds an instant.
    public init(containing instant: Date) {
        let seconds = instant.timeIntervalSince1970 - Self.origin
        let weeks = (seconds / (7 * Self.day)).rounded(.down)
        start = Date(timeIntervalSince1970: Self.origin + weeks * 7 * Self.day)
    }

    /// Reads a day such as `2026-11-25`; nil where it is none.
    public init?(_ text: String) {
        // No day is the whole answer.
        guard let day = try? Date("\(text)T00:00:00Z", strategy: .iso8601) else { return nil }
        self.init(containing: day)
    }

    public var end: Date { start.addingTimeInterval(7 * Self.day) }
    public var description: String { String(start.formatted(.iso8601).prefix(10)) }
    public func following(_ weeks: Int) -> HistoryWeek {
        HistoryWeek(containing: start.addingTimeInterval(Double(weeks) * 7 * Self.day))
    }
    public static func < (one: HistoryWeek, other: HistoryWeek) -> Bool { one.start < other.start }
}

/// How long runs of a tenant and workflow are kept; nil stands for every tenant or workflow.
public struct RetentionPolicy: Sendable, Hashable {
    public let tenant: String?
    public let workflow: String?
    /// Whole weeks after the week in which a run ended; nil leaves it to a wider policy.
    public let weeks: Int?
    /// Nothing that this covers is ever let go of while it stands, whatever other policies say.
    public let isHeld: Bool
    public let setBy: String
    public let reason: String

    /// Up to a century.
    public static let weeksRange = 1...5_200
}
