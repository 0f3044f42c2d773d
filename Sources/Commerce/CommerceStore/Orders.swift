package import Commerce
package import Foundation
internal import Postgres

// An order exists before its payment does. Its amounts are the quote's and frozen; what changes are three
// statuses, and those are never set by hand: `refreshStatus` derives them from payments, units, supplier
// orders, invoices and open attention items, and the database refuses to lower them.

package struct Order: Sendable, Equatable {
    package let id: OrderID
    package let number: OrderNumber
    package let token: StatusToken
    package let checkout: CheckoutID
    package let quote: QuoteID
    package let plan: PlanID
    package let language: Language
    package let email: EmailAddress
    package let phone: String
    package let address: Address
    /// Goods before discounts.
    package let goods: Money
    package let discount: Money
    package let shipping: Money
    /// G, S, M, C, P, W and N.
    package let total: MarginBreakdown
    package let status: OrderStatus
    package let run: UUID?
    package let placedAt: Date
    package let paidAt: Date?
    package let expiredAt: Date?
    package let closedAt: Date?

    package var currency: Currency { total.currency }
}

/// A line as it was sold, in the words the shopper read.
package struct OrderLine: Sendable, Equatable {
    package let id: OrderLineID
    package let line: QuoteLine
    package let sku: SKU
    package let supplierReference: SKU
    package let stockPool: String
    package let title: String
    package let vatRate: BasisPoints

    package var quantity: Int { line.wish.quantity.rawValue }
}

package struct Orders: Sendable {
    private let reservations = Reservations()

    package init() {}

    /// Places the order of a confirmed quote: order, lines, one row per unit and the reservation, in this
    /// transaction.
    ///
    /// Placing a checkout again finds the order that it made. Throws `Problem.unitsNotAvailable` when
    /// somebody else holds the last unit.
    package func place(
        _ checkout: Checkout, quote: Quote, run: UUID?, at now: Date,
        holding hold: TimeInterval = Reservations.defaultHold, in tx: Transaction<OneTenant>
    ) async throws -> Order {
        let locked = try await tx.first(
            """
            select id from shop.checkout
            where tenant_id = \(tx.tenantUUID) and id = \(checkout.id.rawValue) for update
            """)
        guard locked != nil else { throw StoreError.notFound(.checkout, "\(checkout.id)") }
        if let known = try await find(checkout: checkout.id, in: tx) { return known }
        let id = OrderID()
        let writing = OrderWriting(
            id: id, checkout: checkout, quote: quote, run: run, now: now, tenant: tx.tenantUUID)
        try await tx.pipeline(writing.queries)
        let wants = try await lines(of: id, in: tx).map {
            Reservations.Want(
                group: $0.line.wish.group, pool: $0.stockPool, reference: $0.supplierReference,
                quantity: $0.quantity)
        }
        try await reservations.take(wants, for: id, until: now.addingTimeInterval(hold), in: tx)
        try await Checkouts().recordOutcome(.placed, of: checkout.id, in: tx)
        return try await load(id, in: tx)
    }

    package func load(_ id: OrderID, in tx: Transaction<OneTenant>) async throws -> Order {
        try await tx.execute(
            "select * from shop.orders where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)"
        ).only(orThrow: .notFound(.order, "\(id)")).order()
    }

    package func find(checkout: CheckoutID, in tx: Transaction<OneTenant>) async throws -> Order? {
        try await find("checkout_id = \(checkout.rawValue)", tx)
    }

    package func find(token: StatusToken, in tx: Transaction<OneTenant>) async throws -> Order? {
        try await find("token = \(token.rawValue)", tx)
    }

    package func find(number: OrderNumber, in tx: Transaction<OneTenant>) async throws -> Order? {
        try await find("number = \(number.rawValue)", tx)
    }

    package func find(paymentIntent: String, in tx: Transaction<OneTenant>) async throws -> Order? {
        try await find(
            """
            id = (select order_id from shop.payment
                where tenant_id = \(tx.tenantUUID) and payment_intent = \(paymentIntent))
            """, tx)
    }

    /// Newest first, after the one that ended the page before.
    package func recent(
        limit: Int = 50, before last: OrderID? = nil, in tx: Transaction<OneTenant>
    ) async throws -> [Order] {
        try await tx.execute(
            """
            select * from shop.orders
            where tenant_id = \(tx.tenantUUID) and (\(last?.rawValue)::uuid is null or (placed_at, id) <
                (select placed_at, id from shop.orders where tenant_id = \(tx.tenantUUID)
                    and id = \(last?.rawValue)))
            order by placed_at desc, id desc limit \(min(limit, 200))
            """
        ).rows.map { try $0.order() }
    }

    package func lines(of id: OrderID, in tx: Transaction<OneTenant>) async throws -> [OrderLine] {
        try await tx.execute(
            """
            select l.*, o.currency from shop.order_line l
            join shop.orders o on o.tenant_id = l.tenant_id and o.id = l.order_id
            where l.tenant_id = \(tx.tenantUUID) and l.order_id = \(id.rawValue) order by l.position
            """
        ).rows.map(OrderLine.init(row:))
    }

    /// The payment can no longer succeed: the order is over and its units are free again. An order that was
    /// paid meanwhile is left as it is, and its status says so.
    package func expire(
        _ id: OrderID, at now: Date, in tx: Transaction<OneTenant>
    ) async throws -> OrderStatus {
        let expired = try await tx.execute(
            """
            update shop.orders set expired_at = coalesce(expired_at, \(now))
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue) and paid_at is null
            """)
        if expired.affected == 1 { try await reservations.release(id, in: tx) }
        return try await refreshStatus(id, in: tx)
    }

    /// Nothing more will happen to it: the time for withdrawal is over.
    package func close(_ id: OrderID, at now: Date, in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            """
            update shop.orders set closed_at = coalesce(closed_at, \(now))
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)
            """)
    }

    private func find(_ condition: Query, _ tx: Transaction<OneTenant>) async throws -> Order? {
        try await tx.first("select * from shop.orders where tenant_id = \(tx.tenantUUID) and " + condition)
            .map { try $0.order() }
    }
}

