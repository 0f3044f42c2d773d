// Which runs to look at, in a form that a page's address and a bulk operation's row can keep. The live runs
// and the history are asked separately and merged by id, so that each side uses its own index and neither is
// read beyond the page.

import Durable
import Foundation
import Postgres

/// Which runs are meant. Everything that is given must hold.
public struct RunFilter: Sendable, Hashable, Codable {
    /// Any of these; empty means all.
    public var statuses: Set<RunStatus> = []
    public var workflow: String?
    public var tenant: Tenant?
    /// A label and its value.
    public var label: Label?
    /// The cause of a failure; see `Fingerprint`.
    public var fingerprint: String?
    /// What a waiting run waits for.
    public var waitKind: WaitReason.Kind?
    /// The version of the workflow with which it was started.
    public var version: Int?
    /// A waiting run that waits for at least this attempt.
    public var attempts: Int?
    /// Accepted at or after this instant, and before that one.
    public var from: Date?
    public var to: Date?
    /// The beginning of a run's id, or of the key that it was started with.
    public var text: String?
    /// Runs before this one, for lists that go back in time: the last of the page before.
    public var before: RunID?
    public var limit = 50

    public struct Label: Sendable, Hashable, Codable {
        public let name: String
        public let value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public init() {}

    static let pageLimit = 500

    enum Side { case live, ended }

    /// Whether a run on that side can match at all.
    func mayMatch(_ side: Side) -> Bool {
        switch side {
        case .live: statuses.isEmpty || statuses.contains { !$0.isEnd }
        case .ended:
            (statuses.isEmpty || statuses.contains { $0.isEnd }) && waitKind == nil && attempts == nil
        }
    }

    /// The conditions on one side, each on a column that its table has.
    func conditions(_ side: Side) -> Query {
        var query: Query = "true"
        if !statuses.isEmpty { query += " and r.status = any(\(statuses.map(\.rawValue).sorted()))" }
        // The partial indexes of the history leave the successes out.
        if side == .ended, !statuses.isEmpty, !statuses.contains(.succeeded) {
            query += " and r.status <> 'succeeded'"
        }
        if let workflow { query += " and r.workflow = \(workflow)" }
        if let tenant { query += " and r.tenant = \(tenant.rawValue)" }
        if let label {
            query += " and r.labels @> \(JSONB(encoded: [label.name: label.value]))"
        }
        if let from { query += " and r.id >= engine.first_id(\(from))" }
        if let to { query += " and r.id < engine.first_id(\(to))" }
        if let fingerprint {
            query += side == .live ? " and false" : " and r.error ->> 'fingerprint' = \(fingerprint)"
            if side == .ended { query += " and r.error is not null" }
        }
        if let waitKind {
            query += " and r.status = 'waiting' and r.wait_reason ->> 'kind' = \(waitKind.rawValue)"
        }
        if let version { query += " and r.version = \(Int32(clamping: version))" }
        if let attempts {
            query += " and r.status = 'waiting' and (r.wait_reason ->> 'attempt')::bigint >= \(attempts)"
        }
        if let text, !text.isEmpty { query += Self.matching(text) }
        return query
    }

    private static func matching(_ text: String) -> Query {
        let hex = text.lowercased().filter { $0 != "-" }
        let pattern =
            text.replacing("\\", with: "\\\\").replacing("%", with: "\\%")
            .replacing("_", with: "\\_") + "%"
        var query: Query =
            " and (r.id in (select k.run from engine.run_key k where k.key like \(pattern) limit 10000)"
        if !hex.isEmpty, hex.count <= 32, hex.allSatisfy({ $0.isHexDigit }) {
            query += " or r.id between \(Self.id(hex, filledWith: "0")) and \(Self.id(hex, filledWith: "f"))"
        }
        return query + ")"
    }

    private static func id(_ hex: String, filledWith digit: Character) -> UUID {
        let digits = hex + String(repeating: digit, count: 32 - hex.count)
        var text = ""
        for (place, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(place) { text.append("-") }
            text.append(digit)
        }
        guard let id = UUID(uuidString: text) else { preconditionFailure("32 hex digits make a UUID") }
        return id
    }

    /// How the filter reads, for a preview.
    public var description: String {
        var parts: [String] = []
        if !statuses.isEmpty { parts.append(statuses.map(\.text).sorted().joined(separator: " or ")) }
        if let workflow { parts.append("workflow \(workflow)") }
        if let tenant { parts.append("tenant \(tenant)") }
        if let label { parts.append("label \(label.name)=\(label.value)") }
        if let fingerprint { parts.append("fingerprint \(fingerprint)") }
        if let waitKind { parts.append("waiting for a \(waitKind.rawValue)") }
        if let version { parts.append("version \(version)") }
        if let attempts { parts.append("waiting for attempt \(attempts) or a later one") }
        if let from { parts.append("from \(from.formatted(.iso8601))") }
        if let to { parts.append("to \(to.formatted(.iso8601))") }
        if let text { parts.append("id or key beginning with \(text)") }
        return parts.isEmpty ? "all runs" : parts.joined(separator: ", ")
    }
}

/// A count that stops where nobody would read on.
public struct BoundedCount: Sendable, Hashable, CustomStringConvertible {
    public static let limit = 10_000
    /// At most `limit`, or one more.
    public let atLeast: Int
    public var isExact: Bool { atLeast <= Self.limit }

    public var description: String {
        isExact ? atLeast.formatted(.number.locale(Locale(identifier: "en_US"))) : "10,000+"
    }

    public init(atLeast: Int) { self.atLeast = min(atLeast, Self.limit + 1) }
}
