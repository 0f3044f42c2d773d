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
        let (seconds, attoseconds) = until.components
        deadline.store(seconds * 1_000_000_000 + attoseconds / 1_000_000_000, ordering: .releasing)
    }

    /// Whether the lease still holds by this clock.
    var isTrusted: Bool {
        let (seconds, attoseconds) = (ContinuousClock.now - origin).components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000 < deadline.load(ordering: .acquiring)
    }
}
