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

    /// What the books say of the balances at the vendor, and whose they are. Derived from the entries.
    package func books() async throws -> (accounts: [TenantID: String], balances: [Posting]) {
        try await database.platformTransaction { tx in
            let accounts = try await Stores().all(in: tx).compactMap { store in
                store.stripeAccount.map { (store.tenant, $0) }
            }
            let balances = try await Ledger().trialBalance(in: tx).filter { posting in
                switch posting.account {
                case .stripePlatform, .stripeConnected: true
                default: false
                }
            }
            return (Dictionary(uniqueKeysWithValues: accounts), balances)
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
