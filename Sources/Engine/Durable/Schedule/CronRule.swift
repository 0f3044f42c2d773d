// Five fields as cron has them, with what became usual since: names, `?`, `L` (last day), `L-2`, `LW` (last
// day from Monday to Friday), `15W` (the weekday nearest the 15th), `5L` or `FRIL` (last Friday), `FRI#2`
// (second Friday), and `@daily` and its kin. As in cron, a day matches either field when both restrict it,
// and both when one of them begins with a star.

/// A schedule in the form of five cron fields, read in the schedule's zone.
public struct CronRule: Sendable, Hashable, CustomStringConvertible {
    public let text: String
    let months: Set<Int>
    let days: CronDays
    /// Minutes of the day, rising.
    let times: [Int]

    /// Throws `ScheduleError.badField` with the field, its text and how to mend it, or `.neverFires`.
    public init(_ text: String) throws(ScheduleError) {
        let words = text.split(whereSeparator: \.isWhitespace)
        let canonical = words.joined(separator: " ")
        if words.count == 1, let long = Self.nicknames[canonical.lowercased()] {
            try self.init(fields: long.split(separator: " "), text: canonical.lowercased())
        } else if canonical.hasPrefix("@") {
            throw .badField(
                "nickname", text: canonical,
                mend: "use one of \(Self.nicknames.keys.sorted().joined(separator: ", "))")
        } else {
            try self.init(fields: words, text: canonical)
        }
    }

    private init(fields: [Substring], text: String) throws(ScheduleError) {
        guard fields.count == 5 else {
            throw .badField(
                "rule", text: text,
                mend:
                    "has \(fields.count) fields; cron takes five: minute hour day-of-month month day-of-week")
        }
        self.text = text
        let minutes = try CronField.minute.numbers(in: fields[0]).sorted()
        let hours = try CronField.hour.numbers(in: fields[1]).sorted()
        times = hours.flatMap { hour in minutes.map { hour * 60 + $0 } }
        days = try CronDays(ofMonth: fields[2], ofWeek: fields[4])
        months = try CronField.month.numbers(in: fields[3])
        guard LocalSearch.next(after: .epoch, in: self) != nil else { throw .neverFires(text) }
    }

    public var description: String { text }

    private static let nicknames = [
        "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
        "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
    ]
}

extension CronRule: LocalRule {
    func days(in month: LocalMonth) -> [Int] {
        months.contains(month.month) ? month.days.filter { days.match($0, in: month) } : []
    }
}

/// What the two day fields say together.
struct CronDays: Sendable, Hashable {
    private var ofMonth: Set<Int> = []
    /// Days before the last one: 0 is the last.
    private var beforeLast: Set<Int> = []
    private var nearest: Set<Int> = []
    private var isLastWorkday = false
    private var ofWeek: Set<Int> = []
    private var lastOfWeek: Set<Int> = []
    private var nth: Set<Nth> = []
    private let matchesBoth: Bool

    private struct Nth: Hashable {
        let weekday: Int
        let place: Int
    }

    init(ofMonth monthField: Substring, ofWeek weekField: Substring) throws(ScheduleError) {
        matchesBoth = CronField.isStar(monthField) || CronField.isStar(weekField)
        for item in try CronField.dayOfMonth.items(of: monthField) { try addDay(item) }
        for item in try CronField.dayOfWeek.items(of: weekField) { try addWeekday(item) }
    }

    func match(_ day: Int, in month: LocalMonth) -> Bool {
        let byMonth = matchesMonth(day, in: month)
        let byWeek = matchesWeek(day, in: month)
        return matchesBoth ? byMonth && byWeek : byMonth || byWeek
    }

    private func matchesMonth(_ day: Int, in month: LocalMonth) -> Bool {
        ofMonth.contains(day) || beforeLast.contains(month.length - day)
            || (isLastWorkday && day == month.lastWorkday)
            || nearest.contains { month.workday(nearest: $0) == day }
    }

    private func matchesWeek(_ day: Int, in month: LocalMonth) -> Bool {
        let weekday = month.weekday(day).rawValue
        return ofWeek.contains(weekday)
            || (lastOfWeek.contains(weekday) && day + 7 > month.length)
            || nth.contains(Nth(weekday: weekday, place: (day - 1) / 7 + 1))
    }

    private mutating func addDay(_ item: Substring) throws(ScheduleError) {
        let field = CronField.dayOfMonth
        let upper = item.uppercased()
        if upper == "LW" || upper == "WL" {
            isLastWorkday = true
        } else if upper == "L" {
            beforeLast.insert(0)
        } else if upper.hasPrefix("L-") {
            guard let back = Int(upper.dropFirst(2)), (1...30).contains(back) else {
                throw field.problem(item, "after L- comes how many days before the last, 1 to 30")
            }
            beforeLast.insert(back)
        } else if upper.hasSuffix("W") {
            nearest.insert(try field.number(item.dropLast(), in: item))
        } else {
            ofMonth.formUnion(try field.numbers(ofItem: item))
        }
    }

    private mutating func addWeekday(_ item: Substring) throws(ScheduleError) {
        let field = CronField.dayOfWeek
        if let mark = item.firstIndex(of: "#") {
            let weekday = try field.number(item[..<mark], in: item) % 7
            guard let place = Int(item[item.index(after: mark)...]), (1...5).contains(place) else {
                throw field.problem(item, "after # comes which one of the month, 1 to 5")
            }
            nth.insert(Nth(weekday: weekday, place: place))
        } else if item.uppercased() == "L" {
            throw field.problem(item, "says no day; write which, as in 5L for the last Friday of the month")
        } else if item.last == "L" || item.last == "l" {
            lastOfWeek.insert(try field.number(item.dropLast(), in: item) % 7)
        } else {
            ofWeek.formUnion(try field.numbers(ofItem: item).map { $0 % 7 })
        }
    }
}
