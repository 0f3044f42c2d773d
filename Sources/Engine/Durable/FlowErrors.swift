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

/// The run went over one of the engine's bounds.
public enum BoundExceeded: Classified, CustomStringConvertible {
    case steps(limit: Int)
    public var disposition: Disposition { .permanent }
    public var code: String { "too_many_steps" }
    public var description: String {
        switch self {
        case .steps(let limit):
            "the run would record more than \(limit) steps; split the work into child runs"
        }
    }
}

/// Thrown through a workflow body to leave its worker: the run sleeps, was taken away, or is being handed
/// back. A body that swallows it meets it again at its next flow call, and whatever it returns is discarded.
public struct FlowSealed: Error {
    public enum Cause: Sendable, Equatable { case suspended, lost, shutdown, refused(String) }
    public let cause: Cause
}
