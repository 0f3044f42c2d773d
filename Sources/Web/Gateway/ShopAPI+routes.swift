// The rows of the shop's API. What a shopper's program may know is what a shopper may see: no answer here
// holds a cost or a margin.

import Commerce
import CommerceStore
import WebSupport

extension ShopAPI {
    var routes: [APIRoute] { shelfRoutes + cartRoutes + orderRoutes }

    private var shelfRoutes: [APIRoute] {
        [
            route(
                "GET", "/products", "listProducts", "The products on sale, newest first",
                RequestShape(query: [
                    .language,
                    .init(
                        name: "limit", schema: .whole(1...Int64(Self.pageLength)),
                        meaning: "How many to answer with; \(Self.pageLength) without it."),
                    .init(
                        name: "after", schema: .uuid,
                        meaning: "The id of the last product of the page before."),
                ]),
                answer: ProductList.schema, products),
            route(
                "GET", "/products/:name", "showProduct", "One product, by its slug",
                RequestShape(query: [.language]), answer: ProductDocument.schema, product),
        ]
    }

    /// Changing lines sets them, so doing it twice is doing it once; a second cart is an empty promise that
    /// nobody keeps.
    private var cartRoutes: [APIRoute] {
        [
            route(
                "POST", "/carts", "createCart", "Makes a cart with some lines",
                RequestShape(
                    body: .named(
                        "NewCart",
                        .object([
                            .optional("language", .choice(of: Language.self)),
                            .optional("currency", .text(1...3), "The store's, to be sure of it."),
                            .required("lines", Self.lines(from: 1)),
                        ]))),
                status: 201, answer: CartDocument.schema,
                problems: [.notFound, .currencyMismatch, .itemUnavailable, .cartTooLarge], isLimited: true,
                createCart),
            route(
                "GET", "/carts/:token", "showCart", "A cart at today's prices", answer: CartDocument.schema,
                cart),
            route(
                "PATCH", "/carts/:token/lines", "changeCartLines",
                "Sets quantities; 0 takes a line out. All of them or none",
                RequestShape(
                    body: .named("CartChange", .object([.required("lines", Self.lines(from: 0))]))),
                answer: CartDocument.schema, problems: [.itemUnavailable, .cartTooLarge], changeLines),
        ]
    }

    private var orderRoutes: [APIRoute] {
        [
            route(
                "POST", "/quotes", "createQuote", "Freezes the prices of a cart for a quarter of an hour",
                RequestShape(
                    body: .named(
                        "QuoteRequest",
                        .object([
                            .required("cart", .text(1...64), "The token of a cart."),
                            .optional("currency", .text(1...3)),
                        ]))),
                keyUse: .optional, status: 201, answer: QuoteDocument.schema,
                problems: [
                    .notFound, .currencyMismatch, .cartEmpty, .itemUnavailable, .quoteChanged, .conflict,
                    .checkoutClosed,
                ], isLimited: true, createQuote),
            route(
                "POST", "/checkouts", "createCheckout",
                "Accepts a quote and places the order, which is paid next",
                RequestShape(body: Self.checkout), keyUse: .required, status: 201,
                answer: CheckoutDocument.schema,
                problems: [
                    .notFound, .currencyMismatch, .quoteExpired, .quoteChanged, .itemUnavailable, .conflict,
                    .checkoutClosed,
                ], isLimited: true, createCheckout),
            route(
                "GET", "/orders/:token", "followOrder", "How an order stands",
                RequestShape(query: [.language]), answer: OrderDocument.schema, order),
        ]
    }

    private func route(
        _ method: String, _ path: String, _ name: String, _ summary: String,
        _ shape: RequestShape = RequestShape(), keyUse: APIRoute.KeyUse = .none, status: Int = 200,
        answer: Schema, problems: [ProblemName] = [], isLimited: Bool = false,
        _ handler: @escaping Endpoint.Handler
    ) -> APIRoute {
        APIRoute(
            method: method, path: path, door: .shop, name: name, summary: summary, shape: shape,
            keyUse: keyUse, status: status, answer: answer, problems: problems, isRateLimited: isLimited
        ) { request in
            // A key that is missing is said first: whoever sends none has not read this far.
            if keyUse == .required { try IdempotencyKeys.require(in: request) }
            try shape.check(request)
            return try await handler(request)
        }
    }

    // MARK: - Bodies

    private static func lines(from least: Int64) -> Schema {
        let line = Schema.object([
            .required("product", .uuid, "The id of a product."),
            .required("quantity", .whole(least...Int64(Carts.quantityLimit))),
        ])
        return .list(of: line, count: 0...Carts.lineLimit)
    }

    private static let checkout = Schema.named(
        "CheckoutRequest",
        .object([
            .required("quote", .uuid),
            .required(
                "total",
                .object([
                    .required("minor_units", .whole(1...Int64(Int32.max))),
                    .required("currency", .text(1...3)),
                ]), "What the shopper saw. Where it is not what the quote says, nothing is placed."),
            .required("email", .text(0...254)),
            .required("phone", .text(0...30)),
            .optional("language", .choice(of: Language.self)),
            .optional("cart", .text(1...64), "A cart to empty."),
            .required("address", address),
        ]))

    /// What is empty is left to the rules of addresses, which say what is wrong with all of it at once.
    private static let address = Schema.object([
        .required("first_name", .text(0...200)), .required("last_name", .text(0...200)),
        .optional("company", .text(0...200)), .optional("vat_number", .text(0...200)),
        .required("line", .text(0...200), "Street and number."), .required("city", .text(0...200)),
        .optional("county", .text(0...200), "Needed in Romania."), .required("postcode", .text(0...200)),
        .required("country", .text(0...2), "Two letters of ISO 3166."),
    ])
}
