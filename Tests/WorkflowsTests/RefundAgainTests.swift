import Commerce
import CommerceStore
import Durable
import Foundation
import Testing
import VendorSandbox
import Workflows

@Suite("Refunds that the bank sends back and that are made again")
struct RefundAgainTests {
    /// A paid order of two lines of which the second is refunded to a card that takes no refunds.
    private func refundSentBack(_ world: World) async throws -> (run: RunID, units: [UnitID]) {
        let run = try await world.paidCheckout(1, lines: 2, with: "pm_card_refundFail")
        let order = try #require(try await world.order(of: run))
        let units = try await world.transaction {
            try await SupplierOrders().units(ofOrder: order.id, in: $0)
        }
        let lost = units.filter { $0.state == .canceled }.map(\.id)
        #expect(lost.count == 1)
        try await world.fleet.settle(upTo: .seconds(3_600))
        try await world.passTimeAtStripe(4_000)
        #expect(try await world.refunds(of: order.id).map(\.status) == [.failed])
        return (run, lost)
    }

    private func credits(_ world: World) async -> Int {
        await (world.smartBill.vendor.objects("invoices") ?? []).count - 1
    }

    @Test("it is one refund on paper, in the books and at Stripe")
    func once() async throws {
        let supplier = StandInSupplier()
        try await World.open(supplier: supplier) { world in
            await supplier.sellOutBetween("SKU-2")
            let (run, units) = try await refundSentBack(world)
            let commission = try await world.booked(.revenue(.commission))
            #expect(try await world.booked(.clearing(.failedRefunds)) == .eur(-1_500))

            try await world.refund(units, of: run, once: "again")
            try await world.fleet.settle(upTo: .seconds(3_600))

            let order = try #require(try await world.order(of: run))
            let refunds = try await world.refunds(of: order.id)
            #expect(refunds.map(\.status) == [.failed, .settled])
            #expect(refunds.last?.replaces == refunds.first?.id)
            #expect(await credits(world) == 1)
            #expect(try await world.booked(.clearing(.failedRefunds)) == .zero(.eur))
            #expect(try await world.booked(.revenue(.commission)) == commission)
            #expect(try await world.differencesFromStripe() == [])
            #expect(order.status.payment == .partiallyRefunded)
            #expect(order.status.attention != .refundFailed)
        }
    }

    @Test("sent back twice, the third one still counts once and the rest of the order can be refunded")
    func twice() async throws {
        let supplier = StandInSupplier()
        try await World.open(supplier: supplier) { world in
            await supplier.sellOutBetween("SKU-2")
            let (run, units) = try await refundSentBack(world)
            try await world.refund(units, of: run, once: "second")
            try await world.passTimeAtStripe(4_000)
            let order = try #require(try await world.order(of: run))
            #expect(try await world.refunds(of: order.id).map(\.status) == [.failed, .failed])

            try await world.refund(units, of: run, once: "third")
            try await world.fleet.settle(upTo: .seconds(3_600))

            #expect(try await world.refunds(of: order.id).map(\.status) == [.failed, .failed, .settled])
            #expect(await credits(world) == 1)
            #expect(try await world.booked(.clearing(.failedRefunds)) == .zero(.eur))
            #expect(try await world.differencesFromStripe() == [])
            #expect(try await world.order(of: run)?.status.payment == .partiallyRefunded)
        }
    }

    @Test("all that is left is what the bank sent back and what was never refunded")
    func everything() async throws {
        let supplier = StandInSupplier()
        try await World.open(supplier: supplier) { world in
            await supplier.sellOutBetween("SKU-2")
            let (run, _) = try await refundSentBack(world)

            try await world.refund(nil, of: run, cause: .platformError, once: "all")
            try await world.fleet.settle(upTo: .seconds(3_600))

            let order = try #require(try await world.order(of: run))
            let standing = try await world.refunds(of: order.id).filter { $0.status == .settled }
            #expect(standing.map(\.breakdown.amount).total(.eur) == .eur(3_000))
            #expect(standing.map(\.breakdown.commission).total(.eur) == order.total.commission)
            #expect(try await world.booked(.revenue(.commission)) == .zero(.eur))
            #expect(try await world.differencesFromStripe() == [])
            #expect(try await world.imbalance().isEmpty)
            #expect(order.status.payment == .refunded)
            #expect(await credits(world) == 2)
        }
    }
}
