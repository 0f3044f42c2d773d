// Pauses between attempts to connect: exponential with full jitter, so that a fleet that lost its server
// together does not come back together. The cap is low, because a server that is back should not stand idle
// for long.

struct Backoff {
    static let first: Duration = .milliseconds(20)
    static let longest: Duration = .seconds(2)

    private(set) var failures = 0

    mutating func reset() { failures = 0 }

    /// The next pause, drawn evenly between a tenth of the ceiling and the ceiling.
    mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
        let ceiling = min(Self.longest, Self.first * (1 << min(failures, 10)))
        failures += 1
        return ceiling * Double.random(in: 0.1...1, using: &generator)
    }
}
