// Schedules made at random in zones taken at random, followed for ten years and held against what the words
// "strictly rising, never skipped, never twice" mean: every local time that the rule names has its instant in
// the series, and every member of the series belongs to such a time. The expectation asks the zone database
// for offsets directly and shares no code with the search.

import Durable
import Foundation
import Testing

@Suite("Schedules over ten years")
struct SchedulePropertyTests {
    /// A rule as plain sets, with its text for cron.
    struct Plain {
        var hours: Set<Int>
        var minutes: Set<Int>
        var days: Set<Int>
        var months: Set<Int>

        var text: String {
            func list(_ numbers: Set<Int>, all: Int) -> String {
                numbers.count == all ? "*" : numbers.sorted().map(String.init).joined(separator: ",")
            }
            return [
                list(minutes, all: 60), list(hours, all: 24), list(days, all: 31), list(months, all: 12), "*",
            ].joined(separator: " ")
        }

        init(using random: inout SplitMix) {
            // Mostly the hours in which clocks change.
            hours = Set((0..<Int.random(in: 1...2, using: &random)).map { _ in Self.hour(&random) })
            minutes = Set(
                (0..<Int.random(in: 1...2, using: &random)).map { _ in
                    [0, 15, 30, 59].randomElement(using: &random) ?? 0
                })
            days = Bool.random(using: &random) ? Set(1...31) : Set(24...31)
            months = Bool.random(using: &random) ? Set(1...12) : [3, 4, 9, 10, 11]
        }

        private static func hour(_ random: inout SplitMix) -> Int {
            Int.random(in: 0..<4, using: &random) == 0
                ? Int.random(in: 0..<24, using: &random) : Int.random(in: 0...4, using: &random)
        }

        /// Local minutes of the days from `first` through `last`, rising.
        func localMinutes(from first: LocalDay, through last: LocalDay) -> [Int] {
            let times = hours.sorted().flatMap { hour in minutes.sorted().map { hour * 60 + $0 } }
            return (first.number...last.number).flatMap { number -> [Int] in
                let (_, month, day) = LocalDay(number: number).date
                guard months.contains(month), days.contains(day) else { return [] }
                return times.map { number * 1_440 + $0 }
            }
        }
    }

    /// What a zone's clocks do, by offsets alone.
    struct Clocks {
        let zone: TimeZone

        func wall(_ second: Int) -> Int {
            second + zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(second)))
        }

        /// Whether `second` is the instant of a local time: the first that shows it, or else the first after
        /// the gap that swallowed it.
        func isInstant(_ second: Int, of local: Int) -> Bool {
            let shown = wall(second)
            if shown == local {
                let dayBefore = second - 86_400
                let earlier = local - (wall(dayBefore) - dayBefore)
                return earlier >= second || wall(earlier) != local
            }
            return shown > local && wall(second - 1) < local
        }
    }

    static let first = LocalDay(year: 2026, month: 1, day: 1)
    static let last = LocalDay(year: 2035, month: 12, day: 31)

    @Test("strictly rising, never skipped, never twice, in many zones")
    func tenYears() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("schedules over ten years: seed \(seed)")
        var random = SplitMix(state: seed)
        // Those that surprised others before are always among them.
        let fixed = [
            "Europe/Bucharest", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca",
            "Africa/Cairo", "America/Santiago", "Asia/Gaza", "Pacific/Apia", "Europe/Dublin",
            "America/Scoresbysund",
        ]
        let others = TimeZone.knownTimeZoneIdentifiers.sorted().shuffled(using: &random).prefix(8)
        for name in fixed + others {
            try follow(Plain(using: &random), in: name, seed: seed, &random)
        }
    }

    private func follow(_ plain: Plain, in name: String, seed: UInt64, _ random: inout SplitMix) throws {
        let story: Comment = "seed \(seed), '\(plain.text)' in \(name)"
        let clocks = Clocks(zone: try #require(TimeZone(identifier: name)))
        let schedule = try Schedule("property", .cron(plain.text), in: name)
        var occurrence = schedule.next(after: Date(timeIntervalSince1970: 1_767_000_000))
        var problems = 0
        var last = Int.min
        for local in plain.localMinutes(from: Self.first, through: Self.last) {
            // From the last days of 2025, which are not in the expectation.
            while let early = occurrence, early.local.day < Self.first {
                occurrence = schedule.next(after: early)
            }
            // A time that shares its instant with the one before has been fired by it.
            if last != .min, clocks.isInstant(last, of: local * 60) { continue }
            guard let found = occurrence else {
                problems += 1
                break
            }
            let second = Int(found.instant.timeIntervalSince1970)
            if second <= last || found.local.minutes != local || !clocks.isInstant(second, of: local * 60) {
                problems += 1
            }
            last = second
            if Int.random(in: 0..<50, using: &random) == 0 {
                // Entered anywhere before it, the series goes on with the same time.
                let next = schedule.next(after: found.instant)
                let middle = Double.random(in: 0..<1, using: &random)
                let gap = next.map { $0.instant.timeIntervalSince(found.instant) } ?? 0
                let entered = schedule.next(after: found.instant + (gap * middle).rounded(.down))
                if entered != next { problems += 1 }
            }
            occurrence = schedule.next(after: found)
        }
        #expect(problems == 0, story)
    }
}

/// A small seeded generator.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
