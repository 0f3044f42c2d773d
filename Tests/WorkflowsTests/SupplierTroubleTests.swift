import Commerce
import CommerceStore
import Durable
import Foundation
import Testing
import VendorSandbox
import Workflows

@Suite("A supplier that cannot deliver after the payment")
struct SupplierTroubleTests {
    private func refunds(_ world: World, _ run: RunID) async throws -> [Refund] {
        let order = try #require(try await world.order(of: run))
        return try await world.transaction { try await Refunds().all(of: order.id, in: $0) }
    }

    @Test(
        "out of stock: the shopper gets 15.00 back, the merchant 10.95 of the fee, and keeps 0.00"
    )
    func outOfStock() async throws {
        let supplier = StandInSupplier()
        try await World.open(supplier: supplier) { world in
            await supplier.sellOutBetween("SKU-1")

            let run = try await world.paidCheckout()

            let refund = try #require(try await refunds(world, run).first)
            #expect(refund.status == .settled)
            #expect(refund.breakdown.amount == .eur(1_500))
            #expect(refund.breakdown.feeRefund == .eur(1_095))
            let order = try #require(try await world.order(of: run))
            #expect(order.status.payment == .refunded)
            #expect(order.status.fulfilment == .canceled)
            #expect(world.count("refund.create") == 1)
            #expect(world.count("order.create") == 0)
            let connected = try await world.transaction {
                try await Ledger().balance(of: .stripeConnected(world.tenant), in: .eur, tx: $0)
            }
            #expect(connected == .eur(0))
            #expect(try await world.imbalance().isEmpty)
            #expect(try world.output(of: run)?.end == .refunded)
        }
    }

    @Test("accepted in part: what was refused is refunded, the rest is delivered")
    func partialAcceptance() async throws {
        let supplier = StandInSupplier()
        try await World.open(supplier: supplier) { world in
            await supplier.sellOutBetween("SKU-2")

            let run = try await world.paidCheckout(1, lines: 2)

            #expect(await supplier.soldLines == ["1 x SKU-1"])
            let refund = try #require(try await refunds(world, run).first)
            #expect(refund.breakdown.amount == .eur(1_500))
            #expect(refund.breakdown.feeRefund == .eur(1_095))
            let order = try #require(try await world.order(of: run))
            #expect(order.status.payment == .partiallyRefunded)
            #expect(try await world.available(0) == 9)
            #expect(try await world.available(1) == 10)
            await supplier.track("Delivered")
            try await world.fleet.settle()
            #expect(try world.output(of: run)?.end == .closed)
            #expect(world.count("refund.create") == 1)
            #expect(try await world.imbalance().isEmpty)
        }
    }

    @Test("an order that the supplier gives up later is refunded")
    func canceledAfterAcceptance() async throws {
        let supplier = StandInSupplier()
        try await World.open(supplier: supplier) { world in
            let run = try await world.paidCheckout()
            await supplier.cancelAll()
            try await world.fleet.settle(upTo: .seconds(7_200))
            try await world.settle()

            #expect(try await refunds(world, run).map(\.breakdown.amount) == [.eur(1_500)])
            #expect(try await world.order(of: run)?.status.payment == .refunded)
            #expect(try await world.imbalance().isEmpty)
        }
    }

    @Test("an empty wallet costs no attempt: the order waits and is placed when it is filled")
    func emptyWallet() async throws {
        let supplier = StandInSupplier()
        try await World.open(supplier: supplier) { world in
            await supplier.emptyWallet(true)
            let run = try await world.paidCheckout()
            #expect(try await world.order(of: run)?.status.attention == .supplierUnknown)
            #expect(try await world.order(of: run)?.status.invoice == .issued)

            await supplier.emptyWallet(false)
            try await world.fleet.settle(upTo: .seconds(1_800))

            #expect(world.count("order.create") == 1)
            #expect(try await world.order(of: run)?.status.attention == AttentionKind.none)
            #expect(try await refunds(world, run).isEmpty)
        }
    }

    @Test("a price that rose too far holds the order until the merchant decides")
    func priceUp() async throws {
        let supplier = StandInSupplier()
        try await World.open(supplier: supplier) { world in
            let run = try await world.checkout()
            try await world.settle()
            await supplier.charge(1_200)
            try await world.pay(run)
            try await world.settle()
            #expect(try await world.order(of: run)?.status.attention == .supplierPriceUp)
            #expect(world.count("order.create") == 0)

            let order = try #require(try await world.order(of: run))
            let question = try await world.question(of: order.id)
            try world.answer(.acceptPrice(upTo: .eur(1_200)), to: question)
            try await world.settle()

            #expect(world.count("order.create") == 1)
            #expect(try await world.imbalance().isEmpty)
        }
    }

