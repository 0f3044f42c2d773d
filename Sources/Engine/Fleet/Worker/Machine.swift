import Durable
import Foundation

/// What a process takes from the machine it runs on: time and chance. A simulation replaces both, so that a
/// seed decides everything.
struct Machine: Sendable {
    let clock: any DurableClock
    let randomBits: @Sendable () -> UInt64

    /// The machine that this process really runs on.
    static let real = Machine(
        clock: SystemClock(),
        randomBits: {
            var generator = SystemRandomNumberGenerator()
            return generator.next()
        })

    func random(in range: Range<Double>) -> Double {
        var bits = RandomBits(draw: randomBits)
        return Double.random(in: range, using: &bits)
    }

    func newRunID() -> RunID {
        var bits = RandomBits(draw: randomBits)
        return RunID(now: clock.now, using: &bits)
    }

    /// Pauses before a server is tried again. Whoever waits looks at its own stop conditions next, so losing
    /// the cancellation is right.
    func pause(_ duration: Duration) async { try? await clock.sleep(for: duration) }
}

private struct RandomBits: RandomNumberGenerator {
    let draw: @Sendable () -> UInt64
    func next() -> UInt64 { draw() }
}
