// Drives the runs of a test through any journal: claims what is ready, one run at a time, turns the clock to
// the next timer when all sleep, and takes runs over from workers that were lost. It is the one part of a
// fleet that both journals need in the same form to be put through the same crashes.

import Durable
import Foundation
import Logging
import Synchronization

/// A clock that a test turns.
public protocol TurnableClock: DurableClock {
    func advance(to instant: Date)
}

extension ManualClock: TurnableClock {}

/// A journal with the moves around it that a fleet makes.
public protocol DrivenJournal: Sendable {
    /// Runs that can be claimed now.
    func claimable() async throws -> [RunID]
    /// When the next sleeping run wakes.
    func nextTimer() async throws -> Date?
    /// Takes ownership of a run under a higher epoch; nil where it is not ready.
    func claim(_ run: RunID) async throws -> ClaimedRun?
    /// What the owner of `run` writes to.
    func journal(of run: ClaimedRun) -> any Journal
    /// Takes a run from an owner that died; nothing where it has none.
    func takeOver(_ run: RunID) async throws
}

public final class FleetDriver<Driven: DrivenJournal>: Sendable {
    private let driven: Driven
    private let clock: any TurnableClock
    private let registry: WorkflowRegistry
    private let seenAs: @Sendable (any Journal) -> any Journal
    private let logger: Logger
    /// Owners that were paused and must find their run taken when they go on.
    private let paused = Mutex<[RunID: PausedOwner]>([:])

    /// `seenAs` wraps the journal that runs write to, for instance in one that crashes.
    public init(
        _ driven: Driven, _ registry: WorkflowRegistry, clock: any TurnableClock,
        seenAs: @escaping @Sendable (any Journal) -> any Journal = { $0 }
    ) {
        self.driven = driven
        self.registry = registry
        self.clock = clock
        self.seenAs = seenAs
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
            let ready = try await driven.claimable()
            if !ready.isEmpty {
                for id in ready { try await stay(id) }
            } else if turningClock, let wake = try await driven.nextTimer(), wake <= end {
                clock.advance(to: wake)
            } else {
                return
            }
        }
    }

    /// One stay of one run in this process.
    public func stay(_ id: RunID) async throws {
        guard let run = try await driven.claim(id) else { return }
        let earlier = paused.withLock { $0.removeValue(forKey: id) }
        earlier?.plan.resume()
        let journal = seenAs(driven.journal(of: run))
        let environment = DurableEnvironment(
            journal: journal, clock: clock, logger: logger, jitter: { 0.5 }, inPlacePause: .zero)
        let session = RunSession(run, in: environment)
        guard let workflow = registry.workflow(run.workflow, version: run.version) else {
            _ = try await driven.journal(of: run).commit(.release(.unknownWorkflow), under: run.lease)
            return
        }
        switch await play(session, workflow, (journal as? CrashingJournal)?.plan) {
        case .departed(.lost): try await driven.takeOver(id)
        case .departed: break
        case .paused(let owner):
            paused.withLock { $0[id] = owner }
            try await driven.takeOver(id)
        }
        // The former owner goes on beside the new one, and is gone before anything is compared.
        _ = await earlier?.work.value
    }

    private func play(_ session: RunSession, _ workflow: RegisteredWorkflow, _ plan: CrashPlan?) async -> Stay
    {
        guard let plan, plan.side.isPause else { return .departed(await workflow.execute(session)) }
        let (stays, arrival) = AsyncStream.makeStream(of: Stay.self)
        // Awaited below where the run departs, else by the next stay of the run, which resumes it.
        let work = Task {
            let departure = await workflow.execute(session)
            arrival.yield(.departed(departure))
            return departure
        }
        plan.onPause { arrival.yield(.paused(PausedOwner(plan: plan, work: work))) }
        for await stay in stays {
            plan.unwatch()
            return stay
        }
        return .departed(await work.value)
    }

    private enum Stay: Sendable {
        case departed(Departure)
        case paused(PausedOwner)
    }
}

private struct PausedOwner: Sendable {
    let plan: CrashPlan
    let work: Task<Departure, Never>
}
