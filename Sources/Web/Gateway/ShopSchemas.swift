// What the answers of the shop's API look like, for the document. Optional fields are left out when there is
// nothing to say, never null.

import Commerce
import WebSupport

extension MoneyDocument: Described {
    static let schema = Schema.named(
        "Money",
        .object([
            .required("minor_units", .whole(-9_000_000_000_000_000...9_000_000_000_000_000)),
            .required("currency", .text(3...3), "Three letters of ISO 4217."),
        ]))
}

extension ProductDocument: Described {
    static let schema = Schema.named(
        "Product",
        .object([
            .required("id", .uuid), .required("slug", .words), .required("sku", .words),
            .required("title", .words), .required("description", .words), .optional("image", .words),
            .required("price", MoneyDocument.schema, "As the shopper pays it, VAT included."),
            .required("available", .whole(0...1_000_000_000)),
        ]))
}

extension ProductList: Described {
    static let schema = Schema.named(
        "ProductList",
        .object([
            .required("products", .list(of: ProductDocument.schema)),
            .required("has_more", .truth, "Ask again with `after`, the id of the last one here."),
        ]))
}

extension CartDocument: Described {
    static let schema = Schema.named(
        "Cart",
        .object([
            .required("token", .words, "Whoever knows it may change the cart."),
            .required(
                "lines",
                .list(
                    of: .object([
                        .required("product", .uuid), .required("title", .words),
                        .required("quantity", .whole(1...99)), .required("price", MoneyDocument.schema),
                        .required("price_when_added", MoneyDocument.schema),
                        .required("total", MoneyDocument.schema), .required("is_available", .truth),
                    ]))),
            .required("goods", MoneyDocument.schema),
        ]))
}

extension QuoteDocument: Described {
    static let schema = Schema.named(
        "Quote",
        .object([
            .required("id", .uuid),
            .required(
                "lines",
                .list(
                    of: .object([
                        .required("product", .uuid), .required("quantity", .whole(1...99)),
                        .required("total", MoneyDocument.schema),
                    ]))),
            .required("goods", MoneyDocument.schema), .required("discount", MoneyDocument.schema),
            .required("shipping", MoneyDocument.schema), .required("total", MoneyDocument.schema),
            .required("expires_at", .moment),
        ]))
}

extension CheckoutDocument: Described {
    static let schema = Schema.named(
        "Checkout",
        .object([
            .required("token", .words, "Whoever knows it may follow the order."),
            .required("order", .words, "Where the order is followed by a program."),
            .required("page", .words, "Where a person follows it."),
        ]))
}

extension OrderDocument: Described {
    static let schema = Schema.named(
        "OrderProgress",
        .object([
            .required("token", .words), .optional("number", .whole(1...9_000_000_000_000_000)),
            .optional("payment_status", .choice(of: PaymentStatus.self)),
            .optional("fulfilment_status", .choice(of: FulfilmentStatus.self)),
            .required(
                "steps",
                .list(
                    of: .object([
                        .required("name", .choice(of: OrderStory.Step.self)),
                        .required("state", .choice(["done", "now", "next", "stopped"])),
                    ]))),
            .optional("waiting_for", .choice(of: OrderStory.Waiting.self)),
            .optional("notice", .choice(of: OrderStory.Notice.self)),
            .required("is_final", .truth, "Nothing more will change by itself."),
            .required("lines", .list(of: line)), .required("total", MoneyDocument.schema),
            .required("refunded", MoneyDocument.schema),
            .optional(
                "payment",
                .object([
                    .required("payment_intent", .words), .required("client_secret", .words),
                    .required("amount", MoneyDocument.schema),
                ]), "What the payment element needs, while there is something to pay."),
            .required("parcels", .list(of: parcel)), .optional("invoice", .words),
        ]))

    private static let line = Schema.object([
        .required("product", .uuid), .required("title", .words), .required("quantity", .whole(1...99)),
        .required("canceled", .whole(0...99)), .required("shipped", .whole(0...99)),
        .required("delivered", .whole(0...99)), .required("total", MoneyDocument.schema),
    ])

    private static let parcel = Schema.object([
        .required("carrier", .words), .required("number", .words), .optional("address", .words),
        .required("is_delivered", .truth),
    ])
}
