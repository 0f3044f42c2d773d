import Commerce
import CommerceStore
import WebSupport

extension Storefront {
    /// Products on one page of the shelf.
    private static let shelfLength = 24

    func home(_ request: WebRequest) async throws -> WebResponse {
        let last = try lastShown(request)
        // Pages further down are as many as there are products, and nobody asks for one of them often.
        let place = CachedPage(
            path: "/", query: last == nil ? "" : nil, seconds: CachedPage.stockSeconds, audience: .everybody)
        return try await cached(request, place) { visit, tx in
            let found = try await Products().published(limit: Self.shelfLength + 1, after: last, in: tx)
            let shown = try await Products().announcing(
                Array(found.prefix(Self.shelfLength)), at: visit.receivedAt, in: tx)
            let count = try await basket(visit, tx)?.unitCount ?? 0
            let page = ShelfPages.home(
                visit, products: shown, categories: try await Shelf().categories(in: tx),
                basketCount: count, next: found.count > shown.count ? shown.last?.id : nil)
            return (last == nil ? page : page.hidden).response()
        }
    }

    private func lastShown(_ request: WebRequest) throws(WebProblem) -> ProductID? {
        guard let after = request.query["after"] else { return nil }
        guard let id = try? ProductID(parsing: after) else { throw WebProblem(.notFound) }
        return id
    }

    /// By the product's name in its address, by a name that it had before, or by its SKU, which is what a
    /// merchant prints on things.
    func product(_ request: WebRequest) async throws -> WebResponse {
        let name = try request.parameter("name")
        let page = CachedPage(path: "/p/\(name)", seconds: CachedPage.stockSeconds, audience: .visitor)
        return try await cached(request, page) { visit, tx in
            var product = try await Products().find(slug: name, in: tx)
            if product == nil, let slug = try await Shelf().successor(ofSlug: name, in: tx) {
                return .moved(to: visit.address("/p/\(slug)"))
            }
            if product == nil, let sku = SKU(rawValue: name) {
                product = try await Products().find(sku: sku, in: tx)
            }
            guard let product else { throw WebProblem(.notFound) }
            // A paused product stays readable: people have links to it.
            if product.status == .draft {
                guard try await Shelf().wasPublished(product.id, in: tx) else { throw WebProblem(.notFound) }
                return ShelfPages.gone(visit).response(status: 410)
            }
            let count = try await basket(visit, tx)?.unitCount ?? 0
            let background = try await Shelf().background(of: product.id, in: tx)
            let promise = ShopPromise(
                policy: try await Identities().policy(in: tx), exclusion: background.exclusion)
            let shown = try await Products().announcing([product], at: visit.receivedAt, in: tx)[0]
            return ShelfPages.product(visit, shown, background, promise, basketCount: count).response()
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
