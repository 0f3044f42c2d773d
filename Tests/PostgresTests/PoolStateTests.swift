import Testing

@testable import Postgres

@Suite("What a pool decides")
struct PoolStateTests {
    private typealias Action = PoolState.Action
    private let start = ContinuousClock.now

    private func request(_ number: Int) -> PoolState.RequestID { PoolState.RequestID(number: number) }
    private func connection(_ number: Int) -> PoolState.ConnectionID {
        PoolState.ConnectionID(number: number)
    }
    private func makePool(size: Int) -> PoolState { PoolState(size: size, waitLimit: .seconds(10)) }

    /// A pool whose one connection is lent to request 1.
    private func makeBusyPool() -> PoolState {
        var pool = makePool(size: 1)
        _ = pool.requested(request(1), now: start)
        _ = pool.opened(connection(1))
        return pool
    }

    @Test("the first request opens a connection, which is lent to it") func opens() {
        var pool = makePool(size: 2)

        #expect(pool.requested(request(1), now: start) == .open(connection(1)))
        #expect(pool.opened(connection(1)) == .lend(connection(1), to: request(1)))
        #expect(pool.lent == [connection(1)])
    }

    @Test("a connection that comes back goes to the first in line") func fair() {
        var pool = makeBusyPool()
        #expect(pool.requested(request(2), now: start) == .wait)
        #expect(pool.requested(request(3), now: start) == .wait)

        #expect(pool.returned(connection(1), healthy: true) == .lend(connection(1), to: request(2)))
        #expect(pool.returned(connection(1), healthy: true) == .lend(connection(1), to: request(3)))
        #expect(pool.returned(connection(1), healthy: true) == .none)
        #expect(pool.idle == [connection(1)])
    }

    @Test("nobody overtakes those who wait") func noOvertaking() {
        var pool = makePool(size: 2)
        _ = pool.requested(request(1), now: start)
        _ = pool.requested(request(2), now: start)
        _ = pool.opened(connection(2))
        _ = pool.returned(connection(2), healthy: true)

        #expect(pool.waiting.isEmpty)
        #expect(pool.requested(request(3), now: start) == .wait)
        #expect(pool.opened(connection(1)) == .lend(connection(1), to: request(3)))
    }

    @Test("never more connections than the size, and no more than are wanted") func bounded() {
        var pool = makePool(size: 2)

        #expect(pool.requested(request(1), now: start) == .open(connection(1)))
        #expect(pool.requested(request(2), now: start) == .open(connection(2)))
        #expect(pool.requested(request(3), now: start) == .wait)
        #expect(pool.opening.count == 2)
    }

    @Test("a broken connection is closed and replaced for those who wait") func replaced() {
        var pool = makeBusyPool()
        _ = pool.requested(request(2), now: start)

        #expect(pool.returned(connection(1), healthy: false) == .close(connection(1)))
        #expect(pool.openIfWanted() == .open(connection(2)))
    }

    @Test("the last connection that came back is lent first") func warm() {
        var pool = makePool(size: 2)
        for number in 1...2 { _ = pool.requested(request(number), now: start) }
        for number in 1...2 { _ = pool.opened(connection(number)) }
        for number in 1...2 { _ = pool.returned(connection(number), healthy: true) }

        #expect(pool.requested(request(3), now: start) == .lend(connection(2), to: request(3)))
    }

    @Test("who has waited too long is refused, others are not") func expires() {
        var pool = makeBusyPool()
        _ = pool.requested(request(2), now: start)
        _ = pool.requested(request(3), now: start + .seconds(5))

        #expect(pool.nextDeadline == start + .seconds(10))
        #expect(pool.expired(now: start + .seconds(9)) == [])
        #expect(pool.expired(now: start + .seconds(10)) == [.refuse(request(2), .timeout)])
        #expect(pool.returned(connection(1), healthy: true) == .lend(connection(1), to: request(3)))
    }

    @Test("who gives up leaves the line, once") func abandons() {
        var pool = makeBusyPool()
        _ = pool.requested(request(2), now: start)

        let first = pool.abandoned(request(2))
        let second = pool.abandoned(request(2))
        #expect(first && !second)
        #expect(pool.returned(connection(1), healthy: true) == .none)
    }

