import Commerce
import CommerceStore
import Durable
import DurableTesting
import Foundation
import Testing
import VendorSandbox
import Workflows

@Suite("Invoices that nobody pays")
struct DunningTests {
    @Test("a card that declines is asked on days 0, 3, 7 and 14; on day 21 the account falls to Free")
    func threeWeeks() async throws {
        try await BillingWorld.open { world in
            let account = try await world.account(.pro, stores: 3)
            try await world.subscribe(account)
            try await world.takeCard(of: account, giving: "pm_card_chargeCustomerFail")

            try world.bill()
            try await world.fleet.settle(upTo: .seconds(20 * 86_400))
            #expect(world.count("stripe_invoice.decline") == 4)
            // The clock stands at the last attempt until a timer moves it.
            world.fleet.clock.advance(to: BillingWorld.night.addingTimeInterval(20 * 86_400))
            #expect(try await world.plan(of: account) == .pro)
            try await world.fleet.settle(upTo: .seconds(2 * 86_400))

            let invoice = try #require(try await world.papers(of: account).first)
            #expect(try await world.collection(of: invoice, account)?.status == .givenUp)
            #expect(try await world.collection(of: invoice, account)?.attempts == 4)
            #expect(try await world.plan(of: account) == .free)
            #expect(try await world.statuses(of: account) == ["published", "paused", "paused"])
            #expect(world.count("stripe_invoice.create") == 1)
            #expect(world.count("subscription.cancel") == 1)
            // The invoice, four failures, the end of the plan.
            #expect(world.count("email.create") == 6)
            #expect(try await world.balance(.merchantReceivable(account.home), of: account) == .eur(2299))
            #expect(try await world.imbalance() == [])
        }
    }

    @Test("paid by hand between two attempts, it is not asked for again and the plan stays")
    func paidByHand() async throws {
        try await BillingWorld.open { world in
            let account = try await world.account()
            try await world.subscribe(account)
            try await world.takeCard(of: account, giving: "pm_card_chargeCustomerFail")
            try world.bill()
            try await world.fleet.settle(upTo: .seconds(4 * 86_400))
            let invoice = try #require(try await world.papers(of: account).first)
            let asked = try await world.collection(of: invoice, account)?.stripeInvoice ?? ""

            _ = try await world.post(
                "/v1/invoices/\(asked)/pay", ["payment_method": world.goodCard(of: account)])
            try await world.deliver(try await world.events().reversed(), times: 3)
            try await world.fleet.settle()

            #expect(try await world.collection(of: invoice, account)?.status == .paid)
            #expect(try await world.plan(of: account) == .pro)
            #expect(world.count("stripe_invoice.decline") == 2)
            #expect(try await world.balance(.merchantReceivable(account.home), of: account) == .eur(0))
            #expect(try await world.imbalance() == [])
        }
    }

    @Test("paid on the last evening, the plan stays although no news of it has come")
    func paidLate() async throws {
        try await BillingWorld.open { world in
            let account = try await world.account()
            try await world.subscribe(account)
            try await world.takeCard(of: account, giving: "pm_card_chargeCustomerFail")
            try world.bill()
            try await world.fleet.settle(upTo: .seconds(15 * 86_400))
            let invoice = try #require(try await world.papers(of: account).first)
            let asked = try await world.collection(of: invoice, account)?.stripeInvoice ?? ""

            _ = try await world.post(
                "/v1/invoices/\(asked)/pay", ["payment_method": world.goodCard(of: account)])
            try await world.fleet.settle(upTo: .seconds(10 * 86_400))

            #expect(try await world.collection(of: invoice, account)?.status == .paid)
            #expect(try await world.plan(of: account) == .pro)
            #expect(world.count("subscription.cancel") == 0)
            #expect(try await world.balance(.merchantReceivable(account.home), of: account) == .eur(0))
        }
    }

    @Test("what Stripe refuses for good is no end: letters go out, and the next round asks anew")
    func refused() async throws {
        try await BillingWorld.open { world in
            let account = try await world.account()
            try await world.subscribe(account)
            world.stripe.workbench.inject(Fault("POST /v1/invoices", .status, status: 404, count: 1))
            world.stripe.workbench.inject(Fault("POST /v1/invoiceitems", .status, status: 404, count: 1))

            try world.bill()
            try await world.fleet.settle(upTo: .seconds(2 * 86_400))
            let invoice = try #require(try await world.papers(of: account).first)
            #expect(try await world.collection(of: invoice, account)?.attempts == 1)
            #expect(world.count("stripe_invoice.create") == 0)
            try await world.fleet.settle(upTo: .seconds(10 * 86_400))

            // The second round made it and was refused half way; the third went on with what was there.
            #expect(world.count("stripe_invoice.create") == 1)
            #expect(world.count("stripe_invoice_item.create") == 1)
            #expect(try await world.collection(of: invoice, account)?.attempts == 2)
            #expect(try await world.collection(of: invoice, account)?.status == .paid)
            #expect(try await world.imbalance() == [])
        }
    }

