import CommerceStore
import Durable
import Fleet
import Foundation
import Testing
import WebSupport

@testable import Console

/// What a schedule of these tests starts.
private struct Chime: Workflow {
    static let name: WorkflowName = "chime"
    enum Step: String, WorkflowStep { case ring }

    func run(_ input: Int, _ flow: Flow<Chime>) async throws -> Int {
        try await flow.step(.ring) { _ in input }
    }
}

@Suite("The other places of the operators' console")
struct ConsolePlacesTests {
    @Test(
        "every page is there for a viewer, complete, with one heading and nothing inline",
        arguments: [
            "/ops", "/ops/runs", "/ops/orders", "/ops/orders?view=unforwarded", "/ops/orders?view=attention",
            "/ops/claims",
            "/ops/errors?span=7d", "/ops/queues", "/ops/schedules", "/ops/webhooks",
            "/ops/webhooks?state=unmatched", "/ops/ledger", "/ops/tenants", "/ops/bulk", "/ops/audit",
            "/ops/audit/verify", "/ops/people", "/ops/search?q=nothing-is-called-so", "/ops/plans",
            "/ops/suppliers", "/ops/affiliates", "/ops/settings", "/ops/health", "/ops/display",
        ])
    func pages(path: String) async throws {
        let person = try await Operator.signedIn(.viewer)

        let page = try await person.get(path)

        #expect(page.status == 200, "\(path)")
        #expect(page.body.components(separatedBy: "<h1>").count == 2, "\(path)")
        #expect(page.body.contains("</html>"))
        #expect(!page.body.contains("<style") && !page.body.contains(" style="))
        #expect(page.headers["cache-control"] == "no-store")
    }

    @Test(
        "each tab of a run is there",
        arguments: ["timeline", "events", "data", "money", "effects", "logs", "audit"])
    func tabs(tab: String) async throws {
        let person = try await Operator.signedIn(.viewer)
        let run = try await person.failedRun()

        let page = try await person.get("/ops/runs/\(run)?tab=\(tab)")

        #expect(page.status == 200)
        #expect(page.body.contains("?tab=\(tab)\" aria-current=\"page\""))
        if tab == "events" { #expect(page.body.contains("<code>fragile</code>")) }
        if tab == "effects" { #expect(page.body.contains("cf:\(run):fragile")) }
    }

    @Test("a queue is paused and resumed with a reason, by those who may")
    func queues() async throws {
        let person = try await Operator.signedIn(.operator)
        let name = "queue-\(UUID().uuidString.lowercased())"
        let form = ["kind": "queue", "name": name, "reason": "the supplier asked for it"]
        let viewer = try await Operator.signedIn(.viewer)
        #expect(try await viewer.post("/ops/queues/pause", form).status == 403)
        #expect(
            try await person.post("/ops/queues/pause", form.merging(["reason": ""]) { $1 }).status == 422)

        #expect(try await person.post("/ops/queues/pause", form).status == 303)

        let page = try await person.get("/ops/queues")
        #expect(page.body.contains(name))
        #expect(page.body.contains("the supplier asked for it"))
        #expect(try await person.post("/ops/queues/resume", form).status == 303)
        #expect(try await person.audited(name).map(\.verb) == ["queue.resume", "queue.pause"])
    }

    @Test("a schedule is paused, resumed and run now, once per form")
    func schedules() async throws {
        let person = try await Operator.signedIn(.operator)
        let name = ScheduleName("chime-\(UUID().uuidString.lowercased())")
        try await person.running.schedules.create(
            try Schedule(name, try ScheduleRule("30 3 * * *"), in: "Europe/Bucharest"), starting: Chime.self,
            with: 1, by: try Mandate(actor: "test", reason: "for a test"))
        let path = "/ops/schedules/\(name)"
        let why = ["reason": "to see it run"]

        let page = try await person.get(path)
        #expect(page.body.contains("Europe/Bucharest"))
        #expect(page.body.contains("03:30"))
        #expect(page.body.contains("+02:00") || page.body.contains("+03:00"))
        #expect(page.body.contains("It has not fired yet."))
        #expect(try await person.post("\(path)/pause", why).status == 303)
        #expect(try await person.get(path).body.contains("to see it run"))
        #expect(try await person.post("\(path)/resume", why).status == 303)
        let once = why.merging(["once": "\(UUID())"]) { $1 }
        let first = try await person.post("\(path)/run-now", once).headers["location"]
        let second = try await person.post("\(path)/run-now", once).headers["location"]

        #expect(first?.hasPrefix("/ops/runs/") == true)
        #expect(first == second)
        #expect(try await person.get("/ops/schedules/no-such-schedule").status == 404)
        #expect(
            try await Set(person.audited("\(name)").map(\.verb)).isSuperset(of: [
                "schedule.pause", "schedule.resume", "schedule.run_now",
            ]))
    }

