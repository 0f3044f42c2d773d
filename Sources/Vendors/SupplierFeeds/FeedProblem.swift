package import Durable
package import FoundationEssentials
internal import VendorHTTP

// What is wrong with a feed as a whole: it stops the sync before anything is changed. What is wrong with one
// of its rows is a `RowProblem`, which sets that row aside while the sync goes on.

/// A feed that cannot be read.
package enum FeedProblem: Classified, Sendable, Equatable, CustomStringConvertible {
    case settings(String)
    case encoding(String)
    /// A document type, with or without entities: the beginning of every XML bomb.
    case documentType(row: Int)
    case malformed(row: Int, String)
    /// The end is missing.
    case truncated(row: Int, String)
    case empty
    case tooLarge(limit: Int)
    case address(String)
    /// The host answered with something that is no feed.
    case refused(status: Int, String)
    /// Nobody can be reached, or the answer broke off: later, perhaps.
    case unreachable(String)
    /// The call was not made: what the host allows is used up until then.
    case held(until: Date)

    init(_ failure: TransportFailure) {
        if case .held(let until, _) = failure {
            self = .held(until: until)
        } else {
            self = .unreachable(failure.reason)
        }
    }

    package var disposition: Disposition {
        switch self {
        case .unreachable: .transient()
        case .held(let until): .deferred(until: until)
        case .refused(let status, _) where status == 429 || status >= 500: .transient()
        default: .permanent
        }
    }

    package var description: String {
        switch self {
        case .settings(let reason): "the feed's settings: \(reason)"
        case .encoding(let reason): "the feed's letters cannot be read: \(reason)"
        case .documentType(let row):
            "the feed has a document type declaration at row \(row), which can hide an XML bomb; "
                + "ask the supplier for a feed without one"
        case .malformed(let row, let reason): "the feed cannot be read at row \(row): \(reason)"
        case .truncated(let row, let reason): "the feed ends too early, after row \(row): \(reason)"
        case .empty: "the feed is empty"
        case .tooLarge(let limit): "the feed is larger than \(limit) bytes"
        case .address(let reason): "the feed's address cannot be used: \(reason)"
        case .refused(let status, let reason): "the feed's host answered \(status): \(reason)"
        case .unreachable(let reason): "the feed's host did not answer: \(reason)"
        case .held(let until): "the feed's host is asked again at \(until)"
        }
    }
}
