import Commerce
import CommerceStore
import Durable
import Foundation
import Testing
import Workflows

@testable import VendorSandbox

@Suite("Invoices without an idempotency key")
struct InvoiceTests {
    private func invoices(_ world: World) async -> [JSON] {
        await world.smartBill.vendor.objects("invoices") ?? []
    }

    @Test("two orders of the same total that both lose their answers get one invoice each, and their own")
    func twins() async throws {
        try await World.open { world in
            world.smartBill.workbench.inject(Fault("POST /SBORO/api/invoice", .dropAfter, count: 2))
            let runs = [try await world.checkout(), try await world.checkout()]
            try await world.settle()
            for run in runs { try await world.pay(run) }
            try await world.settle()
            try await world.settle()

            let issued = await invoices(world)
            #expect(issued.count == 2)
            for run in runs {
                let order = try #require(try await world.order(of: run))
                let known = try #require(
                    try await world.transaction { try await Invoices().find(.invoice, for: order.id, in: $0) }
                )
                #expect(known.status == .issued)
                let theirs = issued.first { $0["number"].string == known.number }
                #expect(theirs?["mentions"].string?.contains("\(order.number)") == true)
            }
        }
    }

    @Test(
        "SmartBill is down and then blocks us: the order is forwarded meanwhile, and invoiced afterwards"
    )
    func down() async throws {
        try await World.open { world in
            let desk = world.smartBill.workbench
            desk.inject(Fault("POST /SBORO/api/invoice", .status, status: 500, count: 2))
            desk.inject(Fault("POST /SBORO/api/invoice", .status, status: 403, count: 1))

            let run = try await world.paidCheckout()
            #expect(world.count("order.create") == 1)
            #expect(try await world.order(of: run)?.status.invoice == .retrying)
            try await world.fleet.settle(upTo: .seconds(1_500))

            #expect(try await world.order(of: run)?.status.invoice == .issued)
            #expect(await invoices(world).count == 1)
        }
    }

    @Test("what SmartBill refuses asks for the merchant and stops nothing")
    func refused() async throws {
        try await World.open { world in
            try await world.pull(world.smartBill, "companies", ["cif": "RO12345674", "closed": true])

            let run = try await world.paidCheckout()

            let order = try #require(try await world.order(of: run))
            #expect(order.status.invoice == .manual)
            #expect(order.status.attention == .invoice)
            #expect(order.status.fulfilment == .inProgress)
        }
    }

    @Test("a number that was taken and cannot be found is left to a person, and nothing is issued anew")
    func unseenNumber() async throws {
        try await World.open { world in
            let desk = world.smartBill.workbench
            desk.inject(Fault("POST /SBORO/api/invoice", .dropAfter, count: 1))
            desk.inject(Fault("GET /SBORO/api/invoice/paymentstatus", .status, status: 500))
            let run = try await world.paidCheckout()
            #expect(try await world.order(of: run)?.status.invoice == .retrying)

            let vendor = try #require(world.smartBill.vendor as? SmartBillSandbox)
            await vendor.forgetInvoices()
            desk.clearFaults()
            try await world.fleet.settle(upTo: .seconds(1_500))

            let order = try #require(try await world.order(of: run))
            #expect(order.status.invoice == .manual)
            #expect(order.status.attention == .invoice)
            #expect(world.count("invoice.create") == 1)
            #expect(await invoices(world).isEmpty)
        }
    }

    @Test("the PDF is kept with the invoice")
    func document() async throws {
        try await World.open { world in
            let run = try await world.paidCheckout()
            let order = try #require(try await world.order(of: run))
            let pdf = try await world.transaction { tx -> Data? in
                guard let invoice = try await Invoices().find(.invoice, for: order.id, in: tx) else {
                    return nil
                }
                return try await Invoices().document(of: invoice.id, in: tx)
            }
            #expect(pdf?.starts(with: Data("%PDF".utf8)) == true)
        }
    }
}

extension SmartBillSandbox {
    /// The series go on behind what was issued, and nothing of it can be found.
    fileprivate func forgetInvoices() {
        let last = world.invoices.compactMap { Int64($0.key.number) }.max() ?? 0
        world = SmartBillWorld(firstNumber: last + 1)
    }
}
