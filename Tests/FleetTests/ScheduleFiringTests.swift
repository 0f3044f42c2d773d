import Durable
import DurableTesting
import Foundation
import Postgres
import Testing

@testable import Fleet

@Suite("Schedules fire")
struct ScheduleFiringTests {
    func everyMinute(
        _ name: ScheduleName = "minutely", overlap: OverlapPolicy = .allow,
        catchUp: CatchUpPolicy = .all(upTo: 50)
    ) throws -> Schedule {
        try Schedule(name, .cron("* * * * *"), in: "UTC", overlap: overlap, catchUp: catchUp, for: "acme")
    }

    @Test("a declared schedule runs its workflow with the input of the nominal time")
    func declared() async throws {
        let test = try await SchedulesUnderTest()
        let scheduler = try await test.leading()
        try await scheduler.pass()
        let detail = try await test.schedules.detail("nightly")
        let next = try #require(detail.stored.next)
        test.clock.advance(to: next.instant.addingTimeInterval(29))
        var registry = WorkflowRegistry()
        registry.register(Nightly())

        let output = try await test.fleet.working([registry]) {
            try await test.settle(scheduler)
            let run = try #require(try await test.schedules.detail("nightly").firings.first?.run)
            return try await test.fleet.runs.result(of: run, as: Nightly.self, upTo: .seconds(20))
        }

        #expect(output == next.local.description && output.hasSuffix("03:30"))
        #expect(
            try await test.schedules.detail("nightly").stored.next == detail.stored.schedule.next(after: next)
        )
        let key = try await test.fleet.pool.execute("select key from engine.run_key").first?.decode(
            0, as: String.self)
        #expect(key == "schedule:nightly:\(next.instant.formatted(.iso8601))")
    }

    @Test("the next nominal time comes from the last one, never from the time it is")
    func nominal() async throws {
        let test = try await SchedulesUnderTest()
        let scheduler = try await test.leading([])
        let start = test.clock.now
        try await test.make(try everyMinute())

        for _ in 0..<3 {
            test.clock.advance(by: .seconds(161))
            try await test.settle(scheduler)
        }

        #expect(try await test.story("minutely", from: start) == (1...8).map { "\($0) started" })
        #expect(try await test.runs(of: "minutely").count == 8)
        let next = try await test.schedules.detail("minutely").stored.next
        #expect(next?.instant == start.addingTimeInterval(540))
    }

    @Test("overlap: skipped, queued until the other has ended, or in its place")
    func overlap() async throws {
        let test = try await SchedulesUnderTest()
        let scheduler = try await test.leading([])
        let start = test.clock.now
        for policy in OverlapPolicy.allCases {
            try await test.make(try everyMinute(ScheduleName(policy.rawValue), overlap: policy))
        }

        for _ in 0..<3 {
            test.clock.advance(by: .seconds(60))
            try await test.settle(scheduler)
        }
        let cancelled = try await test.fleet.pool.execute(
            """
            select cancel_reason is not null, epoch from engine.run
            where labels ->> 'schedule' = 'cancel_other' order by id
            """)
        #expect(
            try await test.story("skip", from: start) == [
                "1 started", "2 skipped overlap", "3 skipped overlap",
            ])
        #expect(try await test.story("allow", from: start) == ["1 started", "2 started", "3 started"])
        #expect(
            try await test.story("queue_one", from: start) == ["1 started", "2 queued", "3 skipped overlap"])
        #expect(try cancelled.column(0, as: Bool.self) == [true, true, false])
        #expect(try cancelled.column(1, as: Int64.self) == [1, 1, 0])

        // The run that the queued one waits for ends.
        _ = try await test.fleet.pool.execute(
            "delete from engine.run where labels ->> 'schedule' in ('queue_one', 'skip')")
        try await test.settle(scheduler)
        test.clock.advance(by: .seconds(60))
        try await test.settle(scheduler)

        #expect(
            try await test.story("queue_one", from: start) == [
                "1 started", "2 started", "3 skipped overlap", "4 queued",
            ])
        #expect(try await test.story("skip", from: start).last == "4 started")
    }

    @Test(
        "catch-up: nothing, the latest, or the last few",
        arguments: [
            (CatchUpPolicy.none, ["1 skipped missed", "2 skipped missed", "3 skipped missed", "4 started"]),
            (.latest, ["1 skipped missed", "2 skipped missed", "3 skipped missed", "4 started"]),
            (.all(upTo: 2), ["1 skipped missed", "2 skipped missed", "3 started", "4 started"]),
        ])
    func catchUp(policy: CatchUpPolicy, expected: [String]) async throws {
        let test = try await SchedulesUnderTest()
        let scheduler = try await test.leading([])
        let start = test.clock.now
        try await test.make(try everyMinute(catchUp: policy))

        test.clock.advance(by: .seconds(245))
        try await test.settle(scheduler)

        #expect(try await test.story("minutely", from: start) == expected)
    }

    @Test("more owed than one look takes is worked off in order, and only the wanted start")
    func manyOwed() async throws {
        let test = try await SchedulesUnderTest()
        let scheduler = try await test.leading([])
        try await test.make(try everyMinute(catchUp: .all(upTo: 3)))

        test.clock.advance(by: .seconds(60 * 2_500))
        try await test.settle(scheduler)

        let counts = try await test.fleet.pool.execute(
            "select outcome, count(*) from engine.schedule_firing group by outcome order by outcome desc")
        #expect(try counts.column(0, as: String.self) == ["started", "skipped"])
        #expect(try counts.column(1, as: Int.self) == [3, 2_497])
    }

    @Test("a leader whose term has passed fires nothing")
    func zombie() async throws {
        let test = try await SchedulesUnderTest()
        let zombie = try await test.leading([])
        let start = test.clock.now
        try await test.make(try everyMinute())
        try await zombie.pass()
        let term = try #require(zombie.leader.term)
        _ = try await test.fleet.pool.execute("update engine.leader set expires = '-infinity'")
        let heir = try await test.leading([])
        test.clock.advance(by: .seconds(60))

        // It was stopped after it looked at its clock, and goes on as if nothing had happened.
        _ = try await zombie.fireDue(at: test.clock.now, under: term)
        let before = try await test.story("minutely", from: start)
        try await test.settle(heir)

        #expect(before.isEmpty)
        #expect(zombie.leader.term == nil)
        #expect(try await test.story("minutely", from: start) == ["1 started"])
        let firedBy = try await test.fleet.pool.execute("select term from engine.schedule_firing").first
        #expect(try firedBy?.decode(0, as: Int64.self) == heir.leader.term?.number)
    }

    @Test("a decision about a row that has changed since is refused")
    func changedRow() async throws {
        let test = try await SchedulesUnderTest()
        let scheduler = try await test.leading([])
        let start = test.clock.now
        try await test.make(try everyMinute())
        let stored = try await test.schedules.detail("minutely").stored
        let term = try #require(scheduler.leader.term)
        let nominal = try #require(stored.next)
        try await test.schedules.pause("minutely", by: test.mandate)

        var batch = FiringBatch()
        batch.start(nominal.instant, Payload(json: "1"), key: stored.schedule.key(of: nominal.instant))
        let verdict = try await scheduler.carryOut(stored, batch, cancels: nil, last: nominal, under: term)

        #expect(verdict == .changed)
        #expect(try await test.story("minutely", from: start).isEmpty)
        #expect(try await test.runs(of: "minutely").isEmpty)
    }

    @Test("what this process has no code for is left alone, and the others fire")
    func unknownWorkflow() async throws {
        let test = try await SchedulesUnderTest()
        let knowing = try await test.leading()
        try await knowing.pass()
        await knowing.leader.resign()
        let other = try await test.leading([])
        let start = test.clock.now
        try await test.make(try everyMinute())

        test.clock.advance(by: .seconds(3 * 86_400))
        try await test.settle(other)

        #expect(try await test.story("nightly", from: start).isEmpty)
        #expect(try await test.schedules.detail("nightly").stored.retiredAt == nil)
        #expect(try await !test.runs(of: "minutely").isEmpty)
    }

    @Test("a schedule that cannot be fired stays owed, and holds up no other")
    func unfireable() async throws {
        let test = try await SchedulesUnderTest()
        let scheduler = try await test.leading([Inputless.self])
        try await scheduler.pass()
        let start = test.clock.now
        try await test.make(try everyMinute())

        test.clock.advance(by: .seconds(120))
        try await test.settle(scheduler)
        let pause = try await scheduler.pass()

        #expect(try await test.story("minutely", from: start) == ["1 started", "2 started"])
        #expect(try await test.story("inputless", from: start).isEmpty)
        // It is tried again, but not in a circle.
        #expect(pause > .milliseconds(100))
        let stored = try await test.schedules.detail("inputless").stored
        #expect(stored.next?.instant == start.addingTimeInterval(60))
    }

    @Test("a running scheduler fires by itself, and hears at once of a change")
    func running() async throws {
        let test = try await SchedulesUnderTest()
        let scheduler = Scheduler(
            test.fleet.configuration, book: try ScheduleBook([]), redis: test.fleet.redis,
            pool: test.fleet.pool, logger: test.fleet.logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await scheduler.run() }
            try await test.make(try everyMinute())
            // As if the next time were a moment away.
            _ = try await test.fleet.pool.execute(
                """
                update engine.schedule set fire_at = clock_timestamp() + interval '300 ms',
                    next_nominal = clock_timestamp() + interval '300 ms'
                """)
            await test.schedules.tellScheduler()

            try await test.fleet.until { try await !test.runs(of: "minutely").isEmpty }
            group.cancelAll()
        }

        // It resigned: the next one needs to wait for nothing.
        let next = try await test.leading([])
        #expect(next.leader.term?.number == 2)
    }
}
