import Commerce
import CommerceStore
import Durable
import Fleet
import Foundation
import Postgres
import Testing

@Suite("Operators' answers to what an order waits for")
struct ConsoleAnswerTests {
    /// An order on hold, the run that waits, and the page with the question.
    private func held(
        _ person: Operator, asked: Money?
    ) async throws -> (made: MerchantOrder, run: RunID, page: String) {
        let made = try await MerchantOrder.made()
        _ = try await made.hold(.supplierPriceUp, "the supplier asks <more>", asked: asked)
        let run = try await person.waitingRun(for: made.store)
        try await made.inStore { tx in
            let group = try #require(try await SupplierOrders().all(of: made.bought.order, in: tx).first)
            try await SupplierOrders().recordRun(run.rawValue, of: group.id, in: tx)
        }
        return (made, run, "/ops/orders/\(made.store)/\(made.bought.order)/answers")
    }

    @Test("a hold is answered once, with a reason, by name and with the price that was shown")
    func hold() async throws {
        let person = try await Operator.signedIn(.finance)
        let (made, run, page) = try await held(person, asked: .eur(1_200))
        let shown = try await person.get(page)
        #expect(shown.body.contains("the supplier asks &lt;more&gt;") && shown.body.contains("12.00"))
        let order = try await person.get("/ops/orders/\(made.store)/\(made.bought.order)")
        #expect(order.body.contains("href=\"\(page)\""))
        let item = try #require(shown.field("item"))
        var form = ["item": item, "answer": "accept_price", "reason": ""]

        #expect(try await person.post("\(page)/hold", form).status == 422)
        form["reason"] = "the merchant agreed by mail"
        #expect(try await Operator.signedIn(.viewer).post("\(page)/hold", form).status == 403)
        let debt = try await Operator.signedIn(.operator).post("\(page)/hold", form)
        #expect(debt.status == 422 && debt.body.contains("accepted by the role finance"))
        let answered = try await person.post("\(page)/hold", form)
        #expect(answered.headers["location"] == "/ops/runs/\(run)")
        _ = try await person.post("\(page)/hold", form.merging(["answer": "cancel"]) { $1 })

        let mail = try await person.mail(of: run)
        let accepted = SupplierReview(
            .acceptPrice(upTo: .eur(1_200)), to: try AttentionItemID(parsing: item))
        #expect(mail.map { $0.name } == [SupplierReview.signal], "the first answer counts")
        #expect(try mail.map { try $0.payload.decode(SupplierReview.self, .signal) } == [accepted])
        #expect(try await person.audited("\(run)").map(\.reason) == ["the merchant agreed by mail"])
    }

    @Test("an answer to a question that is not open any more reaches nobody")
    func stale() async throws {
        let person = try await Operator.signedIn(.finance)
        let (_, run, page) = try await held(person, asked: nil)

        let late = try await person.post(
            "\(page)/hold", ["item": "\(AttentionItemID())", "answer": "cancel", "reason": "too dear"])
        let shown = try await person.get(page)
        let item = try #require(shown.field("item"))
        let unasked = try await person.post(
            "\(page)/hold", ["item": item, "answer": "accept_price", "reason": "any price"])

        #expect(late.status == 409 && unasked.status == 409)
        #expect(try await person.mail(of: run).isEmpty)
    }

    @Test("a storno that waits for a person is asked for again, with a reason that is kept")
    func paper() async throws {
        let person = try await Operator.signedIn(.operator)
        let made = try await MerchantOrder.made()
        let paper = try await made.inStore { tx in
            let storno = try await Invoices().open(.storno, for: made.bought.order, in: tx)
            try await Invoices().markWaiting(storno.id, .manual, problem: "no <access>", in: tx)
            return storno.id
        }
        let page = "/ops/orders/\(made.store)/\(made.bought.order)/answers"
        #expect(try await person.get(page).body.contains("no &lt;access&gt;"))
        var form = ["paper": "\(paper)", "reason": ""]

        #expect(try await person.post("\(page)/paper", form).status == 422)
        form["reason"] = "the access works again"
        #expect(try await person.post("\(page)/paper", form).status == 303)
        let another = ["paper": "\(InvoiceID())", "reason": "x"]
        #expect(try await person.post("\(page)/paper", another).status == 409)

        #expect(person.running.desks.retries(of: paper) == 1)
        #expect(try await person.audited("\(paper)").map(\.reason) == ["the access works again"])
        let entries = try await made.inStore { tx in
            try await AuditTrail().page(AuditTrail.Filter(area: "invoice"), after: nil, in: tx).elements
        }
        #expect(entries.map(\.target) == ["\(paper)"])
        #expect(entries.first?.reason == "the access works again")
        #expect(entries.first?.actor.contains(person.email.canonical) == true)
    }
}

/// Stands in for the run that waits: no worker takes it.
private struct Waits: Workflow {
    static let name: WorkflowName = "waits_for_answers"
    enum Step: String, WorkflowStep { case wait }
    func run(_ input: Int, _ flow: Flow<Self>) async throws -> Nothing { Nothing() }
}

extension Operator {
    fileprivate func waitingRun(for store: TenantID) async throws -> RunID {
        try await running.engine.withTransaction { tx in
            // The engine starts a run only in a transaction that names the run's store.
            _ = try await tx.execute("select set_config('cartflux.tenant', \(store.description), true)")
            return try await running.runs.start(
                Waits.self, 1, once: "\(UUID())", for: Tenant(rawValue: store.description), in: tx
            ).id
        }
    }

    /// What lies in its mailbox.
    fileprivate func mail(of run: RunID) async throws -> [(name: String, payload: Payload)] {
        try await running.engine.execute(
            "select name, payload::text as payload from engine.signal where run = \(run.rawValue) order by id"
        ).rows.map {
            (try $0.decode("name", as: String.self), Payload(json: try $0.decode("payload", as: String.self)))
        }
    }
}
