import Commerce
import CommerceStore
import Durable
import DurableTesting
import Foundation
import Testing
import VendorSandbox
import Workflows

@Suite("Monthly platform billing")
struct BillingTests {
    @Test("Pro in Romania: 31.96 in all, 8.97 withheld, 22.99 due and paid")
    func goldenExample() async throws {
        try await BillingWorld.open { world in
            let account = try await world.account()
            try await world.subscribe(account)
            try await world.sell(account.home, commission: 547, markup: 350)

            try world.bill()
            try await world.fleet.settle()

            let papers = try await world.papers(of: account)
            let invoice = try #require(papers.first)
            #expect(papers.count == 1)
            #expect(invoice.reference == "CFX-000001")
            #expect(invoice.total == .eur(3196))
            #expect(invoice.withheld == .eur(897))
            #expect(invoice.due == .eur(2299))
            #expect(invoice.vat == .eur(156 + 399))
            #expect(try await world.collection(of: invoice, account)?.status == .paid)
            #expect(try await world.balance(.merchantReceivable(account.home), of: account) == .eur(0))
            #expect(try await world.balance(.vatPayable(.romania), of: account) == .eur(-555))
            #expect(try await world.balance(.revenue(.subscription), of: account) == .eur(-1900))
            #expect(try await world.imbalance() == [])
            #expect(world.count("stripe_invoice.pay") == 1)
            #expect(world.count("email.create") == 1)
            let document = try await world.database.transaction(for: account.home) {
                try await PlatformInvoices().document(of: invoice.id, in: $0)
            }
            #expect(document?.contains("<dt>Amount due</dt><dd>22.99</dd>") == true)
            #expect(document?.contains("Passed on to suppliers") == true)
        }
    }

    @Test("a first month that could not be closed is billed by the next run")
    func firstMonthLeftOpen() async throws {
        try await BillingWorld.open { world in
            let account = try await world.account()
            try await PlatformMonths(world.database).cut(BillingWorld.november)
            world.fleet.clock.advance(to: BillingWorld.night.addingTimeInterval(31 * 86_400))

            try world.bill(BillingWorld.november.next)
            try await world.fleet.settle(upTo: .seconds(3_600))

            let months = try await world.papers(of: account).map(\.month)
            #expect(months.sorted() == [BillingWorld.november, BillingWorld.november.next])
        }
    }

    @Test("fees of all stores of an account are on one invoice; a month of nothing has none")
    func wholeAccount() async throws {
        try await BillingWorld.open { world in
            let busy = try await world.account(.free, stores: 1)
            let wide = try await world.account(.business, stores: 3)
            let idle = try await world.account(.free)
            try await world.sell(busy.home, commission: 100)
            for store in wide.stores { try await world.sell(store, commission: 100) }

            try world.bill()
            try await world.fleet.settle(upTo: .seconds(3_600))

            #expect(try await world.papers(of: idle) == [])
            #expect(try await world.papers(of: busy).map(\.due) == [.eur(0)])
            #expect(try await world.papers(of: wide).map(\.withheld) == [.eur(300)])
            #expect(try await world.papers(of: wide).map(\.due) == [.eur(5929)])
        }
    }

    @Test("the month is cut at the payment, in Bucharest; what the books learn late is billed next")
    func cut() async throws {
        try await BillingWorld.open { world in
            let account = try await world.account(.free)
            try await world.sell(account.home, commission: 100, paidAt: "2026-11-30 23:59:59+02")
            try await world.sell(account.home, commission: 10, paidAt: "2026-12-01 00:00:00+02")
            try world.bill()
            try await world.fleet.settle(upTo: .seconds(3_600))
            try await world.sell(account.home, commission: 1, paidAt: "2026-11-30 23:59:58+02")

            try world.bill(BillingWorld.november.next)
            try await world.fleet.settle(upTo: .seconds(3_600))

            #expect(try await world.papers(of: account).map(\.withheld) == [.eur(11), .eur(100)])
        }
    }

