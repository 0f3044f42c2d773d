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
