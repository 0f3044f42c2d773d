package import Commerce
internal import Foundation
internal import Postgres

// What the page about plans asks of an account's stores: what was sold in a month, what a plan has room for,
// and what is in use of it. Each store answers for itself, in its own transaction.

package struct PlanUsage: Sendable {
    package init() {}

    /// A store that a plan has no room for.
    package struct Resting: Sendable, Equatable {
        package let store: TenantID
        package let name: String
    }

    /// What of a plan's extras this store uses.
    package struct Extras: Sendable, Equatable {
        package let ownSuppliers: Int
        package let domain: DomainName?
    }

    /// The store's orders that were paid in a month, as they were sold; those that are alike together.
    package func sales(
        in month: BillingMonth, in tx: Transaction<OneTenant>
    ) async throws -> [PlanComparison.Sale] {
        try await tx.execute(
            """
            select o.currency, o.g_minor, o.s_minor, q.fx_base, q.fx_scaled, sold.catalogue,
                sold.own > 0 as has_own, count(*)::integer as orders
            from shop.orders o
            join shop.quote q on q.tenant_id = o.tenant_id and q.id = o.quote_id
            cross join lateral (
                select coalesce(sum(l.quantity) filter (where l.platform_catalogue), 0)::integer as catalogue,
                    count(*) filter (where not l.platform_catalogue) as own
                from shop.order_line l where l.tenant_id = o.tenant_id and l.order_id = o.id) sold
            where o.tenant_id = \(tx.tenantUUID)
                and o.paid_at >= shop.month_start(\(month.firstDay)::date)
                and o.paid_at < shop.month_start(\(month.next.firstDay)::date)
            group by 1, 2, 3, 4, 5, 6, 7
            """
        ).rows.map { row in
            let currency = try row.currency()
            return PlanComparison.Sale(
                gross: try row.money("g_minor", currency), supplier: try row.money("s_minor", currency),
                catalogueUnits: try row.int("catalogue"), hasOwnGoods: try row.decode("has_own"),
                reference: ExchangeRate(
                    base: try row.currency("fx_base"), quote: currency,
                    scaled: try row.decode("fx_scaled", as: Int64.self)),
                orders: try row.int("orders"))
        }
    }

    /// The stores that would rest under a plan. Asked in the account's home store; of another one, nobody's.
    package func resting(
        under plan: PlanID, in tx: Transaction<OneTenant>
    ) async throws -> [Resting] {
        try await tx.execute("select tenant, name from shop.resting_under_plan(\(plan.rawValue))").rows.map {
            Resting(store: try $0.id("tenant"), name: try $0.decode("name"))
        }
    }

    package func extras(in tx: Transaction<OneTenant>) async throws -> Extras {
        let own = try await tx.first(
            """
            select count(*)::integer as own from shop.supplier
            where tenant_id = \(tx.tenantUUID) and platform_code is null
            """)
        let domain = try await CustomDomains().current(in: tx)
        return Extras(
            ownSuppliers: try own?.int("own") ?? 0,
            domain: domain.flatMap { $0.isOpen ? $0.name : nil })
    }
}
