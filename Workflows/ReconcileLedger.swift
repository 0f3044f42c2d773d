// The books and Stripe's balances tell the same money twice. Once a day they are compared, account by account
// and currency by currency; what differs is kept in the day's report, and a store whose account differs asks
// for attention. Money that is on its way at that moment differs for a moment, so a difference is looked at a
// second time before it is believed.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials
import Stripe

/// Compares the books with Stripe, for all stores.
package struct ReconcileLedger: Workflow {
    package static let name: WorkflowName = "reconcile_ledger"

    package enum Step: String, WorkflowStep { case compare, keep, ask }

    package struct Input: Codable, Sendable {
        /// The day of the report, like 2026-11-23.
        package let day: String
        package init(day: String) { self.day = day }
    }

    package typealias Output = Comparison

    /// How much later a difference is looked at again.
    private static let pause: Duration = .seconds(900)
    /// Of one report; more than these have one cause.
    private static let limit = 500

    let shop: Shop

    package func run(_ input: Input, _ flow: Flow<Self>) async throws -> Comparison {
        let first = try await compare(1, flow)
        var result = first
        if !first.differences.isEmpty {
            try await flow.sleep(for: Self.pause, as: "money on its way")
            result = try await compare(2, flow)
            result.differences.removeAll { !first.differences.map(\.account).contains($0.account) }
        }
        let report = result
        _ = try await flow.step(.keep) { _ in
            try await LedgerReports(shop.database).keep(
                report.differences, compared: report.accounts, on: input.day)
            return Nothing()
        }
        for difference in report.differences {
            guard case .stripeConnected(let store) = difference.account else { continue }
            try await ask(store, about: difference, flow)
        }
        return report
    }

    private func compare(_ round: Int, _ flow: Flow<Self>) async throws -> Comparison {
        try await flow.step(.compare, for: round, retry: .patient) { _ in
            var found = try await LedgerComparison(database: shop.database, stripe: shop.stripe).run()
            found.differences = Array(found.differences.prefix(Self.limit))
            return found
        }
    }

    private func ask(_ store: TenantID, about difference: LedgerDifference, _ flow: Flow<Self>) async throws {
        let item = "\(store)-\(difference.booked.currency.rawValue)"
        _ = try await flow.step(.ask, for: item) { _ in
            try await shop.inStore(Tenant(store)) { tx in
                try await Attention().open(
                    .ledger, subject: difference.account.rawValue,
                    message: "the books say \(difference.booked) and Stripe \(difference.found)", in: tx)
            }
            return Nothing()
        }
    }
}

extension ReconcileLedger: Scheduled {
    package static var schedules: [Schedule] {
        get throws(ScheduleError) {
            [try Schedule("reconcile_ledger", .cron("40 4 * * *"), in: "Europe/Bucharest")]
        }
    }

    package static func input(for firing: ScheduledFiring) throws -> Input {
        Input(day: firing.nominal.formatted(.iso8601.year().month().day()))
    }
}

/// What a comparison has found.
package struct Comparison: Codable, Sendable, Equatable {
    /// How many accounts were compared.
    package var accounts: Int
    package var differences: [LedgerDifference]
}

/// The comparison itself, also for the command line.
package struct LedgerComparison: Sendable {
    private let database: Database
    private let stripe: StripeClient

    package init(database: Database, stripe: StripeClient) {
        self.database = database
        self.stripe = stripe
    }

    /// The platform's own balance, and that of every store that has an account.
    package func run() async throws -> Comparison {
        let books = try await LedgerReports(database).books()
        var found = Comparison(accounts: 1, differences: [])
        found.differences += differences(
            .stripePlatform, books.balances, try await stripe.balance().amounts)
        for (store, account) in books.accounts.sorted(by: { $0.key < $1.key }) {
            let balance = try await stripe.balance(of: StripeAccount.ID(rawValue: account))
            found.accounts += 1
            found.differences += differences(.stripeConnected(store), books.balances, balance.amounts)
        }
        return found
    }

    private func differences(
        _ account: LedgerAccount, _ balances: [Posting], _ found: [Money]
    ) -> [LedgerDifference] {
        let booked = balances.filter { $0.account == account }.map(\.amount)
        let currencies = Set((booked + found).map(\.currency)).sorted { $0.rawValue < $1.rawValue }
        return currencies.compactMap { currency in
            let ours = booked.first { $0.currency == currency } ?? .zero(currency)
            let theirs = found.first { $0.currency == currency } ?? .zero(currency)
            return ours == theirs ? nil : LedgerDifference(account: account, booked: ours, found: theirs)
        }
    }
}
