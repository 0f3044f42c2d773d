import Foundation
import Testing

@testable import Fleet

@Suite("What retention does with a week")
struct RetentionRuleTests {
    static let now = Date(timeIntervalSince1970: 1_800_000_000)
    static let old = HistoryWeek(containing: now).following(-60)
    static func days(_ count: Double) -> TimeInterval { count * 86_400 }

    struct Case: Sendable, CustomStringConvertible {
        let description: String
        let found: WeekInspection
        let isShrunk: Bool

        init(_ description: String, shrinks: Bool, _ change: (inout WeekInspection) -> Void) {
            var found = WeekInspection(week: RetentionRuleTests.old)
            change(&found)
            self.description = description
            self.found = found
            isShrunk = shrinks
        }
    }

    static let cases: [Case] = [
        Case("nothing has expired", shrinks: false) { $0.runs = 10 },
        Case("all of it has expired", shrinks: true) {
            $0.runs = 10
            $0.expired = 10
        },
        Case("all of it has expired, and one run lives", shrinks: true) {
            $0.runs = 10
            $0.expired = 10
            $0.live = 1
        },
        Case("only live runs", shrinks: false) { $0.live = 4 },
        Case("a tenth has expired", shrinks: true) {
            $0.runs = 100
            $0.expired = 10
            $0.expiredSince = now.addingTimeInterval(-days(1))
        },
        Case("less than a tenth, just now", shrinks: false) {
            $0.runs = 100
            $0.expired = 9
            $0.expiredSince = now.addingTimeInterval(-days(27))
        },
        Case("less than a tenth, four weeks ago", shrinks: true) {
            $0.runs = 1_000_000
            $0.expired = 1
            $0.expiredSince = now.addingTimeInterval(-days(28))
        },
        Case("an old week without a run", shrinks: true) { _ in },
    ]

    @Test("each case has its move", arguments: cases)
    func move(_ example: Case) {
        let move = RetentionRule.move(for: example.found, now: Self.now)

        #expect((move == .shrink) == example.isShrunk)
        if case .leave(let until) = move {
            #expect(until > Self.now && until <= Self.now.addingTimeInterval(Self.days(7)))
        }
    }

    @Test("a week that is not over, or has just ended empty, is never touched", arguments: [0, 1, 3, -1, -2])
    func young(_ offset: Int) {
        var found = WeekInspection(week: HistoryWeek(containing: Self.now).following(offset))
        #expect(RetentionRule.move(for: found, now: Self.now) != .shrink)

        guard offset >= 0 else { return }
        found.runs = 5
        found.expired = 5
        #expect(RetentionRule.move(for: found, now: Self.now) != .shrink)
    }

    @Test("random weeks: what is shrunk holds something expired or nothing at all", arguments: 0..<200)
    func random(_ seed: Int) {
        var random = WhyTests.Seeded(state: UInt64(seed))
        var found = WeekInspection(week: Self.old)
        found.runs = Int64(random.next() % 50)
        found.expired = min(found.runs, Int64(random.next() % 50))
        found.live = Int64(random.next() % 3)
        found.expiredSince = now(-Double(random.next() % 60))

        let move = RetentionRule.move(for: found, now: Self.now)

        if move == .shrink {
            #expect(found.expired > 0 || (found.runs == 0 && found.live == 0), "seed \(seed)")
        }
        if found.runs > 0, found.expired == found.runs { #expect(move == .shrink, "seed \(seed)") }
    }

    func now(_ days: Double) -> Date { Self.now.addingTimeInterval(Self.days(days)) }

    @Test("a week begins on Monday in UTC, and is read from any of its days")
    func weeks() throws {
        let week = try #require(HistoryWeek("2026-11-25"))

        #expect("\(week)" == "2026-11-23")
        #expect(HistoryWeek("2026-11-29") == week && HistoryWeek("2026-11-30") == week.following(1))
        #expect("\(week.following(6))" == "2027-01-04" && week.end == week.following(1).start)
        #expect(HistoryWeek("next week") == nil && HistoryWeek("2026-13-01") == nil)
    }
}
