// Closing by hand what waits for the merchant: most questions close with their cause, and a few have a
// cause that no program can see the end of. Whoever closes one says why. Where the cause can still be
// seen, the page says so and what to do, and nothing is closed: see `Attention.close`.

import Commerce
import CommerceStore
import Foundation
import WebSupport

extension Dashboard {
    var questionEndpoints: [Endpoint] {
        [
            privatePage("/stores/:store/questions/:question") { request, account in
                try await questionPage(request, account, [])
            },
            privateForm("/stores/:store/questions/:question", closeQuestion),
        ]
    }

    static func questionPath(_ item: AttentionItemID, in store: TenantID) -> String {
        "/stores/\(store)/questions/\(item)"
    }

    private static func item(_ request: WebRequest) throws -> AttentionItemID {
        guard let id = UUID(uuidString: try request.parameter("question")) else {
            throw WebProblem(.notFound)
        }
        return AttentionItemID(rawValue: id)
    }

    private func questionPage(
        _ request: WebRequest, _ account: Account, _ problems: [FieldError]
    ) async throws -> WebResponse {
        let id = try Self.item(request)
        let (store, item, advice) = try await inStore(request, account, may: .change) { tx in
            guard let item = try await Attention().find(id, in: tx) else {
                throw WebProblem(.notFound, "this question is closed")
            }
            return (
                try await Stores().load(in: tx), item, try await Attention().standing(item, in: tx)
            )
        }
        let form = FormView(
            request: request, action: Self.questionPath(id, in: store.tenant),
            fields: [FormField("reason", "Why it is settled", hint: "Kept in your audit.")],
            values: ["reason": request.form["reason"] ?? ""], problems: problems,
            button: "Close the question")
        let act: HTML =
            advice.map { "<div class=\"note warn\"><p><strong>\($0)</strong></p></div>" }
                ?? """
                <p>If its cause comes up again, it is asked again.</p>\(form.html)
                """
        let page = StorePage(
            request: request, account: account, store: store, place: .home, title: "Close a question",
            main: "<p>\(item.message)</p>\(act)")
        return page.response(status: problems.isEmpty ? (request.method == "POST" ? 409 : 200) : 422)
    }

    private func closeQuestion(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        let id = try Self.item(request)
        let reason = (request.form["reason"] ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
        guard (1...Attention.reasonLimit).contains(reason.count) else {
            let problem = FieldError("reason", "Say why it is settled, in up to 1,000 characters.")
            return try await questionPage(request, account, [problem])
        }
        let (tenant, closing) = try await inStore(request, account, may: .change) { tx in
            (
                tx.tenant,
                try await Attention().close(
                    id, by: account.id.actor, because: reason, requestID: request.id, in: tx)
            )
        }
        switch closing {
        // Somebody else was faster: what was wanted is so.
        case .closed, .gone: return .seeOther(StorePlace.home.address(in: tenant))
        case .stands: return try await questionPage(request, account, [])
        }
    }
}
