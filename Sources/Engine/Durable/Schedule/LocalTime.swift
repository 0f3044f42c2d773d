// Days and times as a wall calendar and a wall clock show them, with no zone attached. Plain integers and
// the arithmetic of the Gregorian calendar: a schedule is computed on these and becomes an instant last,
// because the library's own search (`Calendar.nextDate` with strict matching) leaves out a time that the
// spring change skips.

import FoundationEssentials

/// A day of the week, counted from Sunday as cron counts.
public enum Weekday: Int, Sendable, Hashable, CaseIterable {
    case sunday, monday, tuesday, wednesday, thursday, friday, saturday

    var isWeekend: Bool { self == .saturday || self == .sunday }
    var name: String { "\(self)" }
}

/// A day of the calendar.
public struct LocalDay: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Days since 1970-01-01.
    public let number: Int

    public init(number: Int) { self.number = number }

    /// The day of a date that exists. Traps where it does not; use `init(parsing:)` for text from outside.
    public init(year: Int, month: Int, day: Int) {
        precondition(
            (1...12).contains(month) && (1...Self.length(ofMonth: month, in: year)).contains(day),
            "\(year)-\(month)-\(day) is not a date")
        number = Self.firstDay(ofYear: year, month: month) + day - 1
    }

    /// Reads `2026-03-29`; nil where that is not a date.
    public init?(parsing text: some StringProtocol) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].count == 4, parts[1].count == 2, parts[2].count == 2,
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2]),
            year >= 1970, (1...12).contains(month), day >= 1, day <= Self.length(ofMonth: month, in: year)
        else { return nil }
        self.init(year: year, month: month, day: day)
    }

    public var weekday: Weekday {
        // 1970-01-01 was a Thursday.
        Weekday(rawValue: (number + 4).modulo(7)) ?? .sunday
    }

    /// Year, month and day of the month.
    public var date: (year: Int, month: Int, day: Int) {
        // Years are counted from March here, so that the leap day is the last of its year.
        let sinceMarch = number + 719_468
        let era = sinceMarch.quotient(146_097)
        let dayOfEra = sinceMarch - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, day)
    }

    public var description: String {
        let (year, month, day) = date
        return "\(year.digits(4))-\(month.digits(2))-\(day.digits(2))"
    }

    public static func < (left: LocalDay, right: LocalDay) -> Bool { left.number < right.number }

    static func length(ofMonth month: Int, in year: Int) -> Int {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: isLeap(year) ? 29 : 28
        default: 31
        }
    }

    private static func isLeap(_ year: Int) -> Bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    static func firstDay(ofYear year: Int, month: Int) -> Int {
        let marchYear = month <= 2 ? year - 1 : year
        let monthFromMarch = month > 2 ? month - 3 : month + 9
        let era = marchYear.quotient(400)
        let yearOfEra = marchYear - era * 400
        let dayOfYear = (153 * monthFromMarch + 2) / 5
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

/// A minute of a day, as a wall clock shows it.
public struct LocalTime: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Minutes since 1970-01-01 00:00 on that clock.
    public let minutes: Int

    public init(minutes: Int) { self.minutes = minutes }

    public init(_ day: LocalDay, minuteOfDay: Int) { minutes = day.number * 1_440 + minuteOfDay }

    /// Reads `2026-03-29 03:30`; nil where that is not a time.
    public init?(parsing text: String) {
        let parts = text.split(whereSeparator: { $0 == " " || $0 == "T" })
        guard parts.count == 2, let day = LocalDay(parsing: parts[0]),
            let minute = Self.minuteOfDay(parsing: parts[1])
        else { return nil }
        self.init(day, minuteOfDay: minute)
    }

    public var day: LocalDay { LocalDay(number: minutes.quotient(1_440)) }
    public var minuteOfDay: Int { minutes.modulo(1_440) }

    public var description: String { "\(day) \(Self.text(ofMinute: minuteOfDay))" }

    public static func < (left: LocalTime, right: LocalTime) -> Bool { left.minutes < right.minutes }

    static func minuteOfDay(parsing text: some StringProtocol) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].count == 2, parts[1].count == 2,
            let hour = Int(parts[0]), let minute = Int(parts[1]),
            (0...23).contains(hour), (0...59).contains(minute)
        else { return nil }
        return hour * 60 + minute
    }

    static func text(ofMinute minute: Int) -> String {
        "\((minute / 60).digits(2)):\((minute % 60).digits(2))"
    }
}

extension Int {
    /// The quotient rounded down, also for negative numbers.
    func quotient(_ divisor: Int) -> Int { (self - modulo(divisor)) / divisor }

    /// The remainder that is never negative.
    func modulo(_ divisor: Int) -> Int {
        let remainder = self % divisor
        return remainder < 0 ? remainder + divisor : remainder
    }

    func digits(_ width: Int) -> String {
        let text = String(self)
        return String(repeating: "0", count: Swift.max(0, width - text.count)) + text
    }
}
