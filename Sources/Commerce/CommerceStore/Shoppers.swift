package import Commerce
package import Foundation
internal import Postgres

// The people who bought in a store, told apart by their address. There is no row of a shopper: whoever has
// paid for an order is one, and whoever was erased is none any more.

package struct Shoppers: Sendable {
    package init() {}

    package struct Shopper: Sendable, Equatable {
        package let email: String
        package let orders: Int
        package let paid: Money
        package let refunded: Money
        package let lastPlacedAt: Date

        /// Where the page after this one begins.
        package var mark: Mark { Mark(email: email, currency: paid.currency) }
    }

    /// The end of a page: a shopper, and the currency of the orders that were added up.
    package struct Mark: Sendable, Equatable {
        package let email: String
        package let currency: Currency

        package init(email: String, currency: Currency) {
            self.email = email
            self.currency = currency
        }
    }

    /// By address, after the one that ended the page before; those whose address contains a text, where one
    /// is given.
    package func page(
        containing text: String = "", after mark: Mark? = nil, limit: Int = StoreOrders.pageLimit,
        in tx: Transaction<OneTenant>
    ) async throws -> [Shopper] {
        let (email, currency) = (mark?.email ?? "", mark?.currency.rawValue ?? "")
        return try await tx.execute(
            """
            with page as (
                select o.email_key, o.currency, count(*) as orders, sum(o.g_minor)::bigint as paid_minor,
                    max(o.placed_at) as last_placed_at
                from shop.orders o
                where o.tenant_id = \(tx.tenantUUID) and o.paid_at is not null
                    and o.email_key >= \(email) and (o.email_key, o.currency) > (\(email), \(currency))
                    and o.email_key <> \(ShopperPlaces.nobody)
                    and strpos(o.email_key, \(text.lowercased())) > 0
                group by o.email_key, o.currency order by o.email_key, o.currency
                limit \(max(1, min(limit, 200)))
            )
            select page.*, coalesce((
                select sum(r.amount_minor) from shop.orders o
                join shop.refund r on r.tenant_id = o.tenant_id and r.order_id = o.id
                where o.tenant_id = \(tx.tenantUUID) and o.email_key = page.email_key
                    and o.currency = page.currency and r.status <> 'failed'), 0)::bigint as refunded_minor
            from page order by page.email_key, page.currency
            """
        ).rows.map { row in
            let currency = try row.currency()
            return Shopper(
                email: try row.decode("email_key"), orders: try row.int("orders"),
                paid: try row.money("paid_minor", currency),
                refunded: try row.money("refunded_minor", currency),
                lastPlacedAt: try row.decode("last_placed_at"))
        }
    }
}
