// Runs workflows in a test: claims what is ready, turns the clock to the next timer when all sleep, until
// every run has ended or waits for a signal. Virtual time: a month passes in milliseconds.

import Durable
import Foundation
import Logging

public final class TestFleet: Sendable {
    public let journal: InMemoryJournal
    public let clock: ManualClock
    private let registry: WorkflowRegistry
    private let seenAs: @Sendable (InMemoryJournal) -> any Journal
    private let logger: Logger

    /// `seenAs` wraps the journal that runs write to, for instance in one that crashes.
    public init(
        _ registry: WorkflowRegistry, clock: ManualClock = ManualClock(),
        seenAs: @escaping @Sendable (InMemoryJournal) -> any Journal = { $0 }
    ) {
        self.registry = registry
        self.clock = clock
        self.seenAs = seenAs
        journal = InMemoryJournal(clock: clock)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        self.logger = logger
    }

    /// Works until nothing is ready and, with `turningClock`, no timer is left before `horizon`.
    public func settle(turningClock: Bool = true, upTo horizon: Duration = .seconds(365 * 86_400))
        async throws
    {
        let end = clock.now.adding(horizon)
        while true {
            let ready = journal.ready
            if !ready.isEmpty {
                for id in ready { try await stay(id) }
            } else if turningClock, let wake = journal.nextWake, wake <= end {
                clock.advance(to: wake)
            } else {
                return
            }
        }
    }

    /// One stay of one run in this process.
    public func stay(_ id: RunID) async throws {
        guard let run = journal.claim(id) else { return }
        let environment = DurableEnvironment(
            journal: seenAs(journal), clock: clock, logger: logger, jitter: { 0.5 }, inPlacePause: .zero)
        guard let workflow = registry.workflow(run.workflow, version: run.version) else {
            _ = try await journal.commit(.release(.unknownWorkflow), under: run.lease)
            return
        }
        if await workflow.execute(RunSession(run, in: environment)) == .lost { journal.takeOver(id) }
    }
}
