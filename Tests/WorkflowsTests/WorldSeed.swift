import Commerce
import CommerceStore
import Foundation
import Postgres

extension World {
    /// A published store on Pro that can take payments and invoices through SmartBill.
    static func seed(
        _ tenant: TenantID, stock: Int, products count: Int, account: String, _ credentials: Credentials,
        _ pool: PostgresPool, _ database: Database
    ) async throws -> [ProductID] {
        let slug = "s" + tenant.description.replacing("-", with: "").suffix(20)
        let supplier = UUID()
        let stockPool = "own:\(tenant):\(supplier.uuidString.lowercased())"
        let ids = (0..<count).map { _ in ProductID() }
        _ = try await pool.execute(
            """
            select shop.add_user(\(tenant.rawValue), \("\(slug)@example.test"), 'Owner')
            """)
        try await database.transaction(for: tenant) { tx in
            _ = try await tx.postgres.execute(
                """
                insert into shop.store (tenant_id, owner_id, slug, name, currency, plan, status,
                    stripe_account, stripe_state, smartbill_tax_id, smartbill_series, contact_email)
                values (\(tenant.rawValue), \(tenant.rawValue), \(slug), 'Lumina & Co', 'EUR', 'pro',
                    'published', \(account), 'enabled', 'RO12345674', 'CFX', 'shop@example.test')
                """)
            _ = try await tx.postgres.execute(
                """
                insert into shop.supplier (tenant_id, id, platform_code, name, adapter, currency,
                    parcel_shipping_minor)
                values (\(tenant.rawValue), \(supplier), 'bigbuy', 'BigBuy', 'bigbuy', 'EUR', 0)
                """)
            for (place, id) in ids.enumerated() {
                let sku = "SKU-\(place + 1)"
                _ = try await tx.postgres.execute(
                    """
                    insert into shop.product (tenant_id, id, slug, sku, supplier_id, supplier_reference,
                        stock_pool, cost_minor, cost_currency, price_minor, currency, vat_bp, title, status)
                    values (\(tenant.rawValue), \(id.rawValue), \("product-\(place + 1)"), \(sku),
                        \(supplier), \(sku), \(stockPool), 1000, 'EUR', 1500, 'EUR', 2100,
                        '{"en": "A thing", "ro": "Un lucru"}', 'published')
                    """)
                try await Products().observeStock(stock, of: SKU(unchecked: sku), pool: stockPool, in: tx)
            }
            try await credentials.save("ana@example.test:token", kind: "smartbill", in: tx)
        }
        return ids
    }
}
