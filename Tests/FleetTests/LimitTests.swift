import Durable
import Foundation
import Redis
import TestServers
import Testing

@testable import Fleet

/// The functions of `LimitScripts` with a time that the test gives.
struct TimedLimits {
    let redis: RedisClient
    let base = "cf:{limit:\(UUID().uuidString)}"

    static func make() async throws -> TimedLimits {
        TimedLimits(redis: try await FleetUnderTest.shared().redis)
    }

    /// Nil where it was admitted, else how long to wait in milliseconds.
    func admit(
        _ name: String, _ allowances: [(String, Int, Int, Int)], goesOn: Bool = false, at now: Int
    ) async throws -> Int? {
        var arguments = [RedisArgument(name), 90_000, goesOn ? 1 : 0]
        for (kind, limit, per, burst) in allowances {
            arguments += [
                RedisArgument(kind), RedisArgument(limit), RedisArgument(per), RedisArgument(burst),
            ]
        }
        let reply = try await redis.call(
            LimitScripts.admit(.lastArgument), keys: [base], arguments + [RedisArgument(now)])
        return reply.array?[0].int == 1 ? nil : reply.array?[2].int
    }

    func breaker(at now: Int) async throws -> Breaker.Verdict {
        let reply = try await redis.call(
            LimitScripts.admit(.lastArgument), keys: [base], ["b", 90_000, 0, RedisArgument(now)])
        let values = reply.array ?? []
        if values[0].int == 1 {
            return .allowed(generation: values[1].int ?? -1, isProbe: values[2].int == 1)
        }
        return .refused(until: Int64(now + (values[2].int ?? 0)))
    }

    func report(_ isSuccess: Bool, _ generation: Int, _ rules: BreakerRules, at now: Int) async throws {
        try await redis.call(
            LimitScripts.report(.lastArgument), keys: [base],
            [
                isSuccess ? 1 : 0, RedisArgument(generation), RedisArgument(rules.failures),
                RedisArgument(rules.openFor.milliseconds), RedisArgument(rules.longest.milliseconds),
                RedisArgument(now),
            ])
    }
}

@Suite("Rate limits")
struct LimitTests {
    static let start = 1_800_000_000_000

    @Test("a window lets exactly its limit through in any stretch of its length")
    func window() async throws {
        let limits = try await TimedLimits.make()
        var admitted: [Int] = []
        for second in 0..<(4 * 3_600) where second % 20 == 0 {
            let now = Self.start + second * 1_000
            if try await limits.admit("list", [("w", 10, 3_600_000, 1)], at: now) == nil {
                admitted.append(now)
            }
        }

        for first in admitted {
            #expect(admitted.count { $0 >= first && $0 < first + 3_600_000 } <= 10)
        }
        #expect(admitted.count == 40)
    }

    @Test("a steady rate lets its burst through at once, then its rate")
    func steady() async throws {
        let limits = try await TimedLimits.make()
        var admitted = 0
        for _ in 0..<50 where try await limits.admit("s", [("g", 10, 1_000, 5)], at: Self.start) == nil {
            admitted += 1
        }
        var later = 0
        for step in 1...200 {
            let now = Self.start + step * 50
            if try await limits.admit("s", [("g", 10, 1_000, 5)], at: now) == nil { later += 1 }
        }

        #expect(admitted == 5)
        #expect(later == 100)
    }

    @Test("of several allowances all must be free, and a refusal uses up none")
    func several() async throws {
        let limits = try await TimedLimits.make()
        let both = [("g", 1, 1_000, 1), ("w", 3, 3_600_000, 1)]
        var waits: [Int?] = []
        for second in [0, 0, 1, 2, 3] {
            waits.append(try await limits.admit("x", both, at: Self.start + second * 1_000))
        }

        #expect(waits[0] == nil && waits[1] == 1_000 && waits[2] == nil && waits[3] == nil)
        #expect(waits[4] == 3_597_000)
    }

    @Test("those that wait are told to come back one after another")
    func turns() async throws {
        let limits = try await TimedLimits.make()
        var waits: [Int?] = []
        for _ in 0..<5 { waits.append(try await limits.admit("t", [("g", 1, 1_000, 1)], at: Self.start)) }

        #expect(waits == [nil, 1_000, 2_000, 3_000, 4_000])
    }

    @Test("a call that goes on with what was begun is told the next free instant, and nobody's turn moves")
    func goesOn() async throws {
        let limits = try await TimedLimits.make()
        let second = [("g", 1, 1_000, 1)]
        for _ in 0..<4 { _ = try await limits.admit("c", second, at: Self.start) }
        let next = Self.start + 1_000

        #expect(try await limits.admit("c", second, goesOn: true, at: Self.start) == 1_000)
        #expect(try await limits.admit("c", second, goesOn: true, at: next) == nil)
        #expect(try await limits.admit("c", second, at: next) == 4_000)
    }

    @Test("a pause that the other side asked for holds back its key and no other, and costs no attempt")
    func parked() async throws {
        let fleet = try await FleetUnderTest.shared()
        let limits = Limits(redis: fleet.redis)
        let account = UUID().uuidString
        await limits.park(LimitKey(account, "orders"), for: .seconds(600))

        let refusal = await #expect(throws: LimitRefusal.self) {
            try await limits.acquire(LimitKey(account, "orders"), within: [])
        }
        let sibling = try await limits.acquire(LimitKey(account, "lists"), within: [])
        await limits.park(LimitKey(account), for: .seconds(600))

        #expect(refusal?.reason == .parked)
        guard case .deferred(let until) = refusal?.disposition else {
            Issue.record("a parked call must defer its step")
            return
        }
        #expect((590...601).contains(until.timeIntervalSinceNow))
        #expect(!sibling.isProbe)
        await #expect(throws: LimitRefusal.self) {
            try await limits.acquire(LimitKey(account, "lists"), within: [])
        }
        _ = try await limits.acquire(LimitKey("another \(account)", "orders"), within: [])
    }

    @Test("many callers at once never get more than the window has")
    func atOnce() async throws {
        let fleet = try await FleetUnderTest.shared()
        let key = LimitKey(UUID().uuidString, "orders")
        let admitted = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    let limits = Limits(redis: fleet.redis)
                    do {
                        _ = try await limits.acquire(key, within: [.window(30, per: .seconds(3_600))])
                        return true
                    } catch { return false }
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }

        #expect(admitted == 30)
        #expect(try await Limits(redis: fleet.redis).state(of: key).waiting == 170)
    }

    @Test("without Redis a process goes on with a sixteenth, and keeps the pauses it knows")
    func alone() {
        var alone = LonelyLimits()
        let key = LimitKey("v", "orders")
        let second: [Allowance] = [.steady(1, per: .seconds(1))]

        #expect(alone.acquire(key, second, at: .seconds(5)) == .seconds(5))
        #expect(alone.acquire(key, second, at: .seconds(6)) == .seconds(21))
        #expect(alone.acquire(key, second, at: .seconds(21)) == .seconds(21))
        alone.park(LimitKey("v"), until: .seconds(900))
        #expect(alone.acquire(LimitKey("v", "lists"), second, at: .seconds(30)) == .seconds(900))
        #expect(alone.acquire(LimitKey("w"), second, at: .seconds(30)) == .seconds(30))
    }
}
