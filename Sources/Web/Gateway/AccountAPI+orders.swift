// A store's orders and refunds for its own programs, with everything that its merchant may know.

import Commerce
import CommerceStore
import Foundation
import WebSupport

extension AccountAPI {
    var orderRoutes: [APIRoute] {
        [
            route(
                "GET", "/stores/:store/orders", .orders, .read, "listOrders", "The orders, newest first",
                Self.pages, answer: OrderList.schema, orders),
            route(
                "GET", "/stores/:store/orders/:order", .orders, .read, "showOrder",
                "One order with its lines and where it goes", answer: SoldOrderDocument.schema, order),
        ]
    }

    var refundRoutes: [APIRoute] {
        [
            route(
                "GET", "/stores/:store/refunds", .orders, .read, "listRefunds",
                "The refunds of all orders, newest first", Self.pages, answer: RefundList.schema
            ) { try await refunds($0, of: nil) },
            route(
                "GET", "/stores/:store/orders/:order/refunds", .orders, .read, "listOrderRefunds",
                "The refunds of one order, newest first", Self.pages, answer: RefundList.schema
            ) { try await refunds($0, of: try Self.orderID($0.request)) },
            route(
                "POST", "/stores/:store/orders/:order/refunds", .refunds, .change, "createRefund",
                "Gives a shopper money back, for some pieces or for all that is left",
                RequestShape(body: Self.refundBody), keyUse: .required, status: 202,
                answer: RefundRequestDocument.schema, problems: [.conflict, .invalidFields], refund),
        ]
    }

    static let pages = RequestShape(query: [.limit(upTo: StorePages.limit), .cursor])

    /// The other causes come from what has happened, and are found by the runs that see it.
    private static let causes: [RefundCause] = [.goodwill, .withdrawal]

    private static let refundBody = Schema.named(
        "RefundRequest",
        .object([
            .required(
                "cause", .choice(causes.map(\.rawValue)),
                "Who gives up what. `goodwill` is at the merchant's cost; after a `withdrawal` the supplier "
                    + "may credit something later."),
            .required(
                "reason", .text(1...200),
                "Why, in your words. Kept with the order; the shopper does not see it."),
            .optional(
                "lines",
                .list(
                    of: .object([
                        .required("line", .uuid, "The id of a line of the order."),
                        .required("quantity", .whole(1...Int64(Carts.quantityLimit))),
                    ]), count: 1...Carts.lineLimit), "All that is left of the payment without it."),
        ]))

    // MARK: - Reading

    private func orders(_ visit: StoreVisit) async throws -> WebResponse {
        let asked = try PageRequest(visit.request, of: .orders)
        let page = try await database.transaction(for: visit.tenant) {
            try await StorePages().orders(limit: asked.limit, after: asked.mark, in: $0)
        }
        return try .json(
            OrderList(
                orders: page.elements.map(OrderSummary.init),
                nextCursor: page.next.map { PageCursor(.orders, $0).text }))
    }

    private func order(_ visit: StoreVisit) async throws -> WebResponse {
        let id = try Self.orderID(visit.request)
        return try await database.transaction(for: visit.tenant) { tx in
            let order = try await Orders().load(id, in: tx)
            let units = try await SupplierOrders().units(ofOrder: id, in: tx)
            return try .json(
                SoldOrderDocument(order, lines: try await Orders().lines(of: id, in: tx), units: units))
        }
    }

    private func refunds(_ visit: StoreVisit, of order: OrderID?) async throws -> WebResponse {
        let asked = try PageRequest(visit.request, of: .refunds)
        let page = try await database.transaction(for: visit.tenant) { tx in
            if let order { _ = try await Orders().load(order, in: tx) }
            return try await StorePages().refunds(
                of: order, limit: asked.limit, after: asked.mark, in: tx)
        }
        return try .json(
            RefundList(
                refunds: page.elements.map(RefundDocument.init),
                nextCursor: page.next.map { PageCursor(.refunds, $0).text }))
    }

    static func orderID(_ request: WebRequest) throws -> OrderID {
        guard let id = try? OrderID(parsing: request.parameter("order")) else {
            throw WebProblem(.notFound, "there is no such order")
        }
        return id
    }

    // MARK: - Giving money back

    private func refund(_ visit: StoreVisit) async throws -> WebResponse {
        let id = try Self.orderID(visit.request)
        let wish = try RefundBody(visit.request)
        return try await keys.answer(visit.request, as: visit.principal, in: visit.tenant, .required) { tx in
            // Of two who ask at once the second counts what the first has taken.
            try await tx.lockOrder(id)
            guard try await Orders().load(id, in: tx).status.payment != .refunded else {
                throw WebProblem(.conflict, "all of the order's payment has gone back already")
            }
            let payments = try await Payments().all(of: id, in: tx)
            guard let payment = payments.first(where: { $0.status == .succeeded }) else {
                throw WebProblem(.conflict, "the order was not paid, so nothing can go back")
            }
            let units = try await units(wish, of: id, in: tx)
            try await desk.refund(
                .init(order: id, payment: payment.id, cause: wish.cause, units: units), tx)
            try await visit.note("order.refund_asked", "order:\(id)", because: wish.reason, in: tx)
            let place = "\(APIRoute.root)/stores/\(visit.tenant)/orders/\(id)/refunds"
            return try .json(
                RefundRequestDocument(
                    order: id.description, cause: wish.cause.rawValue, pieces: units?.count, refunds: place),
                status: 202, headers: ["Location": place])
        }
    }

    /// The pieces that are meant: those of each line that no refund has had yet. Nil for all that is left.
    private func units(
        _ wish: RefundBody, of order: OrderID, in tx: Transaction<OneTenant>
    ) async throws -> [UnitID]? {
        guard let lines = wish.lines else { return nil }
        let gone = try await Refunds().refundedUnits(of: order, in: tx)
        // Canceled pieces are refunded by themselves, and at whose cost is not a program's to say.
        let left = try await SupplierOrders().units(ofOrder: order, in: tx)
            .filter { !gone.contains($0.id) && $0.state != .canceled }
        var units: [UnitID] = []
        for (place, line) in lines.enumerated() {
            let pieces = left.filter { $0.line == line.id && !units.contains($0.id) }.map(\.id)
            guard pieces.count >= line.quantity else {
                throw WebProblem(
                    .invalidFields,
                    fields: [
                        FieldError(
                            "lines[\(place)].quantity", "is more than the \(pieces.count) that are left")
                    ])
            }
            units += pieces.prefix(line.quantity)
        }
        return units
    }
}

/// The body of a refund; its schema has been checked.
private struct RefundBody {
    struct Line {
        let id: OrderLineID
        let quantity: Int
    }

    let cause: RefundCause
    let reason: String
    let lines: [Line]?

    init(_ request: WebRequest) throws {
        var fields = try JSONFields(body: request.body)
        let cause = RefundCause(rawValue: fields.text("cause"))
        if cause == nil { fields.refuse("cause", "is not known") }
        reason = fields.text("reason")
        lines = fields.optionalObjects("lines", limit: Carts.lineLimit) { line in
            let id = try? OrderLineID(parsing: line.text("line"))
            if id == nil { line.refuse("line", "must be the id of a line") }
            return Line(
                id: id ?? OrderLineID(), quantity: line.integer("quantity", in: 1...Carts.quantityLimit))
        }
        try fields.finish()
        self.cause = cause ?? .goodwill
    }
}
