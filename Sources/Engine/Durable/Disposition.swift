// What an error asks of the engine. The error says it, beside its cases, because only its author knows
// whether trying again can help; the engine never guesses from a message.

import FoundationEssentials

/// Whether, and when, a failed step is worth another attempt.
public enum Disposition: Sendable, Equatable {
    /// Trying again cannot help: the step fails now, and the run takes its undo path.
    case permanent
    /// Trying again may help, after the policy's own pause or after `retryAfter`, whichever is longer.
    case transient(retryAfter: Duration? = nil)
    /// Nothing was tried: come back at that instant. Costs no attempt.
    case deferred(until: Date)
    /// A person must decide what comes next. The step fails now, nothing is undone, and the run is set aside
    /// for `owner` as it stands.
    case needsAttention(owner: AttentionOwner)

    var attentionOwner: AttentionOwner? {
        if case .needsAttention(let owner) = self { owner } else { nil }
    }
}

/// Who must look at a run that cannot go on by itself: a free word, shown to operators and searchable. Those
/// who build on the engine add their own.
public struct AttentionOwner: RawRepresentable, Hashable, Sendable, Codable, ExpressibleByStringLiteral,
    CustomStringConvertible
{
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public init(stringLiteral value: String) { rawValue = value }
    public var description: String { rawValue }
    /// Whoever runs the fleet.
    public static let `operator`: AttentionOwner = "operator"
}

/// An error that says how the engine should treat it. Errors without it are taken as transient.
public protocol Classified: Error {
    var disposition: Disposition { get }
    /// A stable word for this failure, kept in the journal; workflows compare it, operators group by it.
    var code: String { get }
}

extension Classified {
    public var code: String { String(describing: Self.self) }
}

extension Error {
    /// The error's own word, or transient where it has none.
    public var durableDisposition: Disposition {
        (self as? any Classified)?.disposition ?? .transient()
    }
}
