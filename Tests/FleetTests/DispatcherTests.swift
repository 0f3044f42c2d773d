import Durable
import Foundation
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

    @Test("a queue that lost its data says so until it has been filled again")
    func whole() async throws {
        let queue = try await queue()
        let before = try await queue.depth().isWhole
        try await queue.markWhole()

        #expect(!before)
        #expect(try await queue.depth().isWhole)
    }
}
