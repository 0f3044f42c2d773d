// Rate limits, pauses and breakers that hold across the whole fleet. A refusal is an error that defers the
// step: it costs no attempt, and the run leaves its worker until its turn comes.
//
// Without Redis nobody knows what the others have used. Failing open could get an account blocked, failing
// closed would stop the shop; so each process then goes on with a sixteenth of each allowance, one call at a
// time, which stays within the limits for up to sixteen processes. Pauses that this process knows of hold.

import Durable
import Foundation
import Logging
import Redis
import Synchronization

/// The state of an account's limits, for people.
public struct LimitState: Sendable, Hashable {
    public let parkedUntil: Date?
    /// When the breaker is tried again; nil while it is closed.
    public let breakerOpenUntil: Date?
    public let breakerOpenSince: Date?
    public let failures: Int
    /// Callers that were told to come back.
    public let waiting: Int
}

/// Leave to call others, shared by the fleet.
public final class Limits: Sendable {
    let redis: RedisClient
    private let rules: BreakerRules
    private let clock: any DurableClock
    private let logger: Logger
    private let alone: Mutex<LonelyLimits>

    /// - Parameter rules: when breakers open.
    public init(
        redis: RedisClient, breaker rules: BreakerRules = BreakerRules(),
        clock: any DurableClock = SystemClock(), logger: Logger = Logger(label: "engine.limits")
    ) {
        self.redis = redis
        self.rules = rules
        self.clock = clock
        self.logger = logger
        alone = Mutex(LonelyLimits())
    }

    static func base(_ account: String) -> String { "cf:{limit:\(account)}" }

    /// Takes one call out of every allowance of `key`, all or none.
    ///
    /// - Parameter goesOn: the call goes on with what an admitted one began; it does not stand in line.
    ///
    /// Throws `LimitRefusal`, which tells the engine when to come back; to be called within a step.
    public func acquire(
        _ key: LimitKey, within allowances: [Allowance], goesOn: Bool = false
    ) async throws(LimitRefusal) -> Admission {
        var arguments = [
            RedisArgument(key.name), RedisArgument(rules.probeFor.milliseconds), goesOn ? 1 : 0,
        ]
        for allowance in allowances {
            arguments.append(allowance.isWindow ? "w" : "g")
            arguments.append(RedisArgument(allowance.limit))
            arguments.append(RedisArgument(allowance.per.milliseconds))
            arguments.append(RedisArgument(allowance.burst))
        }
        let reply: RedisValue
        do {
            reply = try await redis.call(LimitScripts.admit, keys: [Self.base(key.account)], arguments)
        } catch {
            logger.warning("limits decided without Redis", metadata: ["key": "\(key)", "error": "\(error)"])
            return try acquireAlone(key, allowances)
        }
        guard let values = reply.array, values.count == 3 else {
            preconditionFailure("limits_admit answered \(reply)")
        }
        guard values[0].int == 1 else {
            let refusal = refusal(key, values)
            LimitWatch.shared.refused(refusal, at: clock.now)
            throw refusal
        }
        return Admission(
            key: key, isProbe: values[2].int == 1, generation: values[1].int ?? 0, isLocal: false)
    }

    /// Everything of `key` waits that long, whoever asks: for an answer such as 429 with `Retry-After`. A key
    /// without a name parks the whole account.
    public func park(_ key: LimitKey, for pause: Duration) async {
        alone.withLock { $0.park(key, until: clock.uptime + pause) }
        LimitWatch.shared.parked(key, until: clock.now.adding(pause), at: clock.now)
        await note(key) { () throws(RedisError) in
            try await redis.call(
                LimitScripts.park, keys: [Self.base(key.account)],
                [RedisArgument(key.name), RedisArgument(pause.milliseconds)])
        }
    }

    /// The other side answered, whatever the answer.
    public func succeeded(_ admission: Admission) async { await report(admission, 1) }

    /// The other side did not answer, or only with a failure of its own.
    public func failed(_ admission: Admission) async { await report(admission, 0) }

