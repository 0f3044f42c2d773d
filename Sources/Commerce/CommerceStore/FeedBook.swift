package import Commerce
package import Foundation
internal import Postgres

// Which feeds a store reads, and how. The settings are a document that only the feeds' own module
// understands; it is kept as it was saved.

/// A feed of a store's own supplier.
package struct Feed: Sendable {
    package let id: SupplierFeedID
    package let supplier: SupplierID
    /// Which adapter reads it.
    package let adapter: String
    package let address: String
    /// The settings as JSON.
    package let settings: String
    /// Under which kind the store keeps what opens it.
    package let credentialKind: String?
    package let interval: Duration
    /// The part of the articles that one sync may take off.
    package let removalLimit: BasisPoints
    package let isActive: Bool
    /// Of what was last taken in completely.
    package let etag: String?
    package let lastModified: String?
    package let nextSync: Date
}

package struct FeedBook: Sendable {
    package init() {}

    /// What a merchant says of a feed.
    package struct Request: Sendable {
        package var adapter = "feed"
        package var address: String
        package var settings: String
        package var credentialKind: String?
        package var intervalMinutes = 1440
        package var removalLimit = BasisPoints.percent(20)

        package init(address: String, settings: String) {
            self.address = address
            self.settings = settings
        }
    }

    /// Makes the feed of a supplier, or changes it; the next sync reads all of it anew then.
    @discardableResult
    package func save(
        _ request: Request, of supplier: SupplierID, in tx: Transaction<OneTenant>
    ) async throws -> SupplierFeedID {
        let row = try await tx.execute(
            """
            insert into shop.supplier_feed (tenant_id, id, supplier_id, adapter, address, settings,
                credential_kind, interval_minutes, removal_limit_bp)
            values (\(tx.tenantUUID), \(SupplierFeedID().rawValue), \(supplier.rawValue), \(request.adapter),
                \(request.address), \(JSONB(request.settings)), \(request.credentialKind),
                \(Int32(clamping: request.intervalMinutes)), \(Int32(clamping: request.removalLimit.value)))
            on conflict (tenant_id, supplier_id) do update set adapter = excluded.adapter,
                address = excluded.address, settings = excluded.settings,
                credential_kind = excluded.credential_kind, interval_minutes = excluded.interval_minutes,
                removal_limit_bp = excluded.removal_limit_bp, is_active = true,
                etag = null, last_modified = null, next_sync_at = now()
            returning id
            """
        ).only(orThrow: .notFound(.supplier, "\(supplier)"))
        return try row.id("id")
    }

    package func load(_ id: SupplierFeedID, in tx: Transaction<OneTenant>) async throws -> Feed {
        let found = try await tx.first(
            "select * from shop.supplier_feed where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)")
        guard let row = found else { throw StoreError.notFound(.feed, "\(id)") }
        return try Feed(row: row)
    }

    package func all(in tx: Transaction<OneTenant>) async throws -> [Feed] {
        try await tx.execute(
            "select * from shop.supplier_feed where tenant_id = \(tx.tenantUUID) order by created_at, id"
        ).rows.map(Feed.init(row:))
    }

    /// The active feeds whose turn has come by `now`, of all stores whose plan has own suppliers.
    package func due(
        by now: Date, limit: Int, in tx: Transaction<EveryTenant>
    ) async throws -> [(tenant: TenantID, feed: SupplierFeedID)] {
        try await tx.execute(
            """
            select f.tenant_id, f.id from shop.supplier_feed f
            join shop.store s on s.tenant_id = f.tenant_id
            join shop.plan p on p.code = s.plan
            where f.is_active and f.next_sync_at <= \(now) and s.status <> 'closed' and p.own_suppliers
            order by f.next_sync_at, f.tenant_id, f.id limit \(limit)
            """
        ).rows.map { (try $0.id("tenant_id"), try $0.id("id")) }
    }

    /// Puts the next turn of a feed one interval behind `now`.
    package func postpone(
        _ id: SupplierFeedID, from now: Date, in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.execute(
            """
            update shop.supplier_feed
            set next_sync_at = \(now)::timestamptz + interval_minutes * interval '1 minute'
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)
            """)
    }

    /// How this store meets a supplier's price rises.
    package func setPricePolicy(
        _ policy: PriceRisePolicy, of supplier: SupplierID, in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.execute(
            """
            update shop.supplier set price_policy = \(policy.rawValue)
            where tenant_id = \(tx.tenantUUID) and id = \(supplier.rawValue)
            """)
    }
}

extension Feed {
    init(row: Row) throws {
        id = try row.id("id")
        supplier = try row.id("supplier_id")
        adapter = try row.decode("adapter")
        address = try row.decode("address")
        settings = try row.decode("settings", as: JSONB.self).text
        credentialKind = try row.decode("credential_kind")
        interval = .seconds(60 * (try row.int("interval_minutes")))
        removalLimit = try row.basisPoints("removal_limit_bp")
        isActive = try row.decode("is_active")
        etag = try row.decode("etag")
        lastModified = try row.decode("last_modified")
        nextSync = try row.decode("next_sync_at")
    }
}
