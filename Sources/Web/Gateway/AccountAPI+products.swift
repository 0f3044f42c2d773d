// A store's products for its own programs: with costs and margins, which shoppers' routes never show.

import Commerce
import CommerceStore
import Foundation
import WebSupport

extension AccountAPI {
    var productRoutes: [APIRoute] {
        let one = "/stores/:store/products/:product"
        return [
            route(
                "GET", "/stores/:store/products", .products, .read, "listStoreProducts",
                "The products in every state, newest first", Self.pages, answer: StockedProductList.schema,
                storeProducts),
            route(
                "GET", one, .products, .read, "showStoreProduct", "One product with its cost and margin",
                answer: StockedProductDocument.schema, storeProduct),
            // Setting a price twice is setting it once, so there is no key.
            route(
                "PATCH", one, .prices, .change, "changePrice",
                "Sets the price. One that would lose money is refused",
                RequestShape(body: Self.priceBody), answer: StockedProductDocument.schema,
                problems: [.currencyMismatch, .conflict], changePrice),
        ]
    }

    private static let priceBody = Schema.named(
        "PriceChange",
        .object([
            .required(
                "price",
                .object([
                    .required("minor_units", .whole(1...Int64(Int32.max))),
                    .required("currency", .text(3...3)),
                ]), "As the shopper pays it, VAT included.")
        ]))

    private func storeProducts(_ visit: StoreVisit) async throws -> WebResponse {
        let asked = try PageRequest(visit.request, of: .products)
        return try await database.transaction(for: visit.tenant) { tx in
            let terms = try await ProductPrices().terms(in: tx)
            let page = try await StorePages().products(limit: asked.limit, after: asked.mark, in: tx)
            return try .json(
                StockedProductList(
                    products: try page.elements.map { try StockedProductDocument($0, terms) },
                    nextCursor: page.next.map { PageCursor(.products, $0).text }))
        }
    }

    private func storeProduct(_ visit: StoreVisit) async throws -> WebResponse {
        let id = try Self.productID(visit.request)
        return try await database.transaction(for: visit.tenant) { tx in
            let terms = try await ProductPrices().terms(in: tx)
            return try .json(try StockedProductDocument(try await Products().load(id, in: tx), terms))
        }
    }

    private func changePrice(_ visit: StoreVisit) async throws -> WebResponse {
        let id = try Self.productID(visit.request)
        var fields = try JSONFields(body: visit.request.body)
        let (units, currency) = fields.object("price") { price in
            (price.integer("minor_units", in: 1...Int(Int32.max)), price.text("currency", limit: 3))
        }
        try fields.finish()
        return try await database.transaction(for: visit.tenant) { tx in
            let terms = try await ProductPrices().terms(in: tx)
            let own = terms.store.currency
            guard currency == own.rawValue else {
                throw WebProblem(.currencyMismatch, "this store sells in \(own), not in \(currency)")
            }
            let price = Money(minorUnits: Int64(units), currency: own)
            let answer = try await ProductPrices().set(price, of: id, in: tx)
            if let reason = answer.reason {
                throw WebProblem(.invalidFields, fields: [FieldError("price.minor_units", reason)])
            }
            try await visit.note("product.price", "\(id)", in: tx)
            return try .json(try StockedProductDocument(try await Products().load(id, in: tx), terms))
        }
    }

    private static func productID(_ request: WebRequest) throws -> ProductID {
        guard let id = try? ProductID(parsing: request.parameter("product")) else {
            throw WebProblem(.notFound, "there is no such product")
        }
        return id
    }
}
