import CommerceStore
import Durable
import DurableTesting
import Foundation
import Synchronization
import Testing
import VendorSandbox
import WebSupport
import Workflows

@testable import Commerce

/// A supplier that asks 12.00 for what was sold at a cost of 10.00. Of that the platform bears 0.50.
@Suite("A supplier order that waits for a person")
struct SupplierHoldTests {
    @Test("an accepted price is paid: the tolerance by the platform, what is above it by the merchant")
    func accepted() async throws {
        let supplier = StandInSupplier()
        try await World.open(supplier: supplier) { world in
            let (run, _) = try await world.heldCheckout(1, supplier)
            let order = try #require(try await world.order(of: run))
            let question = try await world.question(of: order.id)
            #expect(question.asked == .eur(1_200))
            #expect(question.answers == [.acceptPrice, .retry, .cancel])
            #expect(question.message.contains("1.50"), "the merchant reads what would be theirs to pay")

            try world.answer(.acceptPrice(upTo: .eur(1_200)), to: question)
            try await world.settle()

            #expect(world.count("order.create") == 1)
            #expect(try await world.booked(.merchantReceivable(world.tenant)) == .eur(150))
            #expect(try await world.booked(.expense(.supplierVariance)) == .eur(50))
            let group = try await world.transaction {
                try await SupplierOrders().all(of: order.id, in: $0)[0]
            }
            #expect(try await world.booked(.supplierWallet(group.supplier)) == .eur(-1_200))
            #expect(try await world.booked(.supplierPayable(group.supplier)) == .eur(0))
            #expect(try await world.imbalance().isEmpty)
        }
    }

    @Test("above the accepted price nothing is ordered: the person is asked again")
    func dearerStill() async throws {
        let supplier = StandInSupplier()
        try await World.open(supplier: supplier) { world in
            let (run, _) = try await world.heldCheckout(1, supplier)
            let order = try #require(try await world.order(of: run))
            let first = try await world.question(of: order.id)
            await supplier.charge(1_300)

            try world.answer(.acceptPrice(upTo: .eur(1_200)), to: first)
            try await world.settle()

            #expect(world.count("order.create") == 0)
            let second = try await world.question(of: order.id)
            #expect(second.item != first.item && second.asked == .eur(1_300))
            try world.answer(.acceptPrice(upTo: .eur(1_300)), to: second)
            try await world.settle()
            #expect(world.count("order.create") == 1)
            #expect(try await world.booked(.merchantReceivable(world.tenant)) == .eur(250))
            #expect(try await world.booked(.expense(.supplierVariance)) == .eur(50))
            #expect(try await world.imbalance().isEmpty)
        }
    }

    @Test("a merchant who accepted more than was charged owes only what was charged")
    func cheaperAgain() async throws {
        let supplier = StandInSupplier()
        try await World.open(supplier: supplier) { world in
            let (run, _) = try await world.heldCheckout(1, supplier)
            let order = try #require(try await world.order(of: run))
            let question = try await world.question(of: order.id)
            await supplier.charge(1_060)

            try world.answer(.acceptPrice(upTo: .eur(1_200)), to: question)
            try await world.settle()

            #expect(try await world.booked(.merchantReceivable(world.tenant)) == .eur(10))
            #expect(try await world.booked(.expense(.supplierVariance)) == .eur(50))
        }
    }

    @Test("an answer that comes after its hold was decided does nothing to the next hold")
    func lateAnswer() async throws {
        let supplier = StandInSupplier()
        try await World.open(supplier: supplier) { world in
            let (run, forwarding) = try await world.heldCheckout(1, supplier)
            let order = try #require(try await world.order(of: run))
            let first = try await world.question(of: order.id)

            try world.answer(.retry, to: first)
            try world.answer(.cancel, to: first, once: "late")
            // As an earlier version wrote it, which named no hold.
            try world.fleet.journal.send(
                Signal<String>("supplier_review"), "cancel", to: forwarding, once: "bare")
            try await world.settle()

            let second = try await world.question(of: order.id)
            #expect(second.item != first.item && second.state == .onHold)
            #expect(try await world.refunds(of: order.id).isEmpty)
            #expect(try await world.droppedAnswers(of: order) == 2)
            try world.answer(.acceptPrice(upTo: .eur(1_200)), to: second)
            try await world.settle()
            #expect(await supplier.soldLines == ["1 x SKU-1"])
            #expect(try await world.refunds(of: order.id).isEmpty)
        }
    }

