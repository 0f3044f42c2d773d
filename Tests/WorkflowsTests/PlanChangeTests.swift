import Commerce
import CommerceStore
import Durable
import DurableTesting
import Foundation
import Testing
import VendorSandbox
import Workflows

@Suite("Changes of plan")
struct PlanChangeTests {
    /// Noon on 21 November in Bucharest: ten days are left, the day itself included.
    private static let noon = Date(timeIntervalSince1970: 1_795_255_200)

    @Test("an upgrade is in force at once and costs the days that are left, that day included")
    func upgrade() async throws {
        try await BillingWorld.open(at: Self.noon) { world in
            let account = try await world.account(.pro, stores: 2)
            try await world.subscribe(account)

            let run = try world.change(account, to: .business)
            try await world.fleet.settle(upTo: .seconds(60))

            #expect(try world.output(of: run) == .upgraded)
            #expect(try await world.plan(of: account) == .business)
            for store in account.stores {
                let plan = try await world.database.transaction(for: store) {
                    try await Stores().load(in: $0).plan
                }
                #expect(plan == .business)
            }
            world.fleet.clock.advance(to: BillingWorld.night)
            try world.bill()
            try await world.fleet.settle(upTo: .seconds(3_600))
            // 19.00, and a third of the difference of 30.00; with VAT.
            let net = try await world.papers(of: account).map(\.net)
            #expect(net == [.eur(1900 + 1000)])
        }
    }

    @Test("a downgrade waits for the month's end; stores without room rest, and wake with a larger plan")
    func downgrade() async throws {
        try await BillingWorld.open(at: Self.noon) { world in
            let account = try await world.account(.pro, stores: 3)
            try await world.subscribe(account)

            let run = try world.change(account, to: .free)
            try await world.fleet.settle(upTo: .seconds(86_400))
            #expect(try await world.plan(of: account) == .pro)
            #expect(try await world.statuses(of: account) == ["published", "published", "published"])
            try await world.fleet.settle(upTo: .seconds(20 * 86_400))

            #expect(try world.output(of: run) == .downgraded)
            #expect(try await world.statuses(of: account) == ["published", "paused", "paused"])
            #expect(world.count("subscription.cancel") == 1)
            try world.bill(BillingWorld.november.next)
            try await world.fleet.settle(upTo: .seconds(3_600))
            #expect(try await world.papers(of: account) == [], "December is free")

            _ = try world.change(account, to: .pro)
            try await world.fleet.settle(upTo: .seconds(60))
            #expect(try await world.statuses(of: account) == ["published", "published", "published"])
        }
    }

    @Test("a wish that is taken back before the month's end changes nothing")
    func withdrawn() async throws {
        try await BillingWorld.open(at: Self.noon) { world in
            let account = try await world.account()
            try await world.subscribe(account)
            let wish = try world.change(account, to: .free)
            try await world.fleet.settle(upTo: .seconds(60))

            let second = try world.change(account, to: .pro)
            try await world.fleet.settle()

            #expect(try world.output(of: second) == .kept)
            #expect(try world.output(of: wish) == .withdrawn)
            #expect(try await world.plan(of: account) == .pro)
            #expect(world.count("subscription.cancel") == 0)
        }
    }

    @Test("taken back while Stripe is away, a downgrade cancels nothing")
    func withdrawnWhileStripeIsAway() async throws {
        try await BillingWorld.open(at: Self.noon) { world in
            let account = try await world.account()
            try await world.subscribe(account)
            let wish = try world.change(account, to: .free)
            world.stripe.workbench.inject(
                Fault("DELETE /v1/subscriptions/{id}", .status, status: 500, count: 1))
            try await world.fleet.settle(upTo: .seconds(60))
            world.fleet.clock.advance(to: BillingWorld.night)
            try await world.fleet.settle(upTo: .zero)

            let second = try world.change(account, to: .pro)
            try await world.fleet.settle(upTo: .zero)
            #expect(try world.output(of: second) == .kept)
            try await world.fleet.settle(upTo: .seconds(3_600))

            #expect(try world.output(of: wish) == .withdrawn)
            #expect(world.count("subscription.cancel") == 0)
            let kept = try await world.database.transaction(for: account.home) {
                try await BillingAccounts().load(in: $0)
            }
            #expect(kept.stripeSubscription != nil && kept.endingSubscription == nil)
        }
    }

