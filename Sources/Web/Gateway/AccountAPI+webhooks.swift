// Where a store's events are sent, set up by its own programs. A secret is told once, in the answer that made
// it; asked again under the same key, the same answer comes, out of a sealed store.

import Commerce
import CommerceStore
import Foundation
import WebSupport

extension AccountAPI {
    var webhookRoutes: [APIRoute] {
        let all = "/stores/:store/webhooks"
        let one = "\(all)/:webhook"
        return [
            route(
                "GET", all, .webhooks, .read, "listWebhooks", "The endpoints that hear of events",
                answer: WebhookList.schema
            ) { visit in
                let found = try await database.transaction(for: visit.tenant) { try await book.all(in: $0) }
                return try .json(WebhookList(webhooks: found.map { WebhookDocument($0) }))
            },
            route(
                "POST", all, .webhooks, .change, "createWebhook", "Adds an endpoint and tells its secret",
                RequestShape(body: Self.webhookBody), keyUse: .required, status: 201,
                answer: WebhookDocument.schema, problems: [.conflict], createWebhook),
            route(
                "GET", one, .webhooks, .read, "showWebhook", "One endpoint", answer: WebhookDocument.schema
            ) { visit in
                let id = try Self.webhookID(visit.request)
                return try await database.transaction(for: visit.tenant) {
                    try .json(WebhookDocument(try await book.load(id, in: $0)))
                }
            },
            route(
                "PATCH", one, .webhooks, .change, "changeWebhook", "Says anew what the endpoint is",
                RequestShape(body: Self.webhookBody), answer: WebhookDocument.schema, changeWebhook),
            route(
                "DELETE", one, .webhooks, .change, "removeWebhook",
                "Removes an endpoint with everything that was sent to it", status: 204, answer: nil,
                removeWebhook),
            route(
                "POST", "\(one)/secret", .webhooks, .change, "rotateWebhookSecret",
                "Makes a new secret; the one before it signs for one more day",
                RequestShape(body: .named("Nothing", .object([]))), keyUse: .required, status: 201,
                answer: WebhookDocument.schema, rotateSecret),
        ]
    }

    private var book: WebhookEndpoints { WebhookEndpoints(desk.credentials) }

    private static let webhookBody = Schema.named(
        "WebhookRequest",
        .object([
            .required("url", .text(1...2_000), "Where events are posted to; https."),
            .optional("title", .text(0...80)),
            .required(
                "kinds", .list(of: .choice(of: WebhookKind.self), count: 1...WebhookKind.allCases.count),
                "Which events are sent."),
        ]))

    private func createWebhook(_ visit: StoreVisit) async throws -> WebResponse {
        let wish = try webhookWish(visit.request)
        return try await keys.answer(visit.request, as: visit.principal, in: visit.tenant, .required) { tx in
            let id = WebhookEndpointID()
            do {
                let secret = try await book.add(id, wish, in: tx)
                try await visit.note("webhook.add", "\(id)", in: tx)
                return try .json(
                    WebhookDocument(try await book.load(id, in: tx), secret: secret), status: 201,
                    headers: ["Location": "\(APIRoute.root)/stores/\(visit.tenant)/webhooks/\(id)"])
            } catch StoreError.refused(.tooManyEndpoints) {
                throw WebProblem(.conflict, "a store has at most ten endpoints; remove one first")
            }
        }
    }

    private func changeWebhook(_ visit: StoreVisit) async throws -> WebResponse {
        let id = try Self.webhookID(visit.request)
        let wish = try webhookWish(visit.request)
        return try await database.transaction(for: visit.tenant) { tx in
            try await book.change(id, wish, in: tx)
            try await visit.note("webhook.change", "\(id)", in: tx)
            return try .json(WebhookDocument(try await book.load(id, in: tx)))
        }
    }

    private func removeWebhook(_ visit: StoreVisit) async throws -> WebResponse {
        let id = try Self.webhookID(visit.request)
        return try await database.transaction(for: visit.tenant) { tx in
            try await book.remove(id, in: tx)
            try await visit.note("webhook.remove", "\(id)", in: tx)
            return WebResponse(status: 204, headers: ["Cache-Control": "no-store"])
        }
    }

    private func rotateSecret(_ visit: StoreVisit) async throws -> WebResponse {
        let id = try Self.webhookID(visit.request)
        return try await keys.answer(visit.request, as: visit.principal, in: visit.tenant, .required) { tx in
            let secret = try await book.rotate(id, at: visit.request.receivedAt, in: tx)
            try await visit.note("webhook.rotate", "\(id)", in: tx)
            return try .json(WebhookDocument(try await book.load(id, in: tx), secret: secret), status: 201)
        }
    }

    /// The body; its schema has been checked, the address has not.
    private func webhookWish(_ request: WebRequest) throws -> WebhookEndpoints.Request {
        guard case .object(let fields) = try JSONValue(parsing: request.body) else {
            throw WebProblem(.malformedJSON, "the body must be an object")
        }
        var (url, title, kinds) = ("", "", Set<WebhookKind>())
        for field in fields {
            switch (field.name, field.value) {
            case ("url", .string(let text)): url = text.trimmed
            case ("title", .string(let text)): title = text.trimmed
            case ("kinds", .array(let words)):
                for case .string(let word) in words {
                    if let kind = WebhookKind(rawValue: word.trimmed) { kinds.insert(kind) }
                }
            default: break
            }
        }
        if let problem = WebhookRules.problem(ofAddress: url, mayBePrivate: desk.mayReachPrivateHosts) {
            throw WebProblem(.invalidFields, fields: [FieldError("url", problem)])
        }
        return WebhookEndpoints.Request(url: url, title: title, kinds: kinds)
    }

    private static func webhookID(_ request: WebRequest) throws -> WebhookEndpointID {
        guard let id = try? WebhookEndpointID(parsing: request.parameter("webhook")) else {
            throw WebProblem(.notFound, "there is no such webhook endpoint")
        }
        return id
    }
}
