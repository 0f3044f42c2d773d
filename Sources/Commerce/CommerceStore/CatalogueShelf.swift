package import Commerce
internal import Foundation
internal import Postgres

// What the platform's suppliers offer to every store, and taking some of it onto a store's own shelf. The
// price that is suggested follows the store's rule; what the merchant keeps is shown before anything is
// taken, and the guard judges every price again when it is.

/// Something that could be sold, at the store's own terms.
package struct CatalogueOffer: Sendable, Equatable {
    package let supplier: String
    package let reference: SKU
    package let title: [Language: String]
    package let cost: Money
    package let suggestedPrice: Money
    /// What the merchant keeps of one at that price.
    package let margin: Money
    package let lowestPrice: Money
    /// What the law wants beside an offer and is not there; without it nothing may be listed.
    package let missingSafety: [ProductSafety.Need]
    /// Whether the supplier has answered for it at all.
    package let isSafetyAsked: Bool
    package let stock: Int
    package let isTaken: Bool

    package var isSafe: Bool { missingSafety.isEmpty }

    /// Why it cannot be sold, for the merchant's eyes; nil where it can.
    package var safetyProblem: String? {
        guard !isSafe else { return nil }
        return isSafetyAsked
            ? ProductSafety.reason(lacking: missingSafety)
            : "the supplier has not told yet what the law wants beside an offer"
    }

    /// What the form of the wizard calls it.
    package var key: String { "\(supplier):\(reference.rawValue)" }
}

package struct CatalogueShelf: Sendable {
    package static let pageLimit = 60

    package init() {}

    /// Shorter searches would match half of the catalogue and are not made.
    package static let shortestSearch = 3

    /// Offers in the order of their references, those that may be sold first, with what this store
    /// would keep.
    package func offers(search: String? = nil, in tx: Transaction<OneTenant>) async throws -> [CatalogueOffer]
    {
        let words = search.map { $0.replacing("%", with: "").replacing("_", with: "") }
        let pattern = words.flatMap { $0.count < Self.shortestSearch ? nil : "%\($0)%" }
        return try await offers(
            """
            and (\(pattern)::text is null or c.titles::text ilike \(pattern) or c.reference ilike \(pattern))
            """, in: tx)
    }

    /// Puts offers on the shelf at the given prices. Throws `StoreError.saleRefused` for a price that would
    /// lose money; what has no product-safety data is left out. Returns how many were taken.
    @discardableResult
    package func take(
        _ wishes: [String: Money], in tx: Transaction<OneTenant>
    ) async throws -> Int {
        let store = try await Stores().load(in: tx)
        let pricing = try await Stores().pricing(of: store, at: nil, in: tx)
        let references = wishes.keys.compactMap {
            $0.split(separator: ":", maxSplits: 1).last.map(String.init)
        }
        let offers = try await offers("and c.reference = any(\(references))", in: tx)
        var taken = 0
        for offer in offers where offer.isSafe {
            guard let price = wishes[offer.key] else { continue }
            let sale = try pricing.preview(price: price, unitCost: offer.cost, isPlatformCatalogue: true)
            if let refusal = SaleDecision(sale).refusal {
                throw StoreError.saleRefused(refusal, products: [])
            }
            try await put(offer, at: price, store, in: tx)
            taken += 1
        }
        return taken
    }

    private func offers(_ condition: Query, in tx: Transaction<OneTenant>) async throws -> [CatalogueOffer] {
        let store = try await Stores().load(in: tx)
        let pricing = try await Stores().pricing(of: store, at: nil, in: tx)
        let rule = try await PriceRules().rule(of: store, in: tx)
        let rows = try await tx.execute(
            """
            select c.*, greatest(coalesce(i.seen - i.reserved, 0), 0) as stock,
                exists (select from shop.product p where p.tenant_id = \(tx.tenantUUID)
                    and p.supplier_reference = c.reference
                    and p.stock_pool = 'platform:' || c.supplier) as is_taken
            from shop.catalogue_item c
            left join shop.stock_item i on i.pool = 'platform:' || c.supplier and i.reference = c.reference
            where c.is_active \(condition)
            order by (cardinality(c.safety_missing) = 0) desc, c.reference limit \(Self.pageLimit)
            """
        ).rows
        return try rows.compactMap { row in
            let cost = try row.money("cost_minor", in: "currency")
            guard let lowest = try pricing.lowestPrice(unitCost: cost, isPlatformCatalogue: true),
                let price = try rule.price(unitCost: cost, isPlatformCatalogue: true, pricing: pricing)
            else { return nil }
            let sale = try pricing.preview(price: price, unitCost: cost, isPlatformCatalogue: true)
            return CatalogueOffer(
                supplier: try row.decode("supplier"), reference: try row.raw("reference"),
                title: try row.json("titles"), cost: cost, suggestedPrice: price, margin: sale.margin,
                lowestPrice: lowest, missingSafety: try row.needs("safety_missing"),
                isSafetyAsked: try row.decode("safety_checked_at", as: Date?.self) != nil,
                stock: try row.int("stock"), isTaken: try row.decode("is_taken"))
        }
    }

    private func put(
        _ offer: CatalogueOffer, at price: Money, _ store: Store, in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.execute(
            """
            insert into shop.supplier (tenant_id, id, platform_code, name, adapter, currency,
                parcel_shipping_minor)
            select \(tx.tenantUUID), \(SupplierID().rawValue), code, name, adapter, currency,
                parcel_shipping_minor from shop.platform_supplier where code = \(offer.supplier)
            on conflict (tenant_id, platform_code) do nothing
            """)
        let slug = Self.slug(of: offer.reference.rawValue)
        let vat = StandardVAT.rate(in: store.country) ?? .zero
        try await tx.execute(
            """
            insert into shop.product (tenant_id, id, slug, sku, supplier_id, supplier_reference, warehouse,
                stock_pool, cost_minor, cost_currency, price_minor, currency, vat_bp, title, description,
                image_url, status, safety, family)
            select s.tenant_id, \(ProductID().rawValue), \(slug), c.reference, s.id, c.reference, c.warehouse,
                'platform:' || c.supplier, c.cost_minor, c.currency, \(price.minorUnits),
                \(store.currency.rawValue), \(Int32(vat.value)), c.titles, c.descriptions,
                c.images ->> 0, 'published',
                shop.safety_facts(c.safety), c.family
            from shop.catalogue_item c
            join shop.supplier s on s.tenant_id = \(tx.tenantUUID) and s.platform_code = c.supplier
            where c.supplier = \(offer.supplier) and c.reference = \(offer.reference.rawValue)
            on conflict (tenant_id, sku) do update set price_minor = excluded.price_minor,
                safety = excluded.safety, status = 'published', paused_reason = null
                where product.stock_pool = excluded.stock_pool
            """)
    }

    /// The part of a product's address that comes from its supplier's name for it.
    static func slug(of reference: String) -> String {
        let slug = reference.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
            .split(separator: "-").map { String($0) }.joined(separator: "-")
        return slug.isEmpty ? "article" : slug
    }
}
