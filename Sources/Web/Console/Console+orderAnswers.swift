// What an operator does to an order, beside acting on its runs: answer a supplier order that is on hold, and
// ask once more for a paper that waits for a person. Both are the verbs that merchants' pages and the command
// line have. The order's page links here while there is something to answer.

import Commerce
import CommerceStore
import Durable
import Fleet
import Foundation
import Postgres
import WebSupport

extension Operations {
    /// Answers a supplier order that is on hold. Each hold takes one answer, whoever gives it.
    package func answer(
        _ review: SupplierReview, to run: UUID, by mandate: Mandate
    ) async throws -> OperationResult {
        try await signal(
            RunID(rawValue: run), SupplierReview.signal, try Payload.encode(review, .signal),
            once: review.once, by: mandate)
    }
}

extension PaperDesk {
    /// Asks once more for a paper that waits for a person, as an operator: it stands in the operators' audit
    /// too. False where it does not wait.
    package func issueAgain(
        _ paper: InvoiceID, of tenant: TenantID, by mandate: Mandate, requestID: String? = nil,
        on database: Database, _ engine: PostgresPool
    ) async throws -> Bool {
        struct NotWaiting: Error {}
        let asker = Asker(actor: mandate.actor, reason: mandate.reason, requestID: requestID)
        let entry = AuditEntry(
            "order.paper", on: "\(paper)", by: mandate, after: ["tenant": "\(tenant)"])
        do {
            let taken: Bool? = try await Audit.recording(entry, in: engine) {
                try await database.transaction(for: tenant) { tx in
                    guard try await issueAgain(paper, asked: asker, in: tx) else { throw NotWaiting() }
                    return true
                }
            }
            return taken == true
        } catch is NotWaiting {
            return false
        }
    }
}

extension Console {
    var orderAnswerEndpoints: [Endpoint] {
        let root = "/ops/orders/{tenant}/{order}/answers"
        return [
            privatePage(root) { try await orderAnswers($0, $1, []).response() },
            privateForm("\(root)/hold", may: .operate, answerHold),
            privateForm("\(root)/paper", may: .operate, issueAgain),
        ]
    }

    static func answersPath(_ order: OrderID, of tenant: TenantID) -> String {
        "/ops/orders/\(tenant)/\(order)/answers"
    }

    /// To the forms, while something is open.
    static func answerLink(_ file: OrderFile) -> HTML? {
        guard file.attention.contains(where: { $0.resolvedAt == nil }) else { return nil }
        let path = answersPath(file.line.id, of: file.line.tenant)
        return "<p><a href=\"\(path)\">Answer what waits for a person</a></p>"
    }

    private struct Waiting: Sendable {
        let tenant: TenantID
        let order: Order
        let holds: [SupplierHolding]
        let papers: [Invoices.Listed]
    }

    private func waiting(_ request: WebRequest) async throws -> Waiting {
        guard let tenant = UUID(uuidString: try request.parameter("tenant")).map(TenantID.init(rawValue:)),
            let id = UUID(uuidString: try request.parameter("order")).map(OrderID.init(rawValue:))
        else { throw WebProblem(.notFound) }
        return try await database.transaction(for: tenant) { tx in
            Waiting(
                tenant: tenant, order: try await Orders().load(id, in: tx),
                holds: try await SupplierOrders().waiting(of: id, in: tx),
                papers: try await Invoices().waitingForPerson(of: id, in: tx))
        }
    }

    private func orderAnswers(
        _ request: WebRequest, _ admin: Admin, _ problems: [FieldError]
    ) async throws -> ConsolePage {
        let waiting = try await waiting(request)
        let root = Self.answersPath(waiting.order.id, of: waiting.tenant)
        let forms =
            waiting.holds.map { hold($0, root, request, problems) }
            + waiting.papers.map { paper($0, root, request, problems) }
        let nothing: HTML = "<p>Nothing of this order waits for an answer.</p>"
        let number = waiting.order.number.description
        return ConsolePage(
            request, title: "Answers for order #\(number)", admin: admin,
            main: """
                <h1>What waits of <a href="/ops/orders/\(waiting.tenant.description)/\
                \(waiting.order.id.description)">order #\(number)</a></h1>\(ErrorSummary.html(problems))\
                \(forms.isEmpty ? nothing : .empty)\(admin.role.may(.operate) ? forms : [])
                """)
    }

