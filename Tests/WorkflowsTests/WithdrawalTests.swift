import Commerce
import CommerceStore
import Durable
import DurableTesting
import Foundation
import Postgres
import Testing
import VendorSandbox
import Workflows

@Suite("Withdrawals")
struct WithdrawalTests {
    @Test("goods that come back are refunded at once, as the rules share it, and everybody is written to")
    func received() async throws {
        try await World.open { world in
            let run = try await world.deliveredCheckout(2)
            let order = try #require(try await world.order(of: run))
            let (id, withdrawing) = try await world.withdraw(1, from: order.id)
            try await world.settle()
            #expect(world.count("refund.create") == 0)
            let letters = try await world.letters()
            #expect(
                letters.contains("We have received your withdrawal from order \(order.number) at Lumina & Co")
            )
            #expect(letters.contains("A shopper withdrew from order \(order.number)"))

            try await world.receive(id, withdrawing)
            try await world.settle()

            let refunds = try await world.refunds(of: order.id)
            #expect(refunds.map(\.breakdown.amount) == [.eur(1_500)])
            #expect(refunds.map(\.breakdown.feeRefund) == [.eur(45)])
            #expect(refunds.map(\.breakdown.cause) == [.withdrawal])
            let (withdrawal, states) = try await world.transaction { tx in
                (
                    try await Withdrawals().load(id, in: tx),
                    try await SupplierOrders().units(ofOrder: order.id, in: tx).map(\.state)
                )
            }
            #expect(withdrawal.refundedAt != nil)
            #expect(Set(states) == [.delivered, .returned])
            #expect(try await world.order(of: run)?.status.payment == .partiallyRefunded)
            #expect(
                try await world.letters().contains("Your refund for order \(order.number) at Lumina & Co"))
            #expect(try await world.differencesFromStripe() == [])
            #expect(try await world.imbalance().isEmpty)
        }
    }

    @Test("a declaration with another address is confirmed to both")
    func otherAddress() async throws {
        try await World.open { world in
            let run = try await world.deliveredCheckout()
            let order = try #require(try await world.order(of: run))
            let before = world.count("email.create")

            _ = try await world.withdraw(1, from: order.id, by: "new@example.test")
            try await world.settle()

            // Two for the shopper and one for the merchant.
            #expect(world.count("email.create") == before + 3)
        }
    }

    @Test("while nothing comes back the merchant is reminded, then asked, and nothing is refunded")
    func nothingComes() async throws {
        try await World.open { world in
            let run = try await world.deliveredCheckout()
            let order = try #require(try await world.order(of: run))
            let (id, withdrawing) = try await world.withdraw(1, from: order.id)
            try await world.fleet.settle(upTo: .seconds(13 * 86_400 + 60))

            #expect(world.count("refund.create") == 0)
            let open = try await world.transaction { try await Attention().openItems(in: $0) }
            #expect(open.contains { $0.subject == "\(id)" })
            let reminders = try await world.letters().filter { $0.contains("is still awaited") }
            #expect(reminders.count == 3)

            try await world.receive(id, withdrawing)
            try await world.settle()

            #expect(world.count("refund.create") == 1)
            let left = try await world.transaction { try await Attention().openItems(in: $0) }
            #expect(!left.contains { $0.subject == "\(id)" })
        }
    }

    @Test("goods that came back are refunded within a day also where the word to the run was lost")
    func receivedUnheard() async throws {
        try await World.open { world in
            let run = try await world.deliveredCheckout()
            let order = try #require(try await world.order(of: run))
            let (id, _) = try await world.withdraw(1, from: order.id)
            // The last reminder is over, and nobody has anything to say any more.
            try await world.fleet.settle(upTo: .seconds(14 * 86_400))
            #expect(world.count("refund.create") == 0)

            let now = world.fleet.clock.now
            try await world.transaction {
                try await Withdrawals().receive(id, by: "user:test", at: now, in: $0)
            }
            try await world.fleet.settle(upTo: .seconds(2 * 86_400))

            #expect(world.count("refund.create") == 1)
            #expect(try await world.withdrawal(id).refundedAt != nil)
        }
    }

    @Test("proof of sending is enough: the refund goes out within the law's time without the goods")
    func proven() async throws {
        try await World.open { world in
            let run = try await world.deliveredCheckout()
            let order = try #require(try await world.order(of: run))
            let (id, withdrawing) = try await world.withdraw(1, from: order.id)
            try await world.transaction {
                try await Withdrawals().prove("RR123", of: id, at: world.fleet.clock.now, in: $0)
            }
            try world.fleet.journal.send(.withdrawal, Nothing(), to: withdrawing, once: "sent")
            try await world.settle()
            #expect(world.count("refund.create") == 0)

            try await world.fleet.settle(upTo: .seconds(15 * 86_400))

            #expect(world.count("refund.create") == 1)
            let withdrawal = try await world.transaction { try await Withdrawals().load(id, in: $0) }
            #expect(try #require(withdrawal.refundedAt) <= withdrawal.refundDueAt)
        }
    }

    @Test("units that no supplier was asked for are canceled and refunded at once, the others are sent")
    func canceledBefore() async throws {
        let supplier = StandInSupplier()
        try await World.open(supplier: supplier) { world in
            let (run, forwarding) = try await world.heldCheckout(2, supplier)
            let order = try #require(try await world.order(of: run))

            _ = try await world.withdraw(1, from: order.id)
            try await world.settle()
            let refunds = try await world.refunds(of: order.id)
            #expect(refunds.map(\.breakdown.amount) == [.eur(1_500)])
            #expect(refunds.map(\.breakdown.feeRefund) == [.eur(1_095)])

            let question = try await world.question(of: order.id)
            #expect(question.run == forwarding.rawValue)
            try world.answer(.acceptPrice(upTo: .eur(2_400)), to: question)
            try await world.settle()

            #expect(await supplier.soldLines == ["1 x SKU-1"])
            // Of 3.50 that were accepted for two pieces, what one came to.
            #expect(try await world.booked(.merchantReceivable(world.tenant)) == .eur(150))
            let group = try await world.transaction {
                try await SupplierOrders().all(of: order.id, in: $0)[0]
            }
            #expect(try await world.booked(.supplierPayable(group.supplier)) == .zero(.eur))
            #expect(try await world.differencesFromStripe() == [])
            #expect(try await world.imbalance().isEmpty)
        }
    }

    @Test("an order of which everything is canceled before is never sent")
    func everythingCanceled() async throws {
        let supplier = StandInSupplier()
        try await World.open(supplier: supplier) { world in
            let (run, forwarding) = try await world.heldCheckout(2, supplier)
            let order = try #require(try await world.order(of: run))

            _ = try await world.withdraw(2, from: order.id)
            let held = try await world.transaction { try await SupplierOrders().held(of: order.id, in: $0) }
            #expect(held.map(\.isEmpty) == [true])
            #expect(held.map(\.run) == [forwarding.rawValue])
            let review = SupplierReview(.cancel, to: try #require(held.first).item)
            try world.fleet.journal.send(.supplierReview, review, to: forwarding, once: review.once)
            try await world.settle()

            #expect(await supplier.soldLines == [])
            #expect(try await world.refunds(of: order.id).map(\.breakdown.amount).total(.eur) == .eur(3_000))
            #expect(try await world.order(of: run)?.status.payment == .refunded)
            #expect(try world.output(of: run)?.end == .refunded)
            #expect(try await world.differencesFromStripe() == [])
            #expect(try await world.imbalance().isEmpty)
        }
    }

    @Test("a merchant is not asked to order from an own supplier what was canceled before")
    func canceledAtOwnSupplier() async throws {
        try await World.open { world in
            let run = try await world.checkout()
            try await world.settle()
            try await world.transaction { tx in
                _ = try await tx.postgres.execute(
                    "update shop.supplier set adapter = 'feed' where tenant_id = \(world.tenant.rawValue)")
            }
            try await world.pay(run)
            try await world.deliverEvents()
            // The payment is taken and the supplier order planned; the run that brings it there comes later.
            try await world.fleet.stay(run)
            let order = try #require(try await world.order(of: run))
            _ = try await world.withdraw(1, from: order.id)
            try await world.settle()

            let (groups, items) = try await world.transaction { tx in
                (
                    try await SupplierOrders().all(of: order.id, in: tx),
                    try await Attention().openItems(in: tx)
                )
            }
            #expect(groups.map(\.state) == [.canceled])
            #expect(!items.contains { $0.topic == AttentionKind.supplierUnknown.rawValue })
            #expect(try world.output(of: run)?.end == .refunded)
            #expect(try await world.refunds(of: order.id).map(\.breakdown.amount) == [.eur(1_500)])
            #expect(try await world.available() == 10)
        }
    }

    @Test("what was canceled to the last piece is freed also where the word to its run was lost")
    func lostWord() async throws {
        let supplier = StandInSupplier()
        try await World.open(supplier: supplier) { world in
            let (run, _) = try await world.heldCheckout(2, supplier)
            let order = try #require(try await world.order(of: run))
            let holds = HoldWakes(world.database, signals: MemorySignals(journal: world.fleet.journal))
            #expect(try await holds.tell(world.tenant) == 0, "it waits for a person")

            _ = try await world.withdraw(2, from: order.id)
            #expect(try await holds.tell(world.tenant) == 1)
            #expect(try await holds.tell(world.tenant) == 0, "it has the word")
            try await world.settle()

            #expect(await supplier.soldLines == [])
            #expect(try await world.order(of: run)?.status.payment == .refunded)
            #expect(try world.output(of: run)?.end == .refunded)
            #expect(try await world.refunds(of: order.id).map(\.breakdown.amount).total(.eur) == .eur(3_000))
            #expect(try await holds.tell(world.tenant) == 0)
        }
    }

    @Test(
        "a refund by others that fails after all is the withdrawal's to make, and nobody is told before",
        arguments: [true, false])
    func refusedElsewhere(isFirst: Bool) async throws {
        try await World.open { world in
            let run = try await world.deliveredCheckout()
            let order = try #require(try await world.order(of: run))
            let payment = try #require(try await world.payment(of: run))
            let (id, withdrawing) = try await world.withdraw(1, from: order.id)
            if !isFirst { try await world.settle() }
            let reserved = try await world.transaction { tx in
                let units = try await SupplierOrders().units(ofOrder: order.id, in: tx).map(\.id)
                return try await Refunds().reserve(
                    units, of: order.id, paidBy: payment.id, cause: .goodwill, key: "by hand", in: tx)
            }
            let other = try #require(reserved)
            try await world.settle()
            try await world.receive(id, withdrawing)
            try await world.settle()
            #expect(try await world.withdrawal(id).refundedAt == nil)
            let told = "Your refund for order \(order.number) at Lumina & Co"
            #expect(try await !world.letters().contains(told))

            try await world.transaction { try await Refunds().fail(other.id, problem: "refused", in: $0) }
            try await world.fleet.settle(upTo: .seconds(2 * 86_400))

            #expect(world.count("refund.create") == 1)
            #expect(try await world.withdrawal(id).refundedAt != nil)
            #expect(try await world.letters().contains(told))
            #expect(try await world.differencesFromStripe() == [])
        }
    }

    @Test("a refund of everything that Stripe has not answered is waited for, and no second one is made")
    func heldUpElsewhere() async throws {
        try await World.open { world in
            let run = try await world.deliveredCheckout()
            let order = try #require(try await world.order(of: run))
            let payment = try #require(try await world.payment(of: run))
            let (id, withdrawing) = try await world.withdraw(1, from: order.id)
            try await world.settle()
            world.stripe.workbench.inject(Fault("POST /v1/refunds", .dropBefore))
            try world.fleet.journal.start(
                RefundOrder.self,
                RefundOrder.Input(order: order.id, payment: payment.id, cause: .goodwill, units: nil),
                once: "by hand", for: Tenant(world.tenant))
            try await world.fleet.settle(turningClock: false)
            try await world.receive(id, withdrawing)
            try await world.fleet.settle(turningClock: false)
            #expect(try await world.withdrawal(id).refundedAt == nil)

            world.stripe.workbench.clearFaults()
            try await world.settle()
            try await world.fleet.settle(upTo: .seconds(2 * 86_400))

            #expect(world.count("refund.create") == 1)
            #expect(try await world.withdrawal(id).refundedAt != nil)
            let open = try await world.transaction { try await Attention().openItems(in: $0) }
            #expect(!open.contains { $0.subject == "\(payment.id)" })
            #expect(try await world.differencesFromStripe() == [])
        }
    }

    @Test("a refund of everything that the bank sends back is the withdrawal's to make again")
    func sentBackElsewhere() async throws {
        try await World.open { world in
            let run = try await world.deliveredCheckout(with: "pm_card_refundFail")
            let order = try #require(try await world.order(of: run))
            let (id, withdrawing) = try await world.withdraw(1, from: order.id)
            try await world.settle()
            try await world.refund(nil, of: run, cause: .goodwill, once: "by hand")
            try await world.passTimeAtStripe(4_000)
            #expect(try await world.refunds(of: order.id).map(\.status) == [.failed])
            #expect(try await world.order(of: run)?.status.payment == .refunded, "the status only grows")

            try await world.receive(id, withdrawing)
            try await world.settle()

            #expect(try await world.refunds(of: order.id).map(\.status) == [.failed, .settled])
            #expect(world.count("refund.create") == 2)
        }
    }

    @Test("killed after every write, it refunds and writes once", .timeLimit(.minutes(20)))
    func crashes() async throws {
        let survived = try await CrashRunner.survive([.after]) { crash in
            let trigger = Trigger()
            return try await World.open(seenAs: trigger.arm(crash)) { world in
                let run = try await world.deliveredCheckout()
                let order = try #require(try await world.order(of: run))
                trigger.pull()
                let (id, withdrawing) = try await world.withdraw(1, from: order.id)
                try await world.settle()
                try await world.receive(id, withdrawing)
                try await world.settle()
                let counts = ["refund.create", "fee_refund.create", "email.create"].map {
                    "\($0): \(world.count($0))"
                }
                return try await counts + world.ending(of: order.id) + world.differencesFromStripe()
            }
        }
        #expect(survived > 10)
    }
}

