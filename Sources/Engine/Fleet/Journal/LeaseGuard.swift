// How long this worker may trust its lease, on its own monotonic clock. Postgres judges leases by its clock;
// the local deadline is earlier by a margin, counted from before the heartbeat was sent, so that side effects
// stop here before anyone there can take the run.

import Durable
import Synchronization

/// The local deadline of a worker's lease.
final class LeaseGuard: Sendable {
    let duration: Duration
    private let margin: Duration
    private let clock: any DurableClock
    private let origin: Duration
    private let deadline = Atomic<Int64>(Int64.min)
    private let isRevoked = Mutex(false)
    private let revocations = Atomic<Int>(0)

    init(duration: Duration, clock: any DurableClock = SystemClock()) {
        self.duration = duration
        self.clock = clock
        origin = clock.uptime
        margin = duration / 5
    }

    var now: Duration { clock.uptime }

    /// A heartbeat that was sent at `instant` has been committed. After a revocation it changes nothing: the
    /// worker has dropped its runs, and only a registration tells the database so.
    func renewed(sentAt instant: Duration) {
        let until = Self.nanoseconds((instant - origin) + duration - margin)
        isRevoked.withLock { isRevoked in
            guard !isRevoked else { return }
            _ = deadline.max(until, ordering: .acquiringAndReleasing)
        }
    }

    /// A registration that was sent at `instant` has been committed: the worker owns nothing, and may again.
    func registered(sentAt instant: Duration) {
        isRevoked.withLock { $0 = false }
        renewed(sentAt: instant)
    }

    /// Nothing is trusted until the next registration.
    func revoke() {
        isRevoked.withLock { isRevoked in
            isRevoked = true
            revocations.add(1, ordering: .acquiringAndReleasing)
            deadline.store(Int64.min, ordering: .releasing)
        }
    }

    /// Which trust this is: what was granted in an earlier term was taken back with it.
    var term: Int { revocations.load(ordering: .acquiring) }

    /// How long the lease can be trusted from now on; negative when it is over.
    var timeLeft: Duration {
        let until = deadline.load(ordering: .acquiring)
        return until == Int64.min ? .zero : .nanoseconds(until) - (clock.uptime - origin)
    }

    /// Whether the lease still holds by this clock.
    var isTrusted: Bool {
        Self.nanoseconds(clock.uptime - origin) < deadline.load(ordering: .acquiring)
    }

    private static func nanoseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
