// One verb over many runs. The order of work is a row: whoever comes by (the command that made it, the
// process of scheduled duties) takes the next run in the order of ids, acts on it and moves the cursor on,
// all in one transaction. So a crash loses nothing and repeats nothing, two who work on it share the work,
// and an abort stops both before the next run. The rate cap is in the row as well, and so holds over all of
// them.
//
// Runs that came after the order was made are not meant, and a run that fails anew after its turn is not
// taken again: its id lies behind the cursor.

import Durable
import Foundation
import Postgres

/// What is done to each run.
public enum BulkVerb: Sendable, Hashable, Codable {
    case retry
    case resume
    case rerun(from: String, item: String)
    case cancel(Cancellation)
    case signal(name: String, payload: String)

    var verb: Verb {
        switch self {
        case .retry: .retry
        case .resume: .resume
        case .rerun: .rerun
        case .cancel: .cancel
        case .signal: .signal
        }
    }
}

/// An order to act on many runs, as it stands.
public struct BulkOperation: Sendable {
    public enum Status: String, Sendable, Codable { case open, done, aborted }

    public let id: UUID
    public let action: BulkVerb
    public let filter: RunFilter
    public let mandate: Mandate
    public let perSecond: Int
    public let status: Status
    /// How many runs matched when the order was made, up to 10,000.
    public let counted: BoundedCount
    public let acted: Int
    /// Runs that could not be acted on; the last reason is `lastNote`.
    public let refused: Int
    public let lastNote: String?
    public let createdAt: Date
    let cursor: UUID
    let upper: UUID

    init(_ row: Row) throws {
        id = try row.decode(0, as: UUID.self)
        action = try row.decode(1, as: JSONB.self).decode(BulkVerb.self)
        filter = try row.decode(2, as: JSONB.self).decode(RunFilter.self)
        mandate = try Mandate(actor: row.decode(3), reason: row.decode(4))
        perSecond = Int(try row.decode(5, as: Int32.self))
        status = Status(rawValue: try row.decode(6, as: String.self)) ?? .aborted
        counted = BoundedCount(atLeast: Int(try row.decode(7, as: Int32.self)))
        acted = Int(try row.decode(8, as: Int32.self))
        refused = Int(try row.decode(9, as: Int32.self))
        lastNote = try row.decode(10, as: String?.self)
        createdAt = try row.decode(11, as: Date.self)
        cursor = try row.decode(12, as: UUID.self)
        upper = try row.decode(13, as: UUID.self)
    }
}

enum BulkStatements {
    private static let columns: Query = """
        select id, arguments, filter, actor, reason, per_second, status, counted, acted, refused, last_note,
            created_at, cursor, upper
        from engine.operation_batch

        """

    static func insert(
        _ id: UUID, _ action: BulkVerb, _ filter: RunFilter, _ mandate: Mandate, perSecond: Int,
        counted: BoundedCount
    ) -> Query {
        """
        insert into engine.operation_batch (id, verb, filter, arguments, actor, reason, per_second, upper,
            counted)
        values (\(id), \(action.verb.rawValue), \(JSONB(encoded: filter)), \(JSONB(encoded: action)),
            \(mandate.actor), \(mandate.reason), \(Int32(perSecond)), \(RunID().rawValue),
            \(Int32(counted.atLeast)))
        """
    }

    static func one(_ id: UUID) -> Query { columns + "where id = \(id)" }
    static func locked(_ id: UUID) -> Query { columns + "where id = \(id) for update" }
    static func last(_ limit: Int) -> Query { columns + "order by created_at desc limit \(limit)" }
    static let oldestOpen: Query = columns + "where status = 'open' order by created_at limit 1"

    /// Until the rate allows the next run; zero or less when it does.
    static func pause(_ id: UUID) -> Query {
        """
        select extract(epoch from next_at - clock_timestamp())::float8 from engine.operation_batch
        where id = \(id)
        """
    }

    /// The next runs after the cursor, oldest first.
    static func page(of batch: BulkOperation, limit: Int) -> Query {
        var sides: [Query] = []
        for (side, table) in [
            (RunFilter.Side.live, "engine.run r" as Query), (.ended, "engine.run_history r"),
        ] where batch.filter.mayMatch(side) {
            var query: Query = "(select id from "
            query += table + " where " + batch.filter.conditions(side)
            query += " and r.id > \(batch.cursor) and r.id <= \(batch.upper) order by r.id limit \(limit))"
            sides.append(query)
        }
        guard var query = sides.first else { return "select null::uuid where false" }
        for side in sides.dropFirst() { query += " union all " + side }
        return "select id from (" + query + ") found order by 1 limit \(limit)"
    }

    /// Counts a run off and keeps the rate.
    static func advance(_ id: UUID, to run: RunID, refusal: String?) -> Query {
        """
        update engine.operation_batch set cursor = \(run.rawValue),
            acted = acted + case when \(refusal)::text is null then 1 else 0 end,
            refused = refused + case when \(refusal)::text is null then 0 else 1 end,
            last_note = coalesce(\(refusal), last_note),
            next_at = greatest(next_at, clock_timestamp()) + interval '1 second' / per_second
        where id = \(id)
        """
    }

    static func close(_ id: UUID, as status: BulkOperation.Status) -> Query {
        """
        update engine.operation_batch set status = \(status.rawValue), ended_at = clock_timestamp()
        where id = \(id) and status = 'open' returning acted, refused
        """
    }
}
