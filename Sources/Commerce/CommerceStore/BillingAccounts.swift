package import Commerce
package import Foundation
internal import Postgres

// An account as the platform bills it. It lives with the account's home store, so whoever changes it works in
// that store's transaction; `home` says which store that is. The row's lock is what changes of plan, invoices
// and news from Stripe take turns by.

package struct BillingAccount: Sendable, Equatable {
    /// The account's home store.
    package let tenant: TenantID
    package let account: UserID
    package let name: String
    package let address: String
    package let country: CountryCode
    package let vatNumber: String?
    /// The VAT number was found valid.
    package let hasCheckedNumber: Bool
    package let stripeCustomer: String?
    package let stripeSubscription: String?
    /// One that we cancel or have cancelled: news of it change no plan.
    package let endingSubscription: String?
    /// Rises with every change of plan.
    package let epoch: Int
}

package struct BillingAccounts: Sendable {
    package init() {}

    /// The store under which an account's billing is kept. Nil for a person without stores.
    package func home(of account: UserID, _ database: Database) async throws -> TenantID? {
        try await database.shared("select shop.home_of_account(\(account.rawValue)) as tenant")
            .rows.first?.idOrNil("tenant")
    }

    /// The store whose account is billed through a customer of ours at Stripe.
    package func home(ofCustomer customer: String, _ database: Database) async throws -> TenantID? {
        try await database.shared("select shop.tenant_of_stripe_customer(\(customer)) as tenant")
            .rows.first?.idOrNil("tenant")
    }

    /// The account of this home store, made where there is none, and locked until the transaction ends.
    /// Throws `StoreError.notFound` in another store of the account.
    package func lock(in tx: Transaction<OneTenant>) async throws -> BillingAccount {
        try await tx.execute("select shop.open_billing_account()")
        return try await load(locking: true, in: tx)
    }

    package func load(in tx: Transaction<OneTenant>) async throws -> BillingAccount {
        try await load(locking: false, in: tx)
    }

    private func load(locking: Bool, in tx: Transaction<OneTenant>) async throws -> BillingAccount {
        let plain: Query = "select * from shop.billing_account where tenant_id = \(tx.tenantUUID)"
        let locked: Query =
            "select * from shop.billing_account where tenant_id = \(tx.tenantUUID) for no key update"
        guard let row = try await tx.first(locking ? locked : plain) else {
            throw StoreError.notFound(.billingAccount, "\(tx.tenant)")
        }
        return try BillingAccount(row: row)
    }

    /// The account with the trader's particulars as the merchant has given them by now, where they have. The
    /// caller holds the lock. A VAT number that has changed counts as unchecked.
    package func refreshIdentity(in tx: Transaction<OneTenant>) async throws -> BillingAccount {
        try await tx.execute(
            """
            update shop.billing_account b set name = i.legal_name, country = i.country,
                address = left(concat_ws(', ', i.address_line, concat_ws(' ', i.postcode, i.city)), 400),
                vat_number = upper(i.vat_number),
                vat_checked_at = case when upper(i.vat_number) = b.vat_number then b.vat_checked_at end
            from shop.business_identity i
            where b.tenant_id = \(tx.tenantUUID) and i.tenant_id = b.tenant_id
                and (b.name, b.country, coalesce(b.vat_number, ''), b.address) is distinct from
                    (i.legal_name, i.country, coalesce(upper(i.vat_number), ''),
                        left(concat_ws(', ', i.address_line, concat_ws(' ', i.postcode, i.city)), 400))
                and (i.vat_number is null or upper(i.vat_number) ~ '^[A-Z]{2}[A-Z0-9+*]{2,13}$')
            """)
        return try await load(in: tx)
    }

    /// Who the invoices are made out to. A number that has changed must be checked again.
    package func identify(
        name: String, address: String, country: CountryCode, vatNumber: String?, checkedAt: Date?,
        in tx: Transaction<OneTenant>
    ) async throws {
        _ = try await lock(in: tx)
        try await tx.execute(
            """
            update shop.billing_account set name = \(name), address = \(address),
                country = \(country.rawValue), vat_number = \(vatNumber),
                vat_checked_at = case when \(vatNumber)::text is null then null else \(checkedAt) end
            where tenant_id = \(tx.tenantUUID)
            """)
    }

    package func note(customer: String, in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            """
            update shop.billing_account set stripe_customer = \(customer) where tenant_id = \(tx.tenantUUID)
            """)
    }

    package func note(subscription: String?, in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            """
            update shop.billing_account set stripe_subscription = \(subscription)
            where tenant_id = \(tx.tenantUUID)
            """)
    }

    /// Notes which subscription is about to be cancelled by us; nil where it goes on after all.
    package func note(endingSubscription: String?, in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            """
            update shop.billing_account set ending_subscription = \(endingSubscription)
            where tenant_id = \(tx.tenantUUID)
            """)
    }

    /// Which card the account pays with, as far as Stripe tells one from another.
    package func note(paymentFingerprint: String, in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            """
            update shop.billing_account set payment_fingerprint = \(paymentFingerprint)
            where tenant_id = \(tx.tenantUUID)
            """)
    }

    /// The address letters about the account go to, and the language they are written in.
    package func owner(in tx: Transaction<OneTenant>) async throws -> AccountOwner {
        let found = try await tx.first(
            """
            select u.id, u.email, u.name, u.locale from shop.app_user u
            join shop.store s on s.owner_id = u.id where s.tenant_id = \(tx.tenantUUID)
            """)
        guard let row = found else { throw StoreError.notFound(.user, "of \(tx.tenant)") }
        return AccountOwner(
            id: try row.id("id"), email: try row.raw("email"), name: try row.decode("name"),
            language: Language(rawValue: try row.decode("locale", as: String.self)) ?? .english)
    }

    /// The platform as the seller on its invoices.
    package func seller(in tx: Transaction<OneTenant>) async throws -> PlatformIdentity {
        guard let row = try await tx.first("select * from shop.platform_identity") else {
            throw StoreError.notFound(.platformIdentity, "the platform")
        }
        return try PlatformIdentity(row: row)
    }
}

