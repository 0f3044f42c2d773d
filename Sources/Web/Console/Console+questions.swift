// Closing by hand what waits for a person. A store's item is closed in the store's name, with an entry in its
// audit; where its cause can still be seen the page says so and closes nothing. What the platform itself asks
// is no notice but a decision, so it has answers instead, and they are in the chain of the operators' audit.

import Commerce
import CommerceStore
import Durable
import Fleet
import Foundation
import WebSupport

extension Console {
    var questionEndpoints: [Endpoint] {
        [
            privatePage("/ops/tenants/{tenant}/questions/{item}") { request, admin in
                try await questionPage(request, admin, []).response()
            },
            privateForm("/ops/tenants/{tenant}/questions/{item}", may: .operate, closeQuestion),
            privatePage("/ops/questions/{item}") { request, admin in
                try await platformQuestionPage(request, admin, []).response()
            },
            privateForm("/ops/questions/{item}", may: .operate, answerPlatformQuestion),
        ]
    }

    static func questionPath(_ item: AttentionItemID, in store: TenantID) -> String {
        "/ops/tenants/\(store)/questions/\(item)"
    }

    private static let missingReason = FieldError(
        "reason", "Say why, in up to 1,000 characters: the audit keeps it.")

    // MARK: - A store's items

    private func place(_ request: WebRequest) throws -> (tenant: TenantID, item: AttentionItemID) {
        guard let tenant = UUID(uuidString: try request.parameter("tenant")),
            let item = UUID(uuidString: try request.parameter("item"))
        else { throw WebProblem(.notFound) }
        return (TenantID(rawValue: tenant), AttentionItemID(rawValue: item))
    }

    private func questionPage(
        _ request: WebRequest, _ admin: Admin, _ problems: [FieldError]
    ) async throws -> ConsolePage {
        let (tenant, id) = try place(request)
        let (item, advice) = try await database.transaction(for: tenant) { tx in
            guard let item = try await Attention().find(id, in: tx) else {
                throw WebProblem(.notFound, "this item is closed")
            }
            return (item, try await Attention().standing(item, in: tx))
        }
        let facts = FactList(facts: [
            ("What", Show.tag(item.topic, "warn")), ("Store", Show.tenant(tenant.description)),
            ("About", "<code>\(item.subject)</code>"),
            (
                "Order",
                item.order.map { order in
                    "<a href=\"/ops/orders/\(tenant.description)/\(order.description)\">open</a>"
                } ?? .empty
            ),
        ])
        let act: HTML =
            if let advice {
                "<div class=\"note warn\"><p><strong>\(advice)</strong></p></div>"
            } else if admin.role.may(.operate) {
                """
                <form method="post" action="\(Self.questionPath(id, in: tenant))" class="panel stack">\
                \(request.tokenField)<p class="fine">If its cause comes up again, it is opened again.</p>\
                \(Entry("reason", "Why it is settled", hint: "Kept in the store's audit.")
                .html(request, problems))<p><button>Close it</button></p></form>
                """
            } else { .empty }
        return ConsolePage(
            request, title: "Waits for a person", admin: admin,
            main: """
                <h1>Waits for a person</h1>\(ErrorSummary.html(problems))<p>\(item.message)</p>\
                \(facts.html)\(act)
                """)
    }

    private func closeQuestion(_ request: WebRequest, _ admin: Admin) async throws -> WebResponse {
        let (tenant, id) = try place(request)
        guard let mandate = mandate(request, admin) else {
            return try await questionPage(request, admin, [Self.missingReason]).response(status: 422)
        }
        let closing = try await database.transaction(for: tenant) { tx in
            try await Attention().close(
                id, by: mandate.actor, because: mandate.reason, requestID: request.id, in: tx)
        }
        switch closing {
        // Somebody else was faster: what was wanted is so.
        case .closed, .gone: return .seeOther("/ops/tenants/\(tenant)")
        case .stands: return try await questionPage(request, admin, []).response(status: 409)
        }
    }

