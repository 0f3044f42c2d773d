package import Commerce
package import Foundation
internal import Postgres

// What an affiliate sees of its own: the link's code, how many it brought, what each month earned and what
// was paid. Who was brought is nobody's business but theirs.

package struct AffiliateStatement: Sendable, Equatable {
    package struct Month: Sendable, Equatable {
        /// The month's first day, like 2026-11-01.
        package let month: String
        package let accounts: Int
        /// The platform's revenue net of VAT that the share was taken of.
        package let base: Money
        /// Negative where refunds took back more than was earned.
        package let earned: Money
        package let availableAt: Date
    }

    package struct Payout: Sendable, Equatable {
        package let amount: Money
        package let status: String
        package let reservedAt: Date
        package let problem: String?
    }

    package let affiliate: Affiliate
    package let brought: Int
    /// Of those brought, how many turned out to be the affiliate itself and earn nothing.
    package let refused: Int
    package let months: [Month]
    package let payouts: [Payout]
    /// What may be paid out now.
    package let available: Money
}

extension Affiliates {
    /// Nil for a store whose account has not joined from here.
    package func statement(at now: Date, in tx: Transaction<OneTenant>) async throws -> AffiliateStatement? {
        let found = try await tx.first(
            "select id, code from shop.affiliate where tenant_id = \(tx.tenantUUID)")
        guard let row = found else { return nil }
        let affiliate = Affiliate(id: try row.id("id"), code: try row.decode("code"))
        let counts = try await tx.first("select * from shop.affiliate_referrals()")
        let months = try await tx.execute(
            "select *, month::text as month_text from shop.affiliate_statement()"
        ).rows.map { row in
            AffiliateStatement.Month(
                month: try row.decode("month_text"), accounts: try row.int("accounts"),
                base: try row.money("base_minor", in: "currency"),
                earned: try row.money("amount_minor", in: "currency"),
                availableAt: try row.decode("available_at"))
        }
        let payouts = try await tx.execute(
            """
            select amount_minor, currency, status, reserved_at, problem from shop.affiliate_payout
            where tenant_id = \(tx.tenantUUID) and affiliate_id = \(affiliate.id.rawValue)
            order by reserved_at desc limit 100
            """
        ).rows.map { row in
            AffiliateStatement.Payout(
                amount: try row.money("amount_minor", in: "currency"), status: try row.decode("status"),
                reservedAt: try row.decode("reserved_at"), problem: try row.decode("problem"))
        }
        return AffiliateStatement(
            affiliate: affiliate, brought: try counts?.int("brought") ?? 0,
            refused: try counts?.int("refused") ?? 0, months: months, payouts: payouts,
            available: try await available(affiliate.id, at: now, in: tx))
    }

    /// The same at the sign-up itself, in the transaction that makes the person known.
    package func attribute(
        toCode code: String, at now: Date, in room: Transaction<OneTenant>
    ) async throws -> Bool {
        try await room.first(
            "select shop.attribute_referral(\(room.tenantUUID), \(code), \(now)) as done"
        )?.decode("done") ?? false
    }

    /// Whether the code is that of the person whose room this is.
    package func isOwn(_ code: String, in room: Transaction<OneTenant>) async throws -> Bool {
        try await room.first("select shop.is_own_code(\(code)) as own")?.decode("own") ?? false
    }
}
