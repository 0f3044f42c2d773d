package import Commerce
package import Foundation
internal import Postgres

// Affiliates over all accounts, for the platform's administrators. Who was brought stays with the account
// that was; here are counts and sums.

package struct PlatformAffiliates: Sendable {
    private let database: Database
    private static let limit = 200

    /// The database needs the platform's pool.
    package init(_ database: Database) {
        self.database = database
    }

    package struct Line: Sendable {
        package let tenant: TenantID
        package let id: AffiliateID
        package let code: String
        package let joinedAt: Date
        package let brought: Int
        package let refused: Int
        package let earned: Money
        package let available: Money
        package let paid: Money
    }

    package struct Payout: Sendable {
        package let tenant: TenantID
        package let code: String
        package let amount: Money
        package let status: String
        package let transfer: String?
        package let problem: String?
        package let reservedAt: Date
        package let paidAt: Date?
    }

    /// Those who earned most first.
    package func all(at now: Date) async throws -> [Line] {
        try await database.platformTransaction { tx in
            try await tx.execute(
                "select * from shop.affiliate_overview(\(now), \(Self.limit)::integer)"
            ).rows.map { row in
                Line(
                    tenant: try row.id("tenant_id"), id: try row.id("affiliate_id"),
                    code: try row.decode("code"), joinedAt: try row.decode("joined_at"),
                    brought: try row.int("brought"), refused: try row.int("refused"),
                    earned: .eur(try row.decode("earned_minor")),
                    available: .eur(try row.decode("available_minor")),
                    paid: .eur(try row.decode("paid_minor")))
            }
        }
    }

    /// The newest first.
    package func payouts() async throws -> [Payout] {
        try await database.platformTransaction { tx in
            try await tx.execute(
                """
                select p.tenant_id, a.code, p.amount_minor, p.currency, p.status, p.stripe_transfer,
                    p.problem, p.reserved_at, p.paid_at
                from (select * from shop.affiliate_payout order by reserved_at desc limit \(Self.limit)) p
                join shop.affiliate a on a.tenant_id = p.tenant_id and a.id = p.affiliate_id
                order by p.reserved_at desc
                """
            ).rows.map { row in
                Payout(
                    tenant: try row.id("tenant_id"), code: try row.decode("code"),
                    amount: try row.money("amount_minor", in: "currency"), status: try row.decode("status"),
                    transfer: try row.decode("stripe_transfer"), problem: try row.decode("problem"),
                    reservedAt: try row.decode("reserved_at"), paidAt: try row.decode("paid_at"))
            }
        }
    }
}
