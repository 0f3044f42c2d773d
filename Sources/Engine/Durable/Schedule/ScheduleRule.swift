// A rule is stored as the text that a person wrote. Three kinds: cron and the calendar name times on the wall
// clock of the schedule's zone; an elapsed rule counts real time and knows no zone, so that "every fifteen
// minutes" stays so through a change of the clocks.

import Foundation

/// When a schedule fires.
public enum ScheduleRule: Sendable, Hashable {
    case cron(CronRule)
    case calendar(CalendarRule)
    case elapsed(ElapsedRule)

    /// Reads five cron fields, a phrase of the calendar, or `every 15 minutes`. Throws `ScheduleError` with
    /// the field, its text and how to mend it.
    public init(_ text: String) throws(ScheduleError) {
        let trimmed = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        if let rule = try ElapsedRule(parsing: trimmed) {
            self = .elapsed(rule)
        } else if let rule = try CalendarRule(parsing: trimmed) {
            self = .calendar(rule)
        } else if Self.looksLikeCron(trimmed) {
            self = .cron(try CronRule(trimmed))
        } else {
            throw .unknownRule(text)
        }
    }

    private static func looksLikeCron(_ text: String) -> Bool {
        guard let first = text.split(separator: " ").first else { return false }
        return first.contains { "@*?0123456789".contains($0) }
    }

    /// Five cron fields.
    public static func cron(_ text: String) throws(ScheduleError) -> ScheduleRule {
        .cron(try CronRule(text))
    }

    /// Days of the calendar at a time of day such as `18:00`.
    public static func calendar(
        _ days: CalendarRule.Days, at time: String, except holidays: Set<LocalDay> = []
    ) throws(ScheduleError) -> ScheduleRule {
        guard let minute = LocalTime.minuteOfDay(parsing: time) else {
            throw .badField("at", text: time, mend: "write a time of day as 09:00 or 18:30")
        }
        return .calendar(try CalendarRule(days, times: [minute], holidays: holidays))
    }

    /// Every so many minutes of real time, counted from 1970-01-01 00:00 UTC.
    public static func every(minutes: Int) throws(ScheduleError) -> ScheduleRule {
        .elapsed(try ElapsedRule(minutes: minutes))
    }

    /// The next local time after `local`; nil for an elapsed rule, which has none of its own.
    func next(after local: LocalTime) -> LocalTime? {
        switch self {
        case .cron(let rule): LocalSearch.next(after: local, in: rule)
        case .calendar(let rule): LocalSearch.next(after: local, in: rule)
        case .elapsed: nil
        }
    }
}

extension ScheduleRule: CustomStringConvertible {
    public var description: String {
        switch self {
        case .cron(let rule): rule.description
        case .calendar(let rule): rule.description
        case .elapsed(let rule): rule.description
        }
    }
}

extension ScheduleRule: Codable {
    public init(from decoder: any Decoder) throws {
        try self.init(try decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// Every so many minutes or hours of real time.
public struct ElapsedRule: Sendable, Hashable, CustomStringConvertible {
    let minutes: Int

    init(minutes: Int) throws(ScheduleError) {
        guard (1...525_600).contains(minutes) else {
            throw .badField("interval", text: "\(minutes) minutes", mend: "repeat every minute to every year")
        }
        self.minutes = minutes
    }

    /// Reads `every 15 minutes` or `every 7 hours`; nil where the text is no such phrase.
    init?(parsing text: String) throws(ScheduleError) {
        let words = text.lowercased().split(separator: " ")
        guard words.count >= 2, words[0] == "every" else { return nil }
        let unit = words[words.count - 1]
        guard ["minute", "minutes", "hour", "hours"].contains(unit), words.count <= 3 else { return nil }
        let count = words.count == 2 ? 1 : Int(words[1])
        guard let count, (1...525_600).contains(count) else {
            throw .badField("interval", text: text, mend: "write how many, as in every 15 minutes")
        }
        try self.init(minutes: unit.hasPrefix("hour") ? count * 60 : count)
    }

    public var description: String {
        switch minutes {
        case 1: "every minute"
        case 60: "every hour"
        case let hours where hours % 60 == 0: "every \(hours / 60) hours"
        default: "every \(minutes) minutes"
        }
    }

    func next(after instant: Date) -> Date {
        let step = minutes * 60
        return Date(wholeSeconds: (instant.wholeSeconds.quotient(step) + 1) * step)
    }
}
