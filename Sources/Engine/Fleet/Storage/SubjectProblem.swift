import Durable

/// Why something recorded about a person could not be sealed or opened. All are permanent: trying again
/// reads the same.
public enum SubjectProblem: Classified, Equatable, CustomStringConvertible {
    /// The person was erased: the key is gone, and with it everything that was sealed under it.
    case erased
    /// It was changed, or moved from another run, step or item, after it had been sealed.
    case unreadable(String)
    /// This process knows no master keys, and a run with a subject needs one.
    case noMasterKeys
    /// Sealed under a master key that this process does not know.
    case unknownMaster(String)

    public var disposition: Disposition { .permanent }

    public var code: String {
        switch self {
        case .erased: "subject_erased"
        case .unreadable: "sealed_unreadable"
        case .noMasterKeys: "no_master_keys"
        case .unknownMaster: "unknown_master_key"
        }
    }

    public var description: String {
        switch self {
        case .erased: "the person this run is about was erased, and its data with them"
        case .unreadable(let what):
            "\(what) does not open: it was changed or moved after it had been sealed"
        case .noMasterKeys: "a run with a subject needs master keys; set ENGINE_MASTER_KEYS"
        case .unknownMaster(let name):
            "it is sealed under master key \(name), which is unknown here; add it to ENGINE_MASTER_KEYS"
        }
    }
}
