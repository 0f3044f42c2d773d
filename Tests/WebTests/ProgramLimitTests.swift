import Console
import Fleet
import Foundation
import Gateway
import Logging
import Redis
import Synchronization
import TestServers
import Testing

@testable import WebSupport

/// How often merchants' programs may ask, however many processes answer them.
@Suite("How often programs may ask")
struct ProgramLimitTests {
    private static let silence = Logger(label: "web-tests") { _ in SwiftLogNoOpLogHandler() }

    /// Counts for everybody, or does not answer.
    private final class Count: Sendable {
        private let state = Mutex((left: 0, asked: 0, isAway: false))

        init(_ left: Int) { state.withLock { $0.left = left } }

        var asked: Int { state.withLock { $0.asked } }
        func goAway(_ isAway: Bool) { state.withLock { $0.isAway = isAway } }

        func take() throws -> FleetLimit.Turn {
            try state.withLock { state in
                state.asked += 1
                if state.isAway { throw RawHTTPError(message: "away") }
                let isAdmitted = state.left > 0
                state.left -= isAdmitted ? 1 : 0
                return FleetLimit.Turn(
                    isAdmitted: isAdmitted, remaining: state.left, wait: .milliseconds(1_200),
                    reset: .seconds(30))
            }
        }
    }

    private func limit(_ count: Count, pause: Duration) -> FleetLimit {
        FleetLimit(RateLimit(capacity: 2, perMinute: 1), pause: pause, logger: Self.silence) { _, _, _ in
            try count.take()
        }
    }

    @Test("two processes share one count, and say how the program stands with it")
    func together() async throws {
        let count = Count(3)
        let (one, other) = (limit(count, pause: .zero), limit(count, pause: .zero))
        let now = Date()

        let first = try await one.check("p", now: now)
        _ = try await other.check("p", now: now)
        let third = try await one.check("p", now: now)
        let problem = await #expect(throws: WebProblem.self) { try await other.check("p", now: now) }

        #expect(first == RateStanding(limit: 2, remaining: 2, reset: 30, window: 120))
        #expect(third.remaining == 0)
        #expect(problem?.name == .tooManyRequests)
        #expect(problem?.headers["Retry-After"] == "2" && problem?.headers["RateLimit-Remaining"] == "0")
    }

    @Test("while the count is away each process goes on with its own, and asks again only after a pause")
    func away() async throws {
        let count = Count(100)
        count.goAway(true)
        let alone = limit(count, pause: .seconds(600))
        let now = Date()

        let first = try await alone.check("p", now: now)
        let second = try await alone.check("p", now: now)
        await #expect(throws: WebProblem.self) { try await alone.check("p", now: now) }

        #expect(first.remaining == 1 && second.remaining == 0)
        #expect(count.asked == 1)

        // Without a pause the next one asks, and the count is everybody's again.
        let other = limit(count, pause: .zero)
        _ = try await other.check("p", now: now)
        count.goAway(false)
        #expect(try await other.check("p", now: now).remaining == 99)
        #expect(try await other.check("p", now: now).remaining == 98)
    }

    @Test("a key's requests count in Redis for all processes, and without Redis in each alone")
    func overHTTP() async throws {
        let shop = try await WebShop.open()
        let program = try await Program(of: shop)
        let redis = RedisClient(
            try RedisConfiguration(try await TestServers.shared.freshRedisURL()), logger: Self.silence)
        let limits = Limits(redis: redis, logger: Self.silence)
        let one = try await process(beside: shop, limits)
        let other = try await process(beside: shop, limits)

        let first = try await program.inStore("GET", "", port: one.port)
        let second = try await program.inStore("GET", "", port: other.port)
        let third = try await program.inStore("GET", "", port: one.port)

        #expect(first.status == 200 && first.headers["ratelimit-remaining"] == "1")
        #expect(second.status == 200 && second.headers["ratelimit-remaining"] == "0")
        #expect(third.status == 429)
        #expect(third.headers["ratelimit-limit"] == "2" && third.headers["ratelimit-policy"] == "2;w=120")
        let wait = try #require(third.headers["retry-after"].flatMap { Int($0) })
        #expect((1...60).contains(wait))
        // Another program has its own.
        #expect(try await Program(of: shop).inStore("GET", "", port: one.port).status == 200)

        await redis.shutdown()
        let alone = try await program.inStore("GET", "", port: one.port)
        #expect(alone.status == 200 && alone.headers["ratelimit-remaining"] == "1")
        try await one.stop()
        try await other.stop()
    }

    private func process(beside shop: WebShop, _ limits: Limits) async throws -> RunningWebServer {
        let gateway = try Gateway.another(
            beside: shop,
            programLimit: FleetLimit(
                RateLimit(capacity: 2, perMinute: 1), in: limits, logger: Self.silence))
        return try await WebServer(
            WebServer.Configuration(port: 0, isSecure: false, sessionSecret: WebPlatform.sessionSecret),
            hosts: HostDirectory(platformHosts: [Program.host]) { _ in nil },
            endpoints: gateway.endpoints, metrics: MetricsRegistry(), accessLog: AccessLog { _ in },
            rateLimit: RateLimit(capacity: 100_000, perMinute: 100_000), logger: Self.silence
        ).start()
    }
}