    private func report(_ admission: Admission, _ outcome: Int) async {
        guard !admission.isLocal else { return }
        if outcome == 1 { LimitWatch.shared.closed(admission.key, at: clock.now) }
        await note(admission.key) { () throws(RedisError) in
            let reply = try await redis.call(
                LimitScripts.report, keys: [Self.base(admission.key.account)],
                [
                    RedisArgument(outcome), RedisArgument(admission.generation),
                    RedisArgument(rules.failures), RedisArgument(rules.openFor.milliseconds),
                    RedisArgument(rules.longest.milliseconds),
                ])
            if reply.int == 1 {
                let now = clock.now
                LimitWatch.shared.opened(admission.key, until: now.adding(rules.openFor), at: now)
            }
            return reply
        }
    }

    /// What stands in the way of `key` just now, for `runs why` and the console.
    public func state(of key: LimitKey) async throws(RedisError) -> LimitState {
        let reply = try await redis.call(
            LimitScripts.state, keys: [Self.base(key.account)], [RedisArgument(key.name)])
        guard let numbers = reply.array?.compactMap(\.int), numbers.count == 6 else {
            throw .protocolViolation("limits_state answered \(reply)")
        }
        let now = clock.now
        func instant(_ number: Int) -> Date? {
            number == 0 ? nil : now.addingTimeInterval(Double(number - numbers[0]) / 1_000)
        }
        return LimitState(
            parkedUntil: numbers[1] > numbers[0] ? instant(numbers[1]) : nil,
            breakerOpenUntil: instant(numbers[2]), breakerOpenSince: instant(numbers[3]),
            failures: numbers[4], waiting: numbers[5])
    }

    /// Losing a note costs a needless call at worst, and the caller has its answer already.
    private func note(_ key: LimitKey, _ body: () async throws(RedisError) -> RedisValue) async {
        do {
            _ = try await body()
        } catch {
            logger.warning("limit not noted in Redis", metadata: ["key": "\(key)", "error": "\(error)"])
        }
    }

    private func refusal(_ key: LimitKey, _ values: [RedisValue]) -> LimitRefusal {
        let reason = values[1].string.flatMap { LimitRefusal.Reason(rawValue: $0) } ?? .rateLimit
        let wait = Duration.milliseconds(values[2].int ?? 1_000)
        if reason == .parked { alone.withLock { $0.park(key, until: clock.uptime + wait) } }
        return LimitRefusal(key: key, reason: reason, until: clock.now.adding(wait))
    }

    private func acquireAlone(_ key: LimitKey, _ allowances: [Allowance]) throws(LimitRefusal) -> Admission {
        let now = clock.uptime
        let free = alone.withLock { $0.acquire(key, allowances, at: now) }
        guard free <= now else {
            throw LimitRefusal(key: key, reason: .unknown, until: clock.now.adding(free - now))
        }
        return Admission(key: key, isProbe: false, generation: 0, isLocal: true)
    }
}

/// What one process allows itself while nobody can be asked.
struct LonelyLimits {
    /// How many processes may be alone at once without exceeding an allowance together.
    static let processes = 16
    private var parks: [LimitKey: Duration] = [:]
    private var next: [LimitKey: Duration] = [:]
    /// Forgets what is over when there is more than this.
    private static let keyLimit = 10_000

    mutating func park(_ key: LimitKey, until instant: Duration) {
        if parks.count >= Self.keyLimit { parks = [:] }
        parks[key] = max(parks[key] ?? .zero, instant)
    }

    /// The instant at which a call is free; taken where that is now.
    mutating func acquire(_ key: LimitKey, _ allowances: [Allowance], at now: Duration) -> Duration {
        let parked = max(parks[key] ?? .zero, parks[LimitKey(key.account)] ?? .zero)
        let free = max(parked, next[key] ?? .zero, now)
        if free <= now {
            if next.count >= Self.keyLimit { next = next.filter { $0.value > now } }
            next[key] = now + (allowances.map(\.interval).max() ?? .zero) * Self.processes
        }
        return free
    }
}

extension Allowance {
    fileprivate var isWindow: Bool { count == .window }
    fileprivate var burst: Int { if case .steady(let burst) = count { burst } else { 1 } }
}
