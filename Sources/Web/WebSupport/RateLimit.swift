// A token bucket per client, kept in this process. It stops a script that hammers the checkout; a limit that
// must hold across the fleet is a `FleetLimit`, or stands in Postgres where it guards a secret.

import Foundation
import Synchronization

/// Pure arithmetic of one bucket: `capacity` requests at once, then one every `interval`.
struct TokenBucket: Sendable, Equatable {
    private var tokens: Double
    private var updatedAt: Date
    let capacity: Double
    let interval: TimeInterval

    init(capacity: Int, interval: TimeInterval, now: Date) {
        self.capacity = Double(capacity)
        self.interval = interval
        tokens = Double(capacity)
        updatedAt = now
    }

    /// Nil when the request may pass, otherwise the whole seconds to wait.
    mutating func take(now: Date) -> Int? {
        // A clock that steps back adds nothing, neither now nor when it has caught up again: requests
        // arrive here in another order than they began.
        tokens = min(capacity, tokens + max(0, now.timeIntervalSince(updatedAt)) / interval)
        updatedAt = max(updatedAt, now)
        guard tokens >= 1 else { return Int(((1 - tokens) * interval).rounded(.up)) }
        tokens -= 1
        return nil
    }

    func isFull(now: Date) -> Bool {
        tokens + max(0, now.timeIntervalSince(updatedAt)) / interval >= capacity
    }

    /// Whole requests that may come at once, as of the latest one.
    var remaining: Int { max(0, Int(tokens)) }

    /// Whole seconds until all of them may again.
    var secondsToFull: Int { Int(((capacity - tokens) * interval).rounded(.up)) }
}

/// How a client stands with a limit, told with every answer that counts against it.
package struct RateStanding: Sendable, Equatable {
    package let limit: Int
    package let remaining: Int
    /// Seconds until the whole limit is there again.
    package let reset: Int
    /// Seconds in which the whole limit comes back.
    package let window: Int

    package var headers: [String: String] {
        [
            "RateLimit-Limit": "\(limit)", "RateLimit-Remaining": "\(remaining)",
            "RateLimit-Reset": "\(reset)", "RateLimit-Policy": "\(limit);w=\(window)",
        ]
    }

    /// The answer to somebody who asks too often.
    func refusal(after wait: Int) -> WebProblem {
        var headers = headers
        headers["Retry-After"] = String(max(1, wait))
        return WebProblem(.tooManyRequests, "try again in \(wait) seconds", headers: headers)
    }
}

/// Buckets for many clients, bounded in number.
package final class RateLimit: Sendable {
    /// Above this many clients the idle ones are forgotten; a forgotten client has a full bucket anyway.
    private static let clientLimit = 20_000

    let capacity: Int
    let interval: TimeInterval
    private let buckets = Mutex<[String: TokenBucket]>([:])

    /// `capacity` requests at once, refilled with `perMinute` a minute.
    package init(capacity: Int, perMinute: Int) {
        precondition(capacity > 0 && perMinute > 0, "a rate limit lets something pass")
        self.capacity = capacity
        interval = 60 / Double(perMinute)
    }

    @discardableResult
    package func check(_ client: String, now: Date) throws(WebProblem) -> RateStanding {
        let (wait, bucket) = buckets.withLock { buckets -> (Int?, TokenBucket) in
            if buckets.count >= Self.clientLimit { buckets = buckets.filter { !$0.value.isFull(now: now) } }
            // Should all of them be busy, newcomers share one bucket: a flood slows itself.
            let key = buckets.count >= Self.clientLimit && buckets[client] == nil ? "newcomers" : client
            var bucket = buckets[key] ?? TokenBucket(capacity: capacity, interval: interval, now: now)
            let wait = bucket.take(now: now)
            buckets[key] = bucket
            return (wait, bucket)
        }
        let standing = RateStanding(
            limit: capacity, remaining: bucket.remaining, reset: bucket.secondsToFull, window: windowSeconds)
        if let wait { throw standing.refusal(after: wait) }
        return standing
    }

    /// Whole seconds in which all of it comes back.
    var windowSeconds: Int { Int((Double(capacity) * interval).rounded(.up)) }
}
