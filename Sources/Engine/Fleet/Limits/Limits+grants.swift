// The other direction: allowances that this platform grants to whoever calls it. The arithmetic is that of
// a steady allowance, on the clock of Redis, so that a caller has one allowance however many processes answer
// it. What differs is what becomes of a refusal: nobody stands in line here and nothing is parked, since the
// caller is a program that waits by itself, and it is told how it stands with every answer. Without Redis
// nothing is decided: who answers callers knows better than this module whether to let them in.

import Durable
import Redis

/// How a caller stands with an allowance, after having asked for one call of it.
public struct AllowanceStanding: Sendable, Hashable {
    /// Whether this call may be made. A call that may not is not counted.
    public let isAdmitted: Bool
    /// How many more may be made at once.
    public let remaining: Int
    /// Until the next one may be made; zero while one may.
    public let wait: Duration
    /// Until as many may be made at once as ever.
    public let reset: Duration
}

extension Limits {
    /// Takes one call out of a steady allowance that is granted to `key`.
    ///
    /// Throws where Redis does not answer; the caller decides what holds meanwhile.
    public func take(
        _ key: LimitKey, of allowance: Allowance
    ) async throws(RedisError) -> AllowanceStanding {
        guard case .steady(let burst) = allowance.count else {
            preconditionFailure("an allowance is granted as a steady rate; a window remembers each call")
        }
        let reply = try await redis.call(
            LimitScripts.take, keys: [Self.base(key.account)],
            [
                RedisArgument(key.name), RedisArgument(allowance.limit),
                RedisArgument(allowance.per.milliseconds), RedisArgument(burst),
            ])
        guard let standing = AllowanceStanding(reply) else {
            throw .protocolViolation("limits_take answered \(reply)")
        }
        return standing
    }
}

extension AllowanceStanding {
    /// As `limits_take` tells it.
    init?(_ reply: RedisValue) {
        guard let numbers = reply.array?.compactMap(\.int), numbers.count == 4 else { return nil }
        self.init(
            isAdmitted: numbers[0] == 1, remaining: numbers[1], wait: .milliseconds(numbers[2]),
            reset: .milliseconds(numbers[3]))
    }
}

extension LimitScripts {
    static let take = take(.server)

    /// ARGV: name, limit, per in ms, burst. Returns {1 or 0, remaining, ms to wait, ms until all are there}.
    /// Instants have three digits after the point and are large, so sums of them are off by less than half
    /// a thousandth: that much is given where whole calls and whole milliseconds are counted.
    static func take(_ clock: Clock) -> LuaFunction {
        LuaFunction(
            name: "limits_take_v1",
            source: clock.source + """

                local key = KEYS[1] .. ':t:' .. ARGV[1]
                local interval = tonumber(ARGV[3]) / tonumber(ARGV[2])
                local slack = interval * (tonumber(ARGV[4]) - 1)
                local due = math.max(tonumber(redis.call('GET', key) or '0'), now)
                local admitted = 0
                if due - slack <= now + 0.0005 then
                    admitted, due = 1, due + interval
                    redis.call('SET', key, string.format('%.3f', due), 'PX', math.ceil(due - now) + grace)
                end
                local free = math.floor((now + slack - due) / interval + 1.00005)
                return {admitted, math.max(0, free), math.ceil(math.max(0, due - slack - now - 0.0005)),
                    math.ceil(due - now - 0.0005)}
                """)
    }
}
