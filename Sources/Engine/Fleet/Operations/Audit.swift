// What operators did, as a chain: each row carries the hash of the row before it, so that an edit, a deletion
// or a reordering shows. The hash is computed here and not by the database, because whoever may change the
// database could change its functions too. The end of the chain is kept beside it; `cartflux audit verify`
// prints it, and whoever notes it down elsewhere can prove later that nothing was rewritten as a whole.

import Crypto
import Durable
import Foundation
import Postgres

/// Who acts, and why. Every act of an operator carries one.
public struct Mandate: Sendable, Hashable, Codable {
    public let actor: String
    public let reason: String

    private static let limit = 1_000

    /// Throws `OperationError.mandate` where the actor or the reason is empty or over 1,000 characters.
    public init(actor: String, reason: String) throws(OperationError) {
        let texts = [actor, reason].map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
        guard texts.allSatisfy({ !$0.isEmpty && $0.count <= Self.limit && !$0.contains("\0") }) else {
            throw .mandate
        }
        self.actor = texts[0]
        self.reason = texts[1]
    }
}

/// One act to be written down. Facts are ids, states and digests, never payloads: the audit outlives the
/// erasure of a person.
public struct AuditEntry: Sendable {
    public let mandate: Mandate
    /// What was done, as `subject kind.verb` or a plain verb: `retry`, `queue.pause`.
    public let verb: String
    /// To what: a run's id, a queue's name.
    public let subject: String
    public let before: [String: String]
    public let after: [String: String]

    public init(
        _ verb: String, on subject: String, by mandate: Mandate, before: [String: String] = [:],
        after: [String: String] = [:]
    ) {
        self.mandate = mandate
        self.verb = verb
        self.subject = subject
        self.before = before
        self.after = after
    }
}

/// One act as it was written down.
public struct AuditRecord: Sendable, Hashable {
    public let number: Int64
    public let at: Date
    public let actor: String
    public let verb: String
    public let subject: String
    public let reason: String
    /// JSON objects.
    public let before: String
    public let after: String

    let microseconds: Int64
    let previous: [UInt8]
    let hash: [UInt8]
}

/// The end of the chain.
public struct AuditHead: Sendable, Hashable {
    public let number: Int64
    let hash: [UInt8]

    /// What to note down elsewhere.
    public var anchor: String { "\(number):" + hash.map { String(format: "%02x", $0) }.joined() }
}

/// The writing side of the audit.
public enum Audit {
    /// Adds a row in `transaction`: the act and its record are committed together. Call it last, because it
    /// holds the end of the chain until the commit.
    @discardableResult
    public static func append(_ entry: AuditEntry, in transaction: PostgresTransaction) async throws -> Int64
    {
        let row = try await transaction.execute(
            """
            select number, hash, (extract(epoch from clock_timestamp()) * 1000000)::bigint
            from engine.audit_head for update
            """
        ).rows[0]
        let number = try row.decode(0, as: Int64.self) + 1
        let previous = try row.decode(1, as: [UInt8].self)
        let microseconds = try row.decode(2, as: Int64.self)
        let (before, after) = (JSONText(entry.before).text, JSONText(entry.after).text)
        let hash = AuditHash.of(
            number, microseconds,
            [
                entry.mandate.actor, entry.verb, entry.subject, entry.mandate.reason, before, after,
            ], after: previous)
        _ = try await transaction.pipeline([
            """
            insert into engine.audit (number, at, actor, verb, subject, reason, before, after, previous, hash)
            values (\(number), timestamptz 'epoch' + \(microseconds) * interval '1 microsecond',
                \(entry.mandate.actor), \(entry.verb), \(entry.subject), \(entry.mandate.reason),
                \(before)::json, \(after)::json, \(previous), \(hash))
            """,
            "update engine.audit_head set number = \(number), hash = \(hash)",
        ])
        return number
    }
}

/// The hash of a row: every field with its length in front, so that no two rows read the same.
enum AuditHash {
    static func of(_ number: Int64, _ microseconds: Int64, _ texts: [String], after previous: [UInt8])
        -> [UInt8]
    {
        var hash = SHA256()
        hash.update(data: previous)
        for field in ["\(number)", "\(microseconds)"] + texts {
            hash.update(data: Array("\(field.utf8.count):".utf8))
            hash.update(data: Array(field.utf8))
        }
        return Array(hash.finalize())
    }

    /// A digest of a payload, for facts that must not hold the payload itself.
    static func digest(_ payload: Payload) -> String {
        let hex = SHA256.hash(data: payload.bytes).map { String(format: "%02x", $0) }.joined()
        return "\(payload.bytes.count) bytes, sha256 \(hex.prefix(16))"
    }
}

/// Facts as one line of JSON, keys in order.
struct JSONText {
    let text: String

    init(_ facts: [String: String]) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            text = String(decoding: try encoder.encode(facts), as: UTF8.self)
        } catch {
            preconditionFailure("a dictionary of strings must encode as JSON: \(error)")
        }
    }
}
