// Golden tables. Bucharest is two hours ahead of UTC in winter and three in summer; at 01:00 UTC of the
// last Sunday of March its clocks go from 03:00 to 04:00, and of the last Sunday of October from 04:00 back
// to 03:00.

import Durable
import Foundation
import Testing

@Suite("Schedules around the changes of the clocks")
struct ScheduleChangeOfClocksTests {
    struct Golden: Sendable, CustomStringConvertible {
        let rule: String
        let after: String
        let expected: [String]
        var gap = GapRule.firstInstantAfter
        var repeated = RepeatRule.first
        var description: String { "\(rule) after \(after)" }
    }

    static let spring2026: [Golden] = [
        Golden(
            rule: "30 3 * * *", after: "2026-03-27T12:00:00Z",
            expected: ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]),
        Golden(
            rule: "0 3 * * *", after: "2026-03-27T12:00:00Z",
            expected: ["2026-03-28T01:00:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"]),
        Golden(
            rule: "0 4 * * *", after: "2026-03-27T12:00:00Z",
            expected: ["2026-03-28T02:00:00Z", "2026-03-29T01:00:00Z", "2026-03-30T01:00:00Z"]),
        Golden(
            rule: "59 2 * * *", after: "2026-03-27T12:00:00Z",
            expected: ["2026-03-28T00:59:00Z", "2026-03-29T00:59:00Z", "2026-03-29T23:59:00Z"]),
        // Three local times meet on one instant and are one firing.
        Golden(
            rule: "*/30 3,4 * * *", after: "2026-03-28T12:00:00Z",
            expected: ["2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z", "2026-03-30T00:00:00Z"]),
        Golden(
            rule: "15 * * * *", after: "2026-03-28T23:30:00Z",
            expected: [
                "2026-03-29T00:15:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:15:00Z",
                "2026-03-29T02:15:00Z",
            ]),
        Golden(
            rule: "30 3 * * *", after: "2026-03-27T12:00:00Z",
            expected: ["2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z"], gap: .leaveOut),
        Golden(
            rule: "every 30 minutes", after: "2026-03-29T00:15:00Z",
            expected: [
                "2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z",
                "2026-03-29T02:00:00Z",
            ]),
        Golden(
            rule: "last sunday of month at 03:30", after: "2026-02-28T12:00:00Z",
            expected: ["2026-03-29T01:00:00Z", "2026-04-26T00:30:00Z"]),
    ]

    static let autumn2026: [Golden] = [
        Golden(
            rule: "30 3 * * *", after: "2026-10-23T12:00:00Z",
            expected: ["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]),
        Golden(
            rule: "30 3 * * *", after: "2026-10-23T12:00:00Z",
            expected: ["2026-10-24T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"],
            repeated: .second),
        // Entered in the repeated hour, by either instant, it does not fire a second time.
        Golden(
            rule: "30 3 * * *", after: "2026-10-25T00:30:00Z",
            expected: ["2026-10-26T01:30:00Z"]),
        Golden(
            rule: "30 3 * * *", after: "2026-10-25T01:10:00Z",
            expected: ["2026-10-26T01:30:00Z"]),
        Golden(
            rule: "0 3 * * *", after: "2026-10-23T12:00:00Z",
            expected: ["2026-10-24T00:00:00Z", "2026-10-25T00:00:00Z", "2026-10-26T01:00:00Z"]),
        Golden(
            rule: "0 4 * * *", after: "2026-10-23T12:00:00Z",
            expected: ["2026-10-24T01:00:00Z", "2026-10-25T02:00:00Z", "2026-10-26T02:00:00Z"]),
        Golden(
            rule: "15 * * * *", after: "2026-10-24T22:30:00Z",
            expected: ["2026-10-24T23:15:00Z", "2026-10-25T00:15:00Z", "2026-10-25T02:15:00Z"]),
        Golden(
            rule: "every 30 minutes", after: "2026-10-25T00:15:00Z",
            expected: [
                "2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z",
                "2026-10-25T02:00:00Z",
            ]),
    ]

    static let year2027: [Golden] = [
        Golden(
            rule: "30 3 * * *", after: "2027-03-26T12:00:00Z",
            expected: ["2027-03-27T01:30:00Z", "2027-03-28T01:00:00Z", "2027-03-29T00:30:00Z"]),
        Golden(
            rule: "0,30 3 * * SUN", after: "2027-03-21T12:00:00Z",
            expected: ["2027-03-28T01:00:00Z", "2027-04-04T00:00:00Z", "2027-04-04T00:30:00Z"]),
        Golden(
            rule: "0 4 * * *", after: "2027-03-26T12:00:00Z",
            expected: ["2027-03-27T02:00:00Z", "2027-03-28T01:00:00Z", "2027-03-29T01:00:00Z"]),
        Golden(
            rule: "15 * * * *", after: "2027-03-28T00:00:00Z",
            expected: ["2027-03-28T00:15:00Z", "2027-03-28T01:00:00Z", "2027-03-28T01:15:00Z"]),
        Golden(
            rule: "30 3 * * *", after: "2027-10-29T12:00:00Z",
            expected: ["2027-10-30T00:30:00Z", "2027-10-31T00:30:00Z", "2027-11-01T01:30:00Z"]),
        Golden(
            rule: "last day of month at 03:30", after: "2027-10-01T12:00:00Z",
            expected: ["2027-10-31T00:30:00Z", "2027-11-30T01:30:00Z"]),
        Golden(
            rule: "0 4 * * *", after: "2027-10-29T12:00:00Z",
            expected: ["2027-10-30T01:00:00Z", "2027-10-31T02:00:00Z", "2027-11-01T02:00:00Z"]),
        Golden(
            rule: "45 3,4 * * *", after: "2027-10-30T12:00:00Z",
            expected: ["2027-10-31T00:45:00Z", "2027-10-31T02:45:00Z", "2027-11-01T01:45:00Z"]),
    ]

    @Test("Bucharest, both changes of 2026 and 2027", arguments: spring2026 + autumn2026 + year2027)
    func bucharest(golden: Golden) throws {
        let schedule = try Schedule(
            "golden", ScheduleRule(golden.rule), in: "Europe/Bucharest", gap: golden.gap,
            repeated: golden.repeated)
        let start = try Date(golden.after, strategy: .iso8601)

        let series = schedule.occurrences(after: start, through: .distantFuture, limit: golden.expected.count)

        #expect(series.map { $0.instant.formatted(.iso8601) } == golden.expected)
        // The same from each nominal instant alone, as after a restart.
        for (last, next) in zip(series, series.dropFirst()) {
            #expect(schedule.next(after: last.instant) == next)
        }
    }

    @Test(
        "zones that change by half an hour, at midnight, or by a whole day",
        arguments: [
            ("Australia/Lord_Howe", "15 2 * * *", "2026-10-03T00:00:00Z", "2026-10-03T15:30:00Z"),
            ("Africa/Cairo", "0 0 * * *", "2026-04-23T12:00:00Z", "2026-04-23T22:00:00Z"),
            ("Pacific/Apia", "0 12 * * *", "2011-12-29T23:00:00Z", "2011-12-30T10:00:00Z"),
            ("America/New_York", "30 2 * * *", "2026-03-07T12:00:00Z", "2026-03-08T07:00:00Z"),
            ("Asia/Kolkata", "30 3 * * *", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
        ])
    func otherZones(zone: String, rule: String, after: String, expected: String) throws {
        let schedule = try Schedule("golden", ScheduleRule(rule), in: zone)

        let next = schedule.next(after: try Date(after, strategy: .iso8601))

        #expect(next?.instant.formatted(.iso8601) == expected)
    }

    @Test("a zone that is not found is an error, never a default")
    func unknownZone() throws {
        #expect(throws: ScheduleError.unknownZone("Europe/Bukarest")) {
            try Schedule("zone", ScheduleRule("0 3 * * *"), in: "Europe/Bukarest")
        }
        #expect(throws: ScheduleError.unknownZone("")) {
            try Schedule("zone", ScheduleRule("0 3 * * *"), in: "")
        }
    }

    @Test("newer zone data moves the instant of a local time and neither repeats nor skips one")
    func newZoneData() throws {
        let schedule = try Schedule("moved", ScheduleRule("30 3 * * *"), in: "Europe/Bucharest")
        let local = try #require(LocalTime(parsing: "2026-07-10 03:30"))
        // What a release of the zone data without summer time would have computed.
        let old = Occurrence(local: local, instant: try Date("2026-07-10T01:30:00Z", strategy: .iso8601))

        let reread = schedule.reread(old)
        let next = schedule.next(after: old)

        #expect(reread?.instant.formatted(.iso8601) == "2026-07-10T00:30:00Z")
        #expect(next?.local.description == "2026-07-11 03:30")
        #expect(next?.instant.formatted(.iso8601) == "2026-07-11T00:30:00Z")
    }
}