    // MARK: - The platform's own

    func openQuestions() async throws -> [PlatformAttention.Item] {
        try await database.platformTransaction { try await PlatformAttention().openItems(in: $0) }
    }

    func platformQuestions(_ items: [PlatformAttention.Item], _ now: Date) -> HTML {
        guard !items.isEmpty else { return .empty }
        return DataTable(
            caption: "The platform must decide", headings: ["What", "About", "Message", "Since"],
            rows: items.map { item -> [HTML] in
                let path = "/ops/questions/\(item.id.uuidString.lowercased())"
                return [
                    "<a href=\"\(path)\">\(Self.title(item.topic))</a>",
                    "\(item.subject)", Show.words(item.message), Show.time(item.openedAt, now),
                ]
            }
        ).html
    }

    private static func title(_ topic: PlatformAttention.Topic) -> String {
        switch topic {
        case .safetyLoss: "Product-safety data seems lost"
        }
    }

    private func platformItem(_ request: WebRequest) async throws -> PlatformAttention.Item {
        let id = UUID(uuidString: try request.parameter("item"))
        guard let item = try await openQuestions().first(where: { $0.id == id }) else {
            throw WebProblem(.notFound, "this question is answered")
        }
        return item
    }

    private static let answers: [(value: String, words: String)] = [
        ("", "Choose"),
        (SafetyLosses.Answer.keep.rawValue, "Keep the earlier data: the answers are wrong"),
        (SafetyLosses.Answer.accept.rawValue, "Accept the loss: the products come off the shelves"),
    ]

    private func platformQuestionPage(
        _ request: WebRequest, _ admin: Admin, _ problems: [FieldError]
    ) async throws -> ConsolePage {
        let item = try await platformItem(request)
        let wasSent = request.method == "POST"
        let entries = [
            Entry("answer", "Decision", choices: Self.answers),
            Entry("reason", "Reason", hint: "Kept in the audit."),
        ].map { $0.html(request, problems, wasSent: wasSent) }
        let form: HTML =
            admin.role.may(.operate)
            ? """
            <form method="post" action="/ops/questions/\(item.id.uuidString.lowercased())" \
            class="panel stack">\(request.tokenField)\(entries)<p><button>Decide</button></p></form>
            """ : .empty
        return ConsolePage(
            request, title: Self.title(item.topic), admin: admin,
            main: """
                <h1>\(Self.title(item.topic))</h1>\(ErrorSummary.html(problems))\
                <p><strong>\(item.subject)</strong>, \(Show.time(item.openedAt, request.receivedAt))</p>\
                <p>\(item.message)</p>\(form)
                """)
    }

    private func answerPlatformQuestion(
        _ request: WebRequest, _ admin: Admin
    ) async throws -> WebResponse {
        let item = try await platformItem(request)
        let mandate = mandate(request, admin)
        let answer = SafetyLosses.Answer(rawValue: request.form["answer"] ?? "")
        var problems: [FieldError] = []
        if answer == nil { problems.append(FieldError("answer", "Choose what is to be done.")) }
        if mandate == nil { problems.append(Self.missingReason) }
        guard let answer, let mandate else {
            return try await platformQuestionPage(request, admin, problems).response(status: 422)
        }
        let now = request.receivedAt
        let entry = AuditEntry(
            "safety.\(answer.rawValue)", on: item.subject, by: mandate, after: ["question": "\(item.id)"])
        // Nil where somebody else has decided meanwhile: the overview shows what is left.
        _ = try await Audit.recording(entry, in: tools.pool) {
            try await database.platformTransaction { tx in
                try await SafetyLosses().answer(
                    answer, of: item.subject, by: mandate.actor, reason: mandate.reason, at: now, in: tx)
            }
        }
        return .seeOther("/ops")
    }
}
