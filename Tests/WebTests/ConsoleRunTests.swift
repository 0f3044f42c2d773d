import Commerce
import CommerceStore
import Durable
import Fleet
import Foundation
import Postgres
import Testing
import WebSupport

@Suite("Runs at the operators' console")
struct ConsoleRunTests {
    /// A paid-for checkout whose run has failed, under a number that no other test uses.
    private func stuckOrder(_ person: Operator, message: String = "it broke") async throws -> (
        number: Int64, run: RunID, shop: WebShop
    ) {
        let shop = try await WebShop.open()
        let path = try await shop.buy().path
        let run = RunID()
        let number = Int64.random(in: 1_000_000...900_000_000)
        let token = try #require(
            path.split(separator: "/").last.flatMap { StatusToken(rawValue: String($0)) })
        try await shop.running.database.transaction(for: shop.tenant) { tx in
            _ = try await tx.postgres.execute(
                """
                insert into shop.order_number (tenant_id, last_number)
                values (\(shop.tenant.rawValue), \(number - 1))
                """)
            let checkout = try #require(try await Checkouts().find(token: token, in: tx))
            let quote = try await Quotes().confirm(checkout, in: tx)
            _ = try await Orders().place(checkout, quote: quote, run: run.rawValue, at: Date(), in: tx)
        }
        try await person.failedRun(run, tenant: "\(shop.tenant)", message: message)
        return (number, run, shop)
    }

    private let act = ["reason": "the vendor is back", "epoch": "7", "status": "failed"]

    @Test("an order's number leads to the reason in one click, to its run in two, and the run is retried")
    func stuckOrderIsFoundAndRetried() async throws {
        let person = try await Operator.signedIn(.operator)
        let (number, run, _) = try await stuckOrder(person)

        let found = try await person.get("/ops/search?q=%23\(number)")
        #expect(found.status == 200)
        #expect(found.body.contains("It failed in step fragile"))
        #expect(found.body.contains("href=\"/ops/runs/\(run)\""))
        let page = try await person.get("/ops/runs/\(run)")
        #expect(page.body.contains("it broke (broken)"))
        #expect(page.body.contains("It serves order"))
        #expect(page.field("epoch") == "7")

        let retried = try await person.post("/ops/runs/\(run)/retry", act)

        #expect(retried.status == 303)
        #expect(try await person.status(run) == .pending)
        let record = try #require(try await person.audited("\(run)").first)
        #expect(record.verb == "retry")
        #expect(record.actor == "\(person.email.rawValue) (operator)")
        #expect(record.reason == "the vendor is back")
        let after = try await person.get(try #require(retried.headers["location"]))
        #expect(after.body.contains("is done and in the audit as row \(record.number)"))
        #expect(after.body.contains("data-topics=\"run:\(run)\""))
    }

    @Test("the order's page has its reason, its runs, its money and what the books say")
    func orderPage() async throws {
        let person = try await Operator.signedIn(.viewer)
        let (number, run, shop) = try await stuckOrder(person)
        let list = try await person.get("/ops/orders?number=\(number)")
        let start = try #require(list.body.firstRange(of: "/ops/orders/\(shop.tenant)/"))
        let path = String(list.body[start.lowerBound...].prefix { $0 != "\"" })

        let page = try await person.get(path)

        #expect(page.status == 200)
        #expect(page.body.contains("Order #\(number)"))
        #expect(page.body.contains("It failed in step fragile"))
        #expect(page.body.contains("href=\"/ops/runs/\(run)\""))
        #expect(page.body.contains("the merchant keeps"))
        #expect(page.body.contains("a…@example.test"))
        #expect(!page.body.contains("ana@example.test"))
        #expect(try await person.get("/ops/orders/\(UUID())/\(UUID())").status == 404)
    }

    @Test("a viewer sees everything and may do nothing", arguments: ["retry", "cancel", "export", "reveal"])
    func viewerMayNotAct(verb: String) async throws {
        let person = try await Operator.signedIn(.viewer)
        let run = try await person.failedRun()

        let page = try await person.get("/ops/runs/\(run)")
        #expect(page.status == 200)
        #expect(!page.body.contains("action=\"/ops/runs/\(run)/"))
        let refused = try await person.post(
            "/ops/runs/\(run)/\(verb)", act.merging(["confirm": "yes"]) { $1 })

        #expect(refused.status == 403)
        #expect(refused.body.contains("Your role is <strong>viewer</strong>"))
        #expect(try await person.status(run) == .failed)
        #expect(try await person.audited("\(run)").isEmpty)
    }

    @Test("an operator may not put a result in a step's place; an admin may, after a tick and a reason")
    func rewriting() async throws {
        let worker = try await Operator.signedIn(.operator)
        let run = try await worker.failedRun()
        let form = act.merging(["step": "fragile", "output": "2"]) { $1 }
        #expect(
            try await worker.post("/ops/runs/\(run)/skip", form.merging(["confirm": "yes"]) { $1 }).status
                == 403)
        let admin = try await Operator.signedIn(.admin)

        let hasty = try await admin.post("/ops/runs/\(run)/skip", form)
        #expect(hasty.status == 422)
        #expect(hasty.body.contains("Tick the box"))
        #expect(hasty.body.contains("value=\"the vendor is back\""))
        #expect(try await admin.status(run) == .failed)
        let done = try await admin.post(
            "/ops/runs/\(run)/skip", form.merging(["confirm": "yes"]) { $1 })

        #expect(done.status == 303)
        #expect(try await admin.status(run) == .pending)
        #expect(try await admin.audited("\(run)").first?.verb == "skip")
    }

    @Test("without a reason nothing happens, and a run that has moved on is not acted on twice")
    func sighting() async throws {
        let person = try await Operator.signedIn(.operator)
        let run = try await person.failedRun()

        let silent = try await person.post(
            "/ops/runs/\(run)/retry", act.merging(["reason": " "]) { $1 })
        #expect(silent.status == 422)
        #expect(silent.body.contains("id=\"retry-reason-error\""))
        #expect(try await person.status(run) == .failed)
        #expect(try await person.post("/ops/runs/\(run)/retry", act).status == 303)
        let again = try await person.post("/ops/runs/\(run)/retry", act)

        #expect(again.status == 409)
        #expect(again.body.contains("has moved on"))
        #expect(try await person.audited("\(run)").count == 1)
        #expect(try await person.post("/ops/runs/\(RunID())/retry", act).status == 404)
    }

    @Test("what a merchant, a vendor or an address can write is text on every page, never markup")
    func hostileText() async throws {
        let person = try await Operator.signedIn(.admin)
        let attack = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
        let (number, run, shop) = try await stuckOrder(person, message: attack)
        _ = try await shop.running.database.transaction(for: shop.tenant) { tx in
            try await tx.postgres.execute(
                "update shop.store set name = \(attack) where tenant_id = \(shop.tenant.rawValue)")
        }
        let typed = PercentCoding.encode(attack)
        let paths = [
            "/ops/runs/\(run)", "/ops/runs/\(run)?tab=events", "/ops/runs/\(run)?tab=\(typed)",
            "/ops/runs?tenant=\(shop.tenant)", "/ops/runs?q=\(typed)", "/ops/runs?label=\(typed)",
            "/ops/runs?label=mark%3D\(typed)", "/ops/runs?status=\(typed)", "/ops/search?q=\(typed)",
            "/ops/search?q=\(number)", "/ops/errors", "/ops/tenants/\(shop.tenant)",
            "/ops/tenants?name=\(typed)", "/ops/webhooks?subject=\(typed)", "/ops/audit?subject=\(typed)",
            "/ops/ledger?account=\(typed)", "/ops/orders?number=\(typed)", "/ops/bulk/order?q=\(typed)",
        ]

        for path in paths {
            let body = try await person.get(path).body
            #expect(!body.contains("<script>"), "\(path)")
            #expect(!body.contains("<img"), "\(path)")
            #expect(!body.contains(" style="), "\(path)")
        }
        #expect(try await person.get("/ops/runs/\(run)").body.contains("&lt;script&gt;alert(1)"))
    }

    @Test("a filter that cannot be read keeps what was typed and points at the field")
    func badFilter() async throws {
        let person = try await Operator.signedIn(.viewer)

        let page = try await person.get("/ops/runs?since=yesterday&workflow=refund_order")

        #expect(page.status == 422)
        #expect(page.body.contains("yesterday is no time"))
        #expect(page.body.contains("value=\"refund_order\""))
        #expect(page.body.contains("aria-describedby=\"since-hint since-error\""))
    }

    @Test("lists go back page by page, by the run that ended the page before")
    func pages() async throws {
        let person = try await Operator.signedIn(.viewer)
        let mark = "page-\(UUID())"
        let placed = Set((0..<60).map { _ in RunID() })
        for run in placed { try await person.failedRun(run, label: mark) }
        func shown(_ page: Answer) -> Set<RunID> {
            placed.filter { page.body.contains("href=\"/ops/runs/\($0)\"") }
        }
        let first = try await person.get("/ops/runs?label=mark%3D\(mark)")
        let last = try #require(shown(first).min())
        let second = try await person.get("/ops/runs?label=mark%3D\(mark)&before=\(last)")

        #expect(first.body.contains("60 runs"))
        #expect(first.body.contains("before=\(last)"))
        #expect(shown(first).count == 50)
        #expect(shown(second) == placed.subtracting(shown(first)))
    }
}
