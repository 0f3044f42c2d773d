import Foundation
import Postgres

// How far the orders are, by the shop's own books.

extension Books {
    /// Checkouts that are not through.
    func openCheckouts() async throws -> Int {
        try await count("select count(*) \(raw: Self.open)")
    }

    /// Orders whose goods are on their way to the shopper, with invoice and letter.
    func fulfilledOrders() async throws -> Int {
        try await count(
            "select count(*) from shop.orders o where \(raw: Self.isServed) and \(raw: Self.isPapered)")
    }

    func refundedOrders() async throws -> Int {
        try await count(
            "select count(*) from shop.orders o where \(raw: Self.isRefunded) and \(raw: Self.isPapered)")
    }

    /// Returns when every checkout is through and no run has anything left to do now.
    func untilAllThrough(within limit: Duration) async throws {
        do {
            try await until("every checkout is through", within: limit) {
                let busy = try await count("select count(*) from engine.run where status <> 'waiting'")
                return try await openCheckouts() + busy == 0
            }
        } catch {
            throw Unfinished(cause: error, story: try await openStory())
        }
    }

    /// What stands between each open checkout and its end, for the message of a failed test.
    func openStory() async throws -> String {
        let stories = try await texts(
            """
            select format('%s outcome=%s order=%s payment=%s fulfilment=%s invoice=%s attention=%s '
                    'suppliers=%s letters=%s run=%s epoch=%s why=%s', c.id, c.outcome, o.number,
                o.payment_status, o.fulfilment_status, o.invoice_status, o.attention,
                (select string_agg(s.state || coalesce(':' || s.problem, ''), ',') from shop.supplier_order s
                    where s.tenant_id = o.tenant_id and s.order_id = o.id),
                (select string_agg(e.status || coalesce(':' || e.problem, ''), ',') from shop.email e
                    where e.tenant_id = o.tenant_id and e.order_id = o.id),
                r.status, r.epoch,
                coalesce(r.wait_reason::text, h.status || coalesce(' ' || h.error::text, '')))
            \(raw: Self.open) limit 20
            """)
        let runs = try await texts(
            """
            select format('%s %s %s tenant=%s worker=%s wake=%s takeovers=%s %s', id, workflow, status,
                tenant, worker, wake_at, takeovers, wait_reason)
            from engine.run
            where workflow not in ('checkout_to_fulfilment', 'follow_parcels') limit 20
            """)
        let failures = try await texts(
            """
            select format('%s %s %s', workflow, status, left(error::text, 300)) from engine.run_history
            where status <> 'succeeded' limit 20
            """)
        let attempts = try await texts(
            """
            select format('%s %s', name, left(error::text, 300)) from engine.attempt
            order by started_at desc limit 20
            """)
        return (["open:"] + stories + ["runs:"] + runs + ["failures:"] + failures + ["attempts:"] + attempts)
            .joined(separator: "\n")
    }

    /// Through is an order whose goods are out or whose money is back, and whose papers are out.
    private static let open = """
        from shop.checkout c
        left join shop.orders o on o.tenant_id = c.tenant_id and o.checkout_id = c.id
        left join engine.run r on r.id = c.run_id
        left join engine.run_history h on h.id = c.run_id
        where not coalesce((\(isServed) or \(isRefunded)) and \(isPapered), false)
        """

    private static let isServed = """
        (o.payment_status = 'paid'
            and exists (select 1 from shop.supplier_order s
                where s.tenant_id = o.tenant_id and s.order_id = o.id)
            and not exists (select 1 from shop.supplier_order s
                where s.tenant_id = o.tenant_id and s.order_id = o.id
                    and s.state not in ('accepted', 'shipped', 'delivered')))
        """

    private static let isRefunded = """
        (o.payment_status = 'refunded' and o.fulfilment_status = 'canceled'
            and o.invoice_status = 'storno')
        """

    private static let isPapered = """
        (o.invoice_status in ('issued', 'storno')
            and exists (select 1 from shop.email e where e.tenant_id = o.tenant_id and e.order_id = o.id
                and e.cause = 'confirmation:' || o.id and e.status in ('sent', 'delivered')))
        """
}

private struct Unfinished: Error, CustomStringConvertible {
    let cause: any Error
    let story: String
    var description: String { "\(cause)\n\(story)" }
}
