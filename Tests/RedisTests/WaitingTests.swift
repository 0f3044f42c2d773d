import Foundation
import TestServers
import Testing

@testable import Redis

@Suite("blocking commands and subscriptions", .timeLimit(.minutes(2)))
struct WaitingTests {
    @Test("a pop that waits is woken by another client's push, while commands go on")
    func wokenPop() async throws {
        try await withClient(try await TestServers.shared.freshRedisURL()) { client in
            async let popped = client.blocking(RedisCommand("BLPOP", "jobs"), timeout: .seconds(60))
            try await client.send(RedisCommand("RPUSH", "jobs", "one"))
            let job = try await popped
            #expect(job.strings == ["jobs", "one"])

            async let least = client.blocking(RedisCommand("BZPOPMIN", "ring"), timeout: .seconds(60))
            try await client.send(RedisCommand("ZADD", "ring", 2, "b", 1, "a"))
            let member = try await least
            #expect(member.strings == ["ring", "a", "1"])
        }
    }

    @Test("a pop that finds nothing is null when its time is over")
    func emptyPop() async throws {
        try await withClient(try await TestServers.shared.freshRedisURL()) { client in
            let nothing = try await client.blocking(RedisCommand("BLPOP", "none"), timeout: .milliseconds(20))
            #expect(nothing.isNull)
        }
    }

    @Test("a server that does not keep to the limit is left by the client")
    func clientSideLimit() async throws {
        let server = FakeServer { _ in .nothing }
        defer { server.close() }
        try await withClient(server.url, { $0.commandTimeout = .seconds(1) }) { client in
            let error = await failure {
                try await client.blocking(RedisCommand("BLPOP", "a"), timeout: .milliseconds(50))
            }
            #expect(error == .timeout(after: .milliseconds(1050), mayHaveRun: true))
        }
    }

    @Test("a cancelled task stops waiting at once")
    func cancellation() async throws {
        let (asked, hears) = AsyncStream<Void>.makeStream()
        let server = FakeServer { _ in
            hears.yield()
            return .nothing
        }
        defer { server.close() }
        try await withClient(server.url) { client in
            await withTaskGroup(of: RedisError?.self) { group in
                group.addTask {
                    await failure {
                        try await client.blocking(RedisCommand("BLPOP", "a"), timeout: .seconds(600))
                    }
                }
                var questions = asked.makeAsyncIterator()
                await questions.next()
                group.cancelAll()
                #expect(await group.next() == .some(.cancelled))
            }
        }
    }

    @Test("as many blocking commands as allowed share the client, and one more is refused")
    func blockingLimit() async throws {
        try await withClient(try await TestServers.shared.freshRedisURL(), { $0.maximumBlockingCommands = 0 })
        { client in
            let error = await failure {
                try await client.blocking(RedisCommand("BLPOP", "a"), timeout: .seconds(1))
            }
            #expect(error == .queueFull(limit: "0 blocking commands are waiting"))
        }
        try await withClient(
            try await TestServers.shared.freshRedisURL(), { $0.maximumBlockingCommands = 10 }
        ) { client in
            try await withThrowingTaskGroup(of: RedisValue.self) { group in
                for _ in 0..<10 {
                    group.addTask {
                        try await client.blocking(RedisCommand("BRPOP", "l"), timeout: .seconds(60))
                    }
                }
                for number in 0..<10 { try await client.send(RedisCommand("LPUSH", "l", "\(number)")) }
                var seen: Set<String> = []
                for try await value in group { seen.insert(value.strings?.last ?? "") }
                #expect(seen.count == 10)
            }
        }
    }

    @Test("subscribers of one client hear their own channels, over one connection")
    func subscriptions() async throws {
        try await withClient(try await TestServers.shared.redisURL()) { client in
            let name = UUID().uuidString
            var first = client.subscribe(["\(name):a", "\(name):both"]).makeAsyncIterator()
            #expect(await first.next() == .subscribed)
            do {
                var second = client.subscribe(["\(name):b", "\(name):both"]).makeAsyncIterator()
                #expect(await second.next() == .subscribed)
                var third = client.subscribe(["\(name):a"]).makeAsyncIterator()
                #expect(await third.next() == .subscribed)

                for channel in ["a", "b", "both"] {
                    try await client.send(RedisCommand("PUBLISH", "\(name):\(channel)", "to \(channel)"))
                }

                #expect(await first.next() == .published(channel: "\(name):a", payload: Array("to a".utf8)))
                #expect(
                    await first.next() == .published(channel: "\(name):both", payload: Array("to both".utf8)))
                #expect(await second.next() == .published(channel: "\(name):b", payload: Array("to b".utf8)))
                #expect(
                    await second.next() == .published(channel: "\(name):both", payload: Array("to both".utf8))
                )
                #expect(await third.next() == .published(channel: "\(name):a", payload: Array("to a".utf8)))
            }
            // The two streams that were let go unsubscribe, which the server sees in its own time.
            while try await client.send(RedisCommand("PUBSUB", "NUMSUB", "\(name):b")).array?.last
                != .integer(0)
            {}
            #expect(try await client.send(RedisCommand("PUBLISH", "\(name):a", "still")) == .integer(1))
            #expect(await first.next() == .published(channel: "\(name):a", payload: Array("still".utf8)))
        }
    }
}
