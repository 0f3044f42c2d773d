package import Commerce
internal import Postgres

// What a merchant has accepted to pay of suppliers' higher prices, as the store's books say it. When it is
// billed is the affair of the month (`Statements.overruns`).

package struct Overruns: Sendable {
    package init() {}

    /// What came to be owed for an order, less what suppliers gave back of it. Nil where nothing was
    /// accepted.
    package func accepted(for order: OrderID, in tx: Transaction<OneTenant>) async throws -> Money? {
        let row = try await tx.first(
            """
            select e.currency, sum(e.amount_minor)::bigint as accepted_minor
            from shop.ledger_transaction t
            join shop.ledger_entry e on e.tenant_id = t.tenant_id and e.transaction_id = t.id
            where t.tenant_id = \(tx.tenantUUID) and t.order_id = \(order.rawValue)
                and t.source in ('supplier_order', 'supplier_credit')
                and e.account = \(LedgerAccount.merchantReceivable(tx.tenant).rawValue)
            group by e.currency order by e.currency limit 1
            """)
        return try row.map { try $0.money("accepted_minor", in: "currency") }
    }
}
