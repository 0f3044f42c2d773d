import Commerce
import CommerceStore
import Durable
import DurableTesting
import Foundation
import Testing
import VendorSandbox
import Workflows

@Suite("Accepted supplier prices on the month's invoice")
struct OverrunBillingTests {
    private static let november = BillingWorld.november

    @Test("what was accepted is a line without VAT, due with the subscription, and then owed no more")
    func collected() async throws {
        try await BillingWorld.open { world in
            let account = try await world.account()
            try await world.subscribe(account)
            let order = try await world.sell(account.home, commission: 547, markup: 350)
            try await world.accept(150, of: order, in: account.home)

            try world.bill()
            try await world.fleet.settle()

            let invoice = try #require(try await world.papers(of: account).first)
            #expect(invoice.total == .eur(3196 + 150))
            #expect(invoice.vat == .eur(156 + 399))
            #expect(invoice.due == .eur(2299 + 150))
            let (lines, document, overruns) = try await world.database.transaction(for: account.home) { tx in
                (
                    try await PlatformInvoices().lines(of: invoice.id, in: tx),
                    try await PlatformInvoices().document(of: invoice.id, in: tx),
                    try await Statements().overruns(of: Self.november, in: tx)
                )
            }
            let line = try #require(lines.first { $0.kind == .overrun })
            #expect(line.net == .eur(150) && line.vat.isZero && !line.isWithheld)
            #expect(line.title.contains("#1, November 2026"))
            #expect(document?.contains("no VAT is charged on them here") == true)
            #expect(overruns.map(\.amount) == [.eur(150)])
            #expect(try await world.collection(of: invoice, account)?.status == .paid)
            #expect(try await world.owed(by: account) == [.eur(0)])
            #expect(try await world.imbalance() == [])
        }
    }

    @Test("stores of one account are billed together, and the books of each are even afterwards")
    func severalStores() async throws {
        try await BillingWorld.open { world in
            let account = try await world.account(.business, stores: 3)
            try await world.subscribe(account, to: .business)
            for (store, cents) in zip(account.stores.dropFirst(), [150, 70]) {
                let order = try await world.sell(store, commission: 100)
                try await world.accept(cents, of: order, in: store)
            }

            try world.bill()
            try await world.fleet.settle()

            #expect(try await world.papers(of: account).map(\.due) == [.eur(5929 + 220)])
            #expect(try await world.owed(by: account) == [.eur(0), .eur(0), .eur(0)])
            #expect(try await world.onTheWay(in: account).total(.eur) == .eur(0))
            #expect(try await world.imbalance() == [])
        }
    }

    @Test("what is accepted after the month's cut, or in the next month, is billed with the next")
    func cut() async throws {
        try await BillingWorld.open { world in
            let account = try await world.account(.free)
            let order = try await world.sell(account.home, commission: 100)
            try await world.accept(150, of: order, in: account.home)
            try await world.accept(7, of: order, in: account.home, at: "2026-12-01 00:00+02")
            try world.bill()
            try await world.fleet.settle(upTo: .seconds(3_600))
            try await world.accept(20, of: order, in: account.home, at: "2026-11-30 23:00+02")

            try world.bill(Self.november.next)
            try await world.fleet.settle(upTo: .seconds(3_600))

            #expect(try await world.papers(of: account).map(\.due) == [.eur(27), .eur(150)])
        }
    }

    @Test("what a supplier gives back is set against the plan's price or other debts, or waits for them")
    func givenBack() async throws {
        try await BillingWorld.open { world in
            let (small, large) = (try await world.account(.free), try await world.account())
            try await world.subscribe(large)
            for account in [small, large] {
                let order = try await world.sell(account.home, commission: 100)
                try await world.accept(150, of: order, in: account.home)
                try await world.accept(-200, of: order, in: account.home, at: "2026-11-20 10:00+02")
                try await world.accept(300, of: order, in: account.home, at: "2026-12-05 10:00+02")
            }

            try world.bill()
            try await world.fleet.settle(upTo: .seconds(3_600))
            try world.bill(Self.november.next)
            try await world.fleet.settle(upTo: .seconds(3_600))

            #expect(try await world.papers(of: small).map(\.due) == [.eur(250), .eur(0)])
            #expect(try await world.papers(of: large).map(\.due) == [.eur(2299 + 300), .eur(2299 - 50)])
            #expect(try await world.imbalance() == [])
        }
    }

