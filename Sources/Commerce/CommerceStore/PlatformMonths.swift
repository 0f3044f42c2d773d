package import Commerce
package import Foundation
internal import Postgres

// A month of the platform, over all accounts at once. First the books are cut, which holds up their writers
// for a moment only; then the statements are made by one set-based statement. Both may be repeated and change
// nothing the second time. Needs the platform's role.

package struct PlatformMonths: Sendable {
    /// Accounts of one page: as many as are started together.
    package static let page = 500

    private let database: Database

    package init(_ database: Database) {
        self.database = database
    }

    /// Whether the month has ended. To close one before would leave out for good what is still to come.
    package func isOver(_ month: BillingMonth, at now: Date) async throws -> Bool {
        try await database.platformTransaction { tx in
            try await tx.execute("select shop.month_start(\(month.next.firstDay)::date) <= \(now) as is_over")
                .only(orThrow: .notFound(.statement, month.rawValue)).decode("is_over")
        }
    }

    /// Draws the line in the books. False where it was drawn before.
    @discardableResult
    package func cut(_ month: BillingMonth) async throws -> Bool {
        try await database.platformTransaction { tx in
            try await tx.execute("select shop.cut_month(\(month.firstDay)::date) as done")
                .only(orThrow: .notFound(.statement, month.rawValue)).decode("done")
        }
    }

    /// Makes the statements of a month that was cut, and answers how many accounts have one.
    package func close(_ month: BillingMonth, at now: Date) async throws -> Int {
        try await database.platformTransaction { tx in
            try await tx.execute("select shop.close_month(\(month.firstDay)::date, \(now)) as accounts")
                .only(orThrow: .notFound(.statement, month.rawValue)).int("accounts")
        }
    }

    /// The newest month that is closed, before a month.
    package func lastClosed(before month: BillingMonth) async throws -> BillingMonth? {
        try await database.platformTransaction { tx in
            try await tx.first(
                """
                select to_char(max(month), 'YYYY-MM') as month from shop.platform_month
                where closed_at is not null and month < \(month.firstDay)::date
                """)?.rawOrNil("month")
        }
    }

    /// The oldest month whose books are cut and whose statements were not made, before a month.
    package func firstOpen(before month: BillingMonth) async throws -> BillingMonth? {
        try await database.platformTransaction { tx in
            try await tx.first(
                """
                select to_char(min(month), 'YYYY-MM') as month from shop.platform_month
                where closed_at is null and month < \(month.firstDay)::date
                """)?.rawOrNil("month")
        }
    }

    /// An account with something to bill.
    package struct Billed: Sendable, Equatable {
        package let home: TenantID
        package let account: UserID
    }

    /// The accounts with a statement for the month, in a fixed order, after one of them.
    package func billed(
        in month: BillingMonth, after last: TenantID?, limit: Int = page
    ) async throws -> [Billed] {
        let after = last?.rawValue ?? UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
        return try await database.platformTransaction { tx in
            try await tx.execute(
                """
                select tenant_id, b.account_id from shop.platform_statement s
                join shop.billing_account b using (tenant_id)
                where s.month = \(month.firstDay)::date and tenant_id > \(after)
                order by tenant_id limit \(limit)
                """
            ).rows.map { Billed(home: try $0.id("tenant_id"), account: try $0.id("account_id")) }
        }
    }

    /// What an account's month would be if it were closed now.
    package struct Preview: Sendable, Equatable {
        package let home: TenantID
        package let plan: PlanID
        package let subscription: Money
        package let fees: Money
        package let credits: Money
        /// Of suppliers' higher prices that were accepted.
        package let overruns: Money
    }

    /// The statements a month would have if it were closed now; nothing is kept. Of a month that is closed,
    /// those that it has.
    package func preview(_ month: BillingMonth) async throws -> [Preview] {
        try await database.platformTransaction { tx in
            try await tx.execute("select * from shop.preview_month(\(month.firstDay)::date)").rows.map {
                Preview(
                    home: try $0.id("tenant_id"), plan: try $0.raw("plan"),
                    subscription: try $0.money("subscription_minor", .eur),
                    fees: try $0.money("fees_minor", .eur), credits: try $0.money("credits_minor", .eur),
                    overruns: try $0.money("overrun_minor", .eur))
            }
        }
    }

    /// How far a month has come.
    package struct Standing: Sendable, Equatable {
        package let month: BillingMonth
        package let accounts: Int
        package let invoices: Int
        package let creditNotes: Int
        package let total: Money
        package let due: Money
        package let paid: Money
        package let isClosed: Bool
    }

    package func standing(of month: BillingMonth) async throws -> Standing? {
        try await database.platformTransaction { tx in
            let found = try await tx.first(
                """
                select m.accounts, m.closed_at is not null as is_closed,
                    count(*) filter (where i.kind = 'invoice') as invoices,
                    count(*) filter (where i.kind = 'credit_note') as credit_notes,
                    coalesce(sum(i.total_minor), 0)::bigint as total,
                    coalesce(sum(i.due_minor), 0)::bigint as due,
                    coalesce(sum(i.due_minor) filter (where c.status = 'paid'), 0)::bigint as paid
                from shop.platform_month m
                left join shop.platform_invoice i on i.month = m.month
                left join shop.platform_collection c on c.tenant_id = i.tenant_id and c.invoice_id = i.id
                where m.month = \(month.firstDay)::date group by m.month
                """)
            return try found.map { row in
                Standing(
                    month: month, accounts: try row.int("accounts"), invoices: try row.int("invoices"),
                    creditNotes: try row.int("credit_notes"), total: try row.money("total", .eur),
                    due: try row.money("due", .eur), paid: try row.money("paid", .eur),
                    isClosed: try row.decode("is_closed"))
            }
        }
    }
}

