import Durable

/// What can go wrong when runs are started, signalled or awaited.
public enum RunsError: Classified, CustomStringConvertible {
    case input(PayloadError)
    case notAccepted(String)
    case noSuchRun(RunID)
    case ended(RunID, RunStatus, FailureRecord?)
    case timeout(RunID, RunStatus)

    public var disposition: Disposition {
        switch self {
        case .input, .noSuchRun, .ended: .permanent
        case .notAccepted, .timeout: .transient()
        }
    }

    public var code: String {
        switch self {
        case .input: "run_input"
        case .notAccepted: "run_not_accepted"
        case .noSuchRun: "no_such_run"
        case .ended: "run_ended"
        case .timeout: "run_timeout"
        }
    }

    public var description: String {
        switch self {
        case .input(let error): error.description
        case .notAccepted(let why):
            "the run was not accepted: \(why); starting again with the same key is safe"
        case .noSuchRun(let id): "there is no run \(id)"
        case .ended(let id, let status, let failure):
            "run \(id) ended as \(status.rawValue)" + (failure.map { ": \($0.message)" } ?? "")
        case .timeout(let id, let status): "run \(id) is still \(status.rawValue)"
        }
    }
}
