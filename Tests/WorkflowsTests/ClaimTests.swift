import Commerce
import CommerceStore
import Durable
import DurableTesting
import Foundation
import Testing
import VendorSandbox
import Workflows

@Suite("Claims")
struct ClaimTests {
    @Test("a damaged piece is refunded by the merchant, and the supplier's late credit comes back to it")
    func credited() async throws {
        try await World.open { world in
            let run = try await world.deliveredCheckout(2)
            let order = try #require(try await world.order(of: run))
            let (id, settling) = try await world.claim(1, from: order.id)
            try await world.settle()
            #expect(world.count("refund.create") == 0)
            var letters = try await world.letters()
            #expect(
                letters.contains(
                    "We have received your report about order \(order.number) at Lumina & Co"))
            #expect(letters.contains("A shopper reported a problem with order \(order.number)"))

            try await world.decide(.refund, id, settling)
            try await world.settle()
            #expect(try await world.refunds(of: order.id).map(\.breakdown.amount) == [.eur(1_500)])
            #expect(try await world.refunds(of: order.id).map(\.breakdown.feeRefund) == [.eur(45)])
            #expect(try await world.claim(id).settlement == .refunded)

            let supplier = try await world.supplier(of: order.id)
            let wallet = try await world.booked(.supplierWallet(supplier))
            try await world.answer(.credited(.eur(1_000)), id, settling)
            try await world.settle()

            let fees = try await world.refunds(of: order.id).map(\.breakdown)
            #expect(fees.map(\.amount) == [.eur(1_500), .eur(0)])
            #expect(fees.map(\.feeRefund) == [.eur(45), .eur(1_050)])
            #expect(try await world.booked(.supplierWallet(supplier)) == wallet + .eur(1_000))
            #expect(try await world.booked(.supplierPayable(supplier)) == .zero(.eur))
            #expect(try await world.booked(.expense(.goodwill)) == .zero(.eur))
            #expect(try await world.claim(id).ending == .credited)
            #expect(try world.end(of: settling) == .credited)
            letters = try await world.letters()
            #expect(letters.contains("Money back for order \(order.number)"))
            #expect(try await world.order(of: run)?.status.payment == .partiallyRefunded)
            #expect(try await world.differencesFromStripe() == [])
            #expect(try await world.imbalance().isEmpty)
        }
    }

    @Test("what the supplier refuses and the platform makes good is the platform's goodwill")
    func borne() async throws {
        try await World.open { world in
            let run = try await world.deliveredCheckout()
            let order = try #require(try await world.order(of: run))
            let (id, settling) = try await world.claim(1, from: order.id)
            try await world.decide(.refund, id, settling)
            try await world.answer(.borne, id, settling)
            try await world.settle()

            let fees = try await world.refunds(of: order.id).map(\.breakdown.feeRefund)
            #expect(fees == [.eur(45), .eur(1_050)])
            #expect(try await world.booked(.expense(.goodwill)) == .eur(1_000))
            #expect(try await world.claim(id).ending == .borne)
            #expect(try await world.differencesFromStripe() == [])
            #expect(try await world.imbalance().isEmpty)
        }
    }

    @Test("a credit above the cost is handed on up to the cost, and the rest is the platform's")
    func surplus() async throws {
        try await World.open { world in
            let run = try await world.deliveredCheckout(2)
            let order = try #require(try await world.order(of: run))
            let supplier = try await world.supplier(of: order.id)
            let variance = try await world.booked(.expense(.supplierVariance))
            let (id, settling) = try await world.claim(1, from: order.id)
            try await world.decide(.refund, id, settling)
            try await world.answer(.credited(.eur(1_200)), id, settling)
            try await world.settle()

            #expect(try await world.refunds(of: order.id).last?.breakdown.supplier == .eur(1_000))
            #expect(try await world.booked(.expense(.supplierVariance)) == variance - .eur(200))
            #expect(try await world.booked(.supplierPayable(supplier)) == .zero(.eur))
            #expect(try await world.differencesFromStripe() == [])
            #expect(try await world.imbalance().isEmpty)
        }
    }

    @Test("a replacement that the supplier sends ends it without any refund")
    func replaced() async throws {
        try await World.open { world in
            let run = try await world.deliveredCheckout()
            let order = try #require(try await world.order(of: run))
            let (id, settling) = try await world.claim(1, from: order.id)
            try await world.decide(.replacement, id, settling)
            try await world.settle()
            try await world.answer(.replaced(tracking: "RO77"), id, settling)
            try await world.settle()

            #expect(world.count("refund.create") == 0)
            let claim = try await world.claim(id)
            #expect(claim.settlement == .replaced)
            #expect(claim.ending == .replaced)
            #expect(
                try await world.letters().contains("Your report about order \(order.number) at Lumina & Co"))
        }
    }

    @Test("where the supplier sends no replacement the merchant is asked again, and refunds")
    func noReplacement() async throws {
        try await World.open { world in
            let run = try await world.deliveredCheckout()
            let order = try #require(try await world.order(of: run))
            let (id, settling) = try await world.claim(1, from: order.id)
            try await world.decide(.replacement, id, settling)
            try await world.answer(.refused, id, settling)
            try await world.settle()
            #expect(try await world.asks(about: id))

            try await world.decide(.refund, id, settling)
            try await world.settle()

            #expect(world.count("refund.create") == 1)
            #expect(try await world.claim(id).ending == .supplierRefused)
            #expect(try await !world.asks(about: id))
            let letters = try await world.letters()
            #expect(letters.contains("The claim about order \(order.number) is closed"))
        }
    }

    @Test("a merchant who does not decide is reminded, then asked, and a refusal is told with its reason")
    func undecided() async throws {
        try await World.open { world in
            let run = try await world.deliveredCheckout()
            let order = try #require(try await world.order(of: run))
            let (id, settling) = try await world.claim(1, from: order.id)
            try await world.fleet.settle(upTo: .seconds(10 * 86_400 + 3_600))

            #expect(try await world.asks(about: id))
            let waiting = "The claim about order \(order.number) is waiting"
            #expect(try await world.letters().count { $0 == waiting } == 3)

            try await world.decide(.refused, id, settling)
            try await world.settle()

            #expect(world.count("refund.create") == 0)
            #expect(try world.end(of: settling) == .refused)
            #expect(try await !world.asks(about: id))
        }
    }

    @Test("a supplier that never answers comes to a person, and after a year to an end")
    func unanswered() async throws {
        try await World.open { world in
            let run = try await world.deliveredCheckout()
            let order = try #require(try await world.order(of: run))
            let (id, settling) = try await world.claim(1, from: order.id)
            try await world.decide(.refund, id, settling)
            try await world.settle()
            try await world.fleet.settle(upTo: .seconds(46 * 86_400))
            #expect(try await world.asks(about: id))
            #expect(try await world.claim(id).closedAt == nil)

            try await world.fleet.settle(upTo: .seconds(330 * 86_400))

            #expect(try world.end(of: settling) == .unanswered)
            #expect(try await world.refunds(of: order.id).map(\.breakdown.feeRefund) == [.eur(45)])
            #expect(try await !world.asks(about: id))
        }
    }

    @Test("during a dispute nothing is refunded, and what the bank gave back is not given again")
    func disputed() async throws {
        try await World.open { world in
            let run = try await world.deliveredCheckout()
            let order = try #require(try await world.order(of: run))
            let (id, settling) = try await world.claim(1, from: order.id)
            let dispute = try await world.dispute(run)
            try await world.decide(.refund, id, settling)
            try await world.settle()
            #expect(world.count("refund.create") == 0)

            try await world.decide(dispute, "lost")
            try await world.fleet.settle(upTo: .seconds(2 * 86_400))

            #expect(world.count("refund.create") == 0)
            #expect(try await world.claim(id).settlement == .paidByBank)
            #expect(try await world.differencesFromStripe() == [])
        }
    }

    @Test("a refund that somebody made meanwhile is the claim's, and no second one is made")
    func refundedElsewhere() async throws {
        try await World.open { world in
            let run = try await world.deliveredCheckout()
            let order = try #require(try await world.order(of: run))
            let (id, settling) = try await world.claim(1, from: order.id)
            try await world.settle()
            try await world.refund(nil, of: run, cause: .goodwill, once: "by hand")

            try await world.decide(.refund, id, settling)
            try await world.settle()

            #expect(world.count("refund.create") == 1)
            #expect(try await world.claim(id).settlement == .refunded)
            #expect(try await world.refunds(of: order.id).map(\.breakdown.amount) == [.eur(1_500)])
        }
    }

    @Test("a refund that Stripe refuses asks for a person; once one has made it the claim goes on by itself")
    func refusedRefund() async throws {
        try await World.open { world in
            let run = try await world.deliveredCheckout()
            let order = try #require(try await world.order(of: run))
            let (id, settling) = try await world.claim(1, from: order.id)
            world.stripe.workbench.inject(Fault("POST /v1/refunds", .status, status: 403, count: 1))
            try await world.decide(.refund, id, settling)
            try await world.settle()
            #expect(world.count("refund.create") == 0)
            #expect(try await world.claim(id).settlement == nil)
            #expect(try await world.order(of: run)?.status.attention == .refundFailed)

            let units = try await world.transaction {
                try await SupplierOrders().units(ofOrder: order.id, in: $0).map(\.id)
            }
            try await world.refund(units, of: run, cause: .withdrawal, once: "by hand")
            try await world.fleet.settle(upTo: .seconds(8 * 86_400))

            #expect(world.count("refund.create") == 1)
            #expect(try await world.claim(id).settlement == .refunded)
        }
    }

    @Test("where the answer to the second fee refund is lost, it is found again and not repeated")
    func lostAnswer() async throws {
        try await World.open { world in
            let run = try await world.deliveredCheckout()
            let order = try #require(try await world.order(of: run))
            let (id, settling) = try await world.claim(1, from: order.id)
            try await world.decide(.refund, id, settling)
            try await world.settle()
            world.stripe.workbench.inject(
                Fault("POST /v1/application_fees/{id}/refunds", .dropAfter, count: 1))
            try await world.answer(.credited(.eur(1_000)), id, settling)
            try await world.settle()

            #expect(world.count("fee_refund.create") == 2)
            let fees = try await world.refunds(of: order.id).map(\.breakdown.feeRefund)
            #expect(fees.total(.eur) == .eur(1_095))
            #expect(try await world.claim(id).ending == .credited)
            #expect(try await world.differencesFromStripe() == [])
        }
    }

    @Test("what a shopper returned is credited to the merchant when the supplier takes it back")
    func returned() async throws {
        try await World.open { world in
            let run = try await world.deliveredCheckout()
            let order = try #require(try await world.order(of: run))
            let (withdrawal, withdrawing) = try await world.withdraw(1, from: order.id)
            try await world.receive(withdrawal, withdrawing)
            try await world.settle()
            let now = world.fleet.clock.now
            let claims = try await world.transaction {
                try await OrderClaims().claimReturned(withdrawal, by: "user:test", at: now, in: $0)
            }
            let id = try #require(claims.first?.id)
            let settling = try world.start(id)
            try await world.settle()
            let before = world.count("email.create")
            try await world.answer(.credited(.eur(600)), id, settling)
            try await world.settle()

            #expect(world.count("refund.create") == 1)
            #expect(try await world.refunds(of: order.id).map(\.breakdown.supplier) == [.eur(0), .eur(600)])
            // The merchant alone is told; the shopper was refunded long ago.
            #expect(world.count("email.create") == before + 1)
            #expect(try await world.differencesFromStripe() == [])
            #expect(try await world.imbalance().isEmpty)
        }
    }

    @Test("killed after every write while it refunds, it refunds and writes once", .timeLimit(.minutes(20)))
    func crashesWhileRefunding() async throws {
        let survived = try await CrashRunner.survive([.after]) { crash in
            let trigger = Trigger()
            return try await World.open(seenAs: trigger.arm(crash)) { world in
                let run = try await world.deliveredCheckout()
                let order = try #require(try await world.order(of: run))
                let (id, settling) = try await world.claim(1, from: order.id)
                try await world.settle()
                trigger.pull()
                try await world.decide(.refund, id, settling)
                try await world.settle()
                return try await world.effects(of: order.id)
            }
        }
        #expect(survived > 8)
    }

    @Test("killed after every write while it hands on, it pays and writes once", .timeLimit(.minutes(20)))
    func crashesWhileHandingOn() async throws {
        let survived = try await CrashRunner.survive([.after]) { crash in
            let trigger = Trigger()
            return try await World.open(seenAs: trigger.arm(crash)) { world in
                let run = try await world.deliveredCheckout()
                let order = try #require(try await world.order(of: run))
                let (id, settling) = try await world.claim(1, from: order.id)
                try await world.decide(.refund, id, settling)
                try await world.settle()
                trigger.pull()
                try await world.answer(.credited(.eur(1_000)), id, settling)
                try await world.settle()
                return try await world.effects(of: order.id)
            }
        }
        #expect(survived > 5)
    }
}

