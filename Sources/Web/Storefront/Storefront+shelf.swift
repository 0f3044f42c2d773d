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
            let shown = try await Products().announcing(
                Array(found.prefix(Self.shelfLength)), at: request.receivedAt, in: tx)
            let count = try await basket(request, tx)?.unitCount ?? 0
            let page = ShelfPages.home(
                request, products: shown, categories: try await Shelf().categories(in: tx),
                basketCount: count, next: found.count > shown.count ? shown.last?.id : nil)
            return (last == nil ? page : page.hidden).response().shared(for: request)
        }
    }

    /// By the product's name in its address, by a name that it had before, or by its SKU, which is what a
    /// merchant prints on things.
    func product(_ request: WebRequest) async throws -> WebResponse {
        let name = try request.parameter("name")
        return try await database.transaction(for: request.store.tenant) { tx in
            var product = try await Products().find(slug: name, in: tx)
            if product == nil, let slug = try await Shelf().successor(ofSlug: name, in: tx) {
                return .moved(to: request.address("/p/\(slug)"))
            }
            if product == nil, let sku = SKU(rawValue: name) {
                product = try await Products().find(sku: sku, in: tx)
            }
            guard let product else { throw WebProblem(.notFound) }
            // A paused product stays readable: people have links to it.
            if product.status == .draft {
                guard try await Shelf().wasPublished(product.id, in: tx) else { throw WebProblem(.notFound) }
                return ShelfPages.gone(request).response(status: 410)
            }
            let count = try await basket(request, tx)?.unitCount ?? 0
            let background = try await Shelf().background(of: product.id, in: tx)
            let promise = ShopPromise(
                policy: try await Identities().policy(in: tx), exclusion: background.exclusion)
            let shown = try await Products().announcing([product], at: request.receivedAt, in: tx)[0]
            return ShelfPages.product(request, shown, background, promise, basketCount: count).response()
        }
    }
}

extension WebResponse {
    /// For good, as far as anybody knows; browsers ask again within the hour all the same.
    static func moved(to address: String) -> WebResponse {
        WebResponse(
            status: 301, headers: ["Location": address, "Cache-Control": "public, max-age=3600"])
    }
}