    private func hold(
        _ hold: SupplierHolding, _ root: String, _ request: WebRequest, _ problems: [FieldError]
    ) -> HTML {
        let item = hold.item.description
        let isSent = request.form["item"] == item
        let words: [SupplierReview.Word: String] = [
            .retry: "Ask the supplier again", .cancel: "Cancel what it holds up, and refund it",
            .acceptPrice: "Accept the price: up to \(hold.asked.map { "\($0)" } ?? ""), for all of it",
        ]
        let choices = [("", "Choose")] + hold.answers.map { ($0.rawValue, words[$0] ?? $0.rawValue) }
        let entries = [
            Entry(
                "answer", "Answer",
                hint: "What is accepted above the sale and the platform's tolerance is owed by the merchant: "
                    + "ask them first.", choices: choices, id: "answer-\(item)"),
            Entry("reason", "Reason", hint: "Kept in the audit.", id: "reason-\(item)"),
        ].map { $0.html(request, isSent ? problems : [], wasSent: isSent) }
        return """
            <form method="post" action="\(root)/hold" class="panel stack">\(request.tokenField)\
            <input type="hidden" name="item" value="\(item)"><h2>\(hold.supplier)</h2><p>\(hold.message)</p>\
            <p>\(Show.run(RunID(rawValue: hold.run)))</p>\(entries)<div><button>Answer</button></div></form>
            """
    }

    private func paper(
        _ paper: Invoices.Listed, _ root: String, _ request: WebRequest, _ problems: [FieldError]
    ) -> HTML {
        let id = paper.id.description
        let isSent = request.form["paper"] == id
        let reason = Entry("reason", "Reason", hint: "Kept in the store's audit.", id: "reason-\(id)")
        let kind = paper.refund == nil ? paper.kind : "credit"
        return """
            <form method="post" action="\(root)/paper" class="panel stack">\(request.tokenField)\
            <input type="hidden" name="paper" value="\(id)"><h2>The \(kind)</h2><p>\(paper.problem ?? "")</p>\
            <p class="fine">What an earlier attempt has left at SmartBill is looked for first.</p>\
            \(reason.html(request, isSent ? problems : [], wasSent: isSent))\
            <div><button>Ask for it again</button></div></form>
            """
    }

    // MARK: - Acts

    private static let missingReason = FieldError(
        "reason", "Say why, in up to 1,000 characters: the audit keeps it.")

    private func answerHold(_ request: WebRequest, _ admin: Admin) async throws -> WebResponse {
        let waiting = try await waiting(request)
        var problems: [FieldError] = []
        let word = SupplierReview.Word(rawValue: request.form["answer"] ?? "")
        if word == nil { problems.append(FieldError("answer", "Choose an answer.")) }
        // What is accepted above the tolerance is owed by the merchant.
        if word == .acceptPrice, !admin.role.may(.moveMoney) {
            let least = AdminRole.least(for: .moveMoney).rawValue
            problems.append(FieldError("answer", "A price is accepted by the role \(least) or above."))
        }
        let mandate = mandate(request, admin)
        if mandate == nil { problems.append(Self.missingReason) }
        guard let word, let mandate, problems.isEmpty else {
            return try await orderAnswers(request, admin, problems).response(status: 422)
        }
        let hold = waiting.holds.first { $0.item.description == request.form["item"] }
        guard let hold, let review = hold.review(word) else {
            let stale = FieldError("answer", "Nobody waits for that answer any more.")
            return try await orderAnswers(request, admin, [stale]).response(status: 409)
        }
        do {
            let result = try await tools.operations.answer(review, to: hold.run, by: mandate)
            guard result.audit != nil else {
                let faster = FieldError("answer", "It was answered before, and the first answer counts.")
                return try await orderAnswers(request, admin, [faster]).response(status: 409)
            }
        } catch let error as OperationError {
            let problem = FieldError("answer", "\(error)")
            return try await orderAnswers(request, admin, [problem]).response(status: 409)
        }
        // The operators' chain has it already; this is for the merchant, who may owe what was accepted.
        try await database.transaction(for: waiting.tenant) { tx in
            try await CommerceStore.Audit().record(
                actor: mandate.actor, action: "order.hold_\(word.rawValue)",
                target: "order:\(waiting.order.id)", reason: mandate.reason, in: tx)
        }
        return .seeOther("/ops/runs/\(RunID(rawValue: hold.run))")
    }

    private func issueAgain(_ request: WebRequest, _ admin: Admin) async throws -> WebResponse {
        let waiting = try await waiting(request)
        guard let mandate = mandate(request, admin) else {
            return try await orderAnswers(request, admin, [Self.missingReason]).response(status: 422)
        }
        let paper = waiting.papers.first { $0.id.description == request.form["paper"] }
        guard let paper,
            try await papers.issueAgain(
                paper.id, of: waiting.tenant, by: mandate, requestID: request.id, on: database, tools.pool)
        else { throw WebProblem(.conflict, "this paper does not wait for a person") }
        return .seeOther("/ops/orders/\(waiting.tenant)/\(waiting.order.id)")
    }
}