    @Test("taken back after Stripe has cancelled, a downgrade is followed by a new subscription")
    func withdrawnTooLate() async throws {
        try await BillingWorld.open(at: Self.noon) { world in
            let account = try await world.account()
            try await world.subscribe(account)
            let wish = try world.change(account, to: .free)
            // Stripe cancels, and its answer is lost.
            world.stripe.workbench.inject(Fault("DELETE /v1/subscriptions/{id}", .dropAfter, count: 1))
            try await world.fleet.settle(upTo: .seconds(60))
            world.fleet.clock.advance(to: BillingWorld.night)
            try await world.fleet.settle(upTo: .zero)
            #expect(world.count("subscription.cancel") == 1)

            _ = try world.change(account, to: .pro)
            try await world.fleet.settle(upTo: .zero)
            try await world.deliver(try await world.events())
            try await world.fleet.settle(upTo: .seconds(3_600))

            #expect(try world.output(of: wish) == .withdrawn)
            #expect(try await world.plan(of: account) == .pro)
            // The one that was there from the beginning, and the one that goes on.
            #expect(world.count("subscription.create") == 2)
            let changes = "select string_agg(status, ',') from shop.plan_change"
            #expect(try await world.raw.psql(changes) == "withdrawn")
        }
    }

    @Test("of two upgrades that are wished for at once the larger one stays, whichever comes last")
    func twoUpgrades() async throws {
        try await BillingWorld.open(at: Self.noon) { world in
            let account = try await world.account()
            try await world.subscribe(account)
            _ = try world.change(account, to: .free)
            try await world.fleet.settle(upTo: .seconds(20 * 86_400))
            #expect(try await world.plan(of: account) == .free)
            world.stripe.workbench.inject(Fault("POST /v1/subscriptions", .status, status: 500, count: 1))
            let small = try world.change(account, to: .pro)
            try await world.fleet.settle(turningClock: false)
            let large = try world.change(account, to: .business)
            try await world.fleet.settle(turningClock: false)
            #expect(try world.output(of: large) == .upgraded)
            #expect(try world.output(of: small) == nil, "Stripe has refused it once")

            try await world.fleet.settle(upTo: .seconds(3_600))
            try await world.deliver(try await world.events())
            try await world.fleet.settle(upTo: .seconds(3_600))

            #expect(try world.output(of: small) == .upgraded)
            #expect(try await world.plan(of: account) == .business)
            #expect(world.count("subscription.update") == 0)
            let waiting = "select count(*) from shop.plan_change where status = 'scheduled'"
            #expect(try await world.raw.psql(waiting) == "0", "nobody has asked for a smaller plan")
        }
    }

    @Test("a downgrade that was wished for after an upgrade stays, however late the upgrade comes")
    func lateUpgrade() async throws {
        try await BillingWorld.open(at: Self.noon) { world in
            let account = try await world.account()
            try await world.subscribe(account)
            world.stripe.workbench.inject(
                Fault("POST /v1/subscriptions/{id}", .status, status: 500, count: 1))
            let upgrade = try world.change(account, to: .business)
            try await world.fleet.settle(turningClock: false)
            let downgrade = try world.change(account, to: .free)
            try await world.fleet.settle(turningClock: false)

            try await world.fleet.settle(upTo: .seconds(3_600))
            #expect(try world.output(of: upgrade) == .upgraded)
            #expect(try await world.plan(of: account) == .business)
            try await world.fleet.settle(upTo: .seconds(20 * 86_400))

            #expect(try world.output(of: downgrade) == .downgraded)
            #expect(try await world.plan(of: account) == .free)
        }
    }

    @Test("a subscription that Stripe does not know any more holds up no downgrade")
    func subscriptionGone() async throws {
        try await BillingWorld.open(at: Self.noon) { world in
            let account = try await world.account(.business)
            try await world.subscribe(account, to: .business)
            let wish = try world.change(account, to: .pro)
            world.stripe.workbench.inject(Fault("GET /v1/subscriptions/{id}", .status, status: 404, count: 1))
            try await world.fleet.settle(upTo: .seconds(20 * 86_400))

            #expect(try world.output(of: wish) == .downgraded)
            #expect(try await world.plan(of: account) == .pro)
            #expect(try await world.attention(of: account) == ["platform_invoice"])
        }
    }

    @Test(
        "of two subscriptions the larger plan stays and the other is cancelled, in any order",
        arguments: [1, 2, 3])
    func twoSubscriptions(seed: UInt64) async throws {
        try await BillingWorld.open(at: Self.noon) { world in
            let account = try await world.account(.free)
            try await world.subscribe(account, to: .pro)
            try await world.subscribeAgain(account, to: .business)

            var random = SeededOrder(seed: seed)
            let events = try await world.events()
            try await world.deliver((events + events).shuffled(using: &random))
            try await world.fleet.settle(upTo: .seconds(60))
            try await world.deliver(try await world.events().shuffled(using: &random))
            try await world.fleet.settle(upTo: .seconds(60))

            #expect(try await world.plan(of: account) == .business, "seed \(seed)")
            #expect(world.count("subscription.cancel") == 1, "seed \(seed)")
            let charged = "select sum(net_minor) from shop.plan_change where status = 'applied'"
            // A third of 49.00, in one step or in two.
            #expect(try await world.raw.psql(charged) == "1633", "seed \(seed)")
        }
    }

