package import Commerce
internal import Foundation
internal import Postgres

// Brings a store's products up to what their supplier charges now. What has to be done is found by comparing
// the two, not by remembering what changed: a run that stopped half-way, or a rise that came while no run
// listened, is met by the next one, and what has been done is not met again.

package struct SupplierCosts: Sendable {
    /// Products of one page; each may need its own decision.
    package static let pageLimit = 200

    package init() {}

    /// What one page did.
    package struct Page: Sendable, Codable, Equatable {
        package var seen = 0
        package var repriced = 0
        package var paused = 0
        /// Products that the merchant is told of, the first few by name.
        package var told = 0
        package var examples: [String] = []

        package init() {}

        package var isLast: Bool { seen < SupplierCosts.pageLimit }
    }

    /// Meets the next products of a supplier whose cost is another than the supplier's, or that it has
    /// stopped selling.
    package func apply(of supplier: SupplierID, in tx: Transaction<OneTenant>) async throws -> Page {
        let found = try await due(supplier, tx)
        var page = Page()
        page.seen = found.count
        guard !found.isEmpty else { return page }
        let store = try await Stores().load(in: tx)
        let pricing = try await Stores().pricing(of: store, at: nil, in: tx)
        let policy = try await policy(of: supplier, tx)
        let products = Dictionary(
            uniqueKeysWithValues: try await Products().lock(
                found.map(\.product), for: .changing, in: tx
            ).map { ($0.id, $0) })
        for news in found {
            guard let product = products[news.product] else { continue }
            try await meet(news, product, policy, pricing, &page, tx)
        }
        return page
    }

    private struct News {
        let product: ProductID
        let cost: Money
        let isActive: Bool
    }

    private func due(_ supplier: SupplierID, _ tx: Transaction<OneTenant>) async throws -> [News] {
        try await tx.execute(
            """
            select p.id, coalesce(i.cost_minor, c.cost_minor) as cost_minor,
                coalesce(i.currency, c.currency) as currency,
                coalesce(i.is_active, c.is_active) as is_active
            from shop.product p
            join shop.supplier s on s.tenant_id = p.tenant_id and s.id = p.supplier_id
            left join shop.supplier_item i on i.tenant_id = p.tenant_id and i.supplier_id = p.supplier_id
                and i.reference = p.supplier_reference and s.platform_code is null
            left join shop.catalogue_item c on c.supplier = s.platform_code
                and c.reference = p.supplier_reference
            where p.tenant_id = \(tx.tenantUUID) and p.supplier_id = \(supplier.rawValue)
                and coalesce(i.reference, c.reference) is not null
                and (p.cost_minor <> coalesce(i.cost_minor, c.cost_minor)
                    or p.cost_currency <> coalesce(i.currency, c.currency)
                    or (p.status = 'published' and not coalesce(i.is_active, c.is_active)))
            order by p.id limit \(Self.pageLimit)
            """
        ).rows.map { row in
            News(
                product: try row.id("id"), cost: try row.money("cost_minor", in: "currency"),
                isActive: try row.decode("is_active"))
        }
    }

    private func policy(
        of supplier: SupplierID, _ tx: Transaction<OneTenant>
    ) async throws -> PriceRisePolicy {
        try await tx.execute(
            """
            select price_policy from shop.supplier
            where tenant_id = \(tx.tenantUUID) and id = \(supplier.rawValue)
            """
        ).only(orThrow: .notFound(.supplier, "\(supplier)")).raw("price_policy")
    }

    private func meet(
        _ news: News, _ product: Product, _ policy: PriceRisePolicy, _ pricing: Pricing, _ page: inout Page,
        _ tx: Transaction<OneTenant>
    ) async throws {
        try await Products().recordCost(news.cost, of: product.id, in: tx)
        guard product.isForSale else { return }
        guard news.isActive else {
            try await Products().pause(
                product.id, reason: "the supplier does not offer it any more", in: tx)
            page.paused += 1
            return page.note(product)
        }
        let rise = try PriceRise(
            from: product.cost, to: news.cost, price: product.price,
            isPlatformCatalogue: product.isPlatformCatalogue, policy: policy, pricing: pricing)
        switch rise {
        case .nothing: return
        case .reprice(let price):
            try await Products().setPrice(price, of: product.id, in: tx)
            page.repriced += 1
        case .pause(let reason):
            try await Products().pause(product.id, reason: reason, in: tx)
            try await Attention().open(
                .unsellableProduct, subject: "\(product.id)", message: "\(product.sku): \(reason)", in: tx)
            page.paused += 1
        case .tell(let text):
            page.told += 1
            return page.note(product, text)
        }
        page.note(product)
    }

    /// Tells the merchant once what a sync did to the shelf.
    package func tell(_ total: Page, subject: String, in tx: Transaction<OneTenant>) async throws {
        guard total.repriced + total.paused + total.told > 0 else { return }
        let message =
            "supplier costs changed: \(total.repriced) prices followed, \(total.paused) products paused, "
            + "\(total.told) to look at; " + total.examples.joined(separator: "; ")
        try await Attention().open(
            .supplierCost, subject: subject, message: String(message.prefix(2_000)), in: tx)
    }
}

extension SupplierCosts.Page {
    private static let exampleLimit = 5

    fileprivate mutating func note(_ product: Product, _ text: String? = nil) {
        guard examples.count < Self.exampleLimit else { return }
        examples.append(product.sku.rawValue + (text.map { ": \($0)" } ?? ""))
    }

    /// Both pages in one account.
    package func adding(_ other: Self) -> Self {
        var sum = self
        sum.seen += other.seen
        sum.repriced += other.repriced
        sum.paused += other.paused
        sum.told += other.told
        sum.examples = Array((examples + other.examples).prefix(Self.exampleLimit))
        return sum
    }
}
