import Durable
import Foundation

/// Not now: nothing was tried, and the run waits without using up an attempt.
public struct LimitRefusal: Classified, Sendable, Equatable, CustomStringConvertible {
    /// What stands in the way.
    public enum Reason: String, Sendable, Codable {
        /// The allowance is used up.
        case rateLimit = "rate_limit"
        /// The other side asked for a pause.
        case parked
        /// The other side has failed again and again.
        case breakerOpen = "breaker_open"
        /// Redis does not answer, and this process has used its own small share.
        case unknown = "limiter_away"
    }
    public let key: LimitKey
    public let reason: Reason
    /// When to come back.
    public let until: Date

    public init(key: LimitKey, reason: Reason, until: Date) {
        self.key = key
        self.reason = reason
        self.until = until
    }

    public var disposition: Disposition { .deferred(until: until) }
    public var code: String { "limits.\(reason.rawValue)" }

    public var description: String {
        let then = until.formatted(.iso8601)
        return switch reason {
        case .rateLimit: "the rate limit of \(key) is used up; there is room at \(then)"
        case .parked: "\(key) asked for a pause until \(then)"
        case .breakerOpen: "the breaker of \(key.account) is open; it is tried again at \(then)"
        case .unknown:
            "Redis does not answer, and this process has used its share of \(key); there is room at \(then)"
        }
    }
}
