// Stripe's idempotency: the first answer to a key is kept for a day and replayed. Refusals from before any
// work began are not kept, so those requests can be repaired and sent again with the same key.

/// The keys of the last day.
struct IdempotencyStore: Sendable {
    private static let lifetime: Int64 = 86_400

    struct Scope: Hashable, Sendable {
        let account: String
        let key: String
    }

    struct Answer: Sendable {
        let status: Int
        let body: [UInt8]
        /// The first request's id; replays carry it again.
        let requestID: String
    }

    /// What to do with a request.
    enum Decision: Sendable {
        case run
        case replay(Answer)
        case refuse(StripeProblem)
    }

    private struct Entry: Sendable {
        let fingerprint: String
        let created: Int64
        var answer: Answer?
    }

    private var entries: [Scope: Entry] = [:]

    /// Claims a key for a request, or says why not.
    mutating func begin(_ scope: Scope, fingerprint: String, now: Int64) -> Decision {
        guard let entry = entries[scope], entry.answer == nil || now - entry.created < Self.lifetime else {
            entries[scope] = Entry(fingerprint: fingerprint, created: now)
            return .run
        }
        guard entry.fingerprint == fingerprint else {
            return .refuse(
                StripeProblem(
                    400, kind: .idempotency,
                    "Keys for idempotent requests can only be used with the same parameters they "
                        + "were first used "
                        + "with. Try using a key other than '\(scope.key)' if you meant to execute "
                        + "a different "
                        + "request."))
        }
        guard let answer = entry.answer else {
            return .refuse(
                StripeProblem(
                    409, code: "idempotency_key_in_use",
                    "There is currently another in-progress request using this Idempotent Key "
                        + "(that probably means "
                        + "you submitted twice, and the other request is still going through): "
                        + "\(scope.key). "
                        + "Please try again later."))
        }
        return .replay(answer)
    }

    /// Keeps the answer of a claimed key.
    mutating func finish(_ scope: Scope, _ answer: Answer) { entries[scope]?.answer = answer }

    /// Gives a claimed key back.
    mutating func release(_ scope: Scope) { entries[scope] = nil }
}
