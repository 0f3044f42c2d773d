// What the merchants' API says of products and webhook endpoints.

import Commerce
import CommerceStore
import Foundation

struct StockedProductDocument: Described {
    let id: String
    let slug: String
    let sku: String
    let title: [String: String]
    let status: String
    let pausedReason: String?
    let available: Int
    let cost: MoneyDocument
    let price: MoneyDocument
    let vatBasisPoints: Int
    let split: SplitDocument
    let lowestPrice: MoneyDocument?

    init(_ product: Product, _ terms: PriceTerms) throws {
        let answer = try product.answer(product.price, terms)
        id = product.id.description
        slug = product.slug
        sku = product.sku.rawValue
        title = Dictionary(uniqueKeysWithValues: product.title.map { ($0.key.rawValue, $0.value) })
        status = product.status.rawValue
        pausedReason = product.pausedReason
        available = product.available
        cost = MoneyDocument(product.cost)
        price = MoneyDocument(product.price)
        vatBasisPoints = product.vatRate.value
        split = SplitDocument(answer.sale)
        lowestPrice = answer.lowest.map(MoneyDocument.init)
    }

    static let schema = Schema.named(
        "StockedProduct",
        .object([
            .required("id", .uuid), .required("slug", .words), .required("sku", .words),
            .required("title", .map(of: .words), "By language."),
            .required("status", .choice(["draft", "published", "paused"])),
            .optional("paused_reason", .words), .required("available", .whole(0...1_000_000_000)),
            .required("cost", MoneyDocument.schema, "As the supplier charges it, in its currency."),
            .required("price", MoneyDocument.schema, "As the shopper pays it, VAT included."),
            .required("vat_basis_points", .whole(0...10_000)),
            .required("split", SplitDocument.schema, "Of one piece sold alone, at today's cost."),
            .optional("lowest_price", MoneyDocument.schema, "The lowest that passes the guard."),
        ]))
}

struct StockedProductList: Described {
    let products: [StockedProductDocument]
    let nextCursor: String?

    static let schema = Schema.named(
        "StockedProductList",
        .object([
            .required("products", .list(of: StockedProductDocument.schema)),
            .optional("next_cursor", .text(1...PageCursor.longest), "Missing at the end of the list."),
        ]))
}

struct WebhookDocument: Described {
    let id: String
    let url: String
    let title: String
    let kinds: [String]
    let isEnabled: Bool
    let disabledBecause: String?
    let failingSince: Date?
    let createdAt: Date
    let secret: String?

    init(_ endpoint: WebhookEndpoint, secret: String? = nil) {
        id = endpoint.id.description
        url = endpoint.url
        title = endpoint.title
        kinds = endpoint.kinds.map(\.rawValue).sorted()
        isEnabled = endpoint.isEnabled
        disabledBecause = endpoint.disabledBecause?.rawValue
        failingSince = endpoint.failingSince
        createdAt = endpoint.createdAt
        self.secret = secret
    }

    static let schema = Schema.named(
        "Webhook",
        .object([
            .required("id", .uuid), .required("url", .words), .required("title", .words),
            .required("kinds", .list(of: .choice(of: WebhookKind.self))),
            .required("is_enabled", .truth),
            .optional("disabled_because", .choice(["merchant", "failing", "gone"])),
            .optional("failing_since", .moment), .required("created_at", .moment),
            .optional("secret", .words, "What messages are signed with; told when it is made."),
        ]))
}

struct WebhookList: Described {
    let webhooks: [WebhookDocument]

    static let schema = Schema.named(
        "WebhookList", .object([.required("webhooks", .list(of: WebhookDocument.schema))]))
}
