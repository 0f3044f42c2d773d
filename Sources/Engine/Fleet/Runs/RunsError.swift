import Durable

/// What can go wrong when runs are started, signalled or awaited.
public enum RunsError: Classified, CustomStringConvertible {
    case input(PayloadError)
    /// The person that the run is about: no keys here, or erased.
    case subject(SubjectProblem)
    case notAccepted(String)
    /// Too much is queued already: nothing was written, come back later.
    case overloaded(by: String, retryAfter: Duration)
    /// The id that a run was to have is more than a week away from the database's clock, or of a week that
    /// has no partitions: the clock of this machine is wrong, or nobody has created partitions.
    case untimely(RunID)
    /// Redis would not keep what it accepts.
    case notDurable(String)
    /// The key names a batch with another number of inputs.
    case batchDiffers(RunID, Int, Int)
    case noSuchRun(RunID)
    case ended(RunID, RunStatus, FailureRecord?)
    case timeout(RunID, RunStatus)

    public var disposition: Disposition {
        switch self {
        case .input, .subject, .noSuchRun, .ended, .notDurable, .batchDiffers: .permanent
        case .overloaded(_, let pause): .transient(retryAfter: pause)
        case .notAccepted, .untimely, .timeout: .transient()
        }
    }

    public var code: String {
        switch self {
        case .input: "run_input"
        case .subject(let problem): problem.code
        case .notAccepted: "run_not_accepted"
        case .overloaded: "fleet_overloaded"
        case .untimely: "run_id_untimely"
        case .notDurable: "burst_not_durable"
        case .batchDiffers: "batch_differs"
        case .noSuchRun: "no_such_run"
        case .ended: "run_ended"
        case .timeout: "run_timeout"
        }
    }

    public var description: String {
        switch self {
        case .input(let error): error.description
        case .subject(let problem): problem.description
        case .notAccepted(let why):
            "the run was not accepted: \(why); starting again with the same key is safe"
        case .overloaded(let what, let pause):
            "the fleet takes no more runs just now: \(what); "
                + "come back in \(Int(pause.seconds.rounded(.up))) s"
        case .untimely(let id):
            "run id \(id) is of \(id.time.formatted(.iso8601)), which is not within a week of the database's "
                + "clock or has no partitions; set this machine's clock, or create partitions with "
                + "`cartflux storage partitions --create`"
        case .notDurable(let why): "bursts are not accepted: \(why)"
        case .batchDiffers(let id, let total, let given):
            "batch \(id) has \(total) inputs, not \(given); use another key for another batch"
        case .noSuchRun(let id): "there is no run \(id)"
        case .ended(let id, let status, let failure):
            "run \(id) ended as \(status.rawValue)" + (failure.map { ": \($0.message)" } ?? "")
        case .timeout(let id, let status): "run \(id) is still \(status.rawValue)"
        }
    }
}
