import Durable
import DurableTesting
import Foundation
import Postgres
import Testing

@testable import Fleet

@Suite("Leader")
struct LeaderTests {
    func candidate(
        _ fleet: FleetUnderTest, _ duty: LeaderDuty = .sweeps, clock: any DurableClock = SystemClock()
    ) -> Leader {
        Leader(duty, pool: fleet.pool, timeToLive: .seconds(60), clock: clock, logger: fleet.logger)
    }

    func expire(_ duty: LeaderDuty = .sweeps, _ fleet: FleetUnderTest) async throws {
        _ = try await fleet.pool.execute(
            """
            update engine.leader set expires = clock_timestamp() - interval '1 s'
            where duty = \(duty.rawValue)
            """
        )
    }

    /// A write that a leader makes under its term. Returns whether it took effect.
    func write(_ text: String, under term: LeaderTerm, _ fleet: FleetUnderTest) async throws -> Bool {
        try await fleet.pool.execute(
            "update engine.leader set host = \(text) where duty = \(term.duty.rawValue) and \(term.guarding)"
        ).affected == 1
    }

    @Test("of many candidates one is elected, and the next only when its term is over")
    func one() async throws {
        let fleet = try await FleetUnderTest.shared()
        let candidates = (0..<8).map { _ in candidate(fleet) }

        for round in 1...3 {
            let elected = try await withThrowingTaskGroup(of: Bool.self) { group in
                for candidate in candidates { group.addTask { try await candidate.campaign() } }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            let leaders = candidates.compactMap(\.term)
            #expect(elected == 1 && leaders.count == 1)
            #expect(leaders.first?.number == Int64(round))
            // The holder resigns, so that the next round has a new one.
            await candidates.first { $0.term != nil }?.resign()
        }
    }

    @Test("a leader whose term has passed to another changes nothing, however sure it is of itself")
    func paused() async throws {
        let fleet = try await FleetUnderTest.shared()
        let clock = ManualClock()
        let paused = candidate(fleet, clock: clock)
        let other = candidate(fleet)
        try await paused.campaign()
        let old = try #require(paused.term)
        #expect(try await !other.campaign())
        #expect(try await write("before", under: old, fleet))

        try await expire(.sweeps, fleet)
        #expect(try await !write("expired", under: old, fleet))
        #expect(try await other.campaign())
        let new = try #require(other.term)

        // Its own clock has not moved: it still believes that it leads.
        #expect(paused.term == old)
        #expect(try await !write("zombie", under: old, fleet))
        #expect(new.number == old.number + 1)
        #expect(try await write("new", under: new, fleet))
        #expect(try await !paused.campaign())
        #expect(paused.term == nil)
    }

    @Test("trust ends on the leader's own clock before the term does")
    func trust() async throws {
        let fleet = try await FleetUnderTest.shared()
        let clock = ManualClock()
        let leader = candidate(fleet, clock: clock)
        try await leader.campaign()

        clock.advance(by: .seconds(47))
        #expect(leader.term != nil)
        clock.advance(by: .seconds(2))
        #expect(leader.term == nil)
        // Nobody else came: it renews the same term.
        #expect(try await leader.campaign())
        #expect(leader.term?.number == 1)
    }

    @Test("a take-over names whom it saw, so a renewal in between wins")
    func renewedInBetween() async throws {
        let fleet = try await FleetUnderTest.shared()
        let leader = candidate(fleet)
        try await leader.campaign()
        let seen = SeenLeader(holder: leader.holder, term: 1)

        try await expire(.sweeps, fleet)
        try await leader.campaign()
        let late = try await fleet.pool.execute(
            LeaderStatements.takeOver(.sweeps, from: seen, UUID(), "late", .seconds(60)))

        #expect(late.first == nil)
        #expect(leader.term?.number == 2)
    }

    @Test("duties have leaders of their own")
    func duties() async throws {
        let fleet = try await FleetUnderTest.shared()
        let one = candidate(fleet, .sweeps)
        let other = candidate(fleet, .retention)

        #expect(try await one.campaign())
        #expect(try await other.campaign())
        #expect(one.term?.duty == .sweeps && other.term?.duty == .retention)
    }
}