    @Test("a credit that no month's debts reach is given back in parts, and a later one behind it too")
    func inParts() async throws {
        try await BillingWorld.open { world in
            let account = try await world.account(.free)
            let order = try await world.sell(account.home, commission: 100)
            try await world.accept(150, of: order, in: account.home)
            try await world.accept(-200, of: order, in: account.home, at: "2026-11-20 10:00+02")
            try await world.accept(-5, of: order, in: account.home, at: "2026-11-21 10:00+02")
            try await world.accept(150, of: order, in: account.home, at: "2026-12-05 10:00+02")

            for month in [Self.november, Self.november.next] {
                try world.bill(month)
                try await world.fleet.settle(upTo: .seconds(3_600))
            }

            // Nothing in November, of whose debt all is set off; then what is left of both credits.
            #expect(try await world.papers(of: account).map(\.due).total(.eur) == .eur(150 - 50 - 5))
            #expect(try await world.imbalance() == [])
        }
    }

    @Test("what was taken from the store at the vendor already is not asked for again")
    func takenBefore() async throws {
        try await BillingWorld.open { world in
            let account = try await world.account()
            try await world.subscribe(account)
            let order = try await world.sell(account.home, commission: 100)
            try await world.accept(150, of: order, in: account.home, at: "2026-10-15 10:00+02")
            try await world.accept(-150, of: order, in: account.home, backBy: "transfer_reversal")

            try world.bill()
            try await world.fleet.settle(upTo: .seconds(3_600))

            #expect(try await world.papers(of: account).map(\.due) == [.eur(2299)])
            #expect(try await world.owed(by: account) == [.eur(0)])
        }
    }

    @Test("two runs at once bill it once")
    func together() async throws {
        try await BillingWorld.open { world in
            let account = try await world.ready()
            for key in ["one", "other"] {
                try world.fleet.journal.start(
                    BillAccount.self, .init(month: Self.november), once: key, for: Tenant(account.home))
            }

            try await world.settleTogether()
            try await world.fleet.settle()

            #expect(try await world.papers(of: account).map(\.due) == [.eur(5929 + 220)])
            #expect(world.count("stripe_invoice.pay") == 1)
            #expect(try await world.owed(by: account) == [.eur(0), .eur(0)])
            #expect(try await world.imbalance() == [])
        }
    }

    @Test("wherever its run is killed, it is billed once and owed no more", .timeLimit(.minutes(20)))
    func crashes() async throws {
        let survived = try await CrashRunner.survive([.after]) { crash in
            let trigger = Trigger()
            return try await BillingWorld.open(seenAs: trigger.arm(crash)) { world in
                let account = try await world.ready()
                trigger.pull()
                try world.fleet.journal.start(
                    BillAccount.self, .init(month: Self.november), once: "billing",
                    for: Tenant(account.home))
                try await world.fleet.settle(upTo: .seconds(3_600))
                let papers = try await world.papers(of: account).map { "\($0.reference) \($0.due)" }
                return papers + [
                    "paid: \(world.count("stripe_invoice.pay"))",
                    "owed: \(try await world.owed(by: account))",
                    "on the way: \(try await world.onTheWay(in: account).total(.eur))",
                    "\(try await world.imbalance())",
                ]
            }
        }
        #expect(survived > 6)
    }
}

extension BillingWorld {
    /// An account whose two stores have accepted something in a month that is closed.
    fileprivate func ready() async throws -> TestAccount {
        let account = try await account(.business, stores: 2)
        try await subscribe(account, to: .business)
        for (store, cents) in zip(account.stores, [150, 70]) {
            let order = try await sell(store, commission: 100)
            try await accept(cents, of: order, in: store)
        }
        let months = PlatformMonths(database)
        try await months.cut(Self.november)
        _ = try await months.close(Self.november, at: fleet.clock.now)
        return account
    }

    /// What each store's books say that it owes.
    fileprivate func owed(by account: TestAccount) async throws -> [Money] {
        try await balances(of: account) { .merchantReceivable($0) }
    }

    /// What is between the books of the account's stores.
    fileprivate func onTheWay(in account: TestAccount) async throws -> [Money] {
        try await balances(of: account) { _ in .clearing(.billing) }
    }

    private func balances(
        of account: TestAccount, _ ledger: (TenantID) -> LedgerAccount
    ) async throws -> [Money] {
        var found: [Money] = []
        for store in account.stores {
            let wanted = ledger(store)
            found.append(
                try await database.transaction(for: store) {
                    try await Ledger().balance(of: wanted, in: .eur, tx: $0)
                })
        }
        return found
    }
}