    @Test("attempts to connect are repeated with growing pauses, up to a limit") func backsOff() {
        var pool = makePool(size: 1)
        _ = pool.requested(request(1), now: start)
        var pauses: [Duration] = []
        for _ in 0..<10 {
            let actions = pool.openFailed(connection(1), isTemporary: true, now: start, jitter: 1)
            guard case .retry(connection(1), let instant) = actions.first else {
                Issue.record("no further attempt: \(actions)")
                return
            }
            pauses.append(instant - start)
            #expect(pool.retryDue(connection(1)) == .open(connection(1)))
        }

        #expect(pauses.first == PoolState.firstPause)
        #expect(pauses.last == PoolState.longestPause)
        #expect(zip(pauses, pauses.dropFirst()).allSatisfy { $0 <= $1 })
    }

    @Test("during a pause nobody else tries, and when nobody waits nobody tries") func oneAttempt() {
        var pool = makePool(size: 1)
        _ = pool.requested(request(1), now: start)
        _ = pool.openFailed(connection(1), isTemporary: true, now: start, jitter: 0)

        #expect(pool.requested(request(2), now: start) == .wait)
        for number in 1...2 { _ = pool.abandoned(request(number)) }
        #expect(pool.retryDue(connection(1)) == .none)
        #expect(pool.requested(request(3), now: start) == .open(connection(2)))
    }

    @Test("a reason that does not pass is told to everybody at once") func permanent() {
        var pool = makePool(size: 1)
        _ = pool.requested(request(1), now: start)
        _ = pool.requested(request(2), now: start)

        #expect(
            pool.openFailed(connection(1), isTemporary: false, now: start, jitter: 0)
                == [.refuse(request(1), .cannotConnect), .refuse(request(2), .cannotConnect)])
        #expect(pool.opening.isEmpty)
    }

    @Test("a closed pool refuses, closes what is idle, and waits for what is lent") func closes() {
        var pool = makePool(size: 2)
        for number in 1...2 { _ = pool.requested(request(number), now: start) }
        for number in 1...2 { _ = pool.opened(connection(number)) }
        _ = pool.returned(connection(1), healthy: true)

        #expect(pool.close() == [.close(connection(1))])
        #expect(pool.requested(request(3), now: start) == .refuse(request(3), .closed))
        #expect(!pool.isDrained)
        #expect(pool.returned(connection(2), healthy: true) == .close(connection(2)))
        #expect(pool.isDrained)
    }
}

@Suite("Which statements the server keeps")
struct StatementCacheTests {
    private func plan(_ cache: inout StatementCache, _ text: String) -> StatementCache.Plan {
        cache.plan(for: Query(text: text))
    }

    @Test("a text is prepared the second time and used from then on") func secondTime() {
        var cache = StatementCache()

        #expect(plan(&cache, "a") == .unprepared)
        #expect(plan(&cache, "a") == .prepareAndRun("q1"))
        #expect(plan(&cache, "a") == .run("q1"))
        #expect(cache.plan(for: Query(text: "b").prepared()) == .prepareAndRun("q2"))
    }

    @Test("what could not be prepared is tried again under another name") func retried() {
        var cache = StatementCache()
        for _ in 0..<2 { _ = plan(&cache, "a") }
        cache.notPrepared("a")

        #expect(plan(&cache, "a") == .prepareAndRun("q2"))
    }

    @Test("the least recently used makes room") func bounded() {
        var cache = StatementCache()
        for number in 0..<StatementCache.limit { _ = cache.plan(for: Query(text: "t\(number)").prepared()) }
        _ = plan(&cache, "t0")
        _ = cache.plan(for: Query(text: "new").prepared())

        #expect(cache.count == StatementCache.limit)
        #expect(cache.takeEvicted() == ["q2"])
        #expect(cache.takeEvicted() == [])
        #expect(plan(&cache, "t0") == .run("q1"))
    }

    @Test("other types of values are another statement") func types() {
        var cache = StatementCache()
        _ = cache.plan(for: Query(text: "select $1", binding: 1).prepared())

        #expect(cache.plan(for: Query(text: "select $1", binding: 2)) == .run("q1"))
        #expect(cache.plan(for: Query(text: "select $1", binding: "x")) == .unprepared)
    }
}
