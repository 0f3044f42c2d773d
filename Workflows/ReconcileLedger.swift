// The books and Stripe's balances tell the same money twice. Once a day they are compared, account by account
// and currency by currency; what differs is kept in the day's report, and a store whose account differs asks
// for attention until it is equal again. Money that is on its way at that moment differs for a moment, so a
// difference is believed only where a second look finds the same one. A store whose account cannot be read
// any more, because the merchant has disconnected it, holds up no other.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials
import Stripe

/// Compares the books with Stripe, for all stores.
package struct ReconcileLedger: Workflow {
    package static let name: WorkflowName = "reconcile_ledger"

    package enum Step: String, WorkflowStep { case compare, keep, ask, resolve }

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
        var last = first
        if !first.differences.isEmpty {
            try await flow.sleep(for: Self.pause, as: "money on its way")
            last = try await compare(2, flow)
        }
        var report = last
        report.differences.removeAll { found in
            !first.differences.contains { $0.isSame(as: found) }
        }
        try await keep(report, on: input.day, flow)
        for difference in report.differences {
            guard case .stripeConnected(let store) = difference.account else { continue }
            try await ask(store, about: difference, flow)
        }
        try await resolve(last, flow)
        return report
    }

    private func keep(_ report: Comparison, on day: String, _ flow: Flow<Self>) async throws {
        _ = try await flow.step(.keep) { _ in
            try await LedgerReports(shop.database).keep(
                report.differences, compared: report.accounts, on: day)
            return Nothing()
        }
    }

    /// Whoever has asked and is equal now need not be looked at any more.
    private func resolve(_ last: Comparison, _ flow: Flow<Self>) async throws {
        // A list that was cut off does not say who is equal.
        guard last.differences.count < Self.limit, last.unread.count < Self.limit else { return }
        let open = Set(last.differences.map(\.account.rawValue))
            .union(last.unread.map { LedgerAccount.stripeConnected($0).rawValue })
        _ = try await flow.step(.resolve, retry: .patient) { _ in
            for item in try await LedgerReports(shop.database).attended() where !open.contains(item.subject) {
                try await shop.inStore(Tenant(item.store)) { tx in
                    try await Attention().resolve(.ledger, subject: item.subject, by: "comparison", in: tx)
                }
            }
            return Nothing()
        }
    }

    private func compare(_ round: Int, _ flow: Flow<Self>) async throws -> Comparison {
        try await flow.step(.compare, for: round, retry: .patient) { _ in
            var found = try await LedgerComparison(database: shop.database, stripe: shop.stripe).run()
            found.differences = Array(found.differences.prefix(Self.limit))
            found.unread = Array(found.unread.prefix(Self.limit))
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
    /// Stores whose account cannot be read any more.
    package var unread: [TenantID] = []
}

extension LedgerDifference {
    /// The same account is off by the same amount, whatever moved on it meanwhile.
    func isSame(as other: LedgerDifference) -> Bool {
        account == other.account && found.currency == other.found.currency
            && found - booked == other.found - other.booked
    }
}

/// The comparison itself, also for the command line.
package struct LedgerComparison: Sendable {
    private let database: Database
    private let stripe: StripeClient

    package init(database: Database, stripe: StripeClient) {
        self.database = database
        self.stripe = stripe
    }

    /// The platform's own balance, and that of every store that has an account. The books are read right
    /// after each balance: Stripe moves money first, and its news are booked a moment later.
    package func run() async throws -> Comparison {
        let reports = LedgerReports(database)
        let own = try await stripe.balance()
        var found = Comparison(
            accounts: 1,
            differences: differences(
                .stripePlatform, try await reports.booked(.stripePlatform), own.amounts))
        for (store, account) in try await reports.connected().sorted(by: { $0.key < $1.key }) {
            let balance: StripeBalance
            do throws(StripeFailure) {
                balance = try await stripe.balance(of: StripeAccount.ID(rawValue: account))
            } catch {
                guard case .permanent = error.disposition else { throw error }
                found.unread.append(store)
                continue
            }
            let booked = try await reports.booked(.stripeConnected(store), of: store)
            found.accounts += 1
            found.differences += differences(.stripeConnected(store), booked, balance.amounts)
        }
        return found
    }

    private func differences(
        _ account: LedgerAccount, _ booked: [Money], _ found: [Money]
    ) -> [LedgerDifference] {
        let currencies = Set((booked + found).map(\.currency)).sorted { $0.rawValue < $1.rawValue }
        return currencies.compactMap { currency in
            let ours = booked.first { $0.currency == currency } ?? .zero(currency)
            let theirs = found.first { $0.currency == currency } ?? .zero(currency)
            return ours == theirs ? nil : LedgerDifference(account: account, booked: ours, found: theirs)
        }
    }
}
