import Commerce
import CommerceStore
import Durable
import Foundation
import Testing
import VendorSandbox

@testable import Workflows

/// One run at a time issues in a series, by a lease behind which stands no connection.
@Suite("Turns in an invoice series")
struct InvoiceTurnTests {
    private static let series = Invoices.Series(company: "RO12345674", name: "CFX")

    @Test("while SmartBill thinks, no connection to the database is held", .timeLimit(.minutes(20)))
    func noConnectionHeld() async throws {
        let desk = WatchedSmartBill()
        try await World.open(invoicing: desk, connections: 1) { world in
            // The only connection there is: whoever held it would wait for an answer that waits for it.
            await desk.next("POST /invoice") { request, inner in
                let seen = try? await world.transaction { tx in
                    try await Invoices().numbers(in: "CFX", in: tx)
                }
                return seen == nil ? .trouble : await inner.respond(to: request)
            }

            let run = try await world.paidCheckout()

            #expect(try await world.order(of: run)?.status.invoice == .issued)
            #expect(desk.workbench.calls.calls("POST", "/SBORO/api/invoice").count == 1)
        }
    }

    @Test("a lease that ends while the answer is awaited passes on, and the next run settles what was asked")
    func leaseEndsDuringTheCall() async throws {
        let desk = WatchedSmartBill()
        try await World.open(invoicing: desk) { world in
            await desk.next("POST /invoice") { request, inner in
                _ = await inner.respond(to: request)
                try? await world.endLease()
                return .trouble
            }
            await desk.next("POST /invoice") { request, inner in
                let known = try? await world.transaction { try await Invoices().numbers(in: "CFX", in: $0) }
                return known?.count == 1 ? await inner.respond(to: request) : .trouble
            }
            let runs = [try await world.checkout(), try await world.checkout()]
            try await world.settle()
            for run in runs { try await world.pay(run) }
            try await world.settle()

            let issued = await desk.objects("invoices") ?? []
            #expect(issued.count == 2)
            for run in runs {
                let order = try #require(try await world.order(of: run))
                #expect(order.status.invoice == .issued)
                let known = try await world.invoice(of: order.id)
                let theirs = issued.first { $0["number"].string == known?.number }
                #expect(theirs?["mentions"].string?.contains("\(order.number)") == true)
            }
            #expect(desk.workbench.calls.calls("POST", "/SBORO/api/invoice").count == 2)
        }
    }

    @Test("a turn that was lost before the call asks for nothing and queues up again")
    func turnLostBeforeTheCall() async throws {
        let desk = WatchedSmartBill()
        let stranger = UUID()
        try await World.open(invoicing: desk) { world in
            await desk.next("GET /series") { request, inner in
                try? await world.endLease()
                _ = try? await world.claim(Self.series, stranger)
                try? await world.letLeaseLast("1 day")
                return await inner.respond(to: request)
            }

            let run = try await world.paidCheckout()
            #expect(desk.workbench.calls.calls("POST", "/SBORO/api/invoice").isEmpty)
            try await world.endLease()
            try await world.fleet.settle(upTo: .seconds(600))

            #expect(try await world.order(of: run)?.status.invoice == .issued)
            #expect(await desk.objects("invoices")?.count == 1)
        }
    }

    @Test("an effect that comes after our timeout is waited for, and not asked for again")
    func lateEffect() async throws {
        let desk = WatchedSmartBill()
        try await World.open(invoicing: desk) { world in
            let delayed = Delayed()
            await desk.next("GET /series") { request, inner in await inner.respond(to: request) }
            await desk.next("POST /invoice") { request, _ in
                await delayed.keep(request)
                return .trouble
            }
            // The number is looked up before the effect, and again after it.
            await desk.next("GET /series") { request, inner in
                let answer = await inner.respond(to: request)
                if let request = await delayed.request { _ = await inner.respond(to: request) }
                return answer
            }

            let run = try await world.paidCheckout()

            #expect(await desk.objects("invoices")?.count == 1)
            #expect(try await world.order(of: run)?.status.invoice == .issued)
            #expect(desk.workbench.calls.calls("POST", "/SBORO/api/invoice").count == 1)
        }
    }

