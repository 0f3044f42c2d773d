// What the API answers with. Field names are written in snake case by the encoder; amounts are minor units
// with their currency. Nothing here tells a cost or a margin.

import Commerce
import CommerceStore
import Foundation
import WebSupport

struct MoneyDocument: Encodable {
    let minorUnits: Int64
    let currency: String

    init(_ money: Money) {
        minorUnits = money.minorUnits
        currency = money.currency.rawValue
    }
}

struct ProductDocument: Encodable {
    let id: String
    let slug: String
    let sku: String
    let title: String
    let description: String
    let image: String?
    let price: MoneyDocument
    let available: Int

    init(_ product: Product, _ language: Language) {
        id = product.id.description
        slug = product.slug
        sku = product.sku.rawValue
        title = product.title(in: language)
        description = product.description(in: language)
        image = product.imageURL
        price = MoneyDocument(product.price)
        available = product.isForSale ? max(0, product.available) : 0
    }
}

struct ProductList: Encodable {
    let products: [ProductDocument]
    let hasMore: Bool
}

/// A line as a client asks for it.
struct WantedLine {
    let product: ProductID
    let quantity: Int

    init(_ fields: inout JSONFields, minimum: Int) {
        let text = fields.text("product", limit: 64)
        quantity = fields.integer("quantity", in: minimum...Carts.quantityLimit)
        if let id = try? ProductID(parsing: text) {
            product = id
        } else {
            if !text.isEmpty { fields.refuse("product", "must be the id of a product") }
            // Never used: the refusal above ends the request.
            product = ProductID()
        }
    }
}

struct CartDocument: Encodable {
    struct Line: Encodable {
        let product: String
        let title: String
        let quantity: Int
        let price: MoneyDocument
        let priceWhenAdded: MoneyDocument
        let total: MoneyDocument
        let isAvailable: Bool
    }

    let token: String
    let lines: [Line]
    let goods: MoneyDocument

    init(_ cart: Cart) {
        token = cart.token
        goods = MoneyDocument(cart.goods)
        lines = cart.lines.map { line in
            Line(
                product: line.product.id.description, title: line.product.title(in: cart.language),
                quantity: line.quantity, price: MoneyDocument(line.product.price),
                priceWhenAdded: MoneyDocument(line.seenPrice), total: MoneyDocument(line.total),
                isAvailable: line.product.isForSale && line.product.available >= line.quantity)
        }
    }
}

struct QuoteDocument: Encodable {
    struct Line: Encodable {
        let product: String
        let quantity: Int
        let total: MoneyDocument
    }

    let id: String
    let lines: [Line]
    let goods: MoneyDocument
    let discount: MoneyDocument
    let shipping: MoneyDocument
    let total: MoneyDocument
    let expiresAt: Date

    init(_ quote: Quote) {
        id = quote.id.description
        lines = quote.lines.map { line in
            Line(
                product: line.wish.product.description, quantity: line.wish.quantity.rawValue,
                total: MoneyDocument(line.goods))
        }
        goods = MoneyDocument(quote.goods)
        discount = MoneyDocument(quote.discountTotal)
        shipping = MoneyDocument(quote.shipping)
        total = MoneyDocument(quote.total.gross)
        expiresAt = quote.expiresAt
    }
}

struct CheckoutDocument: Encodable {
    let token: String
    let order: String
    let page: String
}

struct OrderDocument: Encodable {
    struct Step: Encodable {
        let name: String
        let state: String
    }

    struct Line: Encodable {
        let product: String
        let title: String
        let quantity: Int
        let canceled: Int
        let shipped: Int
        let delivered: Int
        let total: MoneyDocument
    }

    struct Payment: Encodable {
        let paymentIntent: String
        let clientSecret: String
        let amount: MoneyDocument
    }

    struct Parcel: Encodable {
        let carrier: String
        let number: String
        let address: String?
        let isDelivered: Bool
    }

    let token: String
    let number: Int64?
    let paymentStatus: String?
    let fulfilmentStatus: String?
    let steps: [Step]
    let waitingFor: String?
    let notice: String?
    let isFinal: Bool
    let lines: [Line]
    let total: MoneyDocument
    let refunded: MoneyDocument
    let payment: Payment?
    let parcels: [Parcel]
    let invoice: String?

    init(_ view: OrderView, token: String) {
        let story = OrderStory(view)
        self.token = token
        number = view.number?.rawValue
        if case .placed(let payment, let fulfilment, _) = view.state {
            paymentStatus = payment.rawValue
            fulfilmentStatus = fulfilment.rawValue
        } else {
            paymentStatus = nil
            fulfilmentStatus = nil
        }
        steps = OrderStory.Step.allCases.map { Step(name: $0.rawValue, state: story.state(of: $0).rawValue) }
        waitingFor = story.waiting?.rawValue
        notice = story.notice?.rawValue
        isFinal = story.isFinal
        lines = view.lines.map { line in
            Line(
                product: line.product.description, title: line.title, quantity: line.quantity,
                canceled: line.canceled, shipped: line.shipped, delivered: line.delivered,
                total: MoneyDocument(line.total))
        }
        total = MoneyDocument(view.sums.total)
        refunded = MoneyDocument(view.refunded)
        payment =
            story.payable == nil
            ? nil
            : view.payment.map { payment in
                Payment(
                    paymentIntent: payment.intent, clientSecret: payment.clientSecret,
                    amount: MoneyDocument(payment.amount))
            }
        parcels = view.parcels.map { parcel in
            Parcel(
                carrier: parcel.carrier, number: parcel.number, address: parcel.address,
                isDelivered: parcel.isDelivered)
        }
        invoice = view.invoiceNumber
    }
}
