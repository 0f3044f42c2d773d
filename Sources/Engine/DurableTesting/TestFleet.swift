// Runs workflows in a test, in memory and in virtual time: a month passes in milliseconds.

import Durable
import Foundation

public final class TestFleet: Sendable {
    public let journal: InMemoryJournal
    public let clock: ManualClock
    private let driver: FleetDriver<InMemoryJournal>

    /// `seenAs` wraps the journal that runs write to, for instance in one that crashes.
    public init(
        _ registry: WorkflowRegistry, clock: ManualClock = ManualClock(),
        seenAs: @escaping @Sendable (InMemoryJournal) -> any Journal = { $0 }
    ) {
        let journal = InMemoryJournal(clock: clock)
        self.journal = journal
        self.clock = clock
        driver = FleetDriver(journal, registry, clock: clock) { _ in seenAs(journal) }
    }

    /// Works until nothing is ready and, with `turningClock`, no timer is left before `horizon`.
    public func settle(turningClock: Bool = true, upTo horizon: Duration = .seconds(365 * 86_400))
        async throws
    {
        try await driver.settle(turningClock: turningClock, upTo: horizon)
    }

    /// One stay of one run in this process.
    public func stay(_ id: RunID) async throws { try await driver.stay(id) }
}

extension InMemoryJournal: DrivenJournal {
    public func claimable() -> [RunID] { ready }
    public func nextTimer() -> Date? { nextWake }
    public func journal(of run: ClaimedRun) -> any Journal { self }
}
