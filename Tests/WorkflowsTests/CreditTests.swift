import Commerce
import CommerceStore
import Durable
import Foundation
import Testing
import VendorSandbox
import Workflows

@Suite("Credits after refunds")
struct CreditTests {
    private func documents(_ world: World) async -> [JSON] {
        await world.smartBill.vendor.objects("invoices") ?? []
    }

    @Test("a full refund is answered with one storno of the invoice, also when its answer is lost")
    func storno() async throws {
        let supplier = StandInSupplier()
        try await World.open(supplier: supplier) { world in
            await supplier.sellOutBetween("SKU-1")
            world.smartBill.workbench.inject(Fault("POST /SBORO/api/invoice/reverse", .dropAfter, count: 1))

            let run = try await world.paidCheckout()
            try await world.fleet.settle(upTo: .seconds(3_600))

            let order = try #require(try await world.order(of: run))
            let storno = try await world.transaction {
                try await Invoices().find(.storno, for: order.id, in: $0)
            }
            #expect(order.status.invoice == .storno)
            #expect(storno?.status == .issued)
            #expect(await documents(world).count == 2)
            #expect(world.count("invoice.reverse") == 1)
            #expect(
                order.status.attention == AttentionKind.supplierOutOfStock || order.status.attention == .none)
        }
    }

    @Test("a part is credited with negative lines that add up to the refund, once")
    func part() async throws {
        let supplier = StandInSupplier()
        try await World.open(supplier: supplier) { world in
            await supplier.sellOutBetween("SKU-2")
            world.smartBill.workbench.inject(Fault("POST /SBORO/api/invoice", .dropAfter, count: 2))

            let run = try await world.paidCheckout(1, lines: 2)
            try await world.fleet.settle(upTo: .seconds(3_600))

            let order = try #require(try await world.order(of: run))
            let refund = try #require(
                try await world.transaction { try await Refunds().all(of: order.id, in: $0) }.first)
            let credit = try await world.transaction {
                try await Invoices().find(.credit(refund.id), for: order.id, in: $0)
            }
            let papers = await documents(world)
            #expect(credit?.status == .issued)
            #expect(papers.count == 2)
            let theirs = papers.first { $0["number"].string == credit?.number }
            #expect(theirs?["products"].array.first?["quantity"].integer == -1)
            #expect(order.status.invoice == .issued)
        }
    }
}
