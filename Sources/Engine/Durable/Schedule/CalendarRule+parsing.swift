// Phrases of the calendar, word by word. What is missing or wrong is said where it stands.

extension CalendarRule {
    /// Reads a phrase such as `last business day of month at 18:00 except 2026-12-31`. Returns nil where the
    /// text does not begin like one.
    init?(parsing text: String) throws(ScheduleError) {
        var words = Words(text)
        guard let days = try words.days() else { return nil }
        let times = try words.times()
        let start = try words.start()
        let holidays = try words.holidays()
        try words.end()
        try self.init(try days.starting(start, in: text), times: times, holidays: holidays)
    }
}

extension CalendarRule.Days {
    /// Puts the day that an interval counts from into it.
    fileprivate func starting(_ start: LocalDay?, in text: String) throws(ScheduleError) -> Self {
        switch self {
        case .everyDays(1, _): return .everyDays(1, from: start ?? LocalDay(number: 0))
        case .everyDays(let count, _): return .everyDays(count, from: try Self.required(start, text))
        case .everyWeeks(let count, _): return .everyWeeks(count, from: try Self.required(start, text))
        case .everyMonths(let count, _): return .everyMonths(count, from: try Self.required(start, text))
        default:
            guard start == nil else {
                throw .badField("from", text: text, mend: "only 'every N' counts from a day; remove 'from'")
            }
            return self
        }
    }

    private static func required(_ start: LocalDay?, _ text: String) throws(ScheduleError) -> LocalDay {
        guard let start else {
            throw .badField("from", text: text, mend: "say from which day it counts, as in from 2026-01-05")
        }
        return start
    }
}

/// The words of a phrase, taken from the front.
private struct Words {
    private let text: String
    private var rest: ArraySlice<Substring>

    init(_ text: String) {
        self.text = text
        rest = text.lowercased().split { $0.isWhitespace || $0 == "," }[...]
    }

    /// The part before `at`; nil where it is not how such a phrase begins.
    mutating func days() throws(ScheduleError) -> CalendarRule.Days? {
        guard let first = rest.popFirst() else { return nil }
        if first == "every" { return try interval() }
        let place = CalendarRule.Days.places.firstIndex(of: String(first)).map { $0 + 1 }
        guard place != nil || first == "last" else { return nil }
        let days = try monthly(place)
        try expect("of", "month")
        return days
    }

    mutating func times() throws(ScheduleError) -> [Int] {
        try expect("at")
        var times: [Int] = []
        while let word = rest.first, word != "from", word != "except" {
            guard let time = LocalTime.minuteOfDay(parsing: word) else {
                throw .badField("at", text: String(word), mend: "write a time of day as 09:00 or 18:30")
            }
            times.append(time)
            rest.removeFirst()
        }
        guard !times.isEmpty else {
            throw .badField("at", text: text, mend: "say at which time of day, as in at 18:00")
        }
        return times
    }

    mutating func start() throws(ScheduleError) -> LocalDay? {
        guard rest.first == "from" else { return nil }
        rest.removeFirst()
        return try day("from", rest.popFirst())
    }

    mutating func holidays() throws(ScheduleError) -> Set<LocalDay> {
        guard rest.first == "except" else { return [] }
        rest.removeFirst()
        var days: Set<LocalDay> = []
        repeat { days.insert(try day("except", rest.popFirst())) } while !rest.isEmpty
        return days
    }

    func end() throws(ScheduleError) {
        guard let word = rest.first else { return }
        throw .badField("rule", text: String(word), mend: "is not understood here; remove it from '\(text)'")
    }

    private mutating func interval() throws(ScheduleError) -> CalendarRule.Days? {
        guard let word = rest.popFirst() else { return nil }
        let none = LocalDay(number: 0)
        if word == "day" { return .everyDays(1, from: none) }
        guard let count = Int(word) else { return nil }
        switch rest.popFirst() {
        case "day", "days": return .everyDays(count, from: none)
        case "week", "weeks": return .everyWeeks(count, from: none)
        case "month", "months": return .everyMonths(count, from: none)
        default: return nil
        }
    }

    private mutating func monthly(_ place: Int?) throws(ScheduleError) -> CalendarRule.Days {
        let word = rest.popFirst() ?? ""
        if let weekday = Weekday.allCases.first(where: { $0.name == word || $0.name.prefix(3) == word }) {
            return place.map { .nth($0, weekday) } ?? .last(weekday)
        }
        guard word == "day" || word == "business", place == nil || place == 1 else {
            throw .badField(
                "day", text: String(word),
                mend: "write first or last with 'day' or 'business day', or first to fifth with a weekday")
        }
        if word == "day" { return place == nil ? .lastDay : .firstDay }
        try expect("day")
        return place == nil ? .lastBusinessDay : .firstBusinessDay
    }

    private func day(_ field: String, _ word: Substring?) throws(ScheduleError) -> LocalDay {
        guard let word, let day = LocalDay(parsing: word) else {
            throw .badField(field, text: String(word ?? ""), mend: "write a date as 2026-12-25")
        }
        return day
    }

    private mutating func expect(_ words: String...) throws(ScheduleError) {
        for word in words {
            let found = rest.popFirst()
            guard found.map(String.init) != word else { continue }
            throw .badField(
                "rule", text: text, mend: "'\(word)' is expected where '\(found ?? "its end")' stands")
        }
    }
}
