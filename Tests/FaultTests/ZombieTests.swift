import Foundation
import Testing
import VendorSandbox

// A worker that is stopped does not know it. When it goes on, it holds an answer from a vendor and a run that
// another worker has finished meanwhile, and it must not make anything of either.

@Suite("Zombies", .serialized)  // Each test needs the whole machine.
struct ZombieTests {
    /// The call in whose middle the worker is stopped.
    enum Call: String, CaseIterable {
        case supplierOrder = "/rest/order/create/multishipping.json"
        case invoice = "/SBORO/api/invoice"
        case letter = "/emails"

        func vendor(_ platform: Platform) -> SandboxServer {
            switch self {
            case .supplierOrder: platform.bigBuy
            case .invoice: platform.smartBill
            case .letter: platform.resend
            }
        }

        /// The calls of this kind so far, answered or not.
        func made(_ platform: Platform) -> [RecordedCall] {
            vendor(platform).workbench.calls.calls("POST", rawValue)
        }
    }

    @Test(
        "a worker that wakes after its lease writes nothing of what it held, and works on",
        arguments: Call.allCases)
    func zombie(_ call: Call) async throws {
        try await Platform.with { platform in
            let sleeper = try await platform.startWorker("sleeper")
            // Long enough for everything else about the order to be done before the worker is stopped.
            call.vendor(platform).workbench.inject(
                Fault("POST \(call.rawValue)", .latency, latency: .seconds(8), count: 1))
            try await Shopper(1, at: platform).buyAndPay(platform)
            try await until("the vendor is being asked, and nothing else is going on") {
                let busy = try await busyRuns(platform)
                return busy == 1 && call.made(platform).count == 1
            }

            sleeper.signal(SIGSTOP)
            let other = try await platform.startWorker("other")
            try await platform.books.untilAllThrough(within: .seconds(60))
            try await until("the sleeper's call was answered") { call.made(platform).first?.status != nil }
            let last = try await platform.books.texts("select max(id::text) from engine.run_history")
            let before = try await traces(platform, upTo: last)
            sleeper.signal(SIGCONT)
            await other.end()
            try await Shopper(2, at: platform).buyAndPay(platform)
            try await platform.books.untilAllThrough(within: .seconds(60))

            #expect(!sleeper.hasEnded)
            #expect(try await traces(platform, upTo: last) == before)
            try await Effects(platform: platform).expectOneOfEach()
        }
    }

    private func busyRuns(_ platform: Platform) async throws -> Int {
        try await platform.books.count("select count(*) from engine.run where status <> 'waiting'")
    }

    /// What the runs up to one have left: under which epoch they ended, with what result, their steps; and
    /// what stands in the books of the first order.
    private func traces(_ platform: Platform, upTo last: [String]) async throws -> [String] {
        try await platform.books.texts(
            """
            with first as (select tenant_id, id from shop.orders order by placed_at limit 1),
            runs as (select h.id from engine.run_history h where h.id::text <= any(\(last)))
            select h::text from engine.run_history h where h.id in (select id from runs)
            union all select s::text from engine.step s where s.run in (select id from runs)
            union all select s::text from shop.supplier_order s, first f where s.order_id = f.id
            union all select u::text from shop.unit u, first f where u.order_id = f.id
            union all select o::text from shop.orders o, first f where o.id = f.id
            union all select i::text from shop.invoice i, first f where i.order_id = f.id
            union all select t::text from shop.ledger_transaction t, first f where t.order_id = f.id
            union all select a::text from shop.attention_item a, first f where a.order_id = f.id
            order by 1
            """)
    }
}
