package import Commerce
internal import Foundation
internal import Postgres

// The ways that lead from the outside world to a store. The questions run before any tenant is known; each
// asks the database for one exact name through a narrow function, so that even the application's role
// cannot list the stores.

package struct Tenants: Sendable {
    private let database: Database

    package init(_ database: Database) {
        self.database = database
    }

    /// Which store a verified host serves. The answer changes seldom and may be cached for seconds.
    package func tenant(ofHost host: String) async throws -> TenantID? {
        try await route("select shop.tenant_of_host(\(host)) as tenant")
    }

    package func tenant(ofSlug slug: String) async throws -> TenantID? {
        try await route("select shop.tenant_of_slug(\(slug)) as tenant")
    }

    package func tenant(ofStripeAccount account: String) async throws -> TenantID? {
        try await route("select shop.tenant_of_stripe_account(\(account)) as tenant")
    }

    package func tenant(ofPaymentIntent intent: String) async throws -> TenantID? {
        try await route("select shop.tenant_of_payment_intent(\(intent)) as tenant")
    }

    package func tenant(ofCharge charge: String) async throws -> TenantID? {
        try await route("select shop.tenant_of_charge(\(charge)) as tenant")
    }

    /// By the e-mail vendor's id of a message.
    package func tenant(ofEmail providerID: String) async throws -> TenantID? {
        try await route("select shop.tenant_of_email(\(providerID)) as tenant")
    }

    /// The stores of somebody who has signed in, oldest first.
    package func tenants(of owner: UserID) async throws -> [TenantID] {
        try await database.shared("select tenant from shop.tenants_of_user(\(owner.rawValue)) as tenant")
            .rows.map { try $0.id("tenant") }
    }

    private func route(_ query: Query) async throws -> TenantID? {
        try await database.shared(query).rows.first?.idOrNil("tenant")
    }

    /// The store that a host serves, or nil for a host that leads nowhere.
    package func store(atHost host: String) async throws -> Store? {
        try await storeAndDomain(atHost: host)?.store
    }

    /// The store that a host serves, or nil for a host that leads nowhere, and the store's own domain where
    /// it has one: all its other hosts lead there.
    package func storeAndDomain(atHost host: String) async throws -> (store: Store, domain: String?)? {
        guard let tenant = try await tenant(ofHost: host) else { return nil }
        return try await database.transaction(for: tenant) { tx in
            let domain = try await tx.first(
                """
                select host from shop.store_host
                where tenant_id = \(tx.tenantUUID) and kind = 'custom' and verified_at is not null
                order by verified_at desc, host limit 1
                """)
            return (
                try await Stores().load(in: tx), try domain?.decode("host", as: String.self)
            )
        }
    }
}
