package import Commerce
internal import Foundation
internal import Postgres

// Brings a store's products up to what the platform's suppliers tell of their safety. As with costs, what has
// to be done is found by comparing the two. Only what a supplier has answered counts: an article it was
// never asked of changes nothing, and neither does a product in which the merchant wrote what the supplier
// left out.

package struct SupplierSafety: Sendable {
    /// Products of one page.
    package static let pageLimit = 200

    /// A product `p` that differs from the article `c` it is made of, and carries nothing of the merchant's
    /// own.
    static var differs: Query {
        """
        (c.safety_checked_at is not null
            and case when c.safety_missing = '{}' then p.safety <> shop.safety_facts(c.safety)
                else p.status = 'published' end
            and (p.safety = shop.safety_facts(c.safety_before) or p.safety = shop.safety_facts(c.safety)
                or coalesce(p.safety ->> 'manufacturer', '') = ''
                or coalesce(p.safety ->> 'contact', '') = ''))
        """
    }

    package init() {}

    /// What one page did.
    package struct Page: Sendable, Codable, Equatable {
        package var seen = 0
        package var updated = 0
        package var paused = 0

        package var isLast: Bool { seen < SupplierSafety.pageLimit }
    }

    private struct News {
        let product: ProductID
        let sku: SKU
        let missing: [ProductSafety.Need]
        let document: JSONB
    }

    /// Meets the next products of a supplier whose safety data is another than the supplier's. What lacks
    /// something that the law wants is paused. It stays off the shelf until the merchant puts it there again,
    /// also when the data is whole again: its price may be another by then.
    package func apply(of supplier: SupplierID, in tx: Transaction<OneTenant>) async throws -> Page {
        let found = try await due(supplier, tx)
        var page = Page()
        page.seen = found.count
        for news in found {
            try await keep(news, tx)
            if news.missing.isEmpty {
                try await Attention().resolve(
                    .unsellableProduct, subject: Self.subject(news), by: "supplier", in: tx)
                page.updated += 1
            } else {
                try await pause(news, tx)
                page.paused += 1
            }
        }
        return page
    }

    private func due(_ supplier: SupplierID, _ tx: Transaction<OneTenant>) async throws -> [News] {
        try await tx.execute(
            """
            select p.id, p.sku, c.safety_missing, shop.safety_facts(c.safety) as facts
            from shop.product p
            join shop.supplier s on s.tenant_id = p.tenant_id and s.id = p.supplier_id
            join shop.catalogue_item c on c.supplier = s.platform_code and c.reference = p.supplier_reference
            where p.tenant_id = \(tx.tenantUUID) and p.supplier_id = \(supplier.rawValue)
                and \(Self.differs)
            order by p.id limit \(Self.pageLimit) for no key update of p
            """
        ).rows.map { row in
            News(
                product: try row.id("id"), sku: try row.raw("sku"),
                missing: try row.needs("safety_missing"), document: try row.decode("facts"))
        }
    }

    private func keep(_ news: News, _ tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            """
            update shop.product set safety = \(news.document)
            where tenant_id = \(tx.tenantUUID) and id = \(news.product.rawValue)
            """)
    }

    private func pause(_ news: News, _ tx: Transaction<OneTenant>) async throws {
        let reason = ProductSafety.reason(lacking: news.missing)
        try await Products().pause(news.product, reason: reason, in: tx)
        try await Attention().open(
            .unsellableProduct, subject: Self.subject(news), message: "\(news.sku): \(reason)", in: tx)
    }

    /// Apart from what the guard has to say of the same product.
    private static func subject(_ news: News) -> String { "safety:\(news.product)" }
}
