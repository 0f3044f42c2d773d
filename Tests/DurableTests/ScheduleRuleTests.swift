import Durable
import Foundation
import Testing

@Suite("Rules of schedules")
struct ScheduleRuleTests {
    /// The local times of a rule in 2026, in a zone whose clocks never change.
    func times(_ rule: String, _ count: Int, after: String = "2025-12-31T23:59:59Z") throws -> [String] {
        let schedule = try Schedule("rule", ScheduleRule(rule), in: "UTC")
        let start = try Date(after, strategy: .iso8601)
        return schedule.occurrences(after: start, through: .distantFuture, limit: count)
            .map(\.local.description)
    }

    @Test(
        "cron",
        arguments: [
            ("0 9 * * *", ["2026-01-01 09:00", "2026-01-02 09:00"]),
            ("*/20 8-9 * * *", ["2026-01-01 08:00", "2026-01-01 08:20", "2026-01-01 08:40"]),
            ("5/25 0 1 1 *", ["2026-01-01 00:05", "2026-01-01 00:30", "2026-01-01 00:55"]),
            ("0 0,12 1,15 FEB,3 *", ["2026-02-01 00:00", "2026-02-01 12:00", "2026-02-15 00:00"]),
            ("0 6 * * MON-FRI", ["2026-01-01 06:00", "2026-01-02 06:00", "2026-01-05 06:00"]),
            ("0 6 * * 5-7", ["2026-01-02 06:00", "2026-01-03 06:00", "2026-01-04 06:00"]),
            ("0 6 * * 0", ["2026-01-04 06:00", "2026-01-11 06:00"]),
            ("0 6 ? * 7", ["2026-01-04 06:00", "2026-01-11 06:00"]),
            ("0 18 L * *", ["2026-01-31 18:00", "2026-02-28 18:00", "2026-03-31 18:00"]),
            ("0 18 L-2 * *", ["2026-01-29 18:00", "2026-02-26 18:00"]),
            ("0 18 LW * *", ["2026-01-30 18:00", "2026-02-27 18:00", "2026-03-31 18:00"]),
            // The 15th is a Sunday in February and March, the 1st a Sunday too.
            ("0 8 15W * *", ["2026-01-15 08:00", "2026-02-16 08:00", "2026-03-16 08:00"]),
            ("0 8 1W 2 *", ["2026-02-02 08:00", "2027-02-01 08:00"]),
            ("0 9 * * TUE#2", ["2026-01-13 09:00", "2026-02-10 09:00"]),
            ("0 9 * * 5#5", ["2026-01-30 09:00", "2026-05-29 09:00"]),
            ("0 9 * * 5L", ["2026-01-30 09:00", "2026-02-27 09:00"]),
            ("0 9 * * friL", ["2026-01-30 09:00", "2026-02-27 09:00"]),
            // Both day fields restrict: either matches. One begins with a star: both must.
            ("0 0 13 * FRI", ["2026-01-02 00:00", "2026-01-09 00:00", "2026-01-13 00:00"]),
            ("0 0 */2 * FRI", ["2026-01-09 00:00", "2026-01-23 00:00"]),
            ("0 0 29 2 *", ["2028-02-29 00:00", "2032-02-29 00:00"]),
            ("@weekly", ["2026-01-04 00:00", "2026-01-11 00:00"]),
        ])
    func cron(rule: String, expected: [String]) throws {
        #expect(try times(rule, expected.count) == expected)
    }

    @Test(
        "the calendar",
        arguments: [
            ("every day at 07:30", ["2026-01-01 07:30", "2026-01-02 07:30"]),
            ("every day at 19:00, 07:00", ["2026-01-01 07:00", "2026-01-01 19:00"]),
            ("first day of month at 00:15", ["2026-01-01 00:15", "2026-02-01 00:15"]),
            ("last day of month at 23:45", ["2026-01-31 23:45", "2026-02-28 23:45"]),
            ("first business day of month at 08:00", ["2026-01-01 08:00", "2026-02-02 08:00"]),
            (
                "first business day of month at 08:00 except 2026-01-01 2026-01-02",
                ["2026-01-05 08:00", "2026-02-02 08:00"]
            ),
            ("last business day of month at 18:00", ["2026-01-30 18:00", "2026-02-27 18:00"]),
            (
                "last business day of month at 18:00 except 2026-01-30, 2026-01-29",
                ["2026-01-28 18:00", "2026-02-27 18:00"]
            ),
            ("second tuesday of month at 09:00", ["2026-01-13 09:00", "2026-02-10 09:00"]),
            ("fifth friday of month at 09:00", ["2026-01-30 09:00", "2026-05-29 09:00"]),
            ("last fri of month at 09:00", ["2026-01-30 09:00", "2026-02-27 09:00"]),
            ("every 3 days at 04:00 from 2026-01-02", ["2026-01-02 04:00", "2026-01-05 04:00"]),
            ("every 2 weeks at 04:00 from 2025-12-29", ["2026-01-12 04:00", "2026-01-26 04:00"]),
            (
                "every 3 months at 06:00 from 2025-08-31",
                ["2026-02-28 06:00", "2026-05-31 06:00", "2026-08-31 06:00"]
            ),
            ("every 45 minutes", ["2026-01-01 00:00", "2026-01-01 00:45", "2026-01-01 01:30"]),
            ("every hour", ["2026-01-01 00:00", "2026-01-01 01:00"]),
        ])
    func calendar(rule: String, expected: [String]) throws {
        #expect(try times(rule, expected.count) == expected)
        // What is stored reads back as the same rule.
        let read = try ScheduleRule(rule)
        #expect(try ScheduleRule(read.description) == read)
    }

