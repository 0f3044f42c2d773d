internal import Commerce
internal import Foundation
internal import Postgres

// The rows of a new order. Lines and units are copied from the quote inside the database, so that what was
// promised and what is sold cannot differ; only identifiers come from here.

struct OrderWriting {
    let id: OrderID
    let checkout: Checkout
    let quote: Quote
    let run: UUID?
    let now: Date
    let tenant: UUID

    var queries: [Query] {
        get throws { [number, try order, lines, units] }
    }

    private var number: Query {
        """
        insert into shop.order_number (tenant_id, last_number) values (\(tenant),
            \(OrderNumber.first.rawValue))
        on conflict (tenant_id) do update set last_number = order_number.last_number + 1
        """
    }

    private var order: Query {
        get throws {
            let address = try JSONB(encoding: checkout.address)
            return """
                insert into shop.orders (tenant_id, id, number, token, checkout_id, quote_id, plan, currency,
                    locale, email,
                    phone, address, goods_minor, discount_minor, shipping_minor, g_minor, s_minor, m_minor,
                        c_minor, p_minor,
                    w_minor, n_minor, run_id, placed_at)
                select tenant_id, \(id.rawValue),
                    (select last_number from shop.order_number where tenant_id = \(tenant)),
                    \(checkout.token.rawValue), \(checkout.id.rawValue), id, plan, currency,
                        \(checkout.language.rawValue),
                    \(checkout.email.rawValue), \(checkout.phone), \(address),
                    goods_minor, discount_minor, shipping_minor, g_minor, s_minor, m_minor, c_minor, p_minor,
                        w_minor,
                    n_minor, \(run), \(now)
                from shop.quote where tenant_id = \(tenant) and id = \(quote.id.rawValue)
                """
        }
    }

    private var lines: Query {
        let fresh = quote.lines.map { _ in OrderLineID().rawValue }
        return """
            insert into shop.order_line (tenant_id, id, order_id, position, product_id, supplier_id,
                platform_catalogue,
                supplier_reference, warehouse, stock_pool, sku, title, quantity, unit_price_minor,
                    discount_minor, vat_bp,
                unit_cost_minor, cost_currency, g_minor, s_minor, m_minor, c_minor, p_minor)
            select q.tenant_id, fresh.id, \(id.rawValue), q.position, q.product_id, q.supplier_id,
                q.platform_catalogue,
                q.supplier_reference, q.warehouse, q.stock_pool, q.sku, q.title, q.quantity,
                    q.unit_price_minor,
                q.discount_minor, q.vat_bp, q.unit_cost_minor, q.cost_currency, q.g_minor, q.s_minor,
                    q.m_minor,
                q.c_minor, q.p_minor
            from shop.quote_line q
            join unnest(\(fresh)) with ordinality as fresh (id, place) on fresh.place = q.position + 1
            where q.tenant_id = \(tenant) and q.quote_id = \(quote.id.rawValue)
            """
    }

    private var units: Query {
        let fresh = (0..<quote.unitCount).map { _ in UnitID().rawValue }
        return """
            insert into shop.unit (tenant_id, id, order_id, line_id, ordinal)
            select \(tenant), fresh.id, \(id.rawValue), sold.line_id, sold.ordinal
            from (
                select l.id as line_id, piece.ordinal,
                    row_number() over (order by l.position, piece.ordinal) as place
                from shop.order_line l cross join generate_series(1, l.quantity) as piece (ordinal)
                where l.tenant_id = \(tenant) and l.order_id = \(id.rawValue)
            ) sold
            join unnest(\(fresh)) with ordinality as fresh (id, place) on fresh.place = sold.place
            """
    }
}
