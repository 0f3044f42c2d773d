package import Commerce
package import Foundation
package import Postgres

// Bulk actions on runs that move money need two people: one proposes, another agrees, and only then is the
// order given. The table refuses the same person in both places, so no page can forget it.

package struct BulkProposals: Sendable {
    private let database: Database

    /// The database needs the platform's pool.
    package init(_ database: Database) {
        self.database = database
    }

    package enum State: String, Sendable {
        case open, approved, withdrawn
    }

    /// What somebody proposes. Action and filter are the engine's and opaque here.
    package struct Draft: Sendable {
        package let verb: String
        package let action: JSONB
        package let filter: JSONB
        /// The filter for people.
        package let words: String
        package let reason: String
        package let perSecond: Int
        package let counted: Int

        package init(
            verb: String, action: JSONB, filter: JSONB, words: String, reason: String, perSecond: Int,
            counted: Int
        ) {
            self.verb = verb
            self.action = action
            self.filter = filter
            self.words = words
            self.reason = reason
            self.perSecond = perSecond
            self.counted = counted
        }
    }

    package struct Proposal: Sendable {
        package let id: UUID
        package let draft: Draft
        package let proposedBy: AdminID
        package let proposer: String
        package let proposedAt: Date
        package let state: State
        package let decider: String?
        package let decidedAt: Date?
        package let batch: UUID?
    }

    package func propose(_ draft: Draft, by admin: AdminID, at now: Date) async throws -> UUID {
        let id = UUID()
        try await database.platformTransaction { tx in
            _ = try await tx.execute(
                """
                insert into shop.bulk_proposal (id, proposed_by, proposed_at, verb, action, filter, words,
                    reason, per_second, counted)
                values (\(id), \(admin.rawValue), \(now), \(draft.verb), \(draft.action), \(draft.filter),
                    \(String(draft.words.prefix(2_000))), \(draft.reason), \(Int32(draft.perSecond)),
                    \(Int32(clamping: draft.counted)))
                """)
        }
        return id
    }

    /// The last ones, newest first.
    package func recent(limit: Int = 50) async throws -> [Proposal] {
        try await database.platformTransaction { tx in
            try await tx.execute(
                Self.columns + "order by p.proposed_at desc limit \(max(1, min(limit, 200)))"
            ).rows.map { try Proposal($0) }
        }
    }

    package func find(_ id: UUID) async throws -> Proposal? {
        try await database.platformTransaction { tx in
            try await tx.first(Self.columns + "where p.id = \(id)").map { try Proposal($0) }
        }
    }

    /// Decides an open proposal. False where it is not open any more, or where somebody would agree to their
    /// own: then nothing has changed.
    package func decide(_ id: UUID, _ state: State, by admin: AdminID, at now: Date) async throws -> Bool {
        precondition(state != .open, "a decision closes a proposal")
        return try await database.platformTransaction { tx in
            try await tx.execute(
                """
                update shop.bulk_proposal
                set state = \(state.rawValue), decided_by = \(admin.rawValue), decided_at = \(now)
                where id = \(id) and state = 'open'
                    and (\(state.rawValue) <> 'approved' or proposed_by <> \(admin.rawValue))
                """
            ).affected == 1
        }
    }

    /// Notes which order came of an approved proposal.
    package func note(_ batch: UUID, for id: UUID) async throws {
        try await database.platformTransaction { tx in
            _ = try await tx.execute(
                """
                update shop.bulk_proposal set batch_id = \(batch)
                where id = \(id) and state = 'approved' and batch_id is null
                """)
        }
    }

    private static let columns: Query = """
        select p.*, a.email as proposer, d.email as decider from shop.bulk_proposal p
        join shop.admin a on a.id = p.proposed_by left join shop.admin d on d.id = p.decided_by

        """
}

extension BulkProposals.Proposal {
    fileprivate init(_ row: Row) throws {
        id = try row.decode("id")
        draft = BulkProposals.Draft(
            verb: try row.decode("verb"), action: try row.decode("action"), filter: try row.decode("filter"),
            words: try row.decode("words"), reason: try row.decode("reason"),
            perSecond: try row.int("per_second"), counted: try row.int("counted"))
        proposedBy = try row.id("proposed_by")
        proposer = try row.decode("proposer")
        proposedAt = try row.decode("proposed_at")
        state = try row.raw("state")
        decider = try row.decode("decider")
        decidedAt = try row.decode("decided_at")
        batch = try row.decode("batch_id")
    }
}