    @Test(
        "a bad rule names the field, the text and how to mend it",
        arguments: [
            ("61 * * * *", ["minute", "'61'", "0 to 59"]),
            ("0 24 * * *", ["hour", "'24'", "0 to 23"]),
            ("0 0 0 * *", ["day-of-month", "'0'", "1 to 31"]),
            ("0 0 * MAI *", ["month", "'MAI'", "JAN to DEC"]),
            ("0 0 * * 8", ["day-of-week", "'8'", "0 to 7"]),
            ("0 22-5 * * *", ["hour", "'22-5'", "runs backwards", "22-23,0-5"]),
            ("*/0 * * * *", ["minute", "'*/0'", "step"]),
            ("1,,2 * * * *", ["minute", "'1,,2'", "empty part"]),
            ("0 0 * * L", ["day-of-week", "'L'", "5L"]),
            ("0 0 * * MON#6", ["day-of-week", "'MON#6'", "1 to 5"]),
            ("0 0 L-31 * *", ["day-of-month", "'L-31'", "1 to 30"]),
            ("0 0 * *", ["'0 0 * *'", "has 4 fields", "minute hour day-of-month month day-of-week"]),
            ("0 0 30 2 *", ["'0 0 30 2 *'", "matches no date"]),
            ("@often", ["'@often'", "@daily"]),
            ("every second tuesday", ["'every second tuesday'", "is no schedule"]),
            ("now and then", ["'now and then'", "is no schedule"]),
            ("last business day of month", ["'at' is expected", "its end"]),
            ("last business day of month at 25:00", ["at", "'25:00'", "18:30"]),
            ("last business day of month at 18:00 except christmas", ["except", "'christmas'"]),
            ("last day of month at 18:00 except 2026-12-25", ["except", "2026-12-25", "business"]),
            ("second day of month at 18:00", ["day", "'day'", "first or last"]),
            ("every 3 days at 04:00", ["from", "from 2026-01-05"]),
            ("every 0 minutes", ["interval", "every 15 minutes"]),
            ("first day of month at 04:00 please", ["at", "'please'"]),
        ])
    func badRules(rule: String, words: [String]) throws {
        let error = #expect(throws: ScheduleError.self) { try ScheduleRule(rule) }
        for word in words {
            #expect(error?.description.contains(word) == true, "\(error?.description ?? "")")
        }
    }

    @Test("days agree with the library's calendar for two centuries")
    func days() throws {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(identifier: "UTC"))
        for number in stride(from: -1_000, to: 72_000, by: 13) {
            let day = LocalDay(number: number)
            let parts = calendar.dateComponents(
                [.year, .month, .day, .weekday],
                from: Date(timeIntervalSince1970: Double(number) * 86_400))
            let (year, month, date) = day.date
            #expect(year == parts.year && month == parts.month && date == parts.day)
            #expect(day.weekday.rawValue + 1 == parts.weekday)
            #expect(LocalDay(year: year, month: month, day: date) == day)
        }
        #expect(LocalDay(parsing: "2026-02-29") == nil)
        #expect(LocalTime(parsing: "2026-02-28 24:00") == nil)
    }

    @Test("jitter is a fixed part of its span for each schedule, spread over all of it")
    func jitter() throws {
        let rule = try ScheduleRule("0 6 * * *")
        var spreads: Set<Duration> = []
        for number in 0..<200 {
            let name = ScheduleName("tenant-\(number)")
            let schedule = try Schedule(name, rule, in: "UTC", jitter: .seconds(600))
            #expect(schedule.spread == (try Schedule(name, rule, in: "UTC", jitter: .seconds(600))).spread)
            #expect(schedule.spread >= .zero && schedule.spread <= .seconds(600))
            spreads.insert(schedule.spread)
        }
        #expect(spreads.count > 120)
        #expect(spreads.contains { $0 < .seconds(60) } && spreads.contains { $0 > .seconds(540) })
        #expect(try Schedule("plain", rule, in: "UTC").spread == .zero)
    }

    @Test("a schedule survives its stored form")
    func stored() throws {
        let schedule = try Schedule(
            "billing", ScheduleRule("last business day of month at 18:00 except 2026-12-31"),
            in: "Europe/Bucharest", gap: .leaveOut, repeated: .second, overlap: .queueOne,
            catchUp: .all(upTo: 12), jitter: .seconds(90), for: "acme", priority: -5)

        let read = try JSONDecoder().decode(Schedule.self, from: JSONEncoder().encode(schedule))

        #expect(read == schedule)
        #expect(
            read.key(of: Date(timeIntervalSince1970: 1_800_000_000))
                == "schedule:billing:2027-01-15T08:00:00Z")
    }

    @Test("limits of policies are errors that say what to write")
    func policies() throws {
        let rule = try ScheduleRule("0 6 * * *")
        #expect(throws: ScheduleError.self) { try Schedule("a", rule, in: "UTC", catchUp: .all(upTo: 501)) }
        #expect(throws: ScheduleError.self) { try Schedule("a", rule, in: "UTC", jitter: .seconds(86_401)) }
        #expect(throws: ScheduleError.self) { try Schedule("", rule, in: "UTC") }
        #expect(throws: ScheduleError.self) { try CatchUpPolicy("all:many") }
        #expect(try CatchUpPolicy("all:7") == .all(upTo: 7))
    }
}
