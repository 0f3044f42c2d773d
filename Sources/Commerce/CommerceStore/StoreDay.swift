package import Commerce
package import Foundation
internal import Postgres

// What a merchant reads first: the day so far, what waits for a person, and where the money is. The day is
// the store's in Europe/Bucharest, as months are for the platform's invoices. Sums are of what was paid in
// the store's own currency.

package struct StoreDay: Sendable {
    /// Orders paid today.
    package let orders: Int
    /// What was sold today, by the VAT rate of its goods; carriage goes with the first article of an order.
    package let sales: [(rate: BasisPoints, sale: MarginBreakdown)]
    /// What is left of N once the tax office has had its share.
    package let afterVAT: Money
    package let refunded: Money
    package let cards: [Card]
    /// Supplier orders that wait for an answer.
    package let heldOrders: Int
    package let withdrawalsWaiting: Int
    /// Published, and none to be had.
    package let soldOut: Int
    package let disputes: [DisputeDue]
    package let payouts: PayoutState

    /// Something that waits for a person.
    package struct Card: Sendable {
        package let item: AttentionItemID
        package let kind: String
        package let message: String
        package let order: OrderNumber?
        package let openedAt: Date
    }

    /// A dispute that the bank wants to be answered.
    package struct DisputeDue: Sendable {
        package let order: OrderNumber?
        package let amount: Money
        package let dueAt: Date?
    }

    package struct PayoutState: Sendable {
        package let last: Payout?
        package let isEnabled: Bool
        package let disabledReason: String?
    }

    /// G in all, and everything that becomes of it.
    package func total(_ currency: Currency) -> MarginBreakdown { sales.map(\.sale).total(currency) }

    /// Of several things that wait no more are shown.
    package static let cardLimit = 30
}

extension StoreDay {
    package static func load(
        _ store: Store, at now: Date, in tx: Transaction<OneTenant>
    ) async throws -> StoreDay {
        let (tenant, currency) = (tx.tenantUUID, store.currency)
        let results = try await tx.pipeline([
            salesOfDay(tenant, currency, now), refunds(tenant, currency, now), cards(tenant), counts(tenant),
            disputes(tenant), account(tenant),
        ])
        let sales = try results[0].rows.map { (try $0.basisPoints("vat_bp"), try sale($0, currency)) }
        let terms = try await ProductPrices().terms(in: tx)
        guard let counts = results[3].rows.first, let account = results[5].rows.first else {
            throw StoreError.notFound(.store, "\(tx.tenant)")
        }
        return StoreDay(
            orders: try results[0].rows.reduce(0) { $0 + (try $1.int("orders")) },
            sales: sales,
            afterVAT: sales.map { rate, sale in
                TaxedMargin(
                    sale, rate: rate, feesRate: terms.feesRate, isRegistered: terms.isRegistered
                ).margin
            }.total(currency),
            refunded: try results[1].rows.first?.money("amount_minor", currency) ?? .zero(currency),
            cards: try results[2].rows.map { row in
                Card(
                    item: try row.id("id"), kind: try row.decode("kind"), message: try row.decode("message"),
                    order: try orderNumber(row), openedAt: try row.decode("opened_at"))
            },
            heldOrders: try counts.int("held"), withdrawalsWaiting: try counts.int("withdrawals"),
            soldOut: try counts.int("sold_out"),
            disputes: try results[4].rows.map { row in
                DisputeDue(
                    order: try orderNumber(row), amount: try row.money("amount_minor", in: "currency"),
                    dueAt: try row.decode("evidence_due_by"))
            },
            payouts: PayoutState(
                last: try await Payouts().recent(limit: 1, in: tx).first,
                isEnabled: try account.decode("stripe_payouts_enabled"),
                disabledReason: try account.decode("stripe_disabled_reason")))
    }

    private static func sale(_ row: Row, _ currency: Currency) throws -> MarginBreakdown {
        MarginBreakdown(
            gross: try row.money("g_minor", currency), supplier: try row.money("s_minor", currency),
            markup: try row.money("m_minor", currency), commission: try row.money("c_minor", currency),
            processing: try row.money("p_minor", currency))
    }

    private static func orderNumber(_ row: Row) throws -> OrderNumber? {
        try row.decode("number", as: Int64?.self).flatMap { OrderNumber(rawValue: $0) }
    }

