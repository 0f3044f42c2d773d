import Foundation
import Synchronization

// Vendors measure days: idempotency keys live for one, refunds fail after several. The sandbox clock runs
// with the real one and can be pushed forward; it never goes back except on reset. Webhook signatures do
// not use it: their receivers compare with real time.

/// The time one vendor believes in.
package final class SandboxClock: Sendable {
    private let offset = Mutex(Duration.zero)

    package init() {}

    /// The vendor's present.
    package var now: Date {
        let seconds = offset.withLock { $0.components.seconds }
        return Date().addingTimeInterval(TimeInterval(seconds))
    }

    /// The vendor's present in whole Unix seconds.
    package var seconds: Int64 { Int64(now.timeIntervalSince1970) }

    /// Moves the vendor's present forward.
    package func advance(seconds: Int64) {
        precondition(seconds >= 0, "the sandbox clock only moves forward")
        offset.withLock { $0 += .seconds(seconds) }
    }

    func reset() { offset.withLock { $0 = .zero } }
}

/// A small reproducible generator (SplitMix64), so that a drill with a seed can be run again.
package struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
