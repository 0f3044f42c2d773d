// Once a month the platform bills every account for the month that ended. The month is closed for all of them
// at once, by the database; then each account is billed by a run of its own, started under the key
// `billing:{account}:{month}`. So firing twice, or again after a crash, finds the month closed and the runs
// started. The runs are no children of this one: they live for weeks where nobody pays, each in its own
// store's turn, and one that fails must hold up no other.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials

/// Closes a month and starts the billing of each account.
package struct MonthlyPlatformBilling: Workflow {
    package static let name: WorkflowName = "monthly_platform_billing"
    /// With that of the bills: who does not know their second version would start the first.
    package static let version = 2

    package enum Step: String, WorkflowStep {
        case plan
        case cut
        case close
        case fanOut = "fan_out"
    }

    package struct Input: Codable, Sendable {
        package let month: BillingMonth
        package init(month: BillingMonth) { self.month = month }
    }

    package struct Output: Codable, Sendable, Equatable {
        package let months: [BillingMonth]
        package let accounts: Int
    }

    package struct Progress: Codable, Sendable {
        package let month: BillingMonth
        package let started: Int
        package let accounts: Int
    }

    /// An outage of more than two years is looked at by a person.
    private static let longestCatchUp = 24

    let shop: Shop

    package func run(_ input: Input, _ flow: Flow<Self>) async throws -> Output {
        let months = try await flow.step(.plan) { _ in
            guard try await PlatformMonths(shop.database).isOver(input.month, at: shop.clock.now) else {
                throw NeedsAttention("\(input.month) is not over yet; a month is closed for good")
            }
            return try await owed(upTo: input.month)
        }
        var started = 0
        for month in months {
            let books = PlatformMonths(shop.database)
            _ = try await flow.step(.cut, for: month, retry: .patient) { _ in
                try await ShopRefusal.naming { try await books.cut(month) }
            }
            let accounts = try await flow.step(.close, for: month, retry: .patient) { _ in
                try await ShopRefusal.naming { try await books.close(month, at: shop.clock.now) }
            }
            started += try await startAll(accounts, of: month, flow)
        }
        return Output(months: months, accounts: started)
    }

    /// The months since the last that was closed, or since the oldest that was cut and could not be closed:
    /// one that was missed is billed first, and by itself.
    private func owed(upTo month: BillingMonth) async throws -> [BillingMonth] {
        let books = PlatformMonths(shop.database)
        let open = try await books.firstOpen(before: month)
        let following = try await books.lastClosed(before: month)?.next
        guard let first = [open, following].compactMap(\.self).min() else { return [month] }
        var months: [BillingMonth] = []
        var next = first
        while next < month {
            months.append(next)
            next = next.next
        }
        guard months.count < Self.longestCatchUp else {
            throw NeedsAttention("no month since \(first) was billed; bill them by hand, oldest first")
        }
        return months + [month]
    }

    private func startAll(_ accounts: Int, of month: BillingMonth, _ flow: Flow<Self>) async throws -> Int {
        var started = 0
        var last: TenantID?
        while started < accounts {
            let after = last
            let page = try await flow.step(.fanOut, for: "\(month)/\(started)", retry: .patient) { _ in
                let billed = try await PlatformMonths(shop.database).billed(in: month, after: after)
                try await shop.starter.start(
                    BillAccount.self,
                    billed.map { account in
                        KeyedRun(
                            key: "billing:\(account.account):\(month)", input: .init(month: month),
                            tenant: account.home)
                    })
                return Page(count: billed.count, last: billed.last?.home)
            }
            guard page.count > 0 else { break }
            started += page.count
            last = page.last
            try await flow.progress(Progress(month: month, started: started, accounts: accounts))
        }
        return started
    }
}

private struct Page: Codable, Sendable {
    let count: Int
    let last: TenantID?
}

extension MonthlyPlatformBilling: Scheduled {
    /// In the night of the first, after the books of the evening have come in; every month that was missed
    /// is caught up with.
    package static var schedules: [Schedule] {
        get throws(ScheduleError) {
            [
                try Schedule(
                    "platform_billing.monthly", .cron("30 3 1 * *"), in: "Europe/Bucharest",
                    overlap: .allow, catchUp: .all(upTo: longestCatchUp))
            ]
        }
    }

    package static func input(for firing: ScheduledFiring) throws -> Input {
        let today = firing.local.day.date
        return Input(month: .ended(before: today.year, today.month))
    }
}
