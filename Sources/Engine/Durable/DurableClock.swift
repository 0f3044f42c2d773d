// Time is passed in, so that a test can turn it. Journal times are wall-clock instants; a pause is measured
// on the monotonic clock by the real implementation, so that a clock that jumps does not stretch or skip it.

import FoundationEssentials

/// The engine's view of time.
public protocol DurableClock: Sendable {
    var now: Date { get }
    /// Returns when `duration` has passed, or throws `CancellationError`.
    func sleep(for duration: Duration) async throws
}

/// The machine's own clock.
public struct SystemClock: DurableClock {
    public init() {}
    public var now: Date { Date() }
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
