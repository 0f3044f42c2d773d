package import Commerce
internal import Foundation
internal import Postgres

// Once a day the books are compared with the balances at the vendor. The books are the entries of all stores,
// added up anew; what differs is kept, so that it can be said since when it does.

/// One account of the books that is not what the vendor says.
package struct LedgerDifference: Codable, Sendable, Equatable {
    package let account: LedgerAccount
    package let booked: Money
    package let found: Money

    package init(account: LedgerAccount, booked: Money, found: Money) {
        self.account = account
        self.booked = booked
        self.found = found
    }
}

package struct LedgerReports: Sendable {
    private let database: Database

    /// The database needs the platform's pool: a store can only see its own entries.
    package init(_ database: Database) {
        self.database = database
    }

    /// The stores that have an account at the vendor, by its name there.
    package func connected() async throws -> [TenantID: String] {
        try await database.platformTransaction { tx in
            let accounts = try await Stores().all(in: tx).compactMap { store in
                store.stripeAccount.map { (store.tenant, $0) }
            }
            return Dictionary(uniqueKeysWithValues: accounts)
        }
    }

    /// What the books say of an account, by currency: of one store's entries, or of everybody's. Derived from
    /// the entries.
    package func booked(_ account: LedgerAccount, of store: TenantID? = nil) async throws -> [Money] {
        try await database.platformTransaction { tx in
            try await tx.execute(
                """
                select currency, sum(amount_minor)::bigint as balance from shop.ledger_entry
                where account = \(account.rawValue)
                    and (\(store?.rawValue)::uuid is null or tenant_id = \(store?.rawValue)::uuid)
                group by currency order by currency
                """
            ).rows.map { try $0.money("balance", in: "currency") }
        }
    }

    /// The stores whose account has asked for attention because it differed.
    package func attended() async throws -> [(store: TenantID, subject: String)] {
        try await database.platformTransaction { tx in
            try await tx.execute(
                """
                select tenant_id, subject from shop.attention_item
                where kind = 'ledger' and resolved_at is null order by tenant_id, subject
                """
            ).rows.map { (try $0.id("tenant_id"), try $0.decode("subject")) }
        }
    }

    /// Every account of all stores with what stands on it, and what is out of balance: always nothing.
    package func trialBalance() async throws -> (accounts: [Posting], imbalance: [Money]) {
        try await database.platformTransaction { tx in
            (try await Ledger().trialBalance(in: tx), try await Ledger().imbalance(in: tx))
        }
    }

    /// Keeps the report of a day. The first one of a day stays.
    package func keep(_ differences: [LedgerDifference], compared: Int, on day: String) async throws {
        try await database.platformTransaction { tx in
            _ = try await tx.execute(
                """
                insert into shop.ledger_report (day, accounts, differences)
                values (\(day)::date, \(Int32(clamping: compared)), \(JSONB(encoding: differences)))
                on conflict (day) do nothing
                """)
        }
    }

    /// The reports of the last days, newest first.
    package func recent(limit: Int = 30) async throws -> [Report] {
        try await database.platformTransaction { tx in
            try await tx.execute(
                """
                select day::text as day, accounts, differences from shop.ledger_report
                order by day desc limit \(min(limit, 366))
                """
            ).rows.map { row in
                Report(
                    day: try row.decode("day"), accounts: try row.int("accounts"),
                    differences: try row.json("differences"))
            }
        }
    }

    package struct Report: Sendable, Equatable {
        package let day: String
        package let accounts: Int
        package let differences: [LedgerDifference]
    }
}