extension World {
    /// The shopper reports a problem, and its run begins.
    func claim(_ count: Int, from order: OrderID) async throws -> (id: OrderClaimID, run: RunID) {
        let id = OrderClaimID()
        let now = fleet.clock.now
        let outcome = try await transaction { tx in
            let line = try await Orders().lines(of: order, in: tx)[0].id
            return try await OrderClaims().report(
                OrderClaims.Draft(
                    id: id, order: order, line: line, count: count, problem: .damaged, wish: .refund,
                    description: "The lid is broken", language: .english), at: now, in: tx)
        }
        guard case .reported(_, isFirst: true) = outcome else {
            Issue.record("the report was refused: \(outcome)")
            throw CancellationError()
        }
        return (id, try start(id))
    }

    func start(_ id: OrderClaimID) throws -> RunID {
        try fleet.journal.start(
            SettleClaim.self, SettleClaim.Input(claim: id), once: "claim:\(id)", for: Tenant(tenant))
    }

    func claim(_ id: OrderClaimID) async throws -> OrderClaim {
        try await transaction { try await OrderClaims().load(id, in: $0) }
    }

    /// The merchant decides, and the run is told.
    func decide(_ remedy: ClaimRemedy, _ id: OrderClaimID, _ run: RunID) async throws {
        let now = fleet.clock.now
        let refusal = try await transaction {
            try await OrderClaims().decide(
                remedy, because: remedy == .refused ? "It was used" : "", of: id, by: "user:test", at: now,
                in: $0)
        }
        #expect(refusal == nil)
        try fleet.journal.send(.claim, Nothing(), to: run, once: "decided:\(remedy.rawValue)")
    }