    @Test("without a card the merchant is sent to Stripe's page, and the news of it brings the plan")
    func firstCard() async throws {
        try await BillingWorld.open(at: Self.noon) { world in
            let account = try await world.account(.free)
            let run = try world.change(account, to: .pro)
            try await world.fleet.settle(upTo: .seconds(60))
            guard case .needsCard(let page)? = try world.output(of: run) else {
                Issue.record("the merchant was not sent anywhere")
                return
            }
            let session = page.split(separator: "/").last.map(String.init) ?? ""
            let answer = try await SandboxCaller.send(
                "POST", "\(world.stripe.baseURL)/_sandbox/checkout/\(session)",
                headers: ["Content-Type": "application/x-www-form-urlencoded"],
                body: Array("number=4242424242424242&expiry=12/34&cvc=123".utf8))
            #expect(answer.status < 400)

            try await world.deliver(try await world.events(), times: 2)
            try await world.fleet.settle(upTo: .seconds(60))

            #expect(try await world.plan(of: account) == .pro)
        }
    }

    @Test("Stripe's news in any order and number end in the same plan", arguments: [1, 2, 3, 4])
    func anyOrder(seed: UInt64) async throws {
        try await BillingWorld.open(at: Self.noon) { world in
            let account = try await world.account(.pro, stores: 2)
            try await world.subscribe(account)
            _ = try world.change(account, to: .business)
            try await world.fleet.settle(upTo: .seconds(60))
            let home = account.home
            let subscription = try await world.database.transaction(for: home) {
                try await BillingAccounts().load(in: $0).stripeSubscription ?? ""
            }
            _ = try await world.shop.stripe.cancelSubscription(.init(rawValue: subscription))

            var random = SeededOrder(seed: seed)
            let events = try await world.events()
            try await world.deliver((events + events + events).shuffled(using: &random))
            try await world.fleet.settle(upTo: .seconds(60))

            #expect(try await world.plan(of: account) == .free, "seed \(seed)")
            #expect(try await world.statuses(of: account) == ["published", "paused"], "seed \(seed)")
        }
    }

    @Test(
        "a change of plan has the same outside effects wherever the worker is killed",
        .timeLimit(.minutes(20)))
    func crashes() async throws {
        let survived = try await CrashRunner.survive(CrashingJournal.Side.allCases) { crash in
            try await BillingWorld.open(at: Self.noon, seenAs: crash) { world in
                let account = try await world.account(.pro, stores: 2)
                try await world.subscribe(account)
                _ = try world.change(account, to: .business)
                try await world.fleet.settle(upTo: .seconds(60))
                _ = try world.change(account, to: .free)
                try await world.fleet.settle(upTo: .seconds(20 * 86_400))
                let effects = ["subscription.create", "subscription.update", "subscription.cancel"]
                return effects.map { "\($0): \(world.count($0))" }
                    + [try await world.raw.psql("select plan, cause from shop.plan_period order by 1, 2")]
                    + [try await world.raw.psql("select to_plan, net_minor from shop.plan_change order by 1")]
            }
        }
        #expect(survived > 60)
    }

    @Test("a new store begins on the account's plan, and is refused where that has no room")
    func newStores() async throws {
        try await BillingWorld.open { world in
            let account = try await world.account(.pro, stores: 3)
            try await world.database.transaction(for: account.home) { tx in
                _ = try await BillingAccounts().lock(in: tx)
            }

            let refusal = try? await world.raw.psql(
                """
                insert into shop.store (tenant_id, owner_id, slug, name, currency, plan, contact_email)
                values (gen_random_uuid(), '\(account.user)', 'one-more', 'S', 'EUR', 'pro', 'a@example.test')
                """)

            #expect(refusal == nil)
        }
    }
}

extension BillingWorld {
    func change(_ account: TestAccount, to plan: PlanID) throws -> RunID {
        try fleet.journal.start(
            ChangePlan.self, .init(plan: plan, page: "https://app.example.test/plan"),
            once: UUID().uuidString,
            for: Tenant(account.home))
    }

    /// A second subscription of the same customer, as from a second page that was left open.
    func subscribeAgain(_ account: TestAccount, to plan: PlanID) async throws {
        let price = try await shop.stripe.createPrice(
            named: "cartflux_plan_\(plan)", product: "Plan", amount: .eur(0), key: "price/\(plan)")
        _ = try await shop.stripe.createSubscription(
            customer: .init(rawValue: try await customer(of: account)), price: price.id,
            metadata: ["account_id": "\(account.user)"], key: "again/\(account.user)")
    }

    func output(of run: RunID) throws -> ChangePlan.Output? {
        guard case .succeeded(let payload)? = fleet.journal.outcome(of: run) else { return nil }
        return try payload.decode(ChangePlan.Output.self, .output)
    }
}

private struct SeededOrder: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
