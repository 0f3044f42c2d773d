// Which verb makes sense for a run in which status: one table, so that the command line, the console and the
// tests read the same. What a verb needs beyond the status (a recorded step, a child that has ended) is
// judged with the run's row locked.

import Durable

/// What an operator can do to a run.
public enum Verb: String, Sendable, Codable, CaseIterable {
    case retry, resume, rerun, fork, cancel, signal, skip, edit, export
}

extension Verb {
    /// Why this verb makes no sense for a run in that status; nil where it does.
    public func refusal(in status: RunStatus) -> String? {
        switch self {
        case .retry: Self.retryRefusal(status)
        case .resume: Self.resumeRefusal(status)
        case .rerun, .fork, .export: nil
        case .cancel, .signal:
            status.isEnd
                ? "it has ended; only a live run can be \(self == .cancel ? "cancelled" : "told")" : nil
        case .skip: Self.skipRefusal(status)
        case .edit: Self.editRefusal(status)
        }
    }

    private static func retryRefusal(_ status: RunStatus) -> String? {
        switch status {
        case .failed, .needsAttention: nil
        case .pending, .running: "it goes on by itself"
        case .waiting: "it goes on by itself when its wait ends; `resume` ends a wait now"
        case .succeeded: "nothing failed; `rerun` does it again from a step"
        case .cancelled: "somebody stopped it; `rerun` it from a step or `fork` it"
        case .poisoned: "its workers died under it; `resume` gives it to a worker once more"
        }
    }

    private static func resumeRefusal(_ status: RunStatus) -> String? {
        switch status {
        case .waiting, .poisoned: nil
        case .pending: "it is ready already"
        case .running: "a worker has it already"
        case .failed, .needsAttention: "it has ended; `retry` goes on from its failed step"
        case .succeeded: "it is done"
        case .cancelled: "somebody stopped it; `rerun` it from a step or `fork` it"
        }
    }

    private static func skipRefusal(_ status: RunStatus) -> String? {
        switch status {
        case .pending, .running, .waiting, .failed, .needsAttention, .poisoned: nil
        case .succeeded: "it is done"
        case .cancelled: "somebody stopped it; `rerun` it from a step or `fork` it"
        }
    }

    private static func editRefusal(_ status: RunStatus) -> String? {
        switch status {
        case .pending, .waiting, .failed, .needsAttention, .poisoned: nil
        case .running: "a worker works on its old input just now; cancel it, or wait until it has left"
        case .succeeded: "it is done; `fork` it with another input"
        case .cancelled: "somebody stopped it; `fork` it with another input"
        }
    }
}