    /// The supplier answers, and the run is told.
    func answer(_ answer: OrderClaims.Answer, _ id: OrderClaimID, _ run: RunID) async throws {
        let now = fleet.clock.now
        let refusal = try await transaction {
            try await OrderClaims().answer(
                answer, note: "as they wrote", of: id, by: "operator", at: now, in: $0)
        }
        #expect(refusal == nil)
        try fleet.journal.send(.claim, Nothing(), to: run, once: "answered")
    }

    /// Whether a person is asked to look at it.
    func asks(about id: OrderClaimID) async throws -> Bool {
        try await transaction { try await Attention().openItems(in: $0) }.contains { $0.subject == "\(id)" }
    }

    func supplier(of order: OrderID) async throws -> SupplierID {
        try await transaction { try await SupplierOrders().all(of: order, in: $0)[0].supplier }
    }

    func end(of run: RunID) throws -> ClaimEnd? {
        guard case .succeeded(let payload)? = fleet.journal.outcome(of: run) else { return nil }
        return try payload.decode(ClaimEnd.self, .output)
    }

    /// What a claim has done outside and in the books.
    fileprivate func effects(of order: OrderID) async throws -> [String] {
        let counts = ["refund.create", "fee_refund.create", "email.create"].map { "\($0): \(count($0))" }
        return try await counts + ending(of: order) + differencesFromStripe()
    }
}
