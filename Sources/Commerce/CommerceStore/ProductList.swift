package import Commerce
internal import Foundation
internal import Postgres

// A merchant's own products, newest first, a page at a time. What a price leaves is computed by the one
// module that owns money and never in SQL: so the products that lose money are found by looking through the
// store's costs and prices, some thousands for one page, and a page says where looking stopped.

package struct ProductList: Sendable {
    package static let pageSize = 50
    /// Costs and prices are looked through in batches of this many, and so many batches for one page.
    private static let batch = 500
    private static let batchLimit = 8

    package init() {}

    /// Which of the products. Raw values stand in addresses.
    package enum Filter: String, Sendable, CaseIterable {
        case all
        case published, paused, draft
        case outOfStock = "out-of-stock"
        /// One of it, sold alone at this moment's cost, leaves less than nothing.
        case losing
        /// The data that the law wants beside an offer is incomplete.
        case unsafe
    }

    package struct Page: Sendable {
        package let products: [Product]
        /// What the next page begins behind; nil at the end.
        package let next: ProductID?
    }

    /// - Parameters:
    ///   - search: part of a title in any language, or of a SKU.
    ///   - last: the product that ended the page before.
    package func page(
        _ filter: Filter, search: String = "", after last: ProductID? = nil, pricing: Pricing,
        in tx: Transaction<OneTenant>
    ) async throws -> Page {
        let batch = filter == .losing ? Self.batch : Self.pageSize + 1
        var found: [Candidate] = []
        // Everything up to here has been looked at.
        var mark = last
        for _ in 0..<Self.batchLimit {
            let candidates = try await candidates(filter, search, after: mark, limit: batch, in: tx)
            mark = candidates.last?.id ?? mark
            found += try candidates.filter { try filter != .losing || $0.loses(pricing) }
            if found.count > Self.pageSize {
                let shown = found.prefix(Self.pageSize).map(\.id)
                return Page(products: try await load(shown, in: tx), next: shown.last)
            }
            guard candidates.count == batch else {
                return Page(products: try await load(found.map(\.id), in: tx), next: nil)
            }
        }
        return Page(products: try await load(found.map(\.id), in: tx), next: mark)
    }

    /// How many published products a price cut would make lose money, of so many looked at.
    package func losing(
        at discount: Discount, pricing: Pricing, in tx: Transaction<OneTenant>
    ) async throws -> (losing: Int, of: Int) {
        let candidates = try await candidates(.published, "", after: nil, limit: Self.batch * 2, in: tx)
        let losing = try candidates.count { one in
            var cheaper = one
            cheaper.price -= discount.amount(of: one.price)
            return try cheaper.loses(pricing)
        }
        return (losing, candidates.count)
    }

    private struct Candidate: Sendable {
        let id: ProductID
        let cost: Money
        var price: Money
        let isPlatformCatalogue: Bool

        func loses(_ pricing: Pricing) throws -> Bool {
            try pricing.preview(price: price, unitCost: cost, isPlatformCatalogue: isPlatformCatalogue)
                .margin.isNegative
        }
    }

    private func candidates(
        _ filter: Filter, _ search: String, after last: ProductID?, limit: Int,
        in tx: Transaction<OneTenant>
    ) async throws -> [Candidate] {
        let words = search.replacing("\\", with: "\\\\").replacing("%", with: "\\%")
            .replacing("_", with: "\\_")
        let pattern = words.isEmpty ? nil : "%\(words)%"
        return try await tx.execute(
            """
            select p.id, p.cost_minor, p.cost_currency, p.price_minor, p.currency,
                s.platform_code is not null as is_platform
            from shop.product p
            join shop.supplier s on s.tenant_id = p.tenant_id and s.id = p.supplier_id
            left join shop.stock_item i on i.pool = p.stock_pool and i.reference = p.supplier_reference
            where p.tenant_id = \(tx.tenantUUID)
                and (\(last?.rawValue)::uuid is null or (p.created_at, p.id) <
                    (select created_at, id from shop.product
                     where tenant_id = \(tx.tenantUUID) and id = \(last?.rawValue)))
                and (\(pattern)::text is null or p.sku ilike \(pattern) or exists (
                    select from jsonb_each_text(p.title) as t (language, words)
                    where t.words ilike \(pattern)))
            """ + Self.condition(filter) + " order by p.created_at desc, p.id desc limit \(limit)"
        ).rows.map { row in
            Candidate(
                id: try row.id("id"), cost: try row.money("cost_minor", in: "cost_currency"),
                price: try row.money("price_minor", in: "currency"),
                isPlatformCatalogue: try row.decode("is_platform"))
        }
    }

    private static func condition(_ filter: Filter) -> Query {
        switch filter {
        case .all, .losing: ""
        case .published: " and p.status = 'published'"
        case .paused: " and p.status = 'paused'"
        case .draft: " and p.status = 'draft'"
        case .outOfStock: " and coalesce(i.seen - i.reserved, 0) <= 0"
        case .unsafe:
            """
             and (coalesce(p.safety ->> 'manufacturer', '') = '' or coalesce(p.safety ->> 'contact', '') = '')
            """
        }
    }

    /// In the order of the page.
    private func load(_ ids: [ProductID], in tx: Transaction<OneTenant>) async throws -> [Product] {
        guard !ids.isEmpty else { return [] }
        let products = Dictionary(
            uniqueKeysWithValues: try await Products().load(ids, in: tx).map { ($0.id, $0) })
        return ids.compactMap { products[$0] }
    }
}

extension Product {
    /// What the law wants beside an offer and is not there.
    package var missingSafety: [String] {
        ["manufacturer", "contact"].filter { (safety[$0] ?? "").isEmpty }
    }
}
