// The author's side of the engine. Every call here is remembered: a pass that comes by again gets the
// recorded answer, so that a workflow reads as a plain function although it may live for months in many
// processes.

import FoundationEssentials

/// Lent to `Workflow.run`: steps, waits, children, time.
public struct Flow<W: Workflow>: Sendable {
    let session: RunSession

    /// The run's identity.
    public var id: RunID { session.run.id }
    public var tenant: Tenant { session.run.tenant }
    /// When the run was accepted.
    public var startedAt: Date { session.run.startedAt }

    init(_ session: RunSession) { self.session = session }
}

/// One try of a step.
public struct Attempt: Sendable {
    /// The same on every attempt of this step in this run: what vendors are given as idempotency key or
    /// reference.
    public let key: String
    /// From 1.
    public let number: Int
    /// An earlier attempt announced its effect and left no result: look the effect up before repeating it.
    public let isAmbiguous: Bool

    private let session: RunSession?
    private let step: StepKey

    init(run: RunID, step: StepKey, number: Int, isAmbiguous: Bool, session: RunSession?) {
        key = "cf:\(run):\(step.name)" + (step.item.isEmpty ? "" : ":\(step.item)")
        self.number = number
        self.isAmbiguous = isAmbiguous
        self.session = session
        self.step = step
    }

    /// Records that the outside call is about to be made. Call it right before the call; from then on a later
    /// attempt is ambiguous until the step has its result.
    public func announce() async throws {
        guard let session else { return }
        _ = try await session.commit(.intent(step, attempt: number))
        session.withState { $0.intended(step) }
    }
}