    // MARK: - Statements

    private static func beginning(_ now: Date) -> Query {
        """
        date_trunc('day', \(now)::timestamptz at time zone 'Europe/Bucharest')
            at time zone 'Europe/Bucharest'
        """
    }

    private static func salesOfDay(_ tenant: UUID, _ currency: Currency, _ now: Date) -> Query {
        """
        with sold as materialized (
            select o.id, o.g_minor, o.s_minor, o.m_minor, o.c_minor, o.p_minor from shop.orders o
            where o.tenant_id = \(tenant) and o.currency = \(currency.rawValue) and o.paid_at >=
        """ + " " + beginning(now)
            + """

            ), parts as (
                select l.vat_bp, l.g_minor, l.s_minor, l.m_minor, l.c_minor, l.p_minor,
                    (l.position = 0)::integer as orders
                from sold join shop.order_line l
                    on l.tenant_id = \(tenant) and l.order_id = sold.id
                union all
                select t.vat_bp, o.g_minor - t.g, o.s_minor - t.s, o.m_minor - t.m, o.c_minor - t.c,
                    o.p_minor - t.p, 0
                from sold o cross join lateral (
                    select sum(l.g_minor) as g, sum(l.s_minor) as s, sum(l.m_minor) as m,
                        sum(l.c_minor) as c, sum(l.p_minor) as p,
                        (array_agg(l.vat_bp order by l.position))[1] as vat_bp
                    from shop.order_line l
                    where l.tenant_id = \(tenant) and l.order_id = o.id) t
                where t.vat_bp is not null
            )
            select vat_bp, sum(orders)::integer as orders, sum(g_minor)::bigint as g_minor,
                sum(s_minor)::bigint as s_minor, sum(m_minor)::bigint as m_minor,
                sum(c_minor)::bigint as c_minor, sum(p_minor)::bigint as p_minor
            from parts group by vat_bp order by vat_bp
            """
    }

    private static func refunds(_ tenant: UUID, _ currency: Currency, _ now: Date) -> Query {
        """
        select coalesce(sum(amount_minor), 0)::bigint as amount_minor from shop.refund
        where tenant_id = \(tenant) and currency = \(currency.rawValue) and status <> 'failed'
            and replaces is null and created_at >=
        """ + " " + beginning(now)
    }

    private static func cards(_ tenant: UUID) -> Query {
        """
        select a.id, a.kind, a.message, a.opened_at, o.number from shop.attention_item a
        left join shop.orders o on o.tenant_id = a.tenant_id and o.id = a.order_id
        where a.tenant_id = \(tenant) and a.resolved_at is null
        order by a.opened_at desc, a.id limit \(cardLimit + 1)
        """
    }

    private static func counts(_ tenant: UUID) -> Query {
        """
        select
            (select count(distinct s.order_id) from shop.supplier_order s
                where s.tenant_id = \(tenant) and s.state = 'on_hold')::integer as held,
            (select count(*) from shop.withdrawal w where w.tenant_id = \(tenant)
                and w.refunded_at is null and w.received_at is null)::integer as withdrawals,
            (select count(*) from shop.product p
                left join shop.stock_item i on i.pool = p.stock_pool and i.reference = p.supplier_reference
                where p.tenant_id = \(tenant) and p.status = 'published'
                    and coalesce(i.seen - i.reserved, 0) <= 0)::integer as sold_out
        """
    }

    private static func disputes(_ tenant: UUID) -> Query {
        """
        select d.amount_minor, d.currency, d.evidence_due_by, o.number from shop.dispute d
        join shop.payment p on p.tenant_id = d.tenant_id and p.id = d.payment_id
        left join shop.orders o on o.tenant_id = p.tenant_id and o.id = p.order_id
        where d.tenant_id = \(tenant) and d.state = 'open'
            and d.stripe_status in ('needs_response', 'warning_needs_response')
            and d.evidence_submitted_at is null
        order by d.evidence_due_by nulls last limit 20
        """
    }

    private static func account(_ tenant: UUID) -> Query {
        """
        select stripe_payouts_enabled, stripe_disabled_reason from shop.store where tenant_id = \(tenant)
        """
    }
}
