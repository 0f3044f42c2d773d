package import Commerce
package import Foundation
internal import Postgres

// A store as it is set up: its plan, money, languages, look, account at Stripe. A page reads it with every
// request, so it holds scalars only; texts are read where they are shown.

package struct Store: Sendable, Equatable {
    package let tenant: TenantID
    package let owner: UserID
    package let slug: Slug
    package let name: String
    package let currency: Currency
    package let plan: PlanID
    package let status: Status
    package let country: CountryCode
    package let languages: [Language]
    package let stripeAccount: String?
    package let stripeState: StripeState
    /// The Romanian tax id under which the merchant's SmartBill account invoices. Nil: the merchant
    /// invoices elsewhere.
    package let smartBillTaxID: String?
    package let smartBillSeries: String?
    /// What a shopper pays for delivery, per order.
    package let shipping: Money
    package let contactEmail: String
    /// The name of the preset that the merchant chose, if any.
    package let themePreset: String?

    package enum Status: String, Sendable {
        case draft, published, paused, closed
    }

    package enum StripeState: String, Sendable {
        case none, pending, enabled, restricted
    }

    package var takesPayments: Bool {
        status == .published && stripeState == .enabled && stripeAccount != nil
    }
}

package struct Stores: Sendable {
    package init() {}

    package func load(in tx: Transaction<OneTenant>) async throws -> Store {
        let found = try await tx.first("select * from shop.store where tenant_id = \(tx.tenantUUID)")
        guard let row = found else { throw StoreError.notFound(.store, "\(tx.tenant)") }
        return try Store(row: row)
    }

    /// The store's terms at the rates in force: what a price editor and every quote calculate with. Without
    /// a moment, the newest rates.
    package func pricing(of store: Store, at now: Date?, in tx: Transaction<OneTenant>) async throws
        -> Pricing
    {
        let found = try await tx.first("select * from shop.plan where code = \(store.plan.rawValue)")
        guard let row = found else { throw CommerceError.unknownPlan(store.plan) }
        let terms = try Plan(row: row).terms
        let rates = try await ExchangeRates().rates(
            from: terms.markupPerUnit.currency, to: store.currency, at: now, in: tx)
        return Pricing(terms: terms, rates: rates)
    }

    /// Every store, for pages and jobs of the platform.
    package func all(in tx: Transaction<EveryTenant>) async throws -> [Store] {
        try await tx.execute("select * from shop.store order by created_at, tenant_id").rows.map(
            Store.init(row:))
    }

    /// The database's own time: what is asked of Stripe is asked after it, whichever machine asks.
    package static func time(_ database: Database) async throws -> Date {
        try await database.shared("select clock_timestamp() as now")
            .only(orThrow: .notFound(.store, "clock")).decode("now")
    }

    /// Records what Stripe says about the store's account. An answer to an earlier question than the one
    /// recorded last changes nothing.
    /// - Parameter readAt: `time` from before Stripe was asked.
    package func recordStripe(
        account: String, state: Store.StripeState, requirements: [String], disabledReason: String?,
        paysOut: Bool, readAt: Date, in tx: Transaction<OneTenant>
    ) async throws {
        let recorded = try await tx.execute(
            """
            update shop.store
            set stripe_account = \(account), stripe_state = \(state.rawValue),
                stripe_requirements = \(requirements), stripe_disabled_reason = \(disabledReason),
                stripe_payouts_enabled = \(paysOut), stripe_read_at = \(readAt)
            where tenant_id = \(tx.tenantUUID) and coalesce(stripe_read_at, '-infinity') <= \(readAt)
            """
        ).affected
        guard recorded == 1 else { return }
        guard state == .restricted else {
            return try await Attention().resolve(
                .order(.merchantRestricted), subject: account, by: "stripe", in: tx)
        }
        let missing = requirements.isEmpty ? "" : "; it asks for: \(requirements.joined(separator: ", "))"
        try await Attention().open(
            .order(.merchantRestricted), subject: account,
            message:
                "Stripe does not let this store take payments (\(disabledReason ?? "restricted"))\(missing)",
            in: tx)
    }

    /// Lets a host lead to the store once it is verified. A custom host needs the plan that has it.
    package func addHost(
        _ host: String, custom: Bool, verifiedAt: Date?, in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.execute(
            """
            insert into shop.store_host (tenant_id, host, kind, verified_at)
            values (\(tx.tenantUUID), \(host.lowercased()), \(custom ? "custom" : "platform"), \(verifiedAt))
            on conflict (tenant_id, host) do update set verified_at = excluded.verified_at
            """)
    }
}

extension Store {
    init(row: Row) throws {
        currency = try row.currency()
        tenant = try row.id("tenant_id")
        owner = try row.id("owner_id")
        slug = try row.raw("slug")
        name = try row.decode("name")
        plan = try row.raw("plan")
        status = try row.raw("status")
        country = try row.raw("country")
        languages = try row.decode("languages", as: [String].self).compactMap(Language.init(rawValue:))
        stripeAccount = try row.decode("stripe_account")
        stripeState = try row.raw("stripe_state")
        smartBillTaxID = try row.decode("smartbill_tax_id")
        smartBillSeries = try row.decode("smartbill_series")
        shipping = try row.money("shipping_minor", currency)
        contactEmail = try row.decode("contact_email")
        themePreset = try row.json("theme", as: ThemeChoice.self).preset
    }
}

private struct ThemeChoice: Decodable {
    let preset: String?
}
