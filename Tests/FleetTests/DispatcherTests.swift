import Durable
import Foundation
import Redis
import Testing

@testable import Fleet

@Suite("Dispatcher")
struct DispatcherTests {
    func queue() async throws -> RunQueue {
        let fleet = try await FleetUnderTest.shared()
        return RunQueue(fleet.configuration.queue, redis: fleet.redis, logger: fleet.logger)
    }

    func run(_ tenant: String, priority: Int = 0, in queue: String = "q", at instant: Date? = nil) -> ReadyRun
    {
        ReadyRun(id: RunID(), tenant: Tenant(tenant), queue: queue, priority: priority, at: instant)
    }

    @Test("a tenant with many runs does not hold up one with few")
    func fair() async throws {
        let queue = try await queue()
        let crowd = (0..<500).map { _ in run("crowd") }
        let few = (0..<5).map { _ in run("few") }
        _ = try await queue.ensure(crowd)
        _ = try await queue.ensure(few)

        let claimed = try await queue.finishAndClaim(done: [], upTo: 20).ids

        #expect(Set(few.map(\.id)).isSubset(of: Set(claimed)))
    }

    @Test("one tenant alone gets every slot, in order of priority, then of age")
    func alone() async throws {
        let queue = try await queue()
        let low = run("t", priority: -5)
        let high = run("t", priority: 7)
        let plain = run("t")
        _ = try await queue.ensure([low, plain, high])

        let claimed = try await queue.finishAndClaim(done: [], upTo: 50).ids

        #expect(claimed == [high.id, plain.id, low.id])
    }

    @Test("a claimed run is leased, not gone, and is not queued a second time")
    func leased() async throws {
        let queue = try await queue()
        let one = run("t")
        _ = try await queue.ensure([one])
        let claimed = try await queue.finishAndClaim(done: [], upTo: 1).ids

        let missing = try await queue.ensure([one])
        let depth = try await queue.depth()
        let again = try await queue.finishAndClaim(done: claimed, upTo: 1).ids

        #expect(claimed == [one.id] && missing == 0 && again.isEmpty)
        #expect(depth.leased == 1 && depth.ready == 0)
        #expect(try await queue.depth().leased == 0)
    }

    @Test("a timer is not given out before its time")
    func timers() async throws {
        let fleet = try await FleetUnderTest.shared()
        let queue = RunQueue(fleet.configuration.queue, redis: fleet.redis, logger: fleet.logger)
        queue.enqueue([
            run("t", in: queue.name, at: Date(timeIntervalSinceNow: 3_600)),
            run("t", in: queue.name, at: Date(timeIntervalSinceNow: -1)),
        ])
        await queue.flush()

        let claim = try await queue.finishAndClaim(done: [], upTo: 10)

        #expect(claim.ids.count == 1)
        #expect(claim.untilDue.map { $0 > .seconds(3_000) } == true)
        #expect(try await queue.depth().due == 1)
    }

    @Test("spare slots take a first run of each tenant that has none in flight, and nobody else's")
    func spare() async throws {
        let queue = try await queue()
        _ = try await queue.ensure((0..<20).map { _ in run("crowd") })
        let crowded = try await queue.finishAndClaim(done: [], upTo: 8, spare: 1).ids
        let few = (0..<2).map { _ in run("few") }
        let one = run("one")
        _ = try await queue.ensure(few + [one])

        let first = try await queue.finishAndClaim(done: [], upTo: 0, spare: 1).ids
        let second = try await queue.finishAndClaim(done: [], upTo: 0, spare: 5).ids
        let third = try await queue.finishAndClaim(done: first, upTo: 0, spare: 5).ids

        let firstIsOfFew = few.contains { first == [$0.id] }
        #expect(crowded.count == 8)
        #expect(first.count == 1 && second.count == 1)
        #expect((first + second).filter { $0 != one.id }.count == 1)
        // A tenant's next run may have a spare slot once its first has ended.
        #expect(third.count == (firstIsOfFew ? 1 : 0))
    }

    @Test("a worker with nothing but spare slots is woken for who may have one, and for nobody else")
    func spareBell() async throws {
        let queue = try await queue()
        _ = try await queue.ensure((0..<9).map { _ in run("crowd") })
        _ = try await queue.finishAndClaim(done: [], upTo: 8, spare: 1)
        let before = try await idle(queue)
        queue.enqueue([run("crowd", in: queue.name)])
        await queue.flush()
        let unmoved = try await idle(queue)
        queue.enqueue([run("newcomer", in: queue.name)])
        await queue.flush()

        #expect(before == "spare" && unmoved == "spare")
        #expect(try await idle(queue) == nil)
    }

    /// Who waits for the bell.
    private func idle(_ queue: RunQueue) async throws -> String? {
        try await queue.redis.send(RedisCommand("GET", "\(queue.key):idle")).string
    }

    @Test("a worker asks for spare runs once its slots are taken, and counts them beside its slots")
    func spareSlots() throws {
        var state = WorkerState(slots: 8)
        let held = (0..<9).map { _ in RunID() }
        guard case .exchange(_, free: 8, spare: 1) = state.next() else { throw Unexpected() }
        _ = state.leased(Array(held.prefix(8)), wanted: 8)
        guard case .exchange(_, free: 0, spare: 1) = state.next() else { throw Unexpected() }
        _ = state.leased([held[8]], wanted: 1)
        guard case .sleep = state.next() else { throw Unexpected() }

        state.left(held[0])

        // Nine less one: all slots are still taken, and the spare one is free again.
        guard case .exchange(done: [held[0]], free: 0, spare: 1) = state.next() else { throw Unexpected() }
    }

    private struct Unexpected: Error {}

    @Test("a queue that lost its data says so until it has been filled again")
    func whole() async throws {
        let queue = try await queue()
        let before = try await queue.depth().isWhole
        try await queue.markWhole()

        #expect(!before)
        #expect(try await queue.depth().isWhole)
    }
}
