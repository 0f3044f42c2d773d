import Commerce
import CommerceStore
import Durable
import Fleet
import Foundation
import Workflows

/// Moves the clock to the night in which the month is billed, and bills it as the schedule would.
struct DemoMonth {
    private let demo: DemoPlatform
    private let platform: Platform
    private let purchase: DemoPurchase

    init(_ demo: DemoPlatform, _ platform: Platform, _ purchase: DemoPurchase) {
        self.demo = demo
        self.platform = platform
        self.purchase = purchase
    }

    func bill() async throws -> String {
        let (month, night) = try Self.next(after: Date())
        DemoPlatform.say("the clock is moved to \(night.formatted(.iso8601)); \(month) is billed")
        let ahead = Int64(night.timeIntervalSinceNow.rounded(.up))
        try BusinessClock.move(DemoWorld.clockFile, ahead: ahead)
        // By then every process has looked into the file.
        try await Task.sleep(for: BusinessClock.freshness * 2)
        // Carries the commit of the start; leaving this scope ends and awaits it.
        async let _: Void = platform.runs.run()
        let run = try await platform.runs.start(
            MonthlyPlatformBilling.self, .init(month: month), for: .none
        ).id
        try await demo.wait(until: "\(month) is closed") {
            try await platform.hasSucceeded(run) ? () : nil
        }
        try await accountIsBilled(month)
        let standing = try await PlatformMonths(platform.database).standing(of: month)
        guard let standing, standing.isClosed, standing.invoices > 0 else {
            throw DemoProblem("\(month) was billed without an invoice")
        }
        let text =
            "the month \(BillingText.standing(standing))\n"
            + (try await BillingText.account(purchase.store, month, platform.database))
        // What is done by hand from here on happens at the same time as in the browser.
        try BusinessClock.move(DemoWorld.clockFile, ahead: 0)
        return text
    }

    /// The account of the store that sold has its invoice, and its run is over or waits to be paid.
    private func accountIsBilled(_ month: BillingMonth) async throws {
        guard let store = try await Tenants(platform.database).tenant(ofSlug: purchase.store) else {
            throw DemoProblem("the store \(purchase.store) is gone")
        }
        let owner = try await platform.database.transaction(for: store) {
            try await Stores().load(in: $0).owner
        }
        guard let home = try await BillingAccounts().home(of: owner, platform.database) else {
            throw DemoProblem("the account of \(purchase.store) was not billed")
        }
        try await demo.wait(until: "the account of \(purchase.store) has its invoice") {
            try await platform.database.transaction(for: home) {
                try await PlatformInvoices().find(.invoice, of: month, in: $0)
            }
        }
        try await demo.wait(until: "the billing of \(purchase.store) is through") {
            let run = try await platform.runs(of: BillAccount.name, for: Tenant(home)).last
            return run.map { $0.status == .succeeded || $0.status == .waiting } == true ? () : nil
        }
    }

    /// The month that is under way, and the moment after it at which the schedule fires.
    private static func next(after now: Date) throws -> (BillingMonth, Date) {
        guard let zone = TimeZone(identifier: "Europe/Bucharest") else {
            throw DemoProblem("this machine knows no time zone Europe/Bucharest; install tzdata")
        }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        let today = calendar.dateComponents([.year, .month], from: now)
        let month = BillingMonth(year: today.year ?? 0, month: today.month ?? 0)
        let first = DateComponents(
            year: month.next.year, month: month.next.month, day: 1, hour: 3, minute: 30)
        guard let night = calendar.date(from: first) else {
            throw DemoProblem("\(month.next) has no first day")
        }
        return (month, night)
    }
}
