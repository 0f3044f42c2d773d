// Time is passed in, so that a test can turn it. Journal times are wall-clock instants; a pause is measured
// on the monotonic clock by the real implementation, so that a clock that jumps does not stretch or skip it.

import FoundationEssentials

/// The engine's view of time.
public protocol DurableClock: Sendable {
    var now: Date { get }
    /// The time since some moment that stays the same. It rises even when somebody sets the wall clock back.
    var uptime: Duration { get }
    /// Returns when `duration` has passed, or throws `CancellationError`.
    func sleep(for duration: Duration) async throws
    /// Lets the other tasks of this process go on for about `moment`. It passes by itself, also where time is
    /// turned by hand.
    func giveWay(for moment: Duration) async
}

extension DurableClock {
    /// For clocks that nobody sets back, such as those of tests.
    public var uptime: Duration { .seconds(now.timeIntervalSince1970) }

    public func giveWay(for moment: Duration) async {
        // Whoever gave way looks at its own stop conditions next.
        try? await Task.sleep(for: moment)
    }
}

/// The machine's own clock.
public struct SystemClock: DurableClock {
    public init() {}
    private static let origin = ContinuousClock.now

    public var now: Date { Date() }
    public var uptime: Duration { ContinuousClock.now - Self.origin }
    public func sleep(for duration: Duration) async throws { try await Task.sleep(for: duration) }
}

extension Duration {
    /// Whole and fractional seconds.
    public var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}

extension Date {
    public func adding(_ duration: Duration) -> Date { addingTimeInterval(duration.seconds) }
}