    @Test("first come, first served; who died is passed over, and the one after it is told")
    func queue() async throws {
        try await World.open { world in
            let runs = (0..<4).map { _ in UUID() }
            let first = try await world.claim(Self.series, runs[0])
            guard case .ours(let turn) = first else {
                Issue.record("a free series is had at once")
                return
            }
            for (ahead, run) in runs.dropFirst().enumerated() {
                guard case .taken(let count, _, nil) = try await world.claim(Self.series, run) else {
                    Issue.record("a series that is taken is waited for")
                    return
                }
                #expect(count == ahead + 1)
            }

            let called = try await world.transaction {
                try await Invoices().endTurn(of: runs[0], in: Self.series, in: $0)
            }
            #expect(called == Invoices.Call(run: runs[1], fence: turn.fence + 1))
            // The second died before it came; whoever asks meanwhile tells it once more.
            guard case .taken(_, _, called) = try await world.claim(Self.series, runs[2]) else {
                Issue.record("a run that was called has the series before it comes")
                return
            }
            let passedOver = try await world.transaction { tx in
                try await Invoices().passOver(try #require(called), in: Self.series, in: tx)
            }
            #expect(passedOver?.run == runs[2])
            // The third dies with its turn; the fourth finds its lease ended.
            try await world.endLease()
            guard case .ours = try await world.claim(Self.series, runs[3]) else {
                Issue.record("a lease that has ended passes on")
                return
            }
        }
    }

    @Test("a permit is refused to a fence of yesterday and while another call is in doubt")
    func permits() async throws {
        try await World.open { world in
            let order = try await world.placedOrder()
            try await world.transaction { tx in
                let run = UUID()
                let invoice = try await Invoices().open(.invoice, for: order, in: tx)
                let doubt = Invoices.Doubt(
                    invoice: invoice.id, from: 7, total: Money(minorUnits: 1500, currency: .eur),
                    since: Date(timeIntervalSince1970: 1_800_000_000))
                guard case .ours(let old) = try await Invoices().claim(Self.series, for: run, in: tx),
                    case .ours(let turn) = try await Invoices().claim(Self.series, for: run, in: tx)
                else {
                    Issue.record("a run goes on with its turn")
                    return
                }

                #expect(try await Invoices().permit(doubt, under: old, in: tx) == nil)
                #expect(try await Invoices().permit(doubt, under: turn, in: tx)?.isFresh == true)
                #expect(try await Invoices().permit(doubt, under: turn, in: tx) == nil)
                guard case .ours(let next) = try await Invoices().claim(Self.series, for: run, in: tx) else {
                    Issue.record("a run goes on with its turn")
                    return
                }
                #expect(next.doubt == doubt)
                #expect(try await Invoices().settleDoubt(about: invoice.id, under: turn, in: tx) == false)
                #expect(try await Invoices().settleDoubt(about: invoice.id, under: next, in: tx))
            }
        }
    }

    @Test("a crowd of invoices of one series takes two visits each and no retry", .timeLimit(.minutes(20)))
    func crowd() async throws {
        let count = 40
        try await World.open(stock: count) { world in
            var runs: [RunID] = []
            for _ in 0..<count {
                let input = InvoiceOrder.Input(order: try await world.placedOrder())
                runs.append(
                    try world.fleet.journal.start(InvoiceOrder.self, input, for: Tenant(world.tenant)))
            }

            try await world.settleTogether(upTo: .seconds(240))

            let visits = runs.flatMap { world.fleet.journal.steps(of: $0) }.count { $0.key.name == "issue" }
            let retries = runs.flatMap { world.fleet.journal.attempts(of: $0) }.count
            #expect(world.count("invoice.create") == count)
            // All but the first find the series taken, queue up, and come back when they are called.
            #expect(visits == 2 * count - 1 && retries == 0, "\(visits) visits, \(retries) retries")
            for run in runs { #expect(try world.invoicing(run) == .issued) }
        }
    }

    @Test("who waits looks by itself seldom, and ever more seldom", arguments: 1...12)
    func pauses(round: Int) {
        let soon = InvoiceDesk.pause(round: round, ahead: 1, leaseLeft: .seconds(40))
        let late = InvoiceDesk.pause(round: round, ahead: 139, leaseLeft: .seconds(40))
        #expect(soon > .seconds(40) && soon <= Invoices.lease)
        #expect(late >= min(.seconds(300) * (1 << (round - 1)), .seconds(3_600)))
        #expect(late <= .seconds(4_000))
    }
}

/// A request that its server does not get round to.
private actor Delayed {
    private(set) var request: SandboxRequest?
    func keep(_ request: SandboxRequest) { self.request = request }
}

extension World {
    /// The holder of the series has not been heard of for too long.
    fileprivate func endLease() async throws { try await letLeaseLast("-1 second") }

    /// Lets the turn that somebody has end so long from now, by the database's clock.
    fileprivate func letLeaseLast(_ interval: String) async throws {
        try await transaction { tx in
            _ = try await tx.postgres.execute(
                """
                update shop.invoice_series set lease_until = clock_timestamp() + \(interval)::text::interval
                where tenant_id = \(tenant.rawValue)
                """)
        }
    }

    fileprivate func claim(_ series: Invoices.Series, _ run: UUID) async throws -> Invoices.Claim {
        try await transaction { try await Invoices().claim(series, for: run, in: $0) }
    }

    fileprivate func invoice(of order: OrderID) async throws -> Invoices.Invoice? {
        try await transaction { try await Invoices().find(.invoice, for: order, in: $0) }
    }

    fileprivate func invoicing(_ run: RunID) throws -> InvoiceOrder.Output? {
        guard case .succeeded(let payload)? = fleet.journal.outcome(of: run) else { return nil }
        return try payload.decode(InvoiceOrder.Output.self, .output)
    }
}
