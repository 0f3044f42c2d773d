// What the merchants' API says of orders and refunds. A merchant's own figures belong here: what of an order
// went to whom, and what was kept.

import Commerce
import CommerceStore
import Foundation

/// Where the shopper's money goes.
struct SplitDocument: Described {
    let gross: MoneyDocument
    let supplier: MoneyDocument
    let markup: MoneyDocument
    let commission: MoneyDocument
    let processing: MoneyDocument
    let withheld: MoneyDocument
    let margin: MoneyDocument

    init(_ split: MarginBreakdown) {
        gross = MoneyDocument(split.gross)
        supplier = MoneyDocument(split.supplier)
        markup = MoneyDocument(split.markup)
        commission = MoneyDocument(split.commission)
        processing = MoneyDocument(split.processing)
        withheld = MoneyDocument(split.withheld)
        margin = MoneyDocument(split.margin)
    }

    static let schema = Schema.named(
        "Split",
        .object([
            .required("gross", MoneyDocument.schema, "What the shopper pays."),
            .required("supplier", MoneyDocument.schema), .required("markup", MoneyDocument.schema),
            .required("commission", MoneyDocument.schema), .required("processing", MoneyDocument.schema),
            .required("withheld", MoneyDocument.schema, "The four before it together."),
            .required("margin", MoneyDocument.schema, "What the merchant keeps."),
        ]))
}

struct OrderSummary: Described {
    let id: String
    let number: Int64
    let placedAt: Date
    let paidAt: Date?
    let paymentStatus: String
    let fulfilmentStatus: String
    let invoiceStatus: String
    let attention: String
    let isDisputed: Bool
    let language: String
    let email: String
    let split: SplitDocument

    init(_ order: Order) {
        id = order.id.description
        number = order.number.rawValue
        placedAt = order.placedAt
        paidAt = order.paidAt
        paymentStatus = order.status.payment.rawValue
        fulfilmentStatus = order.status.fulfilment.rawValue
        invoiceStatus = order.status.invoice.rawValue
        attention = order.status.attention.rawValue
        isDisputed = order.status.isDisputed
        language = order.language.rawValue
        email = order.email.rawValue
        split = SplitDocument(order.total)
    }

    static let fields: [SchemaField] = [
        .required("id", .uuid), .required("number", .whole(1...9_000_000_000_000_000)),
        .required("placed_at", .moment), .optional("paid_at", .moment),
        .required("payment_status", .choice(of: PaymentStatus.self)),
        .required("fulfilment_status", .choice(of: FulfilmentStatus.self)),
        .required("invoice_status", .choice(of: InvoiceStatus.self)),
        .required("attention", .choice(of: AttentionKind.self), "What needs a person, if anything does."),
        .required("is_disputed", .truth), .required("language", .choice(of: Language.self)),
        .required("email", .words), .required("split", SplitDocument.schema),
    ]
    static let schema = Schema.named("OrderSummary", .object(fields))
}

struct OrderList: Described {
    let orders: [OrderSummary]
    let nextCursor: String?

    static let schema = Schema.named(
        "OrderList",
        .object([
            .required("orders", .list(of: OrderSummary.schema)),
            .optional("next_cursor", .text(1...PageCursor.longest), "Missing at the end of the list."),
        ]))
}

struct SoldOrderDocument: Described {
    struct Line: Encodable {
        let id: String
        let product: String
        let sku: String
        let title: String
        let quantity: Int
        let states: [String: Int]
        let split: SplitDocument
    }

    struct Place: Encodable {
        let firstName: String
        let lastName: String
        let company: String?
        let vatNumber: String?
        let line: String
        let city: String
        let county: String?
        let postcode: String
        let country: String
    }

    let order: OrderSummary
    let phone: String
    let address: Place
    let goods: MoneyDocument
    let discount: MoneyDocument
    let shipping: MoneyDocument
    let lines: [Line]

    init(_ order: Order, lines: [OrderLine], units: [SoldUnit]) {
        self.order = OrderSummary(order)
        phone = order.phone
        goods = MoneyDocument(order.goods)
        discount = MoneyDocument(order.discount)
        shipping = MoneyDocument(order.shipping)
        let place = order.address
        address = Place(
            firstName: place.firstName, lastName: place.lastName, company: place.company,
            vatNumber: place.vatNumber, line: place.line, city: place.city, county: place.county,
            postcode: place.postcode, country: place.country.rawValue)
        self.lines = lines.map { line in
            let pieces = units.filter { $0.line == line.id }
            return Line(
                id: line.id.description, product: line.line.wish.product.description,
                sku: line.sku.rawValue, title: line.title, quantity: line.quantity,
                states: Dictionary(grouping: pieces, by: \.state.rawValue).mapValues(\.count),
                split: SplitDocument(line.line.share))
        }
    }

    static let schema = Schema.named(
        "Order",
        .object([
            .required("order", OrderSummary.schema), .required("phone", .words),
            .required("address", place),
            .required("goods", MoneyDocument.schema, "Before discounts."),
            .required("discount", MoneyDocument.schema), .required("shipping", MoneyDocument.schema),
            .required("lines", .list(of: line)),
        ]))

    private static let place = Schema.object([
        .required("first_name", .words), .required("last_name", .words), .optional("company", .words),
        .optional("vat_number", .words), .required("line", .words), .required("city", .words),
        .optional("county", .words), .required("postcode", .words), .required("country", .text(2...2)),
    ])

    private static let line = Schema.object([
        .required("id", .uuid), .required("product", .uuid), .required("sku", .words),
        .required("title", .words), .required("quantity", .whole(1...99)),
        .required("states", .map(of: .whole(0...99)), "How many pieces stand where."),
        .required("split", SplitDocument.schema),
    ])
}

struct RefundDocument: Described {
    let id: String
    let order: String
    let cause: String
    let status: String
    let amount: MoneyDocument
    let feeReturned: MoneyDocument
    let settledAt: Date?

    init(_ refund: Refund) {
        id = refund.id.description
        order = refund.order.description
        cause = refund.breakdown.cause.rawValue
        status = refund.status.rawValue
        amount = MoneyDocument(refund.breakdown.amount)
        feeReturned = MoneyDocument(refund.breakdown.feeRefund)
        settledAt = refund.settledAt
    }

    static let schema = Schema.named(
        "Refund",
        .object([
            .required("id", .uuid), .required("order", .uuid),
            .required("cause", .choice(of: RefundCause.self)),
            .required("status", .choice(["reserved", "sent", "settled", "failed"])),
            .required("amount", MoneyDocument.schema, "To the shopper."),
            .required("fee_returned", MoneyDocument.schema, "Of what was withheld, to the merchant."),
            .optional("settled_at", .moment),
        ]))
}

struct RefundList: Described {
    let refunds: [RefundDocument]
    let nextCursor: String?

    static let schema = Schema.named(
        "RefundList",
        .object([
            .required("refunds", .list(of: RefundDocument.schema)),
            .optional("next_cursor", .text(1...PageCursor.longest), "Missing at the end of the list."),
        ]))
}

/// A refund that has been asked for: a run makes it, and then it is in the list.
struct RefundRequestDocument: Described {
    let order: String
    let cause: String
    let pieces: Int?
    let refunds: String

    static let schema = Schema.named(
        "RefundAccepted",
        .object([
            .required("order", .uuid), .required("cause", .choice(of: RefundCause.self)),
            .optional("pieces", .whole(1...10_000), "Missing for all that is left."),
            .required("refunds", .words, "Where it will be listed."),
        ]))
}
