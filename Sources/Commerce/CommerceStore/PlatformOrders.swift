package import Commerce
package import Foundation
internal import Postgres

// Orders of all stores, for the operators' console: found by whatever somebody quotes, and read with the
// platform's own role, which sees every store and writes none. What is personal is not read beyond what
// tells one order from another.

package struct PlatformOrders: Sendable {
    let database: Database

    /// The database needs the platform's pool.
    package init(_ database: Database) {
        self.database = database
    }

    /// One order in a list.
    package struct Line: Sendable, Equatable {
        package let tenant: TenantID
        package let store: String
        package let id: OrderID
        package let number: Int64
        package let total: Money
        package let status: OrderStatus
        /// The run that serves it.
        package let run: UUID?
        package let placedAt: Date
        package let paidAt: Date?
    }

    /// Which orders a list shows.
    package enum View: String, Sendable, CaseIterable {
        case all, attention, unforwarded
    }

    private static let searchLimit = 50

    /// Finds orders by number (`#1042`), id, PaymentIntent, our reference at a supplier, or the buyer's
    /// address. Numbers are counted per store, so several may be meant. Nothing for a text that can be none
    /// of these.
    package func search(_ text: String) async throws -> [Line] {
        guard let condition = Self.condition(text) else { return [] }
        return try await database.platformTransaction { tx in
            try await tx.execute(
                Self.lines + "where " + condition
                    + " order by o.placed_at desc, o.id desc limit \(Self.searchLimit)"
            ).rows.map { try Line(row: $0) }
        }
    }

    private static func condition(_ text: String) -> Query? {
        // What is no number may still be one of the others.
        if let number = try? OrderNumber(parsing: text) { return "o.number = \(number.rawValue)" }
        if let id = UUID(uuidString: text) { return "(o.id = \(id) or o.checkout_id = \(id))" }
        if text.contains("@") { return "lower(o.email) = lower(\(text))" }
        guard text.count >= 4 else { return nil }
        return """
            (o.tenant_id, o.id) in (
                select p.tenant_id, p.order_id from shop.payment p where p.payment_intent = \(text)
                union all
                select s.tenant_id, s.order_id from shop.supplier_order s where s.reference = \(text))
            """
    }

    /// The order that one of these runs serves.
    package func find(servedBy runs: [UUID]) async throws -> Line? {
        try await database.platformTransaction { tx in
            try await tx.first(Self.lines + "where o.run_id = any(\(runs)) limit 1").map { try Line(row: $0) }
        }
    }

    /// Newest first, after the one that ended the page before; of one store, where one is given.
    package func recent(
        _ view: View = .all, of tenant: TenantID? = nil, before last: OrderID? = nil, limit: Int = 50
    ) async throws -> [Line] {
        var query = Self.lines + "where true"
        if let tenant { query += " and o.tenant_id = \(tenant.rawValue)" }
        switch view {
        case .all: break
        case .attention: query += " and o.attention <> 'none'"
        case .unforwarded: query += " and o.paid_at is not null and o.fulfilment_status = 'unfulfilled'"
        }
        if let last {
            query += " and (o.placed_at, o.id) < (select placed_at, id from shop.orders"
            query += " where id = \(last.rawValue))"
        }
        query += " order by o.placed_at desc, o.id desc limit \(max(1, min(limit, 200)))"
        return try await database.platformTransaction { [query] tx in
            try await tx.execute(query).rows.map { try Line(row: $0) }
        }
    }

    /// How many orders were paid longer than `seconds` ago and are not forwarded, up to 1,000.
    package func unforwarded(longerThan seconds: Int) async throws -> Int {
        try await database.platformTransaction { tx in
            try await tx.execute(
                """
                select count(*) as found from (
                    select 1 from shop.orders where paid_at < now() - make_interval(secs => \(seconds))
                        and paid_at is not null and fulfilment_status = 'unfulfilled'
                        and payment_status = 'paid' limit 1000) late
                """
            ).rows[0].int("found")
        }
    }

    private static let lines: Query = """
        select o.tenant_id, t.slug, o.id, o.number, o.currency, o.g_minor, o.payment_status,
            o.fulfilment_status, o.invoice_status, o.attention, o.disputed, o.run_id, o.placed_at, o.paid_at
        from shop.orders o join shop.store t on t.tenant_id = o.tenant_id

        """
}

extension PlatformOrders.Line {
    init(row: Row) throws {
        tenant = try row.id("tenant_id")
        store = try row.decode("slug")
        id = try row.id("id")
        number = try row.decode("number")
        total = try row.money("g_minor", in: "currency")
        status = try row.orderStatus()
        run = try row.decode("run_id")
        placedAt = try row.decode("placed_at")
        paidAt = try row.decode("paid_at")
    }
}
