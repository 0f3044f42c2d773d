package import Commerce
internal import Foundation
internal import Postgres

// A store's orders, products, refunds and claims page by page, for its own programs. Each page is a short
// walk along an index, however deep in the list it lies.

package struct StorePages: Sendable {
    package static let limit = 100

    package init() {}

    package func orders(
        limit: Int, after mark: PageMark?, in tx: Transaction<OneTenant>
    ) async throws -> ListPage<Order> {
        // The moment stands alone first, so that the index is entered there.
        let place: Query =
            if let mark {
                """
                and o.placed_at <= \(mark.moment) and (o.placed_at < \(mark.moment) or o.id > \(mark.id))
                """
            } else {
                ""
            }
        let rows = try await tx.execute(
            """
            select o.*, \(PageMark.column("o.placed_at")) from shop.orders o
            where o.tenant_id = \(tx.tenantUUID) \(place)
            order by o.placed_at desc, o.id limit \(Self.reach(limit))
            """
        ).rows
        return ListPage(try rows.map { (try $0.order(), try PageMark(row: $0)) }, limit: Self.size(limit))
    }

    /// Of every state: drafts and paused ones too.
    package func products(
        limit: Int, after mark: PageMark?, in tx: Transaction<OneTenant>
    ) async throws -> ListPage<Product> {
        let place: Query = mark.map { "and (p.created_at, p.id) < (\($0.moment), \($0.id))" } ?? ""
        let rows = try await tx.execute(
            """
            select p.*, \(PageMark.column("p.created_at")) from (
                \(Products.products) where p.tenant_id = \(tx.tenantUUID) \(place)
                order by p.created_at desc, p.id desc limit \(Self.reach(limit))) p
            order by p.created_at desc, p.id desc
            """
        ).rows
        return ListPage(
            try rows.map { (try Product(row: $0), try PageMark(row: $0)) }, limit: Self.size(limit))
    }

    /// Of one order, or of all.
    package func refunds(
        of order: OrderID? = nil, limit: Int, after mark: PageMark?, in tx: Transaction<OneTenant>
    ) async throws -> ListPage<Refund> {
        let whose: Query = order.map { "and r.order_id = \($0.rawValue)" } ?? ""
        let place: Query = mark.map { "and (r.created_at, r.id) < (\($0.moment), \($0.id))" } ?? ""
        let rows = try await tx.execute(
            """
            select r.*, \(PageMark.column("r.created_at")) from shop.refund r
            where r.tenant_id = \(tx.tenantUUID) \(whose) \(place)
            order by r.created_at desc, r.id desc limit \(Self.reach(limit))
            """
        ).rows
        return ListPage(try rows.map { (try $0.refund(), try PageMark(row: $0)) }, limit: Self.size(limit))
    }

    package func claims(
        limit: Int, after mark: PageMark?, in tx: Transaction<OneTenant>
    ) async throws -> ListPage<ListedClaim> {
        // As for orders.
        let place: Query =
            if let mark {
                """
                and k.reported_at <= \(mark.moment)
                    and (k.reported_at < \(mark.moment) or k.id > \(mark.id))
                """
            } else {
                ""
            }
        let rows = try await tx.execute(
            ListedClaim.claims + """
                where k.tenant_id = \(tx.tenantUUID) \(place)
                order by k.reported_at desc, k.id limit \(Self.reach(limit))
                """
        ).rows
        return ListPage(
            try rows.map { (try ListedClaim(row: $0), try PageMark(row: $0)) }, limit: Self.size(limit))
    }

    package func claim(_ id: OrderClaimID, in tx: Transaction<OneTenant>) async throws -> ListedClaim {
        try ListedClaim(
            row: await tx.execute(
                ListedClaim.claims + "where k.tenant_id = \(tx.tenantUUID) and k.id = \(id.rawValue)"
            ).only(orThrow: .notFound(.claim, "\(id)")))
    }

    private static func size(_ limit: Int) -> Int { min(max(limit, 1), Self.limit) }

    /// One more, to see whether the list goes on.
    private static func reach(_ limit: Int) -> Int { size(limit) + 1 }
}

/// A claim with what it is about.
package struct ListedClaim: Sendable {
    package let claim: OrderClaim
    package let orderNumber: Int64
    package let sku: String
    package let title: String
    package let pieces: Int

    init(row: Row) throws {
        claim = try OrderClaim(row: row)
        orderNumber = try row.decode("number")
        sku = try row.decode("sku")
        title = try row.decode("title")
        pieces = try row.int("pieces")
    }

    static var claims: Query {
        """
        select k.*, o.number, l.sku, l.title, \(PageMark.column("k.reported_at")),
            (select count(*) from shop.order_claim_unit c
                where c.tenant_id = k.tenant_id and c.claim_id = k.id) as pieces
        from shop.order_claim k
        join shop.orders o on o.tenant_id = k.tenant_id and o.id = k.order_id
        join shop.order_line l on l.tenant_id = k.tenant_id and l.id = k.line_id

        """
    }
}
