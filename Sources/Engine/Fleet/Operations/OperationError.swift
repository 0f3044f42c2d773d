import Durable

/// Why an operator's act was not done. Nothing was changed then.
public enum OperationError: Classified, Equatable, CustomStringConvertible {
    case mandate
    case noSuchRun(RunID)
    /// The verb makes no sense for a run in this status.
    case refused(Verb, RunStatus, String)
    /// The caller looked at the run, and it has moved on since.
    case movedOn(RunID, status: RunStatus, epoch: Int64)
    case noSuchStep(RunID, StepKey)
    /// What the run has done stands in the way.
    case inTheWay(String)
    case payload(PayloadError)
    case notJSON(String)
    case noSuchBatch(String)
    case auditWithoutHead

    public var disposition: Disposition { .permanent }

    public var code: String {
        switch self {
        case .mandate: "mandate_missing"
        case .noSuchRun: "no_such_run"
        case .refused: "verb_refused"
        case .movedOn: "run_moved_on"
        case .noSuchStep: "no_such_step"
        case .inTheWay: "in_the_way"
        case .payload: "payload"
        case .notJSON: "not_json"
        case .noSuchBatch: "no_such_batch"
        case .auditWithoutHead: "audit_without_head"
        }
    }

    public var description: String {
        switch self {
        case .mandate: "say who acts and why; neither may be empty or over 1,000 characters"
        case .noSuchRun(let id): "there is no run \(id)"
        case .refused(let verb, let status, let why):
            "\(verb.rawValue) makes no sense for a run that is \(status.text): \(why)"
        case .movedOn(let id, let status, let epoch):
            "run \(id) has moved on: it is \(status.text) now (epoch \(epoch)); look again before acting"
        case .noSuchStep(let id, let key): "run \(id) has no record of step \(key)"
        case .inTheWay(let why): why
        case .payload(let error): error.description
        case .notJSON(let why): "this is not JSON: \(why)"
        case .noSuchBatch(let id): "there is no bulk operation \(id)"
        case .auditWithoutHead: "the audit has lost its end (engine.audit_head is empty)"
        }
    }
}

extension RunStatus {
    var text: String { rawValue.replacing("_", with: " ") }
}
