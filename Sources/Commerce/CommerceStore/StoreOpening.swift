package import Commerce
package import Foundation
internal import Postgres

// A store's first row and what the wizard writes into it. A store begins as a draft at its own address, with
// the supplier that the platform offers to everybody; nothing of it is public before it is published.

package struct StoreDraft: Sendable {
    package let owner: UserID
    package let slug: Slug
    package let name: String
    package let country: CountryCode
    package let currency: Currency
    package let languages: [Language]
    package let contactEmail: EmailAddress

    package init(
        owner: UserID, slug: Slug, name: String, country: CountryCode, currency: Currency,
        languages: [Language], contactEmail: EmailAddress
    ) {
        self.owner = owner
        self.slug = slug
        self.name = name
        self.country = country
        self.currency = currency
        self.languages = languages
        self.contactEmail = contactEmail
    }
}

extension Stores {
    /// Opens a store as a draft. Throws `CommerceError.planLimit` when the owner's plan has no room for it,
    /// and `Problem.slugTaken` when the address is another store's.
    package func open(_ store: StoreDraft, at host: String, now: Date, in tx: Transaction<OneTenant>)
        async throws
    {
        let plan = try await PlanGate().holdForAnotherStore(of: store.owner, in: tx)
        try await tx.execute(
            """
            insert into shop.store (tenant_id, owner_id, slug, name, currency, plan, status, country,
                languages, contact_email)
            values (\(tx.tenantUUID), \(store.owner.rawValue), \(store.slug.rawValue), \(store.name),
                \(store.currency.rawValue), \(plan.rawValue), 'draft', \(store.country.rawValue),
                \(store.languages.map(\.rawValue)), \(store.contactEmail.rawValue))
            """)
        try await addHost(host, custom: false, verifiedAt: now, in: tx)
        try await tx.execute("insert into shop.onboarding (tenant_id) values (\(tx.tenantUUID))")
    }

    /// Changes what the first step asked. The address can be changed until the store is published.
    package func rename(
        _ name: String, slug: Slug, languages: [Language], host: String, now: Date,
        in tx: Transaction<OneTenant>
    ) async throws {
        let before = try await load(in: tx)
        try await tx.execute(
            """
            update shop.store set name = \(name), languages = \(languages.map(\.rawValue)),
                slug = case when status = 'draft' then \(slug.rawValue) else slug end
            where tenant_id = \(tx.tenantUUID)
            """)
        guard before.status == .draft, before.slug != slug else { return }
        try await tx.execute(
            "delete from shop.store_host where tenant_id = \(tx.tenantUUID) and kind = 'platform'")
        try await addHost(host, custom: false, verifiedAt: now, in: tx)
    }

    /// Whether no store has this address. The answer may be old a moment later; the constraint decides.
    package func isFree(_ slug: Slug, in database: Database) async throws -> Bool {
        try await Tenants(database).tenant(ofSlug: slug.rawValue) == nil
    }

    package func setTheme(_ preset: String, in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            """
            update shop.store set theme = theme || jsonb_build_object('preset', \(preset)::text)
            where tenant_id = \(tx.tenantUUID)
            """)
    }

    package func theme(in tx: Transaction<OneTenant>) async throws -> String? {
        try await tx.first(
            "select theme ->> 'preset' as preset from shop.store where tenant_id = \(tx.tenantUUID)"
        )?.decode("preset")
    }

    package func setShipping(_ price: Money, in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            "update shop.store set shipping_minor = \(price.minorUnits) where tenant_id = \(tx.tenantUUID)")
    }

    package func setSmartBill(taxID: String, series: String, in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            """
            update shop.store set smartbill_tax_id = \(taxID), smartbill_series = \(series)
            where tenant_id = \(tx.tenantUUID)
            """)
    }

    /// What Stripe still asks for, as it said last.
    package func stripeRequirements(in tx: Transaction<OneTenant>) async throws -> [String] {
        try await tx.first(
            "select stripe_requirements from shop.store where tenant_id = \(tx.tenantUUID)"
        )?.decode("stripe_requirements", as: [String].self) ?? []
    }

    /// Keeps the account that Stripe has opened. The one that is there stays.
    package func keepStripeAccount(_ account: String, in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            """
            update shop.store set stripe_account = \(account), stripe_state = 'pending'
            where tenant_id = \(tx.tenantUUID) and stripe_account is null
            """)
    }

    /// False where the store is no draft: it may rest for want of room in the plan.
    package func publish(in tx: Transaction<OneTenant>) async throws -> Bool {
        try await tx.execute(
            """
            update shop.store set status = 'published'
            where tenant_id = \(tx.tenantUUID) and status = 'draft'
            """
        ).affected == 1
    }
}
