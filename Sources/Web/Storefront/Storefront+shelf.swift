import Commerce
import CommerceStore
import WebSupport

extension Storefront {
    /// Products on one page of the shelf.
    private static let shelfLength = 24

    func home(_ request: WebRequest) async throws -> WebResponse {
        var last: ProductID?
        if let after = request.query["after"] {
            guard let id = try? ProductID(parsing: after) else { throw WebProblem(.notFound) }
            last = id
        }
        return try await database.transaction(for: request.store.tenant) { tx in
            let found = try await Products().published(limit: Self.shelfLength + 1, after: last, in: tx)
            let shown = Array(found.prefix(Self.shelfLength))
            let count = try await basket(request, tx)?.unitCount ?? 0
            return ShelfPages.home(
                request, products: shown, basketCount: count,
                next: found.count > shown.count ? shown.last?.id : nil
            ).response()
        }
    }

    /// By the product's name in its address, or by its SKU, which is what a merchant prints on things.
    func product(_ request: WebRequest) async throws -> WebResponse {
        let name = try request.parameter("name")
        return try await database.transaction(for: request.store.tenant) { tx in
            var product = try await Products().find(slug: name, in: tx)
            if product == nil, let sku = SKU(rawValue: name) {
                product = try await Products().find(sku: sku, in: tx)
            }
            // A paused product stays readable: people have links to it.
            guard let product, product.status != .draft else { throw WebProblem(.notFound) }
            let count = try await basket(request, tx)?.unitCount ?? 0
            return ShelfPages.product(request, product, basketCount: count).response()
        }
    }
}
