import Commerce
import CommerceStore
import Durable
import DurableTesting
import Foundation
import Stripe
import Testing
import VendorSandbox
import Workflows

@Suite("Affiliates")
struct AffiliateTests {
    @Test("a fifth of what the platform keeps is earned, rests thirty days and is paid from 50.00")
    func earned() async throws {
        try await BillingWorld.open { world in
            let bringer = try await world.account(.free)
            let brought = try await world.account(.business)
            let affiliate = try await world.join(bringer, code: "ana")
            #expect(try await world.attribute(brought, to: "ANA"))
            // Net 1000.00 of fees and 49.00 of subscription: 209.80.
            try await world.sell(brought.home, commission: 121_000)
            try world.bill()
            try await world.fleet.settle(upTo: .seconds(3_600))

            try await world.openAccount(of: bringer)
            try world.pay(round: "early")
            try await world.fleet.settle(upTo: .seconds(60))
            #expect(world.count("transfer.create") == 0)
            world.fleet.clock.advance(to: BillingWorld.night.addingTimeInterval(31 * 86_400))
            try world.pay(round: "later")
            try world.pay(round: "again")
            try await world.fleet.settle(upTo: .seconds(60))

            #expect(world.count("transfer.create") == 1)
            #expect(try await world.balance(.expense(.affiliate), of: brought) == .eur(20_980))
            #expect(try await world.balance(.affiliatePayable(affiliate), of: bringer) == .eur(20_980))
            #expect(try await world.imbalance() == [])
        }
    }

    @Test("refunds take the share back before it is paid")
    func clawedBack() async throws {
        try await BillingWorld.open { world in
            let bringer = try await world.account(.free)
            let brought = try await world.account(.free)
            let affiliate = try await world.join(bringer, code: "ana")
            _ = try await world.attribute(brought, to: "ana")
            let order = try await world.sell(brought.home, commission: 121_000)
            try world.bill()
            try await world.fleet.settle(upTo: .seconds(3_600))
            try await world.giveBack(order, of: brought.home, commission: 121_000, at: "2026-12-10 10:00+02")
            try world.bill(BillingWorld.november.next)
            try await world.fleet.settle(upTo: .seconds(3_600))

            world.fleet.clock.advance(to: BillingWorld.night.addingTimeInterval(90 * 86_400))
            let left = try await world.database.transaction(for: bringer.home) {
                try await Affiliates().available(affiliate, at: world.fleet.clock.now, in: $0)
            }

            #expect(left == .eur(0))
            #expect(try await world.balance(.affiliatePayable(affiliate), of: brought) == .eur(0))
        }
    }

