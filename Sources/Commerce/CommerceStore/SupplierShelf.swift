package import Commerce
internal import Foundation
internal import Postgres

// What a merchant's own supplier offers, and taking some of it onto the store's shelf: as from the platform's
// catalogue, but without the platform's markup and from the store's own pool of stock. Many feeds lack what
// the law wants beside an offer. Such an article is taken as a draft: the merchant can ask the maker and
// write it down, and it is published then.

package struct SupplierShelf: Sendable {
    package static let pageSize = 50

    package init() {}

    package struct Page: Sendable {
        package let offers: [CatalogueOffer]
        /// What the next page begins behind; nil at the end.
        package let next: SKU?
    }

    /// The supplier's articles in the order of their references.
    package func offers(
        of supplier: SupplierID, search: String = "", after last: SKU? = nil, in tx: Transaction<OneTenant>
    ) async throws -> Page {
        let words = search.replacing("\\", with: "\\\\").replacing("%", with: "\\%")
            .replacing("_", with: "\\_")
        let pattern = words.isEmpty ? nil : "%\(words)%"
        let rows = try await tx.execute(
            Self.articles(of: supplier, tx) + """
                 and i.reference > \(last?.rawValue ?? "")
                and (\(pattern)::text is null or i.titles::text ilike \(pattern)
                    or i.reference ilike \(pattern))
                order by i.reference limit \(Self.pageSize + 1)
                """
        ).rows
        let shown = rows.prefix(Self.pageSize)
        let next: SKU? = rows.count > shown.count ? try shown.last?.raw("reference") : nil
        return Page(offers: try await offers(shown, supplier, in: tx), next: next)
    }

    /// Puts articles on the shelf at the given prices, by their keys. Throws `StoreError.saleRefused` for a
    /// price that would lose money; what lacks product-safety data becomes a draft. Returns how many were
    /// taken.
    @discardableResult
    package func take(
        _ wishes: [String: Money], of supplier: SupplierID, in tx: Transaction<OneTenant>
    ) async throws -> Int {
        let store = try await Stores().load(in: tx)
        let pricing = try await Stores().pricing(of: store, at: nil, in: tx)
        let references = wishes.keys.compactMap {
            $0.split(separator: ":", maxSplits: 1).last.map(String.init)
        }
        let rows = try await tx.execute(
            Self.articles(of: supplier, tx) + " and i.reference = any(\(references)) order by i.reference"
        ).rows
        var taken = 0
        for offer in try await offers(rows, supplier, in: tx) {
            guard let price = wishes[offer.key] else { continue }
            let sale = try pricing.preview(price: price, unitCost: offer.cost, isPlatformCatalogue: false)
            if let refusal = SaleDecision(sale).refusal {
                throw StoreError.saleRefused(refusal, products: [])
            }
            try await put(offer, of: supplier, at: price, store, in: tx)
            taken += 1
        }
        return taken
    }

    private static func articles(of supplier: SupplierID, _ tx: Transaction<OneTenant>) -> Query {
        """
        select i.*, exists (select from shop.product p where p.tenant_id = i.tenant_id
                and p.stock_pool = \(SupplierItems.pool(of: supplier, at: tx.tenant))
                and p.supplier_reference = i.reference) as is_taken
        from shop.supplier_item i
        where i.tenant_id = \(tx.tenantUUID) and i.supplier_id = \(supplier.rawValue) and i.is_active
        """
    }

    private func offers(
        _ rows: some Sequence<Row>, _ supplier: SupplierID, in tx: Transaction<OneTenant>
    ) async throws -> [CatalogueOffer] {
        let store = try await Stores().load(in: tx)
        let pricing = try await Stores().pricing(of: store, at: nil, in: tx)
        let rule = try await PriceRules().rule(of: store, in: tx)
        return try rows.compactMap { row in
            let cost = try row.money("cost_minor", in: "currency")
            guard let lowest = try pricing.lowestPrice(unitCost: cost, isPlatformCatalogue: false),
                let price = try rule.price(unitCost: cost, isPlatformCatalogue: false, pricing: pricing)
            else { return nil }
            let sale = try pricing.preview(price: price, unitCost: cost, isPlatformCatalogue: false)
            return CatalogueOffer(
                supplier: supplier.description, reference: try row.raw("reference"),
                title: try row.json("titles"), cost: cost, suggestedPrice: price, margin: sale.margin,
                lowestPrice: lowest,
                missingSafety: JSONText.safety(try row.json("safety", as: [String: String].self)).missing,
                isSafetyAsked: true, stock: try row.int("stock"), isTaken: try row.decode("is_taken"))
        }
    }

    private func put(
        _ offer: CatalogueOffer, of supplier: SupplierID, at price: Money, _ store: Store,
        in tx: Transaction<OneTenant>
    ) async throws {
        let reference = offer.reference.rawValue
        let pool = SupplierItems.pool(of: supplier, at: tx.tenant)
        let again = try await tx.execute(
            """
            update shop.product set price_minor = \(price.minorUnits),
                status = case when \(offer.isSafe) then 'published' else status end,
                paused_reason = case when \(offer.isSafe) then null else paused_reason end
            where tenant_id = \(tx.tenantUUID) and stock_pool = \(pool)
                and supplier_reference = \(reference)
            """
        ).affected
        guard again == 0 else { return }
        // Two suppliers may call different things by one name: the second one gets a name of its own.
        let state = offer.isSafe ? "published" : "draft"
        let tail = String(supplier.description.suffix(6))
        let isSKUTaken = try await Products().find(sku: offer.reference, in: tx) != nil
        let sku = isSKUTaken ? "\(reference.prefix(SKU.lengthLimit - 7))-\(tail)" : reference
        let slug = CatalogueShelf.slug(of: reference)
        let isSlugTaken = try await Products().find(slug: slug, in: tx) != nil
        let vat = StandardVAT.rate(in: store.country) ?? .zero
        try await tx.execute(
            """
            insert into shop.product (tenant_id, id, slug, sku, supplier_id, supplier_reference, warehouse,
                stock_pool, cost_minor, cost_currency, price_minor, currency, vat_bp, title, description,
                image_url, status, safety, family, content_millionths, content_unit)
            select i.tenant_id, \(ProductID().rawValue), \(isSlugTaken ? "\(slug)-\(tail)" : slug), \(sku),
                i.supplier_id, i.reference, i.warehouse, \(pool), i.cost_minor, i.currency,
                \(price.minorUnits), \(store.currency.rawValue), \(Int32(vat.value)), i.titles,
                i.descriptions, i.images ->> 0, \(state), shop.safety_facts(i.safety), i.family,
                i.content_millionths, i.content_unit
            from shop.supplier_item i
            where i.tenant_id = \(tx.tenantUUID) and i.supplier_id = \(supplier.rawValue)
                and i.reference = \(reference)
            """)
    }
}
