// What the pages are measured over, written without the shop and the engine: a set at a time, and then
// counted, so that the planner knows what lies there.

import Durable
import Foundation
import Postgres

extension BenchDatabase {
    /// Removes every store and person of an earlier bench, also where a row may not be removed in business.
    func forgetStores() async throws {
        _ = try await connection.execute("set session_replication_role = replica")
        _ = try await connection.execute("truncate shop.app_user, shop.store cascade")
        _ = try await connection.execute("reset session_replication_role")
    }

    /// Runs of two hundred stores over the last six days: most have succeeded, some ended badly, and one in
    /// twenty still waits.
    func fillRuns(_ count: Int) async throws {
        let live = count / 20
        _ = try await connection.execute(Self.endedRuns(count - live))
        _ = try await connection.execute(Self.waitingRuns(live))
        _ = try await connection.execute("analyze engine.run, engine.run_history")
    }

    /// Rises with `n`, ends a minute ago, and has its time in the id, as the engine's own.
    private static func numbered(_ count: Int) -> Query {
        """
        select n, at, (lpad(to_hex((date_part('epoch', at) * 1000)::bigint), 12, '0') || '7'
                || substr(md5('run' || n), 14))::uuid as id,
            md5('store' || n % 200)::uuid::text as tenant,
            (array['checkout_to_fulfilment', 'forward_supplier_order', 'follow_parcels', 'send_order_email',
                'smartbill_invoice', 'supplier_sync'])[1 + n % 6] as workflow,
            jsonb_build_object('order', md5('order' || n)::uuid) as input
        from (select n, clock_timestamp() - interval '1 minute'
                - interval '6 days' * (\(count) - n) / \(count) as at
            from generate_series(1, \(count)) n) times
        """
    }

    private static func endedRuns(_ count: Int) -> Query {
        """
        insert into engine.run_history (id, tenant, workflow, version, status, epoch, input, output, error,
            created_at, ended_at)
        select id, tenant, workflow, 1,
            case when n % 50 = 0 then 'failed' when n % 500 = 1 then 'needs_attention'
                when n % 200 = 2 then 'cancelled' else 'succeeded' end,
            1, input, case when n % 50 <> 0 and n % 500 <> 1 then '{}'::jsonb end,
            case when n % 50 = 0 or n % 500 = 1 then jsonb_build_object('code', 'supplier_unreachable',
                'message', 'the supplier did not answer within 15 seconds', 'step', 'submit',
                'fingerprint', left(md5('cause' || n % 40), 16)) end,
            at, at + interval '2 seconds'
        from (\(numbered(count))) made
        """
    }

    private static func waitingRuns(_ count: Int) -> Query {
        """
        insert into engine.run (id, tenant, workflow, version, status, epoch, wake_at, wait_reason, input,
            created_at)
        select id, tenant, workflow, 1, 'waiting', 1, clock_timestamp() + interval '30 days',
            jsonb_build_object('kind', 'timer', 'step', 'close'), input, at
        from (\(numbered(count))) made
        """
    }

    /// A run half way back in the list.
    func distantRun() async throws -> UUID {
        try await value(
            """
            select id from engine.run_history
            where id >= (select engine.first_id(clock_timestamp() - interval '3 days')) order by id limit 1
            """, as: UUID.self)
    }

    /// When the runs of these stores ended, in seconds since 1970, as the engine wrote it in the statement
    /// that ended them.
    func ends(of workflow: WorkflowName, since began: Double) async throws -> [(tenant: String, at: Double)] {
        try await connection.execute(
            """
            select tenant, extract(epoch from ended_at)::float8 from engine.run_history
            where workflow = \(workflow.rawValue) and ended_at >= to_timestamp(\(began))
            """
        ).rows.map { (try $0.decode(0, as: String.self), try $0.decode(1, as: Double.self)) }
    }

    // MARK: - Orders

    /// Orders of one store over three hundred days, nearly all delivered. The checks between rows are left
    /// out: what the orders hang from elsewhere is on no list.
    func fillOrders(_ count: Int, of tenant: UUID) async throws {
        _ = try await connection.execute("set session_replication_role = replica")
        _ = try await connection.execute(Self.orders(count, of: tenant))
        _ = try await connection.execute("reset session_replication_role")
        _ = try await connection.execute("analyze shop.orders")
    }