    @Test("nobody brings themselves: not by the same account, mailbox, VAT number or card")
    func selfReferral() async throws {
        try await BillingWorld.open { world in
            let bringer = try await world.account(.free)
            _ = try await world.join(bringer, code: "ana")
            let twin = try await world.account(.business)
            let alias = try await world.account(.business)
            try await world.raw.psql(
                """
                update shop.app_user set email = replace('\(bringer.email)', '@', '+two@')
                    where id = '\(alias.user)'
                """)
            try await world.identify(bringer, vatNumber: "RO12345674")
            try await world.identify(twin, vatNumber: "RO12345674")

            #expect(try await !world.attribute(bringer, to: "ana"))
            #expect(try await !world.attribute(alias, to: "ana"))
            #expect(try await world.attribute(twin, to: "ana"))
            try world.bill()
            try await world.fleet.settle(upTo: .seconds(3_600))

            #expect(try await world.balance(.expense(.affiliate), of: twin) == .eur(0))
            #expect(
                try await world.raw.psql("select refused from shop.affiliate_referral") == "same_vat_number")
        }
    }

    @Test("a transfer of which nobody knows stays reserved: no later round pays it again")
    func unaccounted() async throws {
        try await BillingWorld.open { world in
            let bringer = try await world.account(.free)
            let affiliate = try await world.join(bringer, code: "ana")
            let brought = try await world.account(.free)
            try await world.openAccount(of: bringer)
            try await world.accrue(6_000, to: affiliate, by: brought)
            world.stripe.workbench.inject(Fault("POST /v1/transfers", .dropAfter, count: 1))
            world.stripe.workbench.inject(Fault("GET /v1/transfers", .status, status: 403, count: 1))

            try world.pay(round: "one")
            try await world.fleet.settle(upTo: .seconds(3_600))
            try world.pay(round: "two")
            try await world.fleet.settle(upTo: .seconds(3_600))

            #expect(world.count("transfer.create") == 1)
            #expect(try await world.raw.psql("select status from shop.affiliate_payout") == "reserved")
            #expect(try await world.attention(of: bringer) == ["affiliate_payout"])
        }
    }

    @Test(
        "a transfer that Stripe refuses frees the amount, and the next round pays it into the store's books")
    func refused() async throws {
        try await BillingWorld.open { world in
            let bringer = try await world.account(.free)
            let affiliate = try await world.join(bringer, code: "ana")
            let brought = try await world.account(.free)
            try await world.openAccount(of: bringer)
            try await world.accrue(6_000, to: affiliate, by: brought)
            world.stripe.workbench.inject(Fault("POST /v1/transfers", .status, status: 403, count: 1))

            try world.pay(round: "one")
            try await world.fleet.settle(upTo: .seconds(3_600))
            #expect(try await world.raw.psql("select status from shop.affiliate_payout") == "failed")
            try world.pay(round: "two")
            try await world.fleet.settle(upTo: .seconds(3_600))

            #expect(world.count("transfer.create") == 1)
            #expect(try await world.attention(of: bringer) == [])
            #expect(try await world.balance(.stripeConnected(bringer.home), of: bringer) == .eur(6_000))
            #expect(try await world.imbalance() == [])
        }
    }

    @Test("a payout has the same outside effects wherever the worker is killed", .timeLimit(.minutes(20)))
    func crashes() async throws {
        let survived = try await CrashRunner.survive(CrashingJournal.Side.allCases) { crash in
            try await BillingWorld.open(seenAs: crash) { world in
                let bringer = try await world.account(.free)
                let affiliate = try await world.join(bringer, code: "ana")
                let brought = try await world.account(.free)
                try await world.openAccount(of: bringer)
                try await world.accrue(6_000, to: affiliate, by: brought)
                try world.pay(round: "one")
                try await world.fleet.settle(upTo: .seconds(3_600))
                return [
                    "\(world.count("transfer.create"))",
                    try await world.raw.psql("select status, amount_minor from shop.affiliate_payout"),
                    "\(try await world.imbalance())",
                ]
            }
        }
        #expect(survived > 20)
    }
}

extension BillingWorld {
    func join(_ account: TestAccount, code: String) async throws -> AffiliateID {
        try await database.transaction(for: account.home) {
            try await Affiliates().join(code: code, in: $0).id
        }
    }

    func attribute(_ account: TestAccount, to code: String) async throws -> Bool {
        try await Affiliates().attribute(account.user, toCode: code, at: Self.night, database)
    }

    func identify(_ account: TestAccount, vatNumber: String) async throws {
        try await database.transaction(for: account.home) { tx in
            try await BillingAccounts().identify(
                name: "Lumina SRL", address: "Strada Lunga 1", country: .romania, vatNumber: vatNumber,
                checkedAt: nil, in: tx)
        }
    }

    /// What an account has earned its affiliate, long ago.
    func accrue(_ amount: Int, to affiliate: AffiliateID, by account: TestAccount) async throws {
        try await database.transaction(for: account.home) { tx in
            _ = try await BillingAccounts().lock(in: tx)
            let money = Money.eur(Int64(amount))
            try await Affiliates().accrue(
                money, on: money, to: affiliate, for: Self.november,
                availableAt: Self.night.addingTimeInterval(-86_400), in: tx)
            try await Ledger().post(
                .affiliateAccrued("2026-11", affiliate: affiliate, amount: money, at: Self.night), in: tx)
        }
    }

    func attention(of account: TestAccount) async throws -> [String] {
        try await database.transaction(for: account.home) {
            try await Attention().openItems(in: $0).map(\.topic)
        }
    }

    func pay(round: String) throws {
        _ = try fleet.journal.start(PayAffiliates.self, .init(round: round), once: round, for: .none)
    }

    /// The account's store can be paid to, and the platform has something to pay with.
    func openAccount(of account: TestAccount) async throws {
        let made = try await shop.stripe.createAccount(
            StripeAccountRequest(
                country: .romania, email: EmailAddress(unchecked: account.email), businessName: "Shop",
                website: "https://shop.example", metadata: ["store_id": "s1"]), key: "account")
        _ = try await post("/_sandbox/accounts/\(made.id)", ["outcome": "complete"])
        _ = try await post(
            "/v1/payment_intents",
            [
                "amount": "5000000", "currency": "eur", "payment_method": "pm_card_bypassPending",
                "confirm": "true", "return_url": "https://app.example",
            ])
        try await database.transaction(for: account.home) { tx in
            try await Stores().recordStripe(
                account: made.id.rawValue, state: .enabled, requirements: [], disabledReason: nil,
                paysOut: true, readAt: Date(), in: tx)
        }
    }
}
