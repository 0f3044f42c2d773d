package import Commerce
package import Foundation
internal import Postgres

// The prices that shoppers have seen, for the rule that a reduction is announced against the lowest of the
// thirty days before it. A trigger writes them; here they are only read, for a whole shelf in one statement.

extension Products {
    /// Every price of the product that the thirty-day rule may ask about.
    package func priceHistory(
        of id: ProductID, at now: Date, in tx: Transaction<OneTenant>
    ) async throws -> PriceHistory {
        try await priceHistories(of: [id], at: now, in: tx)[id] ?? PriceHistory([])
    }

    /// The products with the reductions that may be announced of them; most have none.
    package func announcing(
        _ products: [Product], at now: Date, in tx: Transaction<OneTenant>
    ) async throws -> [Product] {
        let histories = try await priceHistories(of: products.map(\.id), at: now, in: tx)
        return products.map { product in
            var product = product
            product.reduction = histories[product.id]?.reduction(to: product.price, at: now)
            return product
        }
    }

    private func priceHistories(
        of ids: [ProductID], at now: Date, in tx: Transaction<OneTenant>
    ) async throws -> [ProductID: PriceHistory] {
        guard !ids.isEmpty else { return [:] }
        // Twice the window: a reduction that began within it is held against the thirty days before, with the
        // price at their beginning.
        let start = now.addingTimeInterval(-2 * PriceHistory.window)
        let rows = try await tx.execute(
            """
            select p.id, h.price_minor, p.currency, h.valid_from
            from shop.product p cross join lateral (
                (select price_minor, valid_from from shop.price_history
                    where tenant_id = p.tenant_id and product_id = p.id and currency = p.currency
                        and valid_from > \(start))
                union all
                (select price_minor, valid_from from shop.price_history
                    where tenant_id = p.tenant_id and product_id = p.id and currency = p.currency
                        and valid_from <= \(start) order by valid_from desc limit 1)
            ) h
            where p.tenant_id = \(tx.tenantUUID) and p.id = any(\(ids.map(\.rawValue)))
            """
        ).rows
        var entries: [ProductID: [PriceHistory.Entry]] = [:]
        for row in rows {
            let price = try row.money("price_minor", in: "currency")
            entries[try row.id("id"), default: []].append(
                PriceHistory.Entry(price: price, from: try row.decode("valid_from")))
        }
        return entries.mapValues(PriceHistory.init)
    }
}
