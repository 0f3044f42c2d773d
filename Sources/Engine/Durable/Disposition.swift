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
