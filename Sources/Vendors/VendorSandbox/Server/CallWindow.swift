import Foundation

// The counting behind the vendors' rate limits: so many calls in a window that opens with the first one. What
// a vendor does with the answer (headers, a pause, a block) is the vendor's own.

/// Calls counted per key in windows of a fixed length.
struct CallWindow: Sendable {
    /// So many calls in so many seconds.
    struct Rule: Sendable, Equatable {
        let calls: Int
        let seconds: Double
    }

    /// Where a key stands after a call.
    struct Reading: Sendable, Equatable {
        let isAllowed: Bool
        let remaining: Int
        let resets: Date
    }

    private struct Window {
        let start: Date
        var used: Int
    }

    private var windows: [String: Window] = [:]

    /// Counts a call. A call above the limit is refused and not counted.
    mutating func take(_ key: String, _ rule: Rule, now: Date) -> Reading {
        var window = windows[key] ?? Window(start: now, used: 0)
        if now >= window.start.addingTimeInterval(rule.seconds) { window = Window(start: now, used: 0) }
        let isAllowed = window.used < rule.calls
        if isAllowed { window.used += 1 }
        windows[key] = window
        return Reading(
            isAllowed: isAllowed, remaining: rule.calls - window.used,
            resets: window.start.addingTimeInterval(rule.seconds))
    }
}