    @Test("while the subscription is being cancelled, news of it bring no plan back")
    func newsAfterTheFall() async throws {
        try await BillingWorld.open { world in
            let account = try await world.account()
            try await world.subscribe(account)
            try await world.takeCard(of: account, giving: "pm_card_chargeCustomerFail")
            world.stripe.workbench.inject(
                Fault("DELETE /v1/subscriptions/{id}", .status, status: 500, count: 3))
            try world.bill()
            // The fall is written; Stripe does not take the cancellation yet.
            try await world.fleet.settle(upTo: .seconds(14 * 86_400))
            world.fleet.clock.advance(to: BillingWorld.night.addingTimeInterval(21 * 86_400 + 1))
            try await world.fleet.settle(upTo: .zero)
            #expect(try await world.plan(of: account) == .free)
            #expect(world.count("subscription.cancel") == 0)

            try await world.deliver(try await world.events())
            try await world.fleet.settle(upTo: .zero)
            #expect(try await world.plan(of: account) == .free)
            try await world.fleet.settle(upTo: .seconds(86_400))

            #expect(world.count("subscription.cancel") == 1)
            try await world.deliver(try await world.events())
            try await world.fleet.settle(upTo: .seconds(86_400))
            #expect(try await world.plan(of: account) == .free)
            let changes = "select count(*) from shop.plan_change where net_minor > 0"
            #expect(try await world.raw.psql(changes) == "0")
        }
    }

    @Test("of an invoice that is paid nobody writes that its card was declined")
    func paidMeanwhile() async throws {
        try await BillingWorld.open { world in
            let account = try await world.account()
            try world.bill()
            try await world.fleet.settle(upTo: .seconds(3_600))
            let invoice = try #require(try await world.papers(of: account).first)

            let written = try await world.database.transaction(for: account.home) { tx in
                let open = try await Collections().noteFailure("declined", of: invoice.id, in: tx)
                _ = try await Collections().markPaid(invoice.id, at: BillingWorld.night, in: tx)
                let late = try await Collections().noteFailure("declined", of: invoice.id, in: tx)
                return [open, late]
            }

            #expect(written == [true, false])
        }
    }

    @Test("an account without a card is told so, and can still give one before the next attempt")
    func noCard() async throws {
        try await BillingWorld.open { world in
            let account = try await world.account()
            try world.bill()
            try await world.fleet.settle(upTo: .seconds(86_400))
            #expect(world.count("stripe_invoice.create") == 0)

            try await world.subscribe(account)
            try await world.fleet.settle(upTo: .seconds(3 * 86_400))

            let invoice = try #require(try await world.papers(of: account).first)
            #expect(try await world.collection(of: invoice, account)?.status == .paid)
        }
    }

    @Test(
        "three weeks of asking have the same outside effects wherever the worker is killed",
        .timeLimit(.minutes(20)))
    func crashes() async throws {
        let survived = try await CrashRunner.survive { crash in
            try await BillingWorld.open(seenAs: crash) { world in
                let account = try await world.account(.pro, stores: 2)
                try await world.subscribe(account)
                try await world.takeCard(of: account, giving: "pm_card_chargeCustomerFail")
                try world.bill()
                try await world.fleet.settle(upTo: .seconds(30 * 86_400))
                let effects = [
                    "stripe_invoice.create", "stripe_invoice.decline", "subscription.cancel", "email.create",
                ]
                return effects.map { "\($0): \(world.count($0))" }
                    + ["\(try await world.plan(of: account))", "\(try await world.imbalance())"]
            }
        }
        #expect(survived > 40)
    }
}

extension BillingWorld {
    /// From now on the account pays with another card.
    func takeCard(of account: TestAccount, giving card: String) async throws {
        let customer = try await customer(of: account)
        let method = try await post("/v1/payment_methods/\(card)/attach", ["customer": customer])
        _ = try await post(
            "/v1/customers/\(customer)",
            ["invoice_settings[default_payment_method]": method["id"].string ?? ""])
    }

    func goodCard(of account: TestAccount) async throws -> String {
        let method = try await post(
            "/v1/payment_methods/pm_card_visa/attach", ["customer": customer(of: account)])
        return method["id"].string ?? ""
    }

    func customer(of account: TestAccount) async throws -> String {
        try await database.transaction(for: account.home) { tx in
            try await BillingAccounts().load(in: tx).stripeCustomer ?? ""
        }
    }
}
