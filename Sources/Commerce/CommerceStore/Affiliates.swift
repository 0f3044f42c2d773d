package import Commerce
package import Foundation
internal import Postgres

// Who brought whom and what it earned. Referrals and balances span accounts, so each question is a narrow
// function of the database; what is written lies with the account whose books carry it.

package struct Affiliate: Sendable, Equatable {
    package let id: AffiliateID
    package let code: String
}

package struct Affiliates: Sendable {
    package init() {}

    /// Makes the account of this store an affiliate with the code of its link, or finds the one it is.
    package func join(code: String, in tx: Transaction<OneTenant>) async throws -> Affiliate {
        try await tx.execute(
            """
            insert into shop.affiliate (tenant_id, id, account_id, code)
            select tenant_id, \(AffiliateID().rawValue), owner_id, \(code.lowercased()) from shop.store
            where tenant_id = \(tx.tenantUUID)
            on conflict (account_id) do nothing
            """)
        let found = try await tx.first(
            "select id, code from shop.affiliate where tenant_id = \(tx.tenantUUID)")
        guard let row = found else { throw StoreError.notFound(.affiliate, code) }
        return Affiliate(id: try row.id("id"), code: try row.decode("code"))
    }

    /// Notes at a person's sign-up whose link they came by. False where it counts for nobody: no such code,
    /// the same person or mailbox, or somebody was noted before.
    package func attribute(
        _ person: UserID, toCode code: String, at now: Date, _ database: Database
    ) async throws -> Bool {
        try await database.shared(
            "select shop.attribute_referral(\(person.rawValue), \(code), \(now)) as done"
        ).only(orThrow: .notFound(.affiliate, code)).decode("done")
    }

    /// Who earns by this account in a month, if anybody does.
    package func earning(
        in month: BillingMonth, in tx: Transaction<OneTenant>
    ) async throws -> AffiliateID? {
        try await tx.first("select shop.earning_affiliate(\(month.firstDay)::date) as affiliate")?
            .idOrNil("affiliate")
    }

    package func accrue(
        _ amount: Money, on base: Money, to affiliate: AffiliateID, for month: BillingMonth,
        availableAt: Date, in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.execute(
            """
            insert into shop.affiliate_accrual (tenant_id, month, affiliate_id, base_minor, amount_minor,
                currency, available_at)
            values (\(tx.tenantUUID), \(month.firstDay)::date, \(affiliate.rawValue), \(base.minorUnits),
                \(amount.minorUnits), \(amount.currency.rawValue), \(availableAt))
            """)
    }

    /// What the affiliate of this store may be paid by now.
    package func available(
        _ affiliate: AffiliateID, at now: Date, in tx: Transaction<OneTenant>
    ) async throws -> Money {
        let found = try await tx.first(
            "select shop.affiliate_available(\(affiliate.rawValue), \(now)) as amount")
        return .eur(try found?.decode("amount", as: Int64?.self) ?? 0)
    }

    /// Affiliates with at least so much to be paid, each with its store. Needs the platform's role.
    package func payable(
        atLeast amount: Money, at now: Date, _ database: Database
    ) async throws -> [(store: TenantID, affiliate: AffiliateID)] {
        try await database.platformTransaction { tx in
            try await tx.execute("select * from shop.affiliates_to_pay(\(amount.minorUnits), \(now))")
                .rows.map { (try $0.id("tenant_id"), try $0.id("affiliate_id")) }
        }
    }

    /// Reserves everything that is available, under the affiliate's row lock. Nil below the minimum.
    package func reserve(
        _ id: AffiliatePayoutID, for affiliate: AffiliateID, atLeast least: Money, at now: Date,
        in tx: Transaction<OneTenant>
    ) async throws -> Money? {
        try await tx.execute(
            """
            select 1 from shop.store where tenant_id = \(tx.tenantUUID) for no key update
            """)
        let amount = try await available(affiliate, at: now, in: tx)
        guard amount >= least else { return nil }
        try await tx.execute(
            """
            insert into shop.affiliate_payout (tenant_id, id, affiliate_id, amount_minor, currency,
                reserved_at)
            values (\(tx.tenantUUID), \(id.rawValue), \(affiliate.rawValue), \(amount.minorUnits),
                \(amount.currency.rawValue), \(now))
            """)
        return amount
    }

    package func settle(
        _ id: AffiliatePayoutID, transfer: String, at now: Date, in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.execute(
            """
            update shop.affiliate_payout set status = 'paid', stripe_transfer = \(transfer), paid_at = \(now)
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue) and status = 'reserved'
            """)
    }

    package func release(
        _ id: AffiliatePayoutID, problem: String, in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.execute(
            """
            update shop.affiliate_payout set status = 'failed', problem = \(problem)
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue) and status = 'reserved'
            """)
    }
}