    private static func orders(_ count: Int, of tenant: UUID) -> Query {
        """
        insert into shop.orders (tenant_id, id, number, token, checkout_id, quote_id, plan, currency, locale,
            email, phone, address, goods_minor, discount_minor, shipping_minor, g_minor, s_minor, m_minor,
            c_minor, p_minor, w_minor, n_minor, payment_status, fulfilment_status, invoice_status, attention,
            disputed, placed_at, paid_at)
        select \(tenant), md5('order' || n)::uuid, n, md5('token' || n), md5('checkout' || n)::uuid,
            md5('quote' || n)::uuid, 'free', 'EUR', 'en', 'shopper-' || n % 30000 || '@example.test', '',
            jsonb_build_object('firstName', 'Ștefania', 'lastName', 'Müller-' || n % 30000), 1500, 0, 0,
            1500, 1000, 100, 75, 0, 1175, 325,
            case when n % 50 = 3 then 'refunded' else 'paid' end,
            case when n > \(count) * 99 / 100 then 'unfulfilled' when n % 30 = 4 then 'shipped'
                else 'delivered' end,
            'issued', case when n % 500 = 5 then 'supplier_unknown' else 'none' end, n % 1000 = 6, at, at
        from (select n, clock_timestamp() - interval '300 days' * (\(count) - n) / \(count) as at
            from generate_series(1, \(count)) n) times
        """
    }

    func owner(of tenant: UUID) async throws -> UUID {
        try await value("select owner_id from shop.store where tenant_id = \(tenant)", as: UUID.self)
    }

    func order(_ number: Int, of tenant: UUID) async throws -> UUID {
        try await value(
            "select id from shop.orders where tenant_id = \(tenant) and number = \(number)", as: UUID.self)
    }

    // MARK: - Baskets

    /// The token of the basket that became this quote.
    func basketToken(of quote: UUID) async throws -> String {
        try await value(
            """
            select c.token from shop.cart c
            join shop.quote q on q.tenant_id = c.tenant_id and q.cart_id = c.id where q.id = \(quote)
            """, as: String.self)
    }

    /// Gives each of these baskets a copy of what the quote's own basket holds, and a copy of the quote under
    /// the basket's id, as if each had been shown the checkout just now.
    func copy(quote: UUID, to baskets: [UUID], tokens: [String]) async throws {
        let copies: Query = "unnest(\(baskets), \(tokens)) as m (id, token)"
        let carts: Query = "(select cart_id from shop.quote where id = \(quote))"
        let statements: [Query] = [
            """
            insert into shop.cart select r.* from shop.cart c, \(copies), lateral jsonb_populate_record(c,
                jsonb_build_object('id', m.id, 'token', m.token)) r
            where c.id = \(carts)
            """,
            """
            insert into shop.cart_line select r.* from shop.cart_line l, \(copies),
                lateral jsonb_populate_record(l, jsonb_build_object('cart_id', m.id)) r
            where l.cart_id = \(carts)
            """,
            """
            insert into shop.quote select r.* from shop.quote q, \(copies), lateral jsonb_populate_record(q,
                jsonb_build_object('id', m.id, 'cart_id', m.id, 'created_at', clock_timestamp(),
                    'expires_at', clock_timestamp() + interval '15 minutes')) r
            where q.id = \(quote)
            """,
            """
            insert into shop.quote_line select r.* from shop.quote_line l, \(copies),
                lateral jsonb_populate_record(l, jsonb_build_object('quote_id', m.id)) r
            where l.quote_id = \(quote)
            """,
            """
            insert into shop.quote_shipment select r.* from shop.quote_shipment s, \(copies),
                lateral jsonb_populate_record(s, jsonb_build_object('quote_id', m.id)) r
            where s.quote_id = \(quote)
            """,
            "analyze shop.cart, shop.cart_line, shop.quote, shop.quote_line, shop.quote_shipment",
        ]
        for statement in statements { _ = try await connection.execute(statement) }
    }

    func acceptedCheckouts() async throws -> Int {
        try await value("select count(*) from shop.checkout", as: Int.self)
    }
}
