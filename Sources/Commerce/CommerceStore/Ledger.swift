package import Commerce
package import Foundation
internal import Postgres

// Double entry, append only. A transaction is posted once per cause, whoever repeats it; the database
// checks at commit that it balances, and refuses to change what was posted. Balances are never stored: they
// are derived from the entries.

package struct Ledger: Sendable {
    package init() {}

    /// Posts the transaction. False when its cause was posted before; then nothing is added.
    @discardableResult
    package func post(_ transaction: LedgerTransaction, in tx: Transaction<OneTenant>) async throws -> Bool {
        let id = LedgerTransactionID()
        let header = try await tx.execute(
            """
            insert into shop.ledger_transaction (tenant_id, id, source, source_id, kind, order_id, note,
                occurred_at)
            values (\(tx.tenantUUID), \(id.rawValue), \(transaction.source.record.rawValue),
                \(transaction.source.id),
                \(transaction.source.kind.rawValue), \(transaction.order?.rawValue), \(transaction.note),
                \(transaction.occurredAt))
            on conflict (tenant_id, source, source_id, kind) do nothing
            """)
        guard header.affected == 1 else { return false }
        let postings = transaction.postings
        try await tx.execute(
            """
            insert into shop.ledger_entry (tenant_id, transaction_id, position, account, currency,
                amount_minor)
            select \(tx.tenantUUID), \(id.rawValue), entry.position, entry.account, entry.currency,
                entry.amount
            from unnest(\(postings.map(\.account.rawValue)), \(postings.map(\.amount.currency.rawValue)),
                \(postings.map(\.amount.minorUnits))) with ordinality
                as entry (account, currency, amount, position)
            """)
        return true
    }

    package func balance(
        of account: LedgerAccount, in currency: Currency, tx: Transaction<OneTenant>
    ) async throws -> Money {
        let row = try await tx.execute(
            """
            select coalesce(sum(amount_minor), 0)::bigint as balance from shop.ledger_entry
            where tenant_id = \(tx.tenantUUID) and account = \(account.rawValue)
                and currency = \(currency.rawValue)
            """
        ).only(orThrow: .notFound(.store, "\(tx.tenant)"))
        return try row.money("balance", currency)
    }

    /// Every account of the store with what stands on it.
    package func trialBalance(in tx: Transaction<OneTenant>) async throws -> [Posting] {
        try await tx.execute(
            """
            select account, currency, sum(amount_minor)::bigint as balance from shop.ledger_entry
            where tenant_id = \(tx.tenantUUID) group by account, currency order by account, currency
            """
        ).rows.map { try $0.posting("balance") }
    }

    /// The same over all stores, for the console.
    package func trialBalance(in tx: Transaction<EveryTenant>) async throws -> [Posting] {
        try await tx.execute(
            """
            select account, currency, sum(amount_minor)::bigint as balance from shop.ledger_entry
            group by account, currency order by account, currency
            """
        ).rows.map { try $0.posting("balance") }
    }

    /// What is out of balance, per currency: always empty, or somebody has been at the tables.
    package func imbalance(in tx: Transaction<EveryTenant>) async throws -> [Money] {
        try await tx.execute(
            """
            select currency, sum(amount_minor)::bigint as excess from shop.ledger_entry
            group by currency having sum(amount_minor) <> 0 order by currency
            """
        ).rows.map { try $0.money("excess", in: "currency") }
    }

    /// What was posted for an order, oldest first.
    package func entries(of order: OrderID, in tx: Transaction<OneTenant>) async throws -> [PostedEntry] {
        try await tx.execute(Self.entries(tx.tenantUUID, order)).rows.map { try PostedEntry(row: $0) }
    }

    /// The same for any store, for the console.
    package func entries(
        of order: OrderID, at tenant: TenantID, in tx: Transaction<EveryTenant>
    ) async throws -> [PostedEntry] {
        try await tx.execute(Self.entries(tenant.rawValue, order)).rows.map { try PostedEntry(row: $0) }
    }

    private static func entries(_ tenant: UUID, _ order: OrderID) -> Query {
        """
        select t.source, t.source_id, t.kind, t.occurred_at, e.account, e.currency, e.amount_minor
        from shop.ledger_transaction t
        join shop.ledger_entry e on e.tenant_id = t.tenant_id and e.transaction_id = t.id
        where t.tenant_id = \(tenant) and t.order_id = \(order.rawValue)
        order by t.occurred_at, t.id, e.position
        """
    }
}

package struct PostedEntry: Sendable, Equatable {
    package let source: LedgerSource
    package let occurredAt: Date
    package let posting: Posting
}

extension PostedEntry {
    fileprivate init(row: Row) throws {
        source = LedgerSource(
            try row.raw("source"), try row.decode("source_id", as: String.self), try row.raw("kind"))
        occurredAt = try row.decode("occurred_at")
        posting = try row.posting("amount_minor")
    }
}

extension Row {
    fileprivate func posting(_ amount: String) throws -> Posting {
        Posting(try raw("account"), try money(amount, in: "currency"))
    }
}
