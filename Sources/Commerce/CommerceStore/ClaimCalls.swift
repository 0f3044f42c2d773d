package import Commerce
package import Foundation
internal import Postgres

// Runs that have not yet looked at what was said about their claim. That there is news is written by the
// database with the news itself; the direct word to the run follows the commit and may get lost, so whoever
// finds news that nobody looked at sends the word again.

/// A run that is to be told.
package struct ClaimCall: Sendable, Equatable {
    package let claim: OrderClaimID
    package let run: UUID
    /// Names what was said, so that telling it twice is telling it once.
    package let once: String
}

package struct ClaimCalls: Sendable {
    /// The direct word is heard within a second; nobody needs another one before this.
    package static let grace: TimeInterval = 10

    package init() {}

    /// Stores with news that no run has looked at.
    package func waiting(
        at now: Date, limit: Int, in tx: Transaction<EveryTenant>
    ) async throws -> [TenantID] {
        try await tx.execute(
            """
            select tenant_id from shop.order_claim
            where wake_at <= \(now.addingTimeInterval(-Self.grace)) and run_id is not null
            group by tenant_id order by min(wake_at) limit \(limit)
            """
        ).rows.map { try $0.id("tenant_id") }
    }

    /// Those of one store.
    package func open(
        at now: Date, limit: Int, in tx: Transaction<OneTenant>
    ) async throws -> [ClaimCall] {
        try await tx.execute(
            """
            select id, run_id, news from shop.order_claim
            where tenant_id = \(tx.tenantUUID) and wake_at <= \(now.addingTimeInterval(-Self.grace))
                and run_id is not null
            order by wake_at, id limit \(limit)
            """
        ).rows.map { row in
            ClaimCall(
                claim: try row.id("id"), run: try row.decode("run_id"), once: "news:\(try row.int("news"))")
        }
    }

    /// Tells it no more before `moment`, unless something is said anew. Does nothing where the run has looked
    /// meanwhile.
    package func putOff(
        _ call: ClaimCall, until moment: Date, in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.execute(
            """
            update shop.order_claim set wake_at = \(moment)
            where tenant_id = \(tx.tenantUUID) and id = \(call.claim.rawValue) and wake_at is not null
                and 'news:' || news = \(call.once)
            """)
    }
}