    @Test("a supplier order of which everything was canceled meanwhile asks nobody, and is not sent")
    func nothingLeft() async throws {
        let supplier = StandInSupplier()
        try await World.open(supplier: supplier) { world in
            let (run, _) = try await world.heldCheckout(1, supplier)
            let order = try #require(try await world.order(of: run))

            try world.answer(.retry, to: try await world.question(of: order.id))
            _ = try await world.transaction { tx in
                let units = try await SupplierOrders().units(ofOrder: order.id, in: tx).map(\.id)
                return try await SupplierOrders().cancelUnforwarded(
                    units, of: order.id, because: "a test", in: tx)
            }
            try await world.settle()

            let (open, groups) = try await world.transaction { tx in
                (
                    try await SupplierOrders().waiting(of: order.id, in: tx),
                    try await SupplierOrders().all(of: order.id, in: tx)
                )
            }
            #expect(open.isEmpty)
            #expect(groups.map(\.state) == [.rejected])
            #expect(world.count("order.create") == 0)
        }
    }

    @Test("an order that went out before its answer was lost is found, not judged by the shelf it emptied")
    func placedBefore() async throws {
        let supplier = StandInSupplier()
        try await World.open(supplier: supplier) { world in
            let desk = world.bigBuy.workbench
            desk.inject(Fault("POST /rest/order/create/multishipping.json", .dropAfter, count: 1))
            desk.inject(Fault("GET /rest/order/reference/{reference}", .status, status: 401, count: 1))
            let run = try await world.paidCheckout()
            let order = try #require(try await world.order(of: run))
            let question = try await world.question(of: order.id)
            #expect(question.state == .unknown)
            await supplier.sellOut("SKU-1")

            try world.answer(.retry, to: question)
            try await world.settle()

            #expect(world.count("order.create") == 1)
            let groups = try await world.transaction { try await SupplierOrders().all(of: order.id, in: $0) }
            #expect(groups.map(\.state) == [.accepted])
            #expect(try await world.refunds(of: order.id).isEmpty)
            #expect(try await world.imbalance().isEmpty)
        }
    }

    @Test("an order that the supplier took and does not show asks a person, who has it read again")
    func unreadable() async throws {
        let supplier = StandInSupplier()
        try await World.open(supplier: supplier) { world in
            await supplier.hide(times: 2)
            let run = try await world.paidCheckout()
            let order = try #require(try await world.order(of: run))
            #expect(order.status.attention == AttentionKind.supplierUnknown)
            let first = try await world.question(of: order.id)
            #expect(first.answers == [.retry], "it may be on its way")

            try world.answer(.retry, to: first)
            try await world.settle()
            let second = try await world.question(of: order.id)
            #expect(second.item != first.item)
            try world.answer(.retry, to: second)
            try await world.settle()

            #expect(world.count("order.create") == 1)
            let (groups, items, open) = try await world.transaction { tx in
                (
                    try await SupplierOrders().all(of: order.id, in: tx),
                    try await Attention().openItems(in: tx),
                    try await SupplierOrders().waiting(of: order.id, in: tx)
                )
            }
            #expect(groups.map(\.state) == [.accepted])
            #expect(items.isEmpty && open.isEmpty)
            #expect(try await world.booked(.supplierPayable(groups[0].supplier)) == .eur(0))
            #expect(try await world.imbalance().isEmpty)
            await supplier.track("Delivered")
            try await world.fleet.settle()
            #expect(try world.output(of: run)?.end == .closed)
        }
    }

    @Test("that our own key is refused stops the run for an operator, and is no question about the order")
    func ownKey() async throws {
        try await World.open(supplier: StandInSupplier()) { world in
            world.bigBuy.workbench.inject(Fault("GET /rest/order/{id}", .status, status: 401))
            let run = try await world.paidCheckout()
            let order = try #require(try await world.order(of: run))

            let open = try await world.transaction { tx in
                try await SupplierOrders().waiting(of: order.id, in: tx)
            }
            #expect(open.isEmpty)
            let end = "\(world.fleet.journal.outcome(of: run) as Any)"
            #expect(end.contains("check BIGBUY_API_KEY"), "\(end)")
        }
    }

    @Test("an order that the supplier took and then does not have is given up by an operator and refunded")
    func unreadableAndGone() async throws {
        let supplier = StandInSupplier()
        try await World.open(supplier: supplier) { world in
            await supplier.hide(times: .max)
            let run = try await world.paidCheckout()
            let order = try #require(try await world.order(of: run))

            try world.answer(.cancel, to: try await world.question(of: order.id))
            try await world.settle()

            let (groups, items) = try await world.transaction { tx in
                (
                    try await SupplierOrders().all(of: order.id, in: tx),
                    try await Attention().openItems(in: tx)
                )
            }
            #expect(groups.map(\.state) == [.rejected])
            #expect(items.isEmpty)
            #expect(try await world.order(of: run)?.status.payment == .refunded)
            #expect(world.count("refund.create") == 1)
        }
    }

