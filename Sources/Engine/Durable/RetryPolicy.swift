// How often and how patiently a step is tried again. Full jitter (a uniform draw below the exponential
// ceiling) is the spread that drains a crowd of failed callers fastest; see "Exponential Backoff And Jitter",
// AWS Architecture Blog, 2015.

/// The limits and pauses of a step's attempts.
public struct RetryPolicy: Sendable, Equatable {
    /// Attempts in all, the first included; nil for no limit.
    public var attempts: Int?
    /// How long after its first attempt a step may still be tried; nil for no limit.
    public var within: Duration?
    /// The ceiling of the first pause.
    public var base: Duration
    /// By how much the ceiling grows with each attempt.
    public var factor: Double
    /// No ceiling is higher than this.
    public var cap: Duration

    public init(
        attempts: Int?, within: Duration? = nil, base: Duration = .milliseconds(200), factor: Double = 2,
        cap: Duration = .seconds(60)
    ) {
        precondition(attempts.map { $0 >= 1 } ?? true, "a retry policy allows at least one attempt")
        precondition(factor >= 1, "pauses between attempts never shrink")
        self.attempts = attempts
        self.within = within
        self.base = base
        self.factor = factor
        self.cap = cap
    }

    /// Eight attempts within about a minute: for calls whose other side is usually there.
    public static let standard = RetryPolicy(attempts: 8, cap: .seconds(20))
    /// No limit, pauses up to five minutes: for what must happen in the end, such as a refund.
    public static let patient = RetryPolicy(attempts: nil, base: .milliseconds(500), cap: .seconds(300))
    /// One attempt.
    public static let once = RetryPolicy(attempts: 1)

    /// The highest pause after `failures` failed attempts.
    public func ceiling(after failures: Int) -> Duration {
        var ceiling = base
        for _ in 1..<max(1, failures) {
            ceiling = ceiling * factor
            if ceiling >= cap { return cap }
        }
        return min(ceiling, cap)
    }

    /// The pause after `failures` failed attempts, with `fraction` (0..<1) as the draw.
    public func pause(after failures: Int, fraction: Double) -> Duration {
        ceiling(after: failures) * fraction
    }

    /// Whether another attempt is allowed after `failures` attempts that began `elapsed` ago.
    public func allowsAnother(after failures: Int, elapsed: Duration) -> Bool {
        if let attempts, failures >= attempts { return false }
        if let within, elapsed >= within { return false }
        return true
    }
}
