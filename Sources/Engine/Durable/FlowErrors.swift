// Errors that a workflow body can meet from the engine itself.

import FoundationEssentials

/// A step, wait or child that ended for good without a result. Replays throw the same, so a body may catch it
/// to take another business path.
public struct StepFailed: Classified, CustomStringConvertible {
    public let failure: FailureRecord
    public var disposition: Disposition { .permanent }
    public var code: String { failure.code }
    public var description: String {
        failure.step.map { "step \($0) failed: \(failure.message)" } ?? failure.message
    }

    public init(_ failure: FailureRecord) { self.failure = failure }
}

/// The run was cancelled; its undo path runs next.
public struct RunCancelled: Classified {
    public let reason: String
    public var disposition: Disposition { .permanent }
    public var code: String { "cancelled" }

    public init(reason: String) { self.reason = reason }
}

/// An attempt that outlived its time limit. Whether its effect happened is not known.
public struct StepTimedOut: Classified, CustomStringConvertible {
    public let limit: Duration
    public var disposition: Disposition { .transient() }
    public var code: String { "step_timed_out" }
    public var description: String { "the attempt did not end within \(limit)" }
}

/// An attempt that gave no sign of life for too long. Whether its effect happened is not known.
public struct StepFellSilent: Classified, CustomStringConvertible {
    public let limit: Duration
    public var disposition: Disposition { .transient() }
    public var code: String { "step_fell_silent" }
    public var description: String { "the attempt gave no sign of life for \(limit)" }
}

/// The attempt was given up at one of its limits while its body went on: stop, and change nothing.
public struct AttemptOver: Classified, CustomStringConvertible {
    public var disposition: Disposition { .permanent }
    public var code: String { "attempt_over" }
    public var description: String { "this attempt was given up at its time limit; stop working" }
}

/// A person must decide what comes next. Thrown by a step it fails the step for good; where the body does not
/// catch that, nothing is undone and the run ends as `needs_attention`, set aside for `owner` as it stands.
public struct NeedsAttention: Classified, CustomStringConvertible {
    public let reason: String
    public let owner: AttentionOwner
    public let code: String
    public var disposition: Disposition { .needsAttention(owner: owner) }
    public var description: String { reason }

    public init(_ reason: String, owner: AttentionOwner = .operator, code: String = "needs_attention") {
        self.reason = reason
        self.owner = owner
        self.code = code
    }
}

/// The run went over one of the engine's bounds.
public enum BoundExceeded: Classified, CustomStringConvertible {
    case steps(limit: Int)
    /// A batch of children would need more steps than the run has left.
    case children(count: Int, limit: Int)
    public var disposition: Disposition { .permanent }
    public var code: String {
        switch self {
        case .steps: "too_many_steps"
        case .children: "too_many_children"
        }
    }
    public var description: String {
        switch self {
        case .steps(let limit):
            "the run would record more than \(limit) steps; split the work into child runs"
        case .children(let count, let limit):
            "\(count) children are more than the \(limit) for which this run has steps left; "
                + "give each of several runs a share of them"
        }
    }
}

/// Thrown through a workflow body to leave its worker: the run sleeps, was taken away, or is being handed
/// back. A body that swallows it meets it again at its next flow call, and whatever it returns is discarded.
public struct FlowSealed: Error {
    public enum Cause: Sendable, Equatable { case suspended, lost, shutdown, refused(String) }
    public let cause: Cause
}
