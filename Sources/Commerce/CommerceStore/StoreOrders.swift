package import Commerce
package import Foundation
internal import Postgres

// A store's orders as its merchant looks for them: by view, page after page, or by whatever somebody quotes.
// A page is one statement, whatever hangs from its orders, and the next page begins behind the last order of
// this one, so that it costs the same however far down it is.

package struct StoreOrders: Sendable {
    package init() {}

    /// The raw value is written in addresses.
    package enum View: String, Sendable, CaseIterable {
        case needsAction = "needs-action"
        case toForward = "to-forward"
        case inTransit = "in-transit"
        case delivered, refunded, disputed, all

        /// Those that few orders are in have an index with the same condition.
        fileprivate var condition: Query {
            switch self {
            case .needsAction: "o.attention <> 'none'"
            case .toForward:
                """
                o.paid_at is not null and o.fulfilment_status in ('unfulfilled', 'forwarding', 'on_hold')
                    and o.payment_status <> 'refunded'
                """
            case .inTransit:
                """
                o.fulfilment_status in ('in_progress', 'partially_canceled', 'partially_shipped', 'shipped',
                    'partially_delivered') and o.payment_status <> 'refunded'
                """
            case .delivered: "o.fulfilment_status = 'delivered'"
            case .refunded: "o.payment_status in ('partially_refunded', 'refunded')"
            case .disputed: "o.disputed"
            case .all: "true"
            }
        }

        /// The views whose length a merchant wants to see from afar.
        package static let counted: [View] = [.needsAction, .toForward, .disputed]
    }

    /// One order in a list.
    package struct Line: Sendable, Equatable {
        package let id: OrderID
        package let number: OrderNumber
        package let shopper: String
        package let email: String
        package let total: Money
        /// N, as it was sold.
        package let margin: Money
        package let status: OrderStatus
        package let placedAt: Date
        package let isExpired: Bool
    }

    package static let pageLimit = 50
    /// More are not counted.
    package static let countLimit = 100

    /// Newest first, after the one that ended the page before; one more than a page says that there are more.
    package func page(
        _ view: View, before last: OrderID? = nil, limit: Int = pageLimit, in tx: Transaction<OneTenant>
    ) async throws -> [Line] {
        try await lines(view.condition, before: last, limit: limit, in: tx)
    }

    /// Finds orders by number (`#1042`), the shopper's whole address, or what Stripe and suppliers call them.
    /// Nothing for a text that can be none of these.
    package func search(
        _ text: String, before last: OrderID? = nil, limit: Int = pageLimit, in tx: Transaction<OneTenant>
    ) async throws -> [Line] {
        guard let condition = Self.condition(text, tx.tenantUUID) else { return [] }
        return try await lines(condition, before: last, limit: limit, in: tx)
    }

    /// How many orders are in the counted views, up to the limit.
    package func counts(in tx: Transaction<OneTenant>) async throws -> [View: Int] {
        let results = try await tx.pipeline(
            View.counted.map { view in
                "select count(*) as found from (select from shop.orders o where o.tenant_id = "
                    + "\(tx.tenantUUID) and " + view.condition + " limit \(Self.countLimit)) counted"
            })
        return Dictionary(
            uniqueKeysWithValues: try zip(View.counted, results).map { view, result in
                (view, try result.rows.first?.int("found") ?? 0)
            })
    }

    private static func condition(_ text: String, _ tenant: UUID) -> Query? {
        // What is no number may still be one of the others.
        if let number = try? OrderNumber(parsing: text) { return "o.number = \(number.rawValue)" }
        if text.contains("@") { return "o.email_key = \(text.lowercased())" }
        guard text.count >= 4 else { return nil }
        return """
            o.id in (
                select p.order_id from shop.payment p
                where p.tenant_id = \(tenant) and (p.payment_intent = \(text) or p.charge = \(text))
                union all
                select r.order_id from shop.refund r
                where r.tenant_id = \(tenant) and r.stripe_refund = \(text)
                union all
                select s.order_id from shop.supplier_order s
                where s.tenant_id = \(tenant) and (s.reference = \(text) or \(text) = any(s.external_ids)))
            """
    }

    private func lines(
        _ condition: Query, before last: OrderID?, limit: Int, in tx: Transaction<OneTenant>
    ) async throws -> [Line] {
        var query: Query = """
            select o.id, o.number, o.email, o.currency, o.g_minor, o.n_minor, o.payment_status,
                o.fulfilment_status, o.invoice_status, o.attention, o.disputed, o.placed_at, o.expired_at,
                concat_ws(' ', o.address ->> 'firstName', o.address ->> 'lastName') as shopper
            from shop.orders o where o.tenant_id = \(tx.tenantUUID) and
            """
        query += " " + condition
        if let last {
            query += " and (o.placed_at, o.id) < (select placed_at, id from shop.orders"
            query += " where tenant_id = \(tx.tenantUUID) and id = \(last.rawValue))"
        }
        query += " order by o.placed_at desc, o.id desc limit \(max(1, min(limit, 200)))"
        return try await tx.execute(query).rows.map(Line.init(row:))
    }
}

extension StoreOrders.Line {
    fileprivate init(row: Row) throws {
        let currency = try row.currency()
        let stored = try row.decode("number", as: Int64.self)
        guard let number = OrderNumber(rawValue: stored) else {
            throw StoreError.unexpectedValue(column: "number", value: "\(stored)")
        }
        id = try row.id("id")
        self.number = number
        shopper = try row.decode("shopper")
        email = try row.decode("email")
        total = try row.money("g_minor", currency)
        margin = try row.money("n_minor", currency)
        status = try row.orderStatus()
        placedAt = try row.decode("placed_at")
        isExpired = try row.decode("expired_at", as: Date?.self) != nil
    }
}
