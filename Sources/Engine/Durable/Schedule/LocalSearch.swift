// The next match of a rule on the local calendar: month by month, the days of a month at once, then the times
// of a day. Cron and calendar rules differ only in which days of a month they name.

/// A rule that names days of months and times of those days.
protocol LocalRule {
    /// Minutes of the day, rising, at least one.
    var times: [Int] { get }
    /// Days of the month, rising.
    func days(in month: LocalMonth) -> [Int]
}

enum LocalSearch {
    /// A rule that matches nothing for so long never will: the calendar repeats its leap days in far less.
    private static let monthLimit = 1_200

    /// The first match after `local`.
    static func next(after local: LocalTime, in rule: some LocalRule) -> LocalTime? {
        let today = local.day.date
        var month = LocalMonth(year: today.year, month: today.month)
        for turn in 0..<monthLimit {
            for day in rule.days(in: month) where turn > 0 || day >= today.day {
                let isToday = turn == 0 && day == today.day
                let minute =
                    isToday ? rule.times.first { $0 > local.minuteOfDay } : rule.times.first
                if let minute { return LocalTime(month.localDay(day), minuteOfDay: minute) }
            }
            month = month.next
        }
        return nil
    }
}

extension LocalTime {
    static let epoch = LocalTime(minutes: 0)
}

/// A month of a year.
struct LocalMonth: Hashable {
    let year: Int
    let month: Int
    let length: Int
    /// Day number of the first.
    let start: Int

    init(year: Int, month: Int) {
        self.year = year
        self.month = month
        length = LocalDay.length(ofMonth: month, in: year)
        start = LocalDay.firstDay(ofYear: year, month: month)
    }

    var days: ClosedRange<Int> { 1...length }
    var next: LocalMonth {
        month == 12 ? LocalMonth(year: year + 1, month: 1) : LocalMonth(year: year, month: month + 1)
    }
    /// Months since year 0.
    var number: Int { year * 12 + month - 1 }

    func localDay(_ day: Int) -> LocalDay { LocalDay(number: start + day - 1) }
    func weekday(_ day: Int) -> Weekday { localDay(day).weekday }
    func isWorkday(_ day: Int) -> Bool { !weekday(day).isWeekend }

    /// The last day from Monday to Friday.
    var lastWorkday: Int { days.last { isWorkday($0) } ?? length }

    /// The day from Monday to Friday that is nearest to `day` without leaving the month; nil where the month
    /// has no such day.
    func workday(nearest day: Int) -> Int? {
        guard days.contains(day) else { return nil }
        switch weekday(day) {
        case .saturday: return day > 1 ? day - 1 : day + 2
        case .sunday: return day < length ? day + 1 : day - 2
        default: return day
        }
    }
}
