import Durable
import DurableTesting
import Foundation
import Postgres
import Testing

@testable import Fleet

@Suite("Schedules in the hands of operators and deployments")
struct ScheduleVerbTests {
    func hourly(_ name: ScheduleName = "hourly", _ rule: String = "0 * * * *") throws -> Schedule {
        try Schedule(name, ScheduleRule(rule), in: "UTC", overlap: .allow, catchUp: .all(upTo: 50))
    }

    @Test("a paused schedule fires nothing; resumed, it goes on from now or catches up")
    func pause() async throws {
        let test = try await SchedulesUnderTest()
        let scheduler = try await test.leading([])
        try await test.make(try hourly("dropped"))
        try await test.make(try hourly("caught-up"))
        // The acts judge by the database's clock, so the series begins three hours before it.
        let start = test.clock.now.addingTimeInterval(-3 * 3_600)
        for name: ScheduleName in ["dropped", "caught-up"] {
            try await rewind(name, to: start, test)
            try await test.schedules.pause(name, by: test.mandate)
        }
        try await test.settle(scheduler)
        let whilePaused = try await test.story("dropped", from: start)

        try await test.schedules.resume("dropped", by: test.mandate)
        try await test.schedules.resume("caught-up", catchingUp: true, by: test.mandate)
        try await test.settle(scheduler)

        #expect(whilePaused.isEmpty)
        #expect(try await test.story("dropped", from: start).isEmpty)
        #expect(
            try await test.story("caught-up", from: start) == ["60 started", "120 started", "180 started"])
        let next = try #require(try await test.schedules.detail("dropped").stored.next)
        #expect(next.instant > Date() && next.instant.timeIntervalSince(Date()) <= 3_600)
    }

    @Test("run now starts one run beside the series, once for a key")
    func runNow() async throws {
        let test = try await SchedulesUnderTest()
        try await test.make(try hourly())
        let before = try await test.schedules.detail("hourly").stored.next

        let first = try await test.schedules.runNow("hourly", once: "ticket-7", by: test.mandate)
        let again = try await test.schedules.runNow("hourly", once: "ticket-7", by: test.mandate)
        let other = try await test.schedules.runNow("hourly", by: test.mandate)

        #expect(first == again && other != first)
        #expect(try await test.runs(of: "hourly").count == 2)
        #expect(try await test.schedules.detail("hourly").stored.next == before)
    }

    @Test("a backfill starts what is missing of a range, and nothing twice")
    func backfill() async throws {
        let test = try await SchedulesUnderTest()
        let scheduler = try await test.leading([])
        try await test.make(try hourly())
        let start = test.clock.now.addingTimeInterval(-6 * 3_600)
        try await rewind("hourly", to: start, test)
        _ = try await test.fleet.pool.execute("update engine.schedule set catch_up = 'all:2'")
        try await test.settle(scheduler)
        let last = start.addingTimeInterval(4.5 * 3_600)

        let preview = try await test.schedules.backfillPreview("hourly", from: start, through: last)
        let count = try await test.schedules.backfill("hourly", from: start, through: last, by: test.mandate)
        let again = try await test.schedules.backfill("hourly", from: start, through: last, by: test.mandate)

        // Itself, before the series began; then four that were skipped.
        #expect(preview.map(\.isOpen) == [true, true, true, true, true])
        #expect(preview.map(\.firing?.outcome) == [nil, .skipped, .skipped, .skipped, .skipped])
        #expect(count == 5 && again == 0)
        #expect(
            try await test.story("hourly", from: start)
                == (0...6).map {
                    "\($0 * 60) started" + ($0 < 5 ? " a test" : "")
                })
        #expect(try await test.runs(of: "hourly").count == 7)
        let keys = try await test.fleet.pool.execute("select count(distinct key) from engine.run_key").first
        #expect(try keys?.decode(0, as: Int.self) == 7)
    }

    @Test("a backfill is bounded, and ends in the past")
    func badBackfills() async throws {
        let test = try await SchedulesUnderTest()
        try await test.make(try hourly("minutely", "* * * * *"))
        let now = Date()

        await #expect(throws: SchedulesError.tooMany(limit: 1_000)) {
            try await test.schedules.backfill(
                "minutely", from: now.addingTimeInterval(-86_400), through: now, by: test.mandate)
        }
        await #expect(throws: SchedulesError.self) {
            try await test.schedules.backfillPreview(
                "minutely", from: now, through: now.addingTimeInterval(7_200))
        }
        await #expect(throws: SchedulesError.noSuchSchedule("other")) {
            try await test.schedules.backfill("other", from: now, through: now, by: test.mandate)
        }
        #expect(try await test.runs(of: "minutely").isEmpty)
    }

    @Test("a changed declaration fires nothing again and leaves nothing out")
    func changedDeclaration() async throws {
        let test = try await SchedulesUnderTest()
        let before = try await test.leading()
        try await before.pass()
        let first = try #require(try await test.schedules.detail("nightly").stored.next)
        // The old version dies before it fires what is owed.
        test.clock.advance(to: first.instant.addingTimeInterval(60))
        await before.leader.resign()

        let after = try await test.leading([NightlyLater.self])
        try await test.settle(after)
        try await test.settle(after)
        let changed = try await test.schedules.detail("nightly")
        test.clock.advance(to: first.instant.addingTimeInterval(86_400 * 1.5))
        try await test.settle(after)

        // Owed under the old rule, fired under the old rule; from then on by the new one.
        let firings = try await test.schedules.detail("nightly").firings
        let days = firings.reversed().map { changed.stored.schedule.zone.local(of: $0.nominal) }
        #expect(changed.stored.schedule.rule.description == "45 4 * * *")
        #expect(days.map { String($0.description.suffix(5)) } == ["03:30", "04:45", "04:45"])
        #expect(days.map(\.day.number) == [0, 0, 1].map { first.local.day.number + $0 })
    }

    @Test("a schedule that is declared no more retires, and comes back with its declaration")
    func retired() async throws {
        let test = try await SchedulesUnderTest()
        let first = try await test.leading()
        try await first.pass()
        await first.leader.resign()
        let without = try await test.leading([NightlyNoMore.self])
        try await without.pass()
        let retired = try await test.schedules.detail("nightly").stored
        test.clock.advance(by: .seconds(5 * 86_400))
        try await test.settle(without)
        let start = test.clock.now
        await without.leader.resign()

        let back = try await test.leading()
        try await test.settle(back)

        #expect(retired.retiredAt != nil)
        #expect(try await test.story("nightly", from: start).isEmpty)
        let stored = try await test.schedules.detail("nightly").stored
        #expect(stored.retiredAt == nil && stored.next.map { $0.instant > start } == true)
    }

    @Test("other zone data moves the instant, keeps the local time, and fires nothing twice")
    func zoneData() async throws {
        let test = try await SchedulesUnderTest()
        let old = try await test.leading()
        try await old.pass()
        let right = try #require(try await test.schedules.detail("nightly").stored.next)
        // What a release without this zone's summer time, or with another, would have written.
        _ = try await test.fleet.pool.execute(
            """
            update engine.schedule set zone_data = '1999z', next_nominal = next_nominal + interval '1 h',
                fire_at = fire_at + interval '1 h', last_nominal = next_nominal - interval '23 h'
            """)
        await old.leader.resign()

        let new = try await test.leading()
        try await new.pass()
        let moved = try await test.schedules.detail("nightly").stored

        #expect(moved.next == right)
        #expect(moved.fireAt == right.instant)

        // Where the new data puts it before what was fired, the next local time is taken.
        _ = try await test.fleet.pool.execute(
            """
            update engine.schedule set zone_data = '1999z', last_nominal = next_nominal,
                next_nominal = next_nominal + interval '1 h', fire_at = fire_at + interval '1 h'
            """)
        await new.leader.resign()
        let third = try await test.leading()
        try await third.pass()
        #expect(
            try await test.schedules.detail("nightly").stored.next == moved.schedule.next(after: right))
    }

    @Test("schedules made by hand are changed and removed; declared ones are not")
    func byHand() async throws {
        let test = try await SchedulesUnderTest()
        let scheduler = try await test.leading()
        try await scheduler.pass()
        try await test.schedules.create(
            try hourly(), starting: FiveSteps.self, with: 4, by: test.mandate)

        await #expect(throws: SchedulesError.exists("hourly")) {
            try await test.schedules.create(
                try hourly(), starting: FiveSteps.self, with: 4, by: test.mandate)
        }
        try await test.schedules.change(try hourly("hourly", "15 * * * *"), by: test.mandate)
        let changed = try await test.schedules.detail("hourly").stored
        await #expect(throws: SchedulesError.isDeclared("nightly")) {
            try await test.schedules.change(try hourly("nightly"), by: test.mandate)
        }
        await #expect(throws: SchedulesError.isDeclared("nightly")) {
            try await test.schedules.remove("nightly", by: test.mandate)
        }
        try await test.schedules.remove("hourly", by: test.mandate)

        #expect(changed.next?.local.minuteOfDay.quotientAndRemainder(dividingBy: 60).remainder == 15)
        #expect(try await test.schedules.list().map(\.name) == ["nightly"])
        let verbs = try await test.fleet.pool.execute("select verb, actor from engine.audit order by number")
        #expect(
            try verbs.column(0, as: String.self) == [
                "schedule.create", "schedule.change", "schedule.remove",
            ])
        #expect(try verbs.column(1, as: String.self) == ["ana", "ana", "ana"])
    }

    @Test("the list shows what is overdue, and rows that this program cannot read")
    func list() async throws {
        let test = try await SchedulesUnderTest()
        try await test.make(try hourly("late"))
        try await test.make(try hourly("strange"))
        try await rewind("late", to: Date().addingTimeInterval(-3 * 3_600), test)
        _ = try await test.fleet.pool.execute(
            "update engine.schedule set zone = 'Mars/Olympus' where name = 'strange'")

        let lines = try await test.schedules.list()

        #expect(lines.map(\.name) == ["late", "strange"])
        #expect(lines[0].lag > .seconds(3_600))
        #expect(lines[1].problem?.contains("Mars/Olympus") == true)
    }

    /// Puts the series of a schedule back, as if nothing had been fired since `start`.
    private func rewind(_ name: ScheduleName, to start: Date, _ test: SchedulesUnderTest) async throws {
        let schedule = try await test.schedules.detail(name).stored.schedule
        let next = schedule.next(after: start)
        _ = try await test.fleet.pool.execute(
            """
            update engine.schedule set next_local = \(next?.local.description),
                next_nominal = \(next?.instant), fire_at = \(next?.instant)
            where name = \(name.rawValue)
            """)
    }
}