extension World {
    /// The shopper declares the withdrawal, and its run begins.
    func withdraw(
        _ count: Int, from order: OrderID, by email: String = "ana@example.test"
    ) async throws -> (id: WithdrawalID, run: RunID) {
        let id = WithdrawalID()
        let now = fleet.clock.now
        let outcome = try await transaction { tx in
            let line = try await Orders().lines(of: order, in: tx)[0].id
            return try await Withdrawals().submit(
                Withdrawals.Draft(
                    id: id, order: order, name: "Ana Pop", email: EmailAddress(unchecked: email),
                    language: .english, units: [line: count]), at: now, in: tx)
        }
        guard case .declared(_, isFirst: true) = outcome else {
            Issue.record("the withdrawal was refused: \(outcome)")
            throw CancellationError()
        }
        let run = try fleet.journal.start(
            WithdrawFromOrder.self, WithdrawFromOrder.Input(withdrawal: id), once: "\(id)",
            for: Tenant(tenant))
        return (id, run)
    }

    func withdrawal(_ id: WithdrawalID) async throws -> Withdrawal {
        try await transaction { try await Withdrawals().load(id, in: $0) }
    }

    /// The merchant has the goods, and the run is told.
    func receive(_ id: WithdrawalID, _ run: RunID) async throws {
        let now = fleet.clock.now
        try await transaction { try await Withdrawals().receive(id, by: "user:test", at: now, in: $0) }
        try fleet.journal.send(.withdrawal, Nothing(), to: run, once: "received")
    }

    /// A paid order whose supplier asks more than was agreed, and the run that waits for an answer.
    func heldCheckout(
        _ quantity: Int, _ supplier: StandInSupplier
    ) async throws -> (run: RunID, forwarding: RunID) {
        let run = try await checkout(quantity)
        try await settle()
        await supplier.charge(1_200)
        try await pay(run)
        try await settle()
        let waiting = try #require(
            fleet.journal.runIDs.first { fleet.journal.waitReason(of: $0)?.step == "supplier_review" })
        return (run, waiting)
    }

    /// The subjects of what was sent.
    func letters() async throws -> [String] {
        await (resend.vendor.objects("emails") ?? []).compactMap { $0["subject"].string }
    }
}
