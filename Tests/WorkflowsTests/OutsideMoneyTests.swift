import Commerce
import CommerceStore
import Durable
import DurableTesting
import Foundation
import Testing
import VendorSandbox
import Workflows

@Suite("Money that is moved in Stripe's own pages")
struct OutsideMoneyTests {
    private static let form = [
        "Authorization": "Bearer sk_test_shop", "Content-Type": "application/x-www-form-urlencoded",
    ]

    /// What somebody does in the dashboard.
    private func dashboard(_ world: World, _ path: String, _ form: String) async throws {
        let answer = try await SandboxCaller.send(
            "POST", "\(world.stripe.baseURL)/v1/\(path)", headers: Self.form, body: Array(form.utf8))
        #expect(answer.status < 300, "\(path) answered \(answer.text)")
    }

    private func refund(_ world: World, _ run: RunID, _ amount: Int, _ more: String = "") async throws {
        let intent = try #require(try await world.payment(of: run)?.intent)
        try await dashboard(world, "refunds", "payment_intent=\(intent)&amount=\(amount)\(more)")
    }

    private func settle(_ world: World) async throws {
        try await world.deliverEvents()
        try await world.settle()
        try await world.fleet.settle(upTo: .seconds(3_600))
    }

    @Test("a part is posted with what it took from the store and the fee, and credited once")
    func part() async throws {
        try await World.open { world in
            let run = try await world.paidCheckout(2)

            try await refund(world, run, 1_000, "&reverse_transfer=true&refund_application_fee=true")
            try await settle(world)

            let order = try #require(try await world.order(of: run))
            #expect(order.status.payment == .partiallyRefunded)
            #expect(try await world.refunds(of: order.id).map(\.status) == [.settled, .settled])
            #expect(try await world.differencesFromStripe() == [])
            #expect(try await world.imbalance().isEmpty)
            #expect((await world.smartBill.vendor.objects("invoices") ?? []).count == 2)
        }
    }

    @Test("the whole, paid by the platform, is its goodwill, and the invoice is reversed")
    func whole() async throws {
        try await World.open { world in
            let run = try await world.paidCheckout()

            try await refund(world, run, 1_500)
            try await settle(world)

            let order = try #require(try await world.order(of: run))
            #expect(order.status.payment == .refunded)
            #expect(order.status.invoice == .storno)
            #expect(try await world.booked(.expense(.goodwill)) == .eur(1_500))
            #expect(try await world.differencesFromStripe() == [])
            try await world.refund(nil, of: run, once: "more")
            #expect(world.count("refund.create") == 1)
        }
    }

    @Test("a transfer that is reversed on its own is owed to the merchant")
    func reversal() async throws {
        try await World.open { world in
            let run = try await world.paidCheckout()
            let transfer = try #require(await world.stripe.vendor.objects("transfers")?.first?["id"].string)

            try await dashboard(world, "transfers/\(transfer)/reversals", "amount=200")
            try await settle(world)

            #expect(try await world.booked(.merchantReceivable(world.tenant)) == .eur(-200))
            #expect(try await world.differencesFromStripe() == [])
            #expect(try await world.order(of: run)?.status.payment == .paid)
        }
    }

    @Test("what was taken in another currency than the order's debt is for a person to look at, once")
    func otherCurrency() async throws {
        try await World.open { world in
            let run = try await world.paidCheckout()
            let order = try #require(try await world.order(of: run)).id
            try await world.database.transaction(for: world.tenant) { tx in
                let (receivable, wallet) = (
                    LedgerAccount.merchantReceivable(world.tenant), LedgerAccount.supplierWallet(SupplierID())
                )
                try await Ledger().post(
                    LedgerTransaction(
                        LedgerSource(.supplierOrder, SupplierOrderID(), .paid), at: Date(), order: order,
                        [Posting(receivable, .ron(900)), Posting(wallet, .ron(-900))]), in: tx)
            }
            let transfer = try #require(await world.stripe.vendor.objects("transfers")?.first?["id"].string)

            for _ in 0..<2 {
                try await dashboard(world, "transfers/\(transfer)/reversals", "amount=100")
                try await settle(world)
            }
            try await settle(world)

            let items = try await world.database.transaction(for: world.tenant) { tx in
                try await Attention().openItems(in: tx).filter { $0.topic == "refund_failed" }
            }
            #expect(items.count == 2)
            #expect(items.allSatisfy { $0.message.contains("asks for the") && $0.order == order })
        }
    }

    @Test("events that come three times, in any order and late, end in the same books", arguments: 1...5)
    func mixed(seed: UInt64) async throws {
        func play(_ deliver: (World) async throws -> Void, _ end: (World) async throws -> Void) async throws
            -> [String]
        {
            try await World.open { world in
                let run = try await world.paidCheckout(2)
                try await refund(world, run, 700, "&reverse_transfer=true")
                try await deliver(world)
                try await refund(world, run, 300, "&reverse_transfer=true&refund_application_fee=true")
                try await deliver(world)
                try await end(world)
                try await world.fleet.settle(upTo: .seconds(7_200))
                #expect(try await world.differencesFromStripe() == [], "seed \(seed)")
                return try await world.ending(of: try #require(try await world.order(of: run)).id)
            }
        }
        let expected = try await play(settle, settle)
        var events = MixedEvents(seed: seed)

        let actual = try await play(
            { world in
                try await events.deliverSome(in: world)
                try await world.fleet.settle(upTo: .seconds(240))
            }, { try await events.deliverAll(in: $0) })

        #expect(actual == expected, "seed \(seed)")
    }

    @Test("killed at every write, it is posted once", .timeLimit(.minutes(20)))
    func crashes() async throws {
        let survived = try await CrashRunner.survive(CrashingJournal.Side.allCases) { crash in
            let trigger = Trigger()
            return try await World.open(seenAs: trigger.arm(crash)) { world in
                let run = try await world.paidCheckout()
                try await refund(world, run, 500, "&reverse_transfer=true")
                trigger.pull()
                try await settle(world)
                let order = try #require(try await world.order(of: run))
                return try await ["credits: \(world.count("invoice.create"))"]
                    + world.ending(of: order.id) + world.differencesFromStripe()
            }
        }
        #expect(survived > 10)
    }
}
