// How long this worker may trust its lease, on its own monotonic clock. Postgres judges leases by its clock;
// the local deadline is earlier by a margin, counted from before the heartbeat was sent, so that side effects
// stop here before anyone there can take the run.

import Synchronization

/// The local deadline of a worker's lease.
final class LeaseGuard: Sendable {
    let duration: Duration
    private let margin: Duration
    private let origin = ContinuousClock.now
    private let deadline = Atomic<Int64>(Int64.min)

    init(duration: Duration) {
        self.duration = duration
        margin = duration / 5
    }

    var now: ContinuousClock.Instant { ContinuousClock.now }

    /// A heartbeat that was sent at `instant` has been committed.
    func renewed(sentAt instant: ContinuousClock.Instant) {
        let until = (instant - origin) + duration - margin
        _ = deadline.max(Self.nanoseconds(until), ordering: .acquiringAndReleasing)
    }

    /// Nothing is trusted until the next renewal.
    func revoke() { deadline.store(Int64.min, ordering: .releasing) }

    /// How long the lease can be trusted from now on; negative when it is over.
    var timeLeft: Duration {
        let until = deadline.load(ordering: .acquiring)
        return until == Int64.min ? .zero : .nanoseconds(until) - (ContinuousClock.now - origin)
    }

    /// Whether the lease still holds by this clock.
    var isTrusted: Bool {
        Self.nanoseconds(ContinuousClock.now - origin) < deadline.load(ordering: .acquiring)
    }

    private static func nanoseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
