import Durable
import Foundation
import Redis
import Testing

@testable import Fleet

@Suite("Counts of runs in flight stay true")
struct CountsTests {
    /// What the dispatcher counts for a tenant, and how many of its leases there are.
    private func counted(_ tenant: String, _ under: QueueUnderControl) async throws -> (
        count: Int, leases: Int
    ) {
        let key = under.queue.key
        let replies = try await under.fleet.redis.pipeline([
            RedisCommand("HGET", "\(key):n", "t:\(tenant)"), RedisCommand("ZCARD", "\(key):lease"),
        ])
        return (replies[0].string.flatMap { Int($0) } ?? 0, replies[1].int ?? 0)
    }

    private struct NoExchange: Error {}

    private func exchange(_ state: inout WorkerState) throws -> (done: [RunID], free: Int) {
        guard case .exchange(let done, let free, _) = state.next() else { throw NoExchange() }
        return (done, free)
    }

    @Test("a run that is given back twice in one call frees one place in its tenant's cap")
    func saidTwice() async throws {
        let under = try await QueueUnderControl.make()
        try await under.control.setShare(of: "capped", weight: 1, cap: 2, by: under.mandate)
        _ = try await under.ready("capped", many: 10)
        let first = try await under.claim(10)

        let second = try await under.claim(10, done: [first[0], first[0]])

        #expect(first.count == 2 && second.count == 1)
        let seen = try await counted("capped", under)
        #expect(seen.count == 2 && seen.leases == 2)
    }

    @Test("a finish whose answer was lost can be repeated, and counts once")
    func lostAnswer() async throws {
        let under = try await QueueUnderControl.make()
        try await under.control.setShare(of: "capped", weight: 1, cap: 2, by: under.mandate)
        _ = try await under.ready("capped", many: 10)
        var state = WorkerState(slots: 8)
        let first = state.leased(try await under.claim(8), wanted: 8)
        state.left(first[0])
        let (done, free) = try exchange(&state)

        // Carried out, and never heard of: the run it leased is nobody's until that lease ends.
        _ = try await under.claim(free, done: done)
        state.exchangeFailed(done: done)
        let (again, room) = try exchange(&state)
        let second = try await under.claim(room, done: again)

        #expect(again == [first[0]] && second.isEmpty)
        let seen = try await counted("capped", under)
        #expect(seen.count == 2 && seen.leases == 2)
    }

    @Test("a run that is taken back twice in one call frees one place in its tenant's cap")
    func takenBackTwice() async throws {
        let under = try await QueueUnderControl.make()
        try await under.control.setShare(of: "capped", weight: 1, cap: 2, by: under.mandate)
        var runs = try await under.ready("capped", many: 10)
        let first = try await under.claim(10)
        runs = runs.filter { $0.id == first[0] }
        runs[0].isTakenBack = true

        under.queue.enqueue([runs[0], runs[0], runs[0]])
        await under.queue.flush()
        let second = try await under.claim(10)

        #expect(second.count == 1)
        let seen = try await counted("capped", under)
        #expect(seen.count == 2 && seen.leases == 2)
    }

    @Test("a worker gives a run back once, however often it came and went while Redis was away")
    func cameAndWent() throws {
        var state = WorkerState(slots: 4)
        let run = RunID()
        for _ in 0..<3 {
            #expect(state.leased([run], wanted: 4) == [run])
            state.left(run)
            let (done, _) = try exchange(&state)
            state.exchangeFailed(done: done)
        }

        let (done, _) = try exchange(&state)
        #expect(done == [run])
    }

    @Test("a run that is held again is not given back under its owner")
    func heldAgain() throws {
        var state = WorkerState(slots: 4)
        let (one, other) = (RunID(), RunID())
        _ = state.leased([one, other], wanted: 4)
        state.left(one)
        state.left(other)
        let (done, _) = try exchange(&state)
        state.exchangeFailed(done: done)

        _ = state.leased([one], wanted: 4)

        let (again, _) = try exchange(&state)
        #expect(again == [other])
    }
}