/// What one store's orders brought in a month.
package struct StatementLine: Sendable, Equatable {
    package let store: TenantID
    package let currency: Currency
    /// Refunds of orders that were invoiced before.
    package let isCredit: Bool
    package let orders: Int
    package let fees: FeeTotals
    package let supplier: Money
}

/// An account's month, in the invoice's currency.
package struct MonthStatement: Sendable, Equatable {
    package let month: BillingMonth
    package let plan: PlanID
    package let subscription: Money
    package let fees: FeeTotals
    /// Zero or negative.
    package let credits: FeeTotals
    /// Passed on to suppliers: listed, never invoiced.
    package let supplier: Money
    /// What was accepted of suppliers' higher prices, and is to be paid.
    package let overruns: Money
}

package struct Statements: Sendable {
    package init() {}

    /// Nil for a month in which the account had nothing.
    package func find(_ month: BillingMonth, in tx: Transaction<OneTenant>) async throws -> MonthStatement? {
        try await tx.first(
            """
            select * from shop.platform_statement
            where tenant_id = \(tx.tenantUUID) and month = \(month.firstDay)::date
            """
        ).map { row in
            let currency = try row.currency()
            return MonthStatement(
                month: month, plan: try row.raw("plan"),
                subscription: try row.money("subscription_minor", currency),
                fees: try row.fees("", currency), credits: try row.fees("credit_", currency),
                supplier: try row.money("supplier_minor", currency),
                overruns: try row.money("overrun_minor", currency))
        }
    }

    /// What the month collects of accepted higher prices, store by store.
    package func overruns(
        of month: BillingMonth, in tx: Transaction<OneTenant>
    ) async throws -> [AcceptedOverruns] {
        try await tx.execute(
            """
            select store_id, max(store_name) as store_name, currency,
                sum(amount_minor)::bigint as amount_minor,
                coalesce(array_agg(distinct order_number order by order_number)
                    filter (where order_number is not null), '{}') as orders
            from shop.platform_overrun
            where tenant_id = \(tx.tenantUUID) and month = \(month.firstDay)::date
            group by store_id, currency order by store_id
            """
        ).rows.map { row in
            AcceptedOverruns(
                store: try row.id("store_id"), storeName: try row.decode("store_name"),
                amount: try row.money("amount_minor", row.currency()),
                orders: try row.decode("orders", as: [Int64].self).compactMap(OrderNumber.init(rawValue:)))
        }
    }

    package func lines(
        of month: BillingMonth, in tx: Transaction<OneTenant>
    ) async throws -> [StatementLine] {
        try await tx.execute(
            """
            select * from shop.platform_statement_line
            where tenant_id = \(tx.tenantUUID) and month = \(month.firstDay)::date
            order by store_id, currency, is_credit
            """
        ).rows.map { row in
            let currency = try row.currency()
            return StatementLine(
                store: try row.id("store_id"), currency: currency, isCredit: try row.decode("is_credit"),
                orders: try row.int("orders"), fees: try row.fees("", currency),
                supplier: try row.money("supplier_minor", currency))
        }
    }
}

extension Row {
    fileprivate func fees(_ prefix: String, _ currency: Currency) throws -> FeeTotals {
        FeeTotals(
            markups: try money("\(prefix)markup_minor", currency),
            commissions: try money("\(prefix)commission_minor", currency),
            processing: try money("\(prefix)processing_minor", currency))
    }
}
