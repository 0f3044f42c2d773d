import Durable
import Foundation
import Logging
import Redis
import TestServers
import Testing

@testable import Fleet

/// What is told of runs to whoever listens.
@Suite("News of runs")
struct RunNewsTests {
    @Test("a change travels as a word, with its tenant where that can stand in one")
    func words() throws {
        let run = RunID()

        for tenant: Tenant in ["shop", "a/b", ""] {
            let change = RunChange(run: run, tenant: tenant)
            #expect(RunChange(word: Substring(change.word)) == change)
        }
        for tenant: Tenant in ["two words", Tenant(String(repeating: "x", count: 65))] {
            let heard = RunChange(word: Substring(RunChange(run: run, tenant: tenant).word))
            #expect(heard == RunChange(run: run, tenant: nil))
        }
        // As a process of an earlier release writes it.
        #expect(RunChange(word: "\(run)") == RunChange(run: run, tenant: nil))
        #expect(RunChange(word: "nonsense/shop") == nil)
    }

    @Test("a listener is told first that it hears, and then what changed")
    func heard() async throws {
        let logger = Logger(label: "news-tests") { _ in SwiftLogNoOpLogHandler() }
        let redis = RedisClient(
            try RedisConfiguration(try await TestServers.shared.freshRedisURL()), logger: logger)
        let events = RunEvents(redis: redis, logger: logger)
        var news = events.news().makeAsyncIterator()
        let run = RunID()

        let first = await news.next()
        events.publish(run, of: "shop")
        let second = await news.next()

        #expect(first == .listening)
        #expect(second == .changed([RunChange(run: run, tenant: "shop")]))
        await redis.shutdown()
    }

    @Test("what waits to be told is bounded, loses the oldest first, and goes in messages of a size")
    func gathered() {
        var gathered = GatheredChanges()
        let runs = (0..<2 * GatheredChanges.limit).map { _ in RunChange(run: RunID(), tenant: "shop") }

        let begins = runs.filter { gathered.add($0) }

        // One sender, however much comes while it is at work.
        #expect(begins == [runs[0]])
        #expect(gathered.waiting.count <= GatheredChanges.limit)
        #expect(gathered.waiting.count > GatheredChanges.limit - GatheredChanges.messageLimit)
        #expect(gathered.waiting == Array(runs.suffix(gathered.waiting.count)))
        var told: [RunChange] = []
        while true {
            let message = gathered.take()
            #expect(message.count <= GatheredChanges.messageLimit)
            if message.isEmpty { break }
            told += message
        }
        #expect(told.last == runs.last)
        // Once it has nothing more, the next change finds nobody at work.
        let beginsAgain = gathered.add(runs[0])
        #expect(beginsAgain)
    }
}
