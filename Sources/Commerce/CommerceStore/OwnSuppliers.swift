package import Commerce
internal import Postgres

// The suppliers of a store as the merchant sees them: the platform's, from which something was taken, and the
// merchant's own, which a feed tells about. Own ones are a matter of the plan, asked in the transaction that
// makes one.

/// A supplier of a store.
package struct StoreSupplier: Sendable, Equatable {
    package let id: SupplierID
    /// The platform's name of it; nil for the merchant's own.
    package let platformCode: String?
    package let name: String
    package let currency: Currency
    /// What the supplier charges for a parcel.
    package let parcelShipping: Money
    package let pricePolicy: PriceRisePolicy
    package let products: Int

    package var isOwn: Bool { platformCode == nil }
}

package struct OwnSuppliers: Sendable {
    /// More feeds than any store has; each is fetched on its own.
    package static let limit = 50

    package init() {}

    /// All suppliers of the store, the merchant's own first.
    package func all(in tx: Transaction<OneTenant>) async throws -> [StoreSupplier] {
        try await tx.execute(
            Self.suppliers
                + """
                 where s.tenant_id = \(tx.tenantUUID)
                order by s.platform_code is not null, s.created_at, s.id
                """
        ).rows.map(StoreSupplier.init(row:))
    }

    package func load(_ id: SupplierID, in tx: Transaction<OneTenant>) async throws -> StoreSupplier {
        let found = try await tx.first(
            Self.suppliers + " where s.tenant_id = \(tx.tenantUUID) and s.id = \(id.rawValue)")
        guard let row = found else { throw StoreError.notFound(.supplier, "\(id)") }
        return try StoreSupplier(row: row)
    }

    /// What a merchant says of a supplier.
    package struct Request: Sendable {
        package let name: String
        /// In the currency that the supplier charges.
        package let parcelShipping: Money

        package init(name: String, parcelShipping: Money) {
            self.name = name
            self.parcelShipping = parcelShipping
        }
    }

    /// Makes a supplier of the merchant's own. Throws `CommerceError.planLimit` where the plan has none.
    /// The same id twice is one supplier.
    package func add(
        _ id: SupplierID, _ request: Request, in tx: Transaction<OneTenant>
    ) async throws {
        try await PlanGate().check(.ownSupplier, in: tx)
        try await tx.execute(
            """
            insert into shop.supplier (tenant_id, id, name, adapter, currency, parcel_shipping_minor)
            values (\(tx.tenantUUID), \(id.rawValue), \(request.name), 'feed',
                \(request.parcelShipping.currency.rawValue), \(request.parcelShipping.minorUnits))
            on conflict (tenant_id, id) do nothing
            """)
    }

    /// Changes what a supplier of the merchant's own is called and charges for a parcel. The currency stays:
    /// every cost that is known is in it.
    package func change(
        _ id: SupplierID, to request: Request, in tx: Transaction<OneTenant>
    ) async throws {
        let supplier = try await load(id, in: tx)
        guard supplier.isOwn else { throw StoreError.notFound(.supplier, "\(id)") }
        _ = try request.parcelShipping.required(in: supplier.currency)
        try await tx.execute(
            """
            update shop.supplier set name = \(request.name),
                parcel_shipping_minor = \(request.parcelShipping.minorUnits)
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)
            """)
    }

    private static var suppliers: Query {
        """
        select s.*, (select count(*) from shop.product p
            where p.tenant_id = s.tenant_id and p.supplier_id = s.id) as products
        from shop.supplier s
        """
    }
}

extension StoreSupplier {
    init(row: Row) throws {
        id = try row.id("id")
        platformCode = try row.decode("platform_code")
        name = try row.decode("name")
        currency = try row.currency()
        parcelShipping = try row.money("parcel_shipping_minor", currency)
        pricePolicy = try row.raw("price_policy")
        products = try row.int("products")
    }
}

extension FeedBook {
    /// The feed of a supplier; nil where it has none.
    package func find(of supplier: SupplierID, in tx: Transaction<OneTenant>) async throws -> Feed? {
        try await tx.first(
            """
            select * from shop.supplier_feed
            where tenant_id = \(tx.tenantUUID) and supplier_id = \(supplier.rawValue)
            """
        ).map(Feed.init(row:))
    }

    /// Whether a feed comes round by itself.
    package func setActive(
        _ isActive: Bool, _ id: SupplierFeedID, in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.execute(
            """
            update shop.supplier_feed set is_active = \(isActive)
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)
            """)
    }
}