    @Test("a store's work is paused and resumed, and its page says so")
    func tenants() async throws {
        let person = try await Operator.signedIn(.operator)
        let shop = try await WebShop.open()
        let path = "/ops/tenants/\(shop.tenant)"

        #expect(try await person.post("\(path)/pause", ["reason": "fraud is suspected"]).status == 303)

        #expect(try await person.get(path).body.contains("fraud is suspected"))
        #expect(try await person.post("\(path)/resume", ["reason": "it was none"]).status == 303)
        #expect(try await person.get("/ops/tenants/\(UUID())").status == 404)
    }

    @Test("a webhook is shown by its state, and its body only to those who act")
    func webhooks() async throws {
        let shop = try await WebShop.open()
        let id = "evt_\(UUID().uuidString.lowercased())"
        _ = try await shop.running.pool.execute(
            """
            insert into shop.webhook_inbox (source, event_id, endpoint, kind, subject, payload, state,
                problem)
            values ('stripe', \(id), 'platform', 'payment_intent.succeeded', 'pi_x', '{"secret":"words"}',
                'failed', 'no such payment')
            """)
        let viewer = try await Operator.signedIn(.viewer)
        let person = try await Operator.signedIn(.operator)

        let list = try await viewer.get("/ops/webhooks?subject=\(id)")
        let closed = try await viewer.get("/ops/webhooks/stripe/\(id)")
        let open = try await person.get("/ops/webhooks/stripe/\(id)")

        #expect(list.body.contains("no such payment"))
        #expect(closed.status == 200 && !closed.body.contains("words"))
        #expect(open.body.contains("words"))
        #expect(try await person.get("/ops/webhooks/stripe/evt_none").status == 404)
    }

    // MARK: Bulk

    private func bulk(_ mark: String, _ workflow: String, _ count: Int) -> [String: String] {
        [
            "label": "mark=\(mark)", "workflow": workflow, "verb": "retry", "per_second": "100",
            "reason": "the vendor is back", "confirm": "\(count)",
        ]
    }

    @Test("a bulk action shows what it means, asks again when that has changed, and is ordered as an object")
    func bulkOrder() async throws {
        let person = try await Operator.signedIn(.operator)
        let mark = "bulk-\(UUID())"
        for _ in 0..<3 { try await person.failedRun(workflow: "send_letter", label: mark) }
        let form = bulk(mark, "send_letter", 3)

        let preview = try await person.get("/ops/bulk/order?label=mark%3D\(mark)&workflow=send_letter")
        #expect(preview.body.contains("Act on 3 runs"))
        let stale = try await person.post("/ops/bulk/order", form.merging(["confirm": "2"]) { $1 })
        #expect(stale.status == 422)
        #expect(stale.body.contains("It was 2 runs and is 3 now"))
        let ordered = try await person.post("/ops/bulk/order", form)

        #expect(ordered.status == 303)
        let path = try #require(ordered.headers["location"])
        #expect(try await person.get(path).body.contains("0 of about 3"))
        let stopped = try await person.post("\(path)/abort", ["reason": "not needed"])
        #expect(stopped.status == 303)
        #expect(try await person.get(path).body.contains("stopped"))
    }