/// The person an account belongs to.
package struct AccountOwner: Sendable, Equatable {
    package let id: UserID
    package let email: EmailAddress
    package let name: String
    package let language: Language
}

/// The seller on the platform's invoices.
package struct PlatformIdentity: Sendable, Codable, Equatable {
    package let name: String
    package let address: String
    package let country: CountryCode
    package let vatNumber: String
    package let registration: String
    package let series: String
}

/// Who an invoice is made out to, as it was when it was issued.
package struct InvoiceParty: Sendable, Codable, Equatable {
    package let name: String
    package let address: String
    package let country: CountryCode
    package let vatNumber: String?

    package init(_ account: BillingAccount) {
        name = account.name
        address = account.address
        country = account.country
        vatNumber = account.vatNumber
    }
}

extension BillingAccount {
    init(row: Row) throws {
        tenant = try row.id("tenant_id")
        account = try row.id("account_id")
        name = try row.decode("name")
        address = try row.decode("address")
        country = try row.raw("country")
        vatNumber = try row.decode("vat_number")
        hasCheckedNumber = try row.decode("vat_checked_at", as: Date?.self) != nil
        stripeCustomer = try row.decode("stripe_customer")
        stripeSubscription = try row.decode("stripe_subscription")
        endingSubscription = try row.decode("ending_subscription")
        epoch = try row.int("epoch")
    }
}

extension PlatformIdentity {
    init(row: Row) throws {
        self.init(
            name: try row.decode("name"), address: try row.decode("address"),
            country: try row.raw("country"), vatNumber: try row.decode("vat_number"),
            registration: try row.decode("registration"), series: try row.decode("series"))
    }
}
