// Twenty sudden deaths of the leader around a firing, at points that a seed chooses: before it, while it
// waits in the middle of each of its parts (held there by a lock that the test takes), and right after its
// commit. The dead one does not resign; its connections are cut. Whoever stands by takes over when the term
// is over.

import Durable
import DurableTesting
import Foundation
import Postgres
import Testing

@testable import Fleet

@Suite("The leader dies at fire time")
struct ScheduleDeathTests {
    enum Point: CaseIterable {
        case before, leaderRow, scheduleRow, firing, runKey, afterCommit
    }

    /// A scheduler as a process of its own: its connections can be cut.
    final class Process: Sendable {
        let scheduler: Scheduler
        private let pool: PostgresPool
        private let name: String
        private let fleet: FleetUnderTest
        private let task: Task<Void, Never>

        init(_ number: Int, _ test: SchedulesUnderTest) throws {
            name = "scheduler-\(number)"
            fleet = test.fleet
            var configuration = test.fleet.configuration.database
            configuration.applicationName = name
            pool = PostgresPool(configuration, size: 3, logger: test.fleet.logger)
            let scheduler = try test.scheduler([], pool: pool, timeToLive: .milliseconds(500))
            self.scheduler = scheduler
            // Cancelled and awaited by `die`.
            task = Task { await scheduler.workUntilCancelled() }
        }

        func die() async throws {
            task.cancel()
            _ = try await fleet.pool.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where application_name = \(name)")
            await task.value
            await pool.shutdown()
        }

        /// Until its firing waits for a lock.
        func isBlocked() async throws {
            try await fleet.until {
                try await fleet.pool.execute(
                    """
                    select 1 from pg_stat_activity where application_name = \(name)
                        and wait_event_type = 'Lock' and query like '%fire_schedule%'
                    """
                ).first != nil
            }
        }
    }

    struct Undone: Error {}

    @Test("twenty deaths: nothing missed, nothing twice", .timeLimit(.minutes(3)))
    func twentyDeaths() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("the leader dies at fire time: seed \(seed)")
        var random = SeededRandom(state: seed)
        let test = try await SchedulesUnderTest()
        let start = test.clock.now
        try await test.make(
            try Schedule(
                "mortal", .cron("* * * * *"), in: "UTC", overlap: .allow, catchUp: .all(upTo: 50), for: "acme"
            ))
        var points: [Point] = []

        for death in 1...20 {
            let victim = try Process(death, test)
            try await test.fleet.until { victim.scheduler.leader.term != nil }
            let nominal = start.addingTimeInterval(Double(death) * 60)
            let point = Point.allCases.randomElement(using: &random) ?? .before
            points.append(point)
            try await kill(victim, at: point, nominal, test)
        }
        let heir = try Process(21, test)
        let expected = (1...20).map { "\($0) started" }
        try await test.fleet.until { try await test.story("mortal", from: start).count >= 20 }
        try await heir.die()

        let story: Comment = "seed \(seed), deaths at \(points)"
        #expect(try await test.story("mortal", from: start) == expected, story)
        #expect(try await test.runs(of: "mortal").count == 20, story)
        let keys = try await test.fleet.pool.execute("select count(distinct key) from engine.run_key").first
        #expect(try keys?.decode(0, as: Int.self) == 20, story)
        let next = try await test.schedules.detail("mortal").stored.next
        #expect(next?.instant == start.addingTimeInterval(21 * 60), story)
    }

    /// Makes a nominal time due and kills the leader at one point of its firing.
    private func kill(
        _ victim: Process, at point: Point, _ nominal: Date, _ test: SchedulesUnderTest
    ) async throws {
        switch point {
        case .before:
            try await victim.die()
            test.clock.advance(to: nominal)
        case .afterCommit:
            test.clock.advance(to: nominal)
            await test.schedules.tellScheduler()
            try await test.fleet.until {
                try await test.fleet.pool.execute(
                    "select 1 from engine.schedule_firing where nominal = \(nominal)"
                ).first != nil
            }
            try await victim.die()
        case .leaderRow, .scheduleRow, .firing, .runKey:
            await #expect(throws: Undone.self) {
                try await test.fleet.pool.withTransaction { tx in
                    _ = try await tx.execute(Self.block(point, nominal))
                    test.clock.advance(to: nominal)
                    await test.schedules.tellScheduler()
                    try await victim.isBlocked()
                    try await victim.die()
                    throw Undone()
                }
            }
        }
    }

    /// What holds a firing in the middle of one of its parts.
    private static func block(_ point: Point, _ nominal: Date) -> Query {
        switch point {
        case .leaderRow: "select 1 from engine.leader for update"
        case .scheduleRow: "select 1 from engine.schedule for update"
        case .firing:
            """
            insert into engine.schedule_firing (schedule, nominal, kind, outcome, is_open)
            values ('mortal', \(nominal), 'due', 'skipped', false)
            """
        default:
            """
            insert into engine.run_key (tenant, workflow, key, run)
            values ('acme', 'five_steps', \(Schedule.key(of: nominal, in: "mortal")), gen_random_uuid())
            """
        }
    }
}

/// A small seeded generator.
private struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
