import Durable
import Foundation
import Redis
import Testing

@testable import Fleet

extension TimedLimits {
    /// Asks for one call of a rate that is granted: `limit` in `per` milliseconds, at most `burst` at once.
    func take(
        _ name: String, _ limit: Int, per: Int, burst: Int, at now: Int
    ) async throws -> AllowanceStanding {
        let reply = try await redis.call(
            LimitScripts.take(.lastArgument), keys: [base],
            [
                RedisArgument(name), RedisArgument(limit), RedisArgument(per), RedisArgument(burst),
                RedisArgument(now),
            ])
        return try #require(AllowanceStanding(reply))
    }
}

@Suite("Allowances that are granted to callers")
struct LimitGrantTests {
    @Test("a burst at once, then the rate, and every answer says how the caller stands")
    func standing() async throws {
        let limits = try await TimedLimits.make()
        let start = LimitTests.start
        var told: [AllowanceStanding] = []
        for _ in 0..<5 { told.append(try await limits.take("k", 10, per: 1_000, burst: 3, at: start)) }

        #expect(told.map(\.isAdmitted) == [true, true, true, false, false])
        #expect(told.map(\.remaining) == [2, 1, 0, 0, 0])
        #expect(told.map(\.wait) == [0, 0, 100, 100, 100].map { .milliseconds($0) })
        #expect(told.map(\.reset) == [100, 200, 300, 300, 300].map { .milliseconds($0) })

        // Refusals cost nothing: one is there again when it was said to be.
        let early = try await limits.take("k", 10, per: 1_000, burst: 3, at: start + 99)
        let again = try await limits.take("k", 10, per: 1_000, burst: 3, at: start + 100)
        let whole = try await limits.take("k", 10, per: 1_000, burst: 3, at: start + 10_000)
        #expect(!early.isAdmitted && early.wait == .milliseconds(1))
        #expect(again.isAdmitted && again.remaining == 0)
        #expect(whole.isAdmitted && whole.remaining == 2)
    }

    @Test("whoever hammers is never over the rate, and loses no more than the distance of his calls")
    func hammering() async throws {
        let limits = try await TimedLimits.make()
        var admitted = 0
        for step in 0..<300 {
            let now = LimitTests.start + step * 10
            if try await limits.take("k", 3, per: 100, burst: 1, at: now).isAdmitted { admitted += 1 }
        }

        // Every 33.3 ms, at instants that are ten apart: each third or fourth of them.
        #expect((75...90).contains(admitted))
    }

    @Test("callers do not share, and the fleet's own clock counts as well")
    func apart() async throws {
        let limits = Limits(redis: try await FleetUnderTest.shared().redis)
        let (one, other) = (LimitKey("granted:\(UUID())"), LimitKey("granted:\(UUID())"))
        let allowance = Allowance.steady(1, per: .seconds(3_600), burst: 2)

        let first = try await limits.take(one, of: allowance)
        let second = try await limits.take(one, of: allowance)
        let third = try await limits.take(one, of: allowance)
        let others = try await limits.take(other, of: allowance)

        #expect(first.isAdmitted && first.remaining == 1 && first.wait == .zero)
        #expect(second.isAdmitted && second.remaining == 0)
        #expect(!third.isAdmitted && third.wait > .zero && third.wait <= .seconds(3_600))
        #expect(others.isAdmitted)
    }
}