    @Test("an address that was corrected is tried also where the word to the run was lost")
    func readdressedUnheard() async throws {
        let supplier = StandInSupplier()
        try await World.open(supplier: supplier) { world in
            let run = try await world.checkout()
            try await world.settle()
            await supplier.refuse(postcode: World.address.postcode)
            try await world.pay(run)
            try await world.settle()
            let order = try #require(try await world.order(of: run))
            #expect(try await world.question(of: order.id).kind == .address)
            let holds = HoldWakes(world.database, signals: MemorySignals(journal: world.fleet.journal))
            #expect(try await holds.tell(world.tenant) == 0, "it waits for a person")

            let desk = ReturnsDesk(
                database: world.database,
                runs: ReturnRuns(
                    withdraw: { _, _ in UUID() }, tell: { _, _ in }, refund: { _, _, _ in },
                    reply: { _, _ in }))
            let before = World.address
            let corrected = Address(
                firstName: before.firstName, lastName: before.lastName, company: nil, vatNumber: nil,
                line: before.line, city: before.city, county: before.county, postcode: "400002",
                country: before.country)
            let refusal = try await desk.correctAddress(of: order.id, to: corrected, for: world.tenant)
            #expect(refusal == nil)
            #expect(try await holds.tell(world.tenant) == 1)
            #expect(try await holds.tell(world.tenant) == 0, "it has the word")
            try await world.settle()

            #expect(await supplier.soldLines == ["1 x SKU-1"])
            #expect(try await world.order(of: run)?.status.attention == AttentionKind.none)
            #expect(try await holds.tell(world.tenant) == 0)
        }
    }

    @Test("a decision whose word was lost wakes the run when it is sent again, and counts once")
    func lostWord() async throws {
        let supplier = StandInSupplier()
        try await World.open(supplier: supplier) { world in
            let (run, _) = try await world.heldCheckout(1, supplier)
            let order = try #require(try await world.order(of: run))
            let question = try await world.question(of: order.id)
            let (journal, words) = (world.fleet.journal, Counter())
            let desk = OrdersDesk(
                runs: OrderRuns(
                    refund: { _, _ in },
                    answer: { review, run in
                        guard words.next() > 1 else { throw WebProblem(.unavailable) }
                        return try journal.send(
                            .supplierReview, review, to: RunID(rawValue: run), once: review.once)
                    },
                    confirm: { _, _, _ in true }))
            let ask = OrderAsk(key: UUID(), actor: "user:test", reason: "too dear")
            func press() async throws {
                let decision = try await world.transaction {
                    try await desk.decide(.cancel, to: question.item, of: order.id, ask, in: $0)
                }
                _ = try await desk.tell(try #require(decision))
            }

            await #expect(throws: WebProblem.self) { try await press() }
            try await world.settle()
            #expect(try await world.question(of: order.id) == question, "nobody has told the run")
            try await press()
            try await press()
            try await world.settle()

            #expect(try await world.refunds(of: order.id).map(\.breakdown.amount) == [.eur(1_500)])
            #expect(world.count("order.create") == 0)
            let acts = try await world.transaction { try await StoreOrders().annex(of: order, in: $0).acts }
            #expect(acts.count { $0.action == "order.hold_cancel" } == 1)
        }
    }

    @Test("killed after every write, the late answer is dropped once and the next hold stands")
    func crashes() async throws {
        let survived = try await CrashRunner.survive([.after]) { crash in
            let supplier = StandInSupplier()
            let trigger = Trigger()
            return try await World.open(supplier: supplier, seenAs: trigger.arm(crash)) { world in
                let (run, _) = try await world.heldCheckout(1, supplier)
                let order = try #require(try await world.order(of: run))
                let first = try await world.question(of: order.id)
                trigger.pull()

                try world.answer(.retry, to: first)
                try world.answer(.cancel, to: first, once: "late")
                try await world.settle()

                let second = try await world.question(of: order.id)
                let dropped = try await world.droppedAnswers(of: order)
                let refunds = try await world.refunds(of: order.id).count
                return [
                    "asked anew: \(second.item != first.item)", "state: \(second.state.rawValue)",
                    "dropped: \(dropped)", "refunds: \(refunds)",
                    "order.create: \(world.count("order.create"))",
                ]
            }
        }
        #expect(survived > 2)
    }
}

private final class Counter: Sendable {
    private let count = Mutex(0)

    func next() -> Int {
        count.withLock {
            $0 += 1
            return $0
        }
    }
}