extension Transaction where Scope == OneTenant {
    /// Whoever writes records of one order takes turns on its row, and takes it before any other row: two who
    /// took it last, after rows that they share, would wait for each other.
    package func lockOrder(_ id: OrderID) async throws {
        let found = try await first(
            """
            select id from shop.orders where tenant_id = \(tenantUUID) and id = \(id.rawValue)
            for no key update
            """)
        guard found != nil else { throw StoreError.notFound(.order, "\(id)") }
    }
}

extension Row {
    func order() throws -> Order {
        let currency = try currency()
        return Order(
            id: try id("id"), number: try orderNumber(), token: try raw("token"),
            checkout: try id("checkout_id"),
            quote: try id("quote_id"), plan: try raw("plan"), language: try raw("locale"),
            email: try raw("email"),
            phone: try decode("phone"), address: try json("address"),
            goods: try money("goods_minor", currency),
            discount: try money("discount_minor", currency), shipping: try money("shipping_minor", currency),
            total: try MarginBreakdown(row: self, currency), status: try orderStatus(),
            run: try decode("run_id"),
            placedAt: try decode("placed_at"), paidAt: try decode("paid_at"),
            expiredAt: try decode("expired_at"),
            closedAt: try decode("closed_at"))
    }

    private func orderNumber() throws -> OrderNumber {
        let stored = try decode("number", as: Int64.self)
        guard let number = OrderNumber(rawValue: stored) else {
            throw StoreError.unexpectedValue(column: "number", value: "\(stored)")
        }
        return number
    }

    func orderStatus() throws -> OrderStatus {
        OrderStatus(
            payment: try raw("payment_status"), fulfilment: try raw("fulfilment_status"),
            invoice: try raw("invoice_status"), attention: try raw("attention"),
            isDisputed: try decode("disputed"))
    }
}

extension OrderLine {
    fileprivate init(row: Row) throws {
        id = try row.id("id")
        line = try QuoteLine(row: row, row.currency())
        sku = try row.raw("sku")
        supplierReference = try row.raw("supplier_reference")
        stockPool = try row.decode("stock_pool")
        title = try row.decode("title")
        vatRate = try row.basisPoints("vat_bp")
    }
}
