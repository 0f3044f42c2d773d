// Reads an order for whoever holds its token. Reading changes nothing, ever: the browser's return from the
// payment page ends here, and what it claims about the payment is not even looked at.

import Commerce
import CommerceStore

package struct OrderViews: Sendable {
    private let database: Database

    package init(_ database: Database) {
        self.database = database
    }

    /// Nil when no checkout of this store has the token.
    package func find(token text: String, for store: StoreSite, language: Language) async throws -> OrderView?
    {
        guard let token = StatusToken(rawValue: text) else { return nil }
        return try await database.transaction(for: store.tenant) { tx in
            if let order = try await Orders().find(token: token, in: tx) { return try await view(order, tx) }
            guard let checkout = try await Checkouts().find(token: token, in: tx) else { return nil }
            return try await view(checkout, language, tx)
        }
    }

    private func view(
        _ checkout: Checkout, _ language: Language, _ tx: Transaction<OneTenant>
    ) async throws -> OrderView {
        let quote = try await Quotes().load(checkout.quote, in: tx)
        let products = try await Products().load(quote.lines.map(\.wish.product), in: tx)
        let titles = Dictionary(products.map { ($0.id, $0.title(in: language)) }) { first, _ in first }
        let isOpen = checkout.outcome == nil || checkout.outcome == .placed
        return OrderView(
            number: nil, state: isOpen ? .preparing : .refused, firstName: checkout.address.firstName,
            city: checkout.address.city,
            lines: quote.lines.map { line in
                OrderView.Line(
                    product: line.wish.product, title: titles[line.wish.product] ?? "",
                    quantity: line.wish.quantity.rawValue, total: line.goods)
            },
            sums: OrderView.Sums(quote), refunded: .zero(quote.currency))
    }

    private func view(_ order: Order, _ tx: Transaction<OneTenant>) async throws -> OrderView {
        let units = try await SupplierOrders().units(ofOrder: order.id, in: tx)
        let payments = try await Payments().all(of: order.id, in: tx)
        let refunds = try await Refunds().all(of: order.id, in: tx)
        let invoice = try await Invoices().find(.invoice, for: order.id, in: tx)
        let lines = try await Orders().lines(of: order.id, in: tx).map { line in
            let states = units.filter { $0.line == line.id }.map(\.state)
            return OrderView.Line(
                product: line.line.wish.product, title: line.title, quantity: line.quantity,
                total: line.line.goods,
                canceled: states.count { $0 == .canceled }, shipped: states.count { $0 == .shipped },
                delivered: states.count { $0 == .delivered })
        }
        return OrderView(
            number: order.number,
            state: .placed(order.status.payment, order.status.fulfilment, isExpired: order.expiredAt != nil),
            firstName: order.address.firstName, city: order.address.city, lines: lines,
            sums: OrderView.Sums(
                goods: order.goods, discount: order.discount, shipping: order.shipping,
                total: order.total.gross),
            refunded: refunds.filter { $0.status != .failed }.map(\.breakdown.amount).total(order.currency),
            payment: payments.last(where: \.isOpen).flatMap(OrderView.Payment.init),
            parcels: try await SupplierOrders().parcels(of: order.id, in: tx).map(OrderView.Parcel.init),
            invoiceNumber: invoice.flatMap { invoice in
                invoice.series.flatMap { series in invoice.number.map { "\(series)-\($0)" } }
            },
            returns: try await OrderReturns(of: order.id, in: tx),
            problems: try await OrderProblems(of: order.id, in: tx))
    }
}

extension OrderView.Payment {
    /// Nil until Stripe has answered: then there is nothing to pay yet.
    fileprivate init?(_ payment: Payment) {
        guard let intent = payment.intent, let clientSecret = payment.clientSecret else { return nil }
        self.init(intent: intent, clientSecret: clientSecret, amount: payment.amount)
    }
}

extension OrderView.Parcel {
    fileprivate init(_ parcel: TrackedParcel) {
        self.init(
            carrier: parcel.carrier, number: parcel.trackingNumber, address: parcel.url,
            isDelivered: parcel.deliveredAt != nil)
    }
}