    @Test("a bulk action that may move money is proposed by one person and agreed to by another")
    func twoPeople() async throws {
        let first = try await Operator.signedIn(.finance)
        let second = try await Operator.signedIn(.finance)
        let worker = try await Operator.signedIn(.operator)
        let mark = "money-\(UUID())"
        try await first.failedRun(workflow: "refund_order", label: mark)
        let form = bulk(mark, "refund_order", 1)
        #expect(try await worker.post("/ops/bulk/order", form).status == 403)

        #expect(try await first.post("/ops/bulk/order", form).headers["location"] == "/ops/bulk")
        let list = try await second.get("/ops/bulk").body
        let agree = try #require(Self.proposal(mark, list))
        let own = try await first.post("\(agree)/agree", ["reason": "I am sure"])
        let agreed = try await second.post("\(agree)/agree", ["reason": "I have looked"])
        let twice = try await second.post("\(agree)/agree", ["reason": "I have looked"])

        #expect(own.status == 409)
        #expect(own.body.contains("It takes a second person"))
        #expect(agreed.status == 303)
        #expect(agreed.headers["location"]?.hasPrefix("/ops/bulk/") == true)
        #expect(twice.status == 409)
        let page = try await first.get(try #require(agreed.headers["location"])).body
        #expect(page.contains("proposed by \(first.email.rawValue)"))
        #expect(page.contains("\(second.email.rawValue) (finance)"))
    }

    /// The address of the proposal about these runs: the first form after the words that name them.
    private static func proposal(_ mark: String, _ page: String) -> String? {
        guard let words = page.firstRange(of: mark),
            let form = page[words.upperBound...].firstRange(of: "action=\"/ops/proposals/")
        else { return nil }
        let rest = page[form.lowerBound...].dropFirst("action=\"".count).prefix { $0 != "\"" }
        return "/" + rest.split(separator: "/").dropLast().joined(separator: "/")
    }
}

@Suite("The timeline's scale")
struct TimelineScaleTests {
    private let start = Date(timeIntervalSince1970: 1_000_000)
    private func at(_ seconds: Double) -> Date { start.addingTimeInterval(seconds) }

    @Test("work is drawn to scale where nothing is idle for long")
    func plain() {
        let scale = TimelineScale(
            from: start, to: at(100),
            busy: [.init(from: start, to: at(50)), .init(from: at(55), to: at(100))])

        #expect(scale.cuts.isEmpty)
        #expect(scale.x(of: start) == 0)
        #expect(scale.x(of: at(50)) == 500)
        #expect(scale.x(of: at(100)) == 1_000)
    }

    @Test("a long sleep is cut out, says how much it hides, and time never runs backwards across it")
    func cut() {
        let scale = TimelineScale(
            from: start, to: at(86_410),
            busy: [.init(from: at(86_405), to: at(86_410)), .init(from: start, to: at(5))])

        #expect(scale.cuts.map(\.hidden) == [86_400])
        #expect((400...600).contains(scale.cuts[0].x))
        let places = stride(from: 0.0, through: 86_410, by: 100).map { scale.x(of: at($0)) }
        #expect(places == places.sorted())
        #expect(scale.x(of: at(86_410)) == 1_000)
    }

    @Test("steps that overlap, steps outside and no step at all are drawn without trouble")
    func edges() {
        let overlap = TimelineScale(
            from: start, to: at(10), busy: [.init(from: start, to: at(8)), .init(from: at(2), to: at(99))])
        let none = TimelineScale(from: start, to: at(10), busy: [])
        let instant = TimelineScale(from: start, to: start, busy: [.init(from: start, to: start)])

        #expect(overlap.x(of: at(5)) == 500)
        #expect(none.cuts.isEmpty && none.x(of: at(5)) == 500)
        #expect((0...1_000).contains(instant.x(of: start)))
    }
}
