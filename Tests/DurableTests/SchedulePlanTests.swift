import Durable
import Foundation
import Testing

@Suite("Overlap and catch-up")
struct SchedulePlanTests {
    static let start = Date(timeIntervalSince1970: 1_800_000_000)

    struct Case: Sendable, CustomStringConvertible {
        let overlap: OverlapPolicy
        let catchUp: CatchUpPolicy
        /// How late each owed firing is, in minutes; the first is the oldest.
        let late: [Int]
        var isRunning = false
        var hasQueued = false
        var hasMore = false
        /// One letter for each that is decided: `s`tarted, `q`ueued, `m`issed, `o`verlap, su`p`erseded.
        let expected: String
        var cancels = false
        var description: String {
            "\(overlap) \(catchUp) \(late)\(isRunning ? " running" : "")\(hasQueued ? " queued" : "")"
                + "\(hasMore ? " more" : "") -> \(expected)"
        }
    }

    static let cases: [Case] = [
        // On time, nothing running.
        Case(overlap: .skip, catchUp: .none, late: [0], expected: "s"),
        Case(overlap: .skip, catchUp: .latest, late: [0], expected: "s"),
        Case(overlap: .skip, catchUp: .all(upTo: 3), late: [0], expected: "s"),
        // Overlap.
        Case(overlap: .skip, catchUp: .latest, late: [0], isRunning: true, expected: "o"),
        Case(overlap: .allow, catchUp: .latest, late: [0], isRunning: true, expected: "s"),
        Case(overlap: .queueOne, catchUp: .latest, late: [0], expected: "s"),
        Case(overlap: .queueOne, catchUp: .latest, late: [0], isRunning: true, expected: "q"),
        Case(
            overlap: .queueOne, catchUp: .latest, late: [0], isRunning: true, hasQueued: true, expected: "o"),
        Case(overlap: .queueOne, catchUp: .latest, late: [0], hasQueued: true, expected: "o"),
        Case(overlap: .cancelOther, catchUp: .latest, late: [0], expected: "s"),
        Case(
            overlap: .cancelOther, catchUp: .latest, late: [0], isRunning: true, expected: "s",
            cancels: true),
        // Catch-up.
        Case(overlap: .allow, catchUp: .none, late: [9, 6, 3], expected: "mmm"),
        Case(overlap: .allow, catchUp: .none, late: [9, 6, 0], expected: "mms"),
        Case(overlap: .allow, catchUp: .none, late: [1], expected: "s"),
        Case(overlap: .allow, catchUp: .none, late: [2], expected: "m"),
        Case(overlap: .allow, catchUp: .latest, late: [9, 6, 3], expected: "mms"),
        Case(overlap: .allow, catchUp: .latest, late: [9, 6, 0], expected: "mms"),
        Case(overlap: .allow, catchUp: .all(upTo: 3), late: [9, 6, 3], expected: "sss"),
        Case(overlap: .allow, catchUp: .all(upTo: 2), late: [9, 6, 3], expected: "mss"),
        Case(overlap: .allow, catchUp: .all(upTo: 2), late: [9, 6, 3, 0], expected: "mmss"),
        // Both at once, as if each had come in its turn.
        Case(overlap: .skip, catchUp: .all(upTo: 3), late: [9, 6, 3], expected: "soo"),
        Case(overlap: .skip, catchUp: .all(upTo: 2), late: [9, 6, 3], isRunning: true, expected: "moo"),
        Case(overlap: .queueOne, catchUp: .all(upTo: 3), late: [9, 6, 3], expected: "sqo"),
        Case(overlap: .queueOne, catchUp: .all(upTo: 3), late: [9, 6], isRunning: true, expected: "qo"),
        Case(overlap: .cancelOther, catchUp: .all(upTo: 3), late: [9, 6, 3], expected: "pps"),
        Case(
            overlap: .cancelOther, catchUp: .all(upTo: 2), late: [9, 6, 3], isRunning: true, expected: "mps",
            cancels: true),
        Case(overlap: .cancelOther, catchUp: .none, late: [9], isRunning: true, expected: "m"),
        // More than a window is owed: what may still be wanted stays owed.
        Case(overlap: .allow, catchUp: .none, late: [9, 6, 3], hasMore: true, expected: "mmm"),
        Case(overlap: .allow, catchUp: .latest, late: [9, 6, 3], hasMore: true, expected: "mmm"),
        Case(overlap: .allow, catchUp: .all(upTo: 2), late: [9, 6, 3], hasMore: true, expected: "m"),
    ]

    @Test("what becomes of the firings that are owed", arguments: cases)
    func plan(example: Case) throws {
        let schedule = try Schedule(
            "plan", ScheduleRule("every 3 minutes"), in: "UTC", overlap: example.overlap,
            catchUp: example.catchUp)
        let owed = example.late.map { minutes in
            let instant = Self.start.addingTimeInterval(-Double(minutes) * 60)
            return Occurrence(local: schedule.zone.local(of: instant), instant: instant)
        }
        var situation = FiringSituation(owed: owed, now: Self.start)
        situation.isRunning = example.isRunning
        situation.hasQueued = example.hasQueued
        situation.hasMore = example.hasMore

        let plan = schedule.plan(situation)

        #expect(plan.firings.map(Self.letter).joined() == example.expected)
        #expect(plan.firings.map(\.occurrence) == Array(owed.prefix(plan.firings.count)))
        #expect(plan.cancelsRunning == example.cancels)
    }

    @Test("a firing that its jitter put off is not late")
    func jitter() throws {
        let schedule = try Schedule(
            "spread-far", ScheduleRule("0 6 * * *"), in: "UTC", catchUp: .none, jitter: .seconds(7_200))
        let nominal = try #require(schedule.next(after: Self.start))
        let fired = nominal.instant.adding(schedule.spread).addingTimeInterval(30)

        let plan = schedule.plan(FiringSituation(owed: [nominal], now: fired))

        #expect(schedule.spread > .seconds(120))
        #expect(plan.firings.map(\.outcome) == [.started])
    }

    private static func letter(_ firing: FiringPlan.Firing) -> String {
        switch (firing.outcome, firing.reason) {
        case (.started, _): "s"
        case (.queued, _): "q"
        case (.skipped, .missed): "m"
        case (.skipped, .overlap): "o"
        case (.skipped, .superseded): "p"
        case (.skipped, nil): "?"
        }
    }
}