    @Test("a fee that cannot be given back leaves the refund reserved, and the run fails visibly")
    func feeRefused() async throws {
        let supplier = StandInSupplier()
        try await World.open(supplier: supplier) { world in
            await supplier.sellOutBetween("SKU-1")
            world.stripe.workbench.inject(
                Fault("POST /v1/application_fees/{id}/refunds", .status, status: 403, count: 1))

            let run = try await world.paidCheckout()

            let refund = try #require(try await refunds(world, run).first)
            #expect(refund.status == .sent)
            #expect(world.count("refund.create") == 1)
            let order = try #require(try await world.order(of: run))
            #expect(order.status.attention == .refundFailed)
            let again = try await world.transaction {
                try await Refunds().reserveAll(
                    of: order.id, paidBy: refund.payment, cause: .supplierUnavailable, key: "again", in: $0)
            }
            #expect(again == nil)
            let failures = world.fleet.journal.runIDs.compactMap { id -> String? in
                guard case .failed(let failure)? = world.fleet.journal.outcome(of: id) else { return nil }
                return failure.code
            }
            #expect(failures == ["refund.unfinished"])
        }
    }

    @Test("a refund that Stripe itself refuses frees its amount")
    func refundRefused() async throws {
        let supplier = StandInSupplier()
        try await World.open(supplier: supplier) { world in
            await supplier.sellOutBetween("SKU-1")
            world.stripe.workbench.inject(Fault("POST /v1/refunds", .status, status: 403, count: 1))

            let run = try await world.paidCheckout()

            #expect(try await refunds(world, run).map(\.status) == [.failed])
            #expect(world.count("refund.create") == 0)
            #expect(try await world.order(of: run)?.status.attention == .refundFailed)
        }
    }

    @Test("after a lost answer, a look-up that is refused leaves the refund reserved")
    func refundUnaccounted() async throws {
        let supplier = StandInSupplier()
        try await World.open(supplier: supplier) { world in
            await supplier.sellOutBetween("SKU-1")
            world.stripe.workbench.inject(Fault("POST /v1/refunds", .dropAfter, count: 1))
            world.stripe.workbench.inject(Fault("GET /v1/refunds", .status, status: 403, count: 1))

            let run = try await world.paidCheckout()

            #expect(try await refunds(world, run).map(\.status) == [.reserved])
            #expect(world.count("refund.create") == 1)
            #expect(try await world.order(of: run)?.status.attention == .refundFailed)
        }
    }

    @Test("of a set whose answer was lost only one order is found: the rest is not canceled")
    func recoveredInPart() async throws {
        let supplier = StandInSupplier()
        try await World.open(supplier: supplier) { world in
            await supplier.sendApart()
            world.bigBuy.workbench.inject(
                Fault("POST /rest/order/create/multishipping.json", .dropAfter, count: 1))

            let run = try await world.paidCheckout(1, lines: 2)

            #expect(await supplier.soldLines == ["1 x SKU-1", "1 x SKU-2"])
            let order = try #require(try await world.order(of: run))
            let units = try await world.transaction {
                try await SupplierOrders().units(ofOrder: order.id, in: $0)
            }
            #expect(units.map(\.state) == [.forwarded, .forwarded])
            #expect(order.status.attention == .supplierUnknown)
            #expect(try await refunds(world, run).isEmpty)
            #expect(world.count("refund.create") == 0)
            #expect(try await world.imbalance().isEmpty)
        }
    }

    @Test("a refund that the bank sends back days later reopens the order's refund")
    func refundFailsLater() async throws {
        let supplier = StandInSupplier()
        try await World.open(supplier: supplier) { world in
            await supplier.sellOutBetween("SKU-1")
            let run = try await world.checkout()
            try await world.settle()
            try await world.pay(run, with: "pm_card_refundFail")
            try await world.settle()
            #expect(try await refunds(world, run).map(\.status) == [.settled])

            await world.stripe.advanceClock(seconds: 10 * 86_400)
            try await world.deliverEvents()

            #expect(try await refunds(world, run).map(\.status) == [.failed])
            #expect(try await world.order(of: run)?.status.attention == .refundFailed)
            #expect(try await world.imbalance().isEmpty)
        }
    }
}
