// Reading the audit, and proving it whole.

import Durable
import Foundation
import Postgres

/// What is wrong with the chain, and where.
public enum AuditFault: Sendable, Hashable, CustomStringConvertible {
    /// The row's text is not what was hashed when it was written.
    case changed(Int64)
    case missing(ClosedRange<Int64>)
    /// The row does not follow the one before it.
    case broken(Int64)
    /// Rows after the noted end, or fewer rows than it says.
    case wrongEnd(expected: Int64, found: Int64)
    /// The row that was noted down elsewhere has another hash now: the chain was rewritten.
    case rewritten(Int64)

    public var description: String {
        switch self {
        case .changed(let number): "row \(number) was changed after it was written"
        case .missing(let rows) where rows.count == 1: "row \(rows.lowerBound) is missing"
        case .missing(let rows): "rows \(rows.lowerBound) to \(rows.upperBound) are missing"
        case .broken(let number):
            "row \(number) does not follow the row before it; rows were moved or replaced"
        case .wrongEnd(let expected, let found):
            "the chain should end at row \(expected) and ends at row \(found)"
        case .rewritten(let number): "row \(number) is not the one that was noted down"
        }
    }
}

/// What a verification found.
public struct AuditReport: Sendable {
    public let rows: Int
    public let head: AuditHead
    public let faults: [AuditFault]
}

/// Follows the chain row by row. Pure, so that a table of forgeries can try it.
struct AuditChain {
    private(set) var faults: [AuditFault] = []
    private(set) var rows = 0
    private var last: (number: Int64, hash: [UInt8]) = (0, [UInt8](repeating: 0, count: 32))
    /// More would not help anybody.
    private static let faultLimit = 100

    /// A row noted down elsewhere.
    let anchor: (number: Int64, hash: String)?
    private var hasMetAnchor = false

    init(anchor: String? = nil) {
        let parts = anchor?.split(separator: ":").map(String.init) ?? []
        self.anchor = parts.count == 2 ? Int64(parts[0]).map { ($0, parts[1].lowercased()) } : nil
    }

    mutating func follow(_ record: AuditRecord) {
        rows += 1
        if record.number > last.number + 1 {
            add(.missing((last.number + 1)...(record.number - 1)))
        } else if record.previous != last.hash {
            add(.broken(record.number))
        }
        if record.computedHash != record.hash { add(.changed(record.number)) }
        if let anchor, anchor.number == record.number {
            hasMetAnchor = true
            if AuditHead(number: record.number, hash: record.hash).anchor != "\(anchor.number):\(anchor.hash)"
            {
                add(.rewritten(record.number))
            }
        }
        last = (record.number, record.hash)
    }

    mutating func end(at head: AuditHead) {
        if head.number != last.number {
            add(.wrongEnd(expected: head.number, found: last.number))
        } else if head.hash != last.hash {
            add(.changed(last.number))
        }
        if let anchor, !hasMetAnchor { add(.wrongEnd(expected: anchor.number, found: last.number)) }
    }

    private mutating func add(_ fault: AuditFault) {
        guard faults.count < Self.faultLimit, faults.last != fault else { return }
        faults.append(fault)
    }
}

extension AuditRecord {
    var computedHash: [UInt8] {
        AuditHash.of(number, microseconds, [actor, verb, subject, reason, before, after], after: previous)
    }

    static let columns: Query = """
        select number, at, actor, verb, subject, reason, before::text, after::text,
            (extract(epoch from at) * 1000000)::bigint, previous, hash
        from engine.audit

        """

    init(_ row: Row) throws {
        self.init(
            number: try row.decode(0), at: try row.decode(1), actor: try row.decode(2),
            verb: try row.decode(3), subject: try row.decode(4), reason: try row.decode(5),
            before: try row.decode(6, as: String?.self) ?? "{}",
            after: try row.decode(7, as: String?.self) ?? "{}", microseconds: try row.decode(8),
            previous: try row.decode(9), hash: try row.decode(10))
    }
}

extension Audit {
    private static let page = 1_000

    /// What was done, newest first; to one subject, where one is given.
    public static func list(
        on subject: String? = nil, before number: Int64? = nil, limit: Int = 50, from pool: PostgresPool
    ) async throws -> [AuditRecord] {
        try await pool.execute(
            AuditRecord.columns + """
                where (\(subject)::text is null or subject = \(subject))
                  and (\(number)::bigint is null or number < \(number))
                order by number desc limit \(max(1, min(limit, 500)))
                """
        ).rows.map { try AuditRecord($0) }
    }

    /// Follows the whole chain. With `anchor`, a head noted down earlier, also proves that the rows up to it
    /// are the same ones still.
    public static func verify(anchor: String? = nil, in pool: PostgresPool) async throws -> AuditReport {
        try await pool.withTransaction(isolation: .readOnlySnapshot) { tx in
            let row = try await tx.execute("select number, hash from engine.audit_head").rows.first
            guard let row else { throw OperationError.auditWithoutHead }
            let head = AuditHead(number: try row.decode(0), hash: try row.decode(1))
            var chain = AuditChain(anchor: anchor)
            var last: Int64 = .min
            while true {
                let records = try await tx.execute(
                    AuditRecord.columns + "where number > \(last) order by number limit \(Self.page)"
                ).rows.map { try AuditRecord($0) }
                guard let end = records.last else { break }
                for record in records { chain.follow(record) }
                last = end.number
            }
            chain.end(at: head)
            return AuditReport(rows: chain.rows, head: head, faults: chain.faults)
        }
    }
}
