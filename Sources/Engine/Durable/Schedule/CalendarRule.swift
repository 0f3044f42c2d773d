// What cron cannot say: business days, every third day, every second week. Written as a phrase, so that a row
// of the table, a command line and a page show the same words that a person would use.

/// A schedule in the words of a calendar, read in the schedule's zone.
public struct CalendarRule: Sendable, Hashable {
    /// Which days.
    public enum Days: Sendable, Hashable {
        case firstDay
        case lastDay
        case firstBusinessDay
        case lastBusinessDay
        /// The `place`th such weekday of the month, 1 to 5; a month without a fifth is left out.
        case nth(Int, Weekday)
        case last(Weekday)
        case everyDays(Int, from: LocalDay)
        /// On the weekday of `from`.
        case everyWeeks(Int, from: LocalDay)
        /// On the day of `from`, or on the last of a month that is shorter.
        case everyMonths(Int, from: LocalDay)
    }

    public let days: Days
    /// Days that are no business days, beside Saturdays and Sundays.
    public let holidays: Set<LocalDay>
    let times: [Int]

    /// Minutes of the day; at least one. Throws where a count is out of bounds or the holidays mean nothing.
    init(_ days: Days, times: [Int], holidays: Set<LocalDay> = []) throws(ScheduleError) {
        self.days = days
        self.times = Set(times).sorted()
        self.holidays = holidays
        try check()
        guard LocalSearch.next(after: .epoch, in: self) != nil else { throw .neverFires("\(self)") }
    }

    private func check() throws(ScheduleError) {
        switch days {
        case .everyDays(let count, _), .everyWeeks(let count, _), .everyMonths(let count, _):
            guard (1...1_000).contains(count) else {
                throw .badField("interval", text: "\(count)", mend: "repeat every 1 to 1000")
            }
        case .nth(let place, _):
            guard (1...5).contains(place) else {
                throw .badField("weekday", text: "\(place)", mend: "a month has a first to a fifth at most")
            }
        default: break
        }
        if !holidays.isEmpty, days != .firstBusinessDay, days != .lastBusinessDay {
            throw .badField(
                "except", text: holidays.sorted().map(\.description).joined(separator: " "),
                mend: "holidays belong to rules of business days alone; remove them or write 'business day'")
        }
    }

    private func isBusinessDay(_ day: Int, in month: LocalMonth) -> Bool {
        month.isWorkday(day) && !holidays.contains(month.localDay(day))
    }
}

extension CalendarRule: LocalRule {
    func days(in month: LocalMonth) -> [Int] {
        switch days {
        case .firstDay: return [1]
        case .lastDay: return [month.length]
        case .firstBusinessDay: return month.days.first { isBusinessDay($0, in: month) }.map { [$0] } ?? []
        case .lastBusinessDay: return month.days.last { isBusinessDay($0, in: month) }.map { [$0] } ?? []
        case .nth(let place, let weekday):
            return month.days.filter { month.weekday($0) == weekday && ($0 - 1) / 7 + 1 == place }
        case .last(let weekday):
            return month.days.last { month.weekday($0) == weekday }.map { [$0] } ?? []
        case .everyDays(let count, let start): return every(count, from: start, in: month)
        case .everyWeeks(let count, let start): return every(count * 7, from: start, in: month)
        case .everyMonths(let count, let start):
            let (year, startMonth, day) = start.date
            let passed = month.number - LocalMonth(year: year, month: startMonth).number
            return passed >= 0 && passed % count == 0 ? [min(day, month.length)] : []
        }
    }

    private func every(_ count: Int, from start: LocalDay, in month: LocalMonth) -> [Int] {
        month.days.filter { day in
            let passed = month.localDay(day).number - start.number
            return passed >= 0 && passed % count == 0
        }
    }
}

extension CalendarRule: CustomStringConvertible {
    public var description: String {
        let times = "at " + times.map { LocalTime.text(ofMinute: $0) }.joined(separator: ", ")
        let free = holidays.sorted().map(\.description).joined(separator: " ")
        let head = "\(days.words) \(times)"
        if let start = days.start { return "\(head) from \(start)" }
        return free.isEmpty ? head : "\(head) except \(free)"
    }
}

extension CalendarRule.Days {
    static let places = ["first", "second", "third", "fourth", "fifth"]

    fileprivate var words: String {
        switch self {
        case .firstDay: "first day of month"
        case .lastDay: "last day of month"
        case .firstBusinessDay: "first business day of month"
        case .lastBusinessDay: "last business day of month"
        case .nth(let place, let weekday):
            "\(Self.places.indices.contains(place - 1) ? Self.places[place - 1] : "\(place)th") "
                + "\(weekday.name) of month"
        case .last(let weekday): "last \(weekday.name) of month"
        case .everyDays(1, _): "every day"
        case .everyDays(let count, _): "every \(count) days"
        case .everyWeeks(let count, _): "every \(count) weeks"
        case .everyMonths(let count, _): "every \(count) months"
        }
    }

    fileprivate var start: LocalDay? {
        switch self {
        case .everyDays(1, let start) where start == LocalDay(number: 0): nil
        case .everyDays(_, let start), .everyWeeks(_, let start), .everyMonths(_, let start): start
        default: nil
        }
    }
}
