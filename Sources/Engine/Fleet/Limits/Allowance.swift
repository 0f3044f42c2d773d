// What another side allows, as it counts it. A vendor that says "10 an hour" and counts from the first call
// means a window; a bucket of 10 that refills over an hour would let 19 through in it. A vendor that says
// "100 a second" and smooths means a steady rate.

/// How often something may be done.
public struct Allowance: Sendable, Hashable {
    /// How the other side counts.
    public enum Count: Sendable, Hashable {
        /// At most so many in any stretch of time of that length.
        case window
        /// So many per stretch of time on average, and at most `burst` at once.
        case steady(burst: Int)
    }
    public let limit: Int
    public let per: Duration
    public let count: Count

    /// At most `limit` calls within any stretch of `per`. Remembers the last `limit` calls, so it is meant
    /// for limits up to 1,000.
    public static func window(_ limit: Int, per: Duration) -> Allowance {
        precondition((1...1_000).contains(limit), "a window remembers each call; use .steady above 1,000")
        return Allowance(limit: limit, per: per, count: .window)
    }

    /// `limit` calls per `per` in the long run, and no more than `burst` at once.
    public static func steady(_ limit: Int, per: Duration, burst: Int = 1) -> Allowance {
        precondition(limit >= 1 && burst >= 1 && per > .zero, "a rate lets something through")
        return Allowance(limit: limit, per: per, count: .steady(burst: burst))
    }

    /// From one call to the next at the full rate.
    var interval: Duration { per / limit }
}

/// What shares an allowance: an account at a vendor, and which of its calls.
public struct LimitKey: Sendable, Hashable, CustomStringConvertible {
    /// Such as `bigbuy:platform`. The breaker belongs to the account.
    public let account: String
    /// Such as `orders`; empty for all calls of the account.
    public let name: String

    public init(_ account: String, _ name: String = "") {
        self.account = account
        self.name = name
    }

    public var description: String { name.isEmpty ? account : "\(account) \(name)" }
}

/// Leave to make one call; say how it went with `Limits.succeeded` or `Limits.failed`.
public struct Admission: Sendable, Hashable {
    public let key: LimitKey
    /// The one call that finds out whether the other side is well again.
    public let isProbe: Bool
    let generation: Int
    /// Given without Redis, on this process's own small share.
    let isLocal: Bool
}
