import Durable
import DurableTesting
import Synchronization

/// Lets the crash runner strike only from the moment on that a test is about: what comes before is played
/// through as it is, and costs no time.
final class Trigger: Sendable {
    private let isPulled = Mutex(false)

    func pull() { isPulled.withLock { $0 = true } }

    func arm(
        _ crash: @escaping @Sendable (any Journal) -> any Journal
    ) -> @Sendable (InMemoryJournal) -> any Journal {
        { ArmedJournal(trigger: self, inner: $0, crashing: crash($0)) }
    }

    fileprivate var isArmed: Bool { isPulled.withLock { $0 } }
}

private struct ArmedJournal: Journal {
    let trigger: Trigger
    let inner: InMemoryJournal
    let crashing: any Journal

    func commit(_ entry: JournalEntry, under lease: Lease) async throws(JournalFailure) -> CommitVerdict {
        guard trigger.isArmed else { return try await inner.commit(entry, under: lease) }
        return try await crashing.commit(entry, under: lease)
    }
}
