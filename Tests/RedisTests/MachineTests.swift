import Testing

@testable import Redis

@Suite("the decisions of the driver, without a server")
struct MachineTests {
    private struct Seeded: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }

    @Test("pauses grow to the limit, vary, and start over after a success")
    func backoff() {
        let seed = UInt64.random(in: .min ... .max)
        var random = Seeded(state: seed)
        var backoff = Backoff()
        for attempt in 0..<200 {
            let pause = backoff.next(using: &random)
            let ceiling = min(Backoff.longest, Backoff.first * (1 << min(attempt, 10)))
            #expect(pause <= ceiling && pause >= ceiling / 10 - .nanoseconds(1), "seed \(seed)")
        }
        backoff.reset()
        #expect(backoff.next(using: &random) <= Backoff.first)
    }

    /// Lends waiters and returns what each was told, in their order.
    private func results(
        of count: Int, _ body: ([Waiter]) -> Void
    ) async -> [Result<RedisValue, RedisError>] {
        await withTaskGroup(of: (Int, Result<RedisValue, RedisError>).self) { group in
            let (kept, keeps) = AsyncStream<(Int, Waiter)>.makeStream()
            for number in 0..<count {
                group.addTask {
                    (number, await withCheckedContinuation { keeps.yield((number, .one($0))) })
                }
            }
            var waiters: [Int: Waiter] = [:]
            for await (number, waiter) in kept {
                waiters[number] = waiter
                if waiters.count == count { break }
            }
            body((0..<count).compactMap { waiters[$0] })
            var results: [(Int, Result<RedisValue, RedisError>)] = []
            for await result in group { results.append(result) }
            return results.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    @Test("after a break, only requests of which no byte was written are kept")
    func breakOff() async {
        let now = Moment.now
        let lost = RedisError.connection(reason: "broken", mayHaveRun: true)

        let results = await results(of: 4) { waiters in
            var inFlight = InFlight()
            for waiter in waiters {
                inFlight.append([
                    Request(
                        byteCount: 10, replyCount: 1, issued: now, startBy: now, deadline: now + .seconds(9),
                        waiter: waiter)
                ])
            }
            if case .finished(let answer) = inFlight.accept(.integer(1)) { answer.deliver() }

            // Of forty bytes twelve were not written: the third request lost two, the fourth all its ten.
            let outcome = inFlight.breakOff(unwritten: 12)

            #expect(outcome.unsent.count == 1)
            #expect(outcome.lost.count == 2)
            #expect(inFlight.isEmpty)
            for request in outcome.lost { request.waiter?.fail(lost) }
            outcome.unsent.first?.waiter?.fail(.closed)
        }

        #expect(results == [.success(.integer(1)), .failure(lost), .failure(lost), .failure(.closed)])
    }

    @Test("what is put back goes before what came later, and what is late takes its bytes with it")
    func queue() async {
        let results = await results(of: 3) { waiters in
            var queue = CommandQueue(maximumCommands: 3, maximumBytes: 100)
            func add(_ waiter: Waiter, _ text: String, seconds: Int64) -> Bool {
                let patience = Patience(start: .seconds(seconds), reply: .seconds(seconds))
                let admission = queue.admit(commands: 1, patience: patience, waiter: waiter) {
                    $0.append(contentsOf: text.utf8)
                }
                if case .accepted(let mustWake) = admission { return mustWake }
                return false
            }
            var batch = CommandQueue.Batch()
            let isEmpty = !queue.take(into: &batch)
            let wakes = [add(waiters[0], "one", seconds: 5), add(waiters[1], "two", seconds: 10)]
            let isTaken = queue.take(into: &batch)
            _ = add(waiters[2], "three", seconds: 20)
            #expect(isEmpty && isTaken && wakes == [true, false])
            #expect(batch.bytes == Array("onetwo".utf8))

            queue.putBack(batch)
            for request in queue.expire(at: .now + .seconds(7)) { request.waiter?.fail(.cancelled) }
            var rest = CommandQueue.Batch()
            _ = queue.take(into: &rest)

            #expect(rest.bytes == Array("twothree".utf8))
            for request in rest.requests { request.waiter?.fail(.closed) }
        }

        #expect(results == [.failure(.cancelled), .failure(.closed), .failure(.closed)])
    }

    @Test("a request that its caller gave up is not written to the next link")
    func abandonedIsDropped() {
        let now = Moment.now
        var inFlight = InFlight()
        let request = Request(
            byteCount: 10, replyCount: 3, issued: now, startBy: now, deadline: now, waiter: nil)
        inFlight.append([request])
        inFlight.expire(at: now)

        let outcome = inFlight.breakOff(unwritten: 10)

        #expect(outcome.unsent.isEmpty)
        #expect(outcome.lost.count == 1)
    }

    @Test("a slow server keeps its connection while it says something, a silent one does not")
    func presumedDead() {
        let now = Moment.now
        var inFlight = InFlight()
        let request = Request(
            byteCount: 1, replyCount: 1, issued: now, startBy: now, deadline: now + .seconds(1), waiter: nil)
        inFlight.append([request])
        #expect(inFlight.presumedDead(heard: now, patience: .seconds(1)) == .distantFuture)
        inFlight.expire(at: now + .seconds(1))
        #expect(inFlight.nextDeadline == .distantFuture)
        #expect(inFlight.presumedDead(heard: now, patience: .seconds(1)) == now + .seconds(2))
        #expect(inFlight.presumedDead(heard: now + .seconds(5), patience: .seconds(1)) == now + .seconds(6))
        guard case .finished = inFlight.accept(.null) else {
            Issue.record("the request is not finished"); return
        }
        #expect(inFlight.presumedDead(heard: now, patience: .seconds(1)) == .distantFuture)
        guard case .unexpected = inFlight.accept(.null) else { Issue.record("there is no request"); return }
    }

    @Test("the server is told a channel once, and again after a break")
    func subscriptionBook() async throws {
        var book = SubscriptionBook()
        let (_, sink) = AsyncStream<RedisMessage>.makeStream()
        var changes: SubscriptionBook.Changes
        var sinks: [SubscriptionBook.Sink]
        let firstAdded = book.add(["a", "b"], sink)
        let first = try #require(firstAdded)
        #expect(!first.isConfirmed)
        changes = book.takeChanges()
        #expect(changes == .init(subscribe: ["a", "b"]))
        let secondAdded = book.add(["a"], sink)
        let second = try #require(secondAdded)
        #expect(!second.isConfirmed)
        changes = book.takeChanges()
        #expect(changes.isEmpty)
        sinks = book.confirmed("a")
        #expect(sinks.count == 1)
        sinks = book.confirmed("b")
        #expect(sinks.count == 1)
        let third = book.add(["a", "b"], sink)
        #expect(third?.isConfirmed == true)

        book.remove(first.number)
        book.remove(second.number)
        changes = book.takeChanges()
        #expect(changes.isEmpty)
        book.linkLost()
        changes = book.takeChanges()
        #expect(changes == .init(subscribe: ["a", "b"]))
        sinks = book.confirmed("a")
        #expect(sinks.isEmpty)
        sinks = book.confirmed("b")
        #expect(sinks.count == 1)
    }

    @Test("a channel left and joined again counts as joined only at the last confirmation")
    func rejoinedChannel() throws {
        var book = SubscriptionBook()
        let (_, sink) = AsyncStream<RedisMessage>.makeStream()
        var changes: SubscriptionBook.Changes
        var sinks: [SubscriptionBook.Sink]
        let firstAdded = book.add(["a"], sink)
        let first = try #require(firstAdded)
        changes = book.takeChanges()
        #expect(changes == .init(subscribe: ["a"]))
        book.remove(first.number)
        changes = book.takeChanges()
        #expect(changes == .init(unsubscribe: ["a"]))
        _ = book.add(["a"], sink)
        changes = book.takeChanges()
        #expect(changes == .init(subscribe: ["a"]))
        sinks = book.confirmed("a")
        #expect(sinks.isEmpty)
        sinks = book.confirmed("a")
        #expect(sinks.count == 1)
    }
}
