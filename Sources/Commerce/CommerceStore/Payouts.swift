package import Commerce
package import Foundation
internal import Postgres

// Payouts to the merchant's bank, as the vendor tells of them. They are not ours to make; we note them
// because they empty the store's balance, and because a merchant asks where the money is.

package struct Payout: Sendable, Equatable {
    package let stripePayout: String
    package let status: Status
    package let amount: Money
    package let arrivesAt: Date?
    package let failure: String?
    package let createdAt: Date

    package enum Status: String, Sendable, RankedStatus {
        case pending
        case inTransit = "in_transit"
        case paid, failed, canceled

        /// A bank can send back what it had taken, so a failure comes after everything.
        package var rank: Int {
            switch self {
            case .pending: 0
            case .inTransit: 1
            case .paid: 2
            case .failed, .canceled: 3
            }
        }

        package var isReturned: Bool { rank == 3 }
    }

    package init(
        stripePayout: String, status: Status, amount: Money, arrivesAt: Date?, failure: String?,
        createdAt: Date
    ) {
        self.stripePayout = stripePayout
        self.status = status
        self.amount = amount
        self.arrivesAt = arrivesAt
        self.failure = failure
        self.createdAt = createdAt
    }
}

package struct Payouts: Sendable {
    /// Of two that tell of a payout at once, nobody holds a row at first: the write itself compares.
    private static let order = [Payout.Status.pending, .inTransit, .paid, .failed, .canceled].map(\.rawValue)

    package init() {}

    /// Notes what the vendor says, in the row and in the books. What is older than what we know changes
    /// nothing.
    package func record(_ news: Payout, at now: Date, in tx: Transaction<OneTenant>) async throws {
        let known = try await tx.first(
            """
            select * from shop.payout
            where tenant_id = \(tx.tenantUUID) and stripe_payout = \(news.stripePayout) for update
            """
        ).map(Payout.init(row:))
        let status = known?.status.raised(to: news.status) ?? news.status
        try await tx.execute(
            """
            insert into shop.payout (tenant_id, stripe_payout, status, currency, amount_minor, arrives_at,
                failure, created_at)
            values (\(tx.tenantUUID), \(news.stripePayout), \(status.rawValue),
                \(news.amount.currency.rawValue), \(news.amount.minorUnits), \(news.arrivesAt),
                \(news.failure), \(news.createdAt))
            on conflict (tenant_id, stripe_payout) do update
            set status = excluded.status, arrives_at = coalesce(excluded.arrives_at, payout.arrives_at),
                failure = coalesce(excluded.failure, payout.failure)
            where array_position(\(Self.order), payout.status)
                <= array_position(\(Self.order), excluded.status)
            """)
        guard !news.amount.isZero else { return }
        try await Ledger().post(
            .payoutSent(news.stripePayout, store: tx.tenant, amount: news.amount, at: now), in: tx)
        if status.isReturned {
            try await Ledger().post(
                .payoutFailed(news.stripePayout, store: tx.tenant, amount: news.amount, at: now), in: tx)
        }
    }

    /// Newest first.
    package func recent(limit: Int = 50, in tx: Transaction<OneTenant>) async throws -> [Payout] {
        try await tx.execute(
            """
            select * from shop.payout where tenant_id = \(tx.tenantUUID)
            order by created_at desc, stripe_payout limit \(min(limit, 200))
            """
        ).rows.map(Payout.init(row:))
    }
}

extension Payout {
    fileprivate init(row: Row) throws {
        stripePayout = try row.decode("stripe_payout")
        status = try row.raw("status")
        amount = try row.money("amount_minor", in: "currency")
        arrivesAt = try row.decode("arrives_at")
        failure = try row.decode("failure")
        createdAt = try row.decode("created_at")
    }
}