    @Test("a refund of an invoiced order is a credit note next month, one of the same month just less")
    func creditNote() async throws {
        try await BillingWorld.open { world in
            let account = try await world.account(.free)
            let sold = try await world.sell(account.home, commission: 242)
            try await world.giveBack(sold, of: account.home, commission: 121, at: "2026-11-20 10:00+02")
            try world.bill()
            try await world.fleet.settle(upTo: .seconds(3_600))
            try await world.giveBack(sold, of: account.home, commission: 121, at: "2026-12-05 10:00+02")

            try world.bill(BillingWorld.november.next)
            try await world.fleet.settle(upTo: .seconds(3_600))

            let papers = try await world.papers(of: account)
            #expect(papers.map(\.kind) == [.creditNote, .invoice])
            #expect(papers.map(\.total) == [.eur(-121), .eur(121)])
            #expect(papers.map(\.vat) == [.eur(-21), .eur(21)])
            #expect(papers.map(\.due) == [.eur(0), .eur(0)])
            #expect(papers.map(\.number) == [2, 1])
            #expect(try await world.balance(.vatPayable(.romania), of: account) == .eur(0))
            #expect(try await world.imbalance() == [])
        }
    }

    @Test("an invoice cannot be changed, and a number without its invoice cannot be taken")
    func immutable() async throws {
        try await BillingWorld.open { world in
            let account = try await world.account()
            try world.bill()
            try await world.fleet.settle(upTo: .seconds(3_600))

            for change in [
                "update shop.platform_invoice set due_minor = 0", "delete from shop.platform_invoice",
            ] {
                let answer = try? await world.raw.psql(change)
                #expect(answer == nil)
            }
            let last = try await world.raw.psql("select last_number from shop.platform_series")
            #expect(last == "1")
            #expect(try await world.papers(of: account).map(\.due) == [.eur(2299)])
        }
    }

    @Test("a month that fires twice at once bills each account once, without a gap in the numbers")
    func firedTwice() async throws {
        try await BillingWorld.open { world in
            var accounts: [TestAccount] = []
            for _ in 0..<6 { accounts.append(try await world.account()) }
            let first = try world.bill()
            let second = try world.bill()

            async let one: Void = world.fleet.stay(first)
            async let other: Void = world.fleet.stay(second)
            _ = try await (one, other)
            try await world.settleTogether()

            let numbers = try await world.raw.psql(
                "select string_agg(number::text, ',' order by number) from shop.platform_invoice")
            #expect(numbers == "1,2,3,4,5,6")
            for account in accounts { #expect(try await world.papers(of: account).count == 1) }
        }
    }

    @Test("a month that nobody billed is billed first, and by itself")
    func catchesUp() async throws {
        try await BillingWorld.open { world in
            let account = try await world.account()
            try world.bill(BillingMonth(year: 2026, month: 8))
            try await world.fleet.settle(upTo: .seconds(3_600))

            try world.bill()
            try await world.fleet.settle(upTo: .seconds(3_600))

            #expect(
                try await world.papers(of: account).map(\.month.rawValue) == [
                    "2026-11", "2026-10", "2026-09", "2026-08",
                ])
        }
    }

    @Test("a month that is not over is left open, whoever asks")
    func notOver() async throws {
        try await BillingWorld.open { world in
            let account = try await world.account()
            _ = try world.fleet.journal.start(
                MonthlyPlatformBilling.self, .init(month: BillingWorld.november.next),
                once: UUID().uuidString, for: .none)
            try await world.fleet.settle(upTo: .seconds(60))

            #expect(try await world.papers(of: account) == [])
            #expect(try await world.raw.psql("select count(*) from shop.platform_month") == "0")
        }
    }

    @Test("the month's run has the same outside effects wherever it is killed", .timeLimit(.minutes(20)))
    func crashes() async throws {
        let survived = try await CrashRunner.survive(CrashingJournal.Side.allCases) { crash in
            try await BillingWorld.open(seenAs: crash) { world in
                let account = try await world.account()
                try await world.subscribe(account)
                try await world.sell(account.home, commission: 547, markup: 350)
                try world.bill()
                try await world.fleet.settle(upTo: .seconds(3_600))
                let papers = try await world.papers(of: account)
                let effects = ["stripe_invoice.create", "stripe_invoice.pay", "email.create"]
                return papers.map { "\($0.reference) \($0.total) \($0.due)" }
                    + effects.map { "\($0): \(world.count($0))" }
                    + ["\(try await world.imbalance())"]
            }
        }
        #expect(survived > 60)
    }
}

extension BillingWorld {
    /// As a fleet of many workers would: everything that is ready at once is served at once.
    func settleTogether() async throws {
        while case let ready = fleet.journal.ready, !ready.isEmpty {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for run in ready { group.addTask { try await fleet.stay(run) } }
                try await group.waitForAll()
            }
        }
    }
}
