import Commerce
import CommerceStore
import Durable
import Foundation
import Testing
import VendorSandbox
import WebSupport
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

    // MARK: - Again

    /// A sold-out order whose storno waits for a person.
    private func refusedStorno(_ world: World) async throws -> (order: Order, storno: InvoiceID) {
        let run = try await world.paidCheckout()
        try await world.fleet.settle(upTo: .seconds(3_600))
        let order = try #require(try await world.order(of: run))
        let found = try await world.transaction { try await Invoices().find(.storno, for: order.id, in: $0) }
        let storno = try #require(found)
        #expect(storno.status == .manual)
        return (order, storno.id)
    }

    /// As the operators' page and command do; how often it was taken.
    private func askAgain(for paper: InvoiceID, times: Int, _ world: World) async throws -> Int {
        let taken = try await ask(for: paper, times: times, world)
        try await world.fleet.settle(upTo: .seconds(3_600))
        return taken
    }

    private func ask(for paper: InvoiceID, times: Int, _ world: World) async throws -> Int {
        let desk = PaperDesk { try await world.starter.issueAgain($0, in: $1) }
        let asker = PaperDesk.Asker(actor: "ana (operator)", reason: "the access works again")
        var taken = 0
        for _ in 0..<times {
            let isTaken = try await world.transaction {
                try await desk.issueAgain(paper, asked: asker, in: $0)
            }
            if isTaken { taken += 1 }
        }
        return taken
    }

    private func status(of paper: InvoiceID, _ world: World) async throws -> Invoices.Status {
        try await world.transaction { try await Invoices().load(paper, in: $0).status }
    }

    @Test("a storno that needed a person is issued when an operator asks again, once, and who asked is kept")
    func stornoAgain() async throws {
        let supplier = StandInSupplier()
        try await World.open(supplier: supplier) { world in
            await supplier.sellOutBetween("SKU-1")
            world.smartBill.workbench.inject(
                Fault("POST /SBORO/api/invoice/reverse", .status, status: 401, count: 1))
            let (order, storno) = try await refusedStorno(world)
            #expect(await documents(world).count == 1)

            #expect(try await askAgain(for: storno, times: 2, world) == 2)

            #expect(try await status(of: storno, world) == .issued)
            #expect(world.count("invoice.reverse") == 1)
            #expect(await documents(world).count == 2)
            #expect(try await askAgain(for: storno, times: 1, world) == 0, "it waits for nobody any more")
            let asked = try await world.transaction { tx in
                try await AuditTrail().page(AuditTrail.Filter(), after: nil, in: tx).elements
                    .filter { $0.action == "invoice.retry" && $0.target == "\(storno)" }
            }
            #expect(asked.map(\.reason) == ["the access works again", "the access works again"])
            let now = try await world.transaction { try await Orders().load(order.id, in: $0) }
            #expect(now.status.invoice == .storno)
        }
    }

    @Test("asking again starts a run also where the one before was cancelled before it came to anything")
    func againAfterCancelling() async throws {
        let supplier = StandInSupplier()
        try await World.open(supplier: supplier) { world in
            await supplier.sellOutBetween("SKU-1")
            world.smartBill.workbench.inject(
                Fault("POST /SBORO/api/invoice/reverse", .status, status: 401, count: 1))
            let (_, storno) = try await refusedStorno(world)
            let before = Set(world.fleet.journal.runIDs)
            #expect(try await ask(for: storno, times: 1, world) == 1)
            let asked = Set(world.fleet.journal.runIDs).subtracting(before)
            for run in asked { world.fleet.journal.cancel(run, reason: "by mistake") }
            try await world.fleet.settle(upTo: .seconds(3_600))
            #expect(asked.count == 1)
            #expect(try await status(of: storno, world) == .manual)

            #expect(try await askAgain(for: storno, times: 2, world) == 2)

            #expect(try await status(of: storno, world) == .issued)
            #expect(world.count("invoice.reverse") == 1)
            #expect(world.fleet.journal.runIDs.count == before.count + 2, "two who ask at once are one run")
        }
    }

    @Test("two runs of one paper, which may have overtaken each other, issue it once")
    func twoRuns() async throws {
        let supplier = StandInSupplier()
        try await World.open(supplier: supplier) { world in
            await supplier.sellOutBetween("SKU-1")
            world.smartBill.workbench.inject(
                Fault("POST /SBORO/api/invoice/reverse", .status, status: 401, count: 1))
            let (order, storno) = try await refusedStorno(world)
            let refund = try #require(try await world.refunds(of: order.id).first)
            for key in ["first", "second"] {
                try world.fleet.journal.start(
                    CreditOrder.self, CreditOrder.Input(refund: refund.id), once: key,
                    for: Tenant(world.tenant))
            }

            try await world.settleTogether(upTo: .seconds(3_600))

            #expect(try await status(of: storno, world) == .issued)
            #expect(world.count("invoice.reverse") == 1)
            #expect(await documents(world).count == 2)
        }
    }

    @Test("a storno whose answer was lost before it needed a person is found, and not issued again")
    func stornoFound() async throws {
        let supplier = StandInSupplier()
        try await World.open(supplier: supplier) { world in
            await supplier.sellOutBetween("SKU-1")
            let desk = world.smartBill.workbench
            desk.inject(Fault("POST /SBORO/api/invoice/reverse", .dropAfter, count: 1))
            desk.inject(Fault("GET /SBORO/api/invoice/paymentstatus", .status, status: 401, count: 1))
            let (_, storno) = try await refusedStorno(world)
            #expect(await documents(world).count == 2, "it is there, and nobody here knows")

            #expect(try await askAgain(for: storno, times: 1, world) == 1)

            #expect(try await status(of: storno, world) == .issued)
            #expect(world.count("invoice.reverse") == 1)
            #expect(await documents(world).count == 2)
        }
    }
}
