// The API for merchants' programs, at the platform's own host: who asks is told by a token of a person or by
// a key of one store. Another's store answers like one that does not exist, whoever asks.

import Commerce
import CommerceStore
import Foundation
import WebSupport

struct AccountAPI: Sendable {
    let database: Database
    /// Nil where this installation takes keys only.
    let tokens: AccessTokens?

    var endpoints: [Endpoint] {
        [
            api("/me", me), api("/stores", stores), api("/stores/:store", store),
            api("/stores/:store/events", events),
        ]
    }

    private func api(
        _ path: String, _ handler: @escaping @Sendable (WebRequest, Caller) async throws -> WebResponse
    ) -> Endpoint {
        Endpoint("GET", ShopAPI.root + path, scope: .platform, kind: .api) { request in
            try await handler(request, caller(of: request))
        }
    }

    // MARK: - Who asks

    private enum Caller: Sendable {
        case person(Account)
        case key(OpenedKey)
    }

    private func caller(of request: WebRequest) async throws -> Caller {
        let refusal = WebProblem(.notSignedIn, headers: ["WWW-Authenticate": "Bearer"])
        let halves = (request.headers["authorization"] ?? "").split(separator: " ", maxSplits: 1)
        guard halves.count == 2, halves[0].lowercased() == "bearer" else { throw refusal }
        let credential = halves[1].trimmed
        if credential.hasPrefix(APIKeys.prefix) {
            guard let key = SecretToken(presented: credential),
                let opened = try await APIKeys(database).open(key, at: request.receivedAt)
            else { throw refusal }
            return .key(opened)
        }
        guard let tokens else { throw refusal }
        let user = try await tokens.user(of: credential, at: request.receivedAt)
        do {
            return .person(
                try await database.transaction(for: user.room) { try await Accounts(database).load(in: $0) })
        } catch StoreError.notFound {
            // A sound token of somebody who has no account here.
            throw refusal
        }
    }

    // MARK: - Answers

    private struct StoreDocument: Encodable {
        let id: String
        let slug: String
        let name: String
        let status: String
        let plan: String
        let currency: String
        let role: String

        init(_ store: Store, role: String) {
            id = store.tenant.description
            slug = store.slug.rawValue
            name = store.name
            status = store.status.rawValue
            plan = store.plan.rawValue
            currency = store.currency.rawValue
            self.role = role
        }
    }

    private func me(_ request: WebRequest, _ caller: Caller) async throws -> WebResponse {
        struct Person: Encodable {
            let kind: String
            let id: String
            let email: String?
            let name: String?
        }
        switch caller {
        case .person(let account):
            return try .json(
                Person(
                    kind: "user", id: account.id.description, email: account.email.rawValue,
                    name: account.name))
        case .key(let key):
            return try .json(Person(kind: "key", id: key.tenant.description, email: nil, name: nil))
        }
    }

    private func stores(_ request: WebRequest, _ caller: Caller) async throws -> WebResponse {
        struct List: Encodable {
            let stores: [StoreDocument]
        }
        var documents: [StoreDocument] = []
        for (tenant, role) in try await memberships(caller, for: .store) {
            documents.append(try await document(tenant, role))
        }
        return try .json(List(stores: documents))
    }

    private func store(_ request: WebRequest, _ caller: Caller) async throws -> WebResponse {
        let found = try await membership(request, caller, for: .store)
        return try .json(try await document(found.tenant, found.role))
    }

    /// What has happened, oldest first, for programs that ask instead of listening. `after` is the number of
    /// the last one that they have seen.
    private func events(_ request: WebRequest, _ caller: Caller) async throws -> WebResponse {
        struct Document: Encodable {
            let id: String
            let number: Int64
            let kind: String
            let object: String
            let createdAt: Date
            let body: String
        }
        struct List: Encodable {
            let events: [Document]
        }
        let found = try await membership(request, caller, for: .events)
        let after = try Self.place(request.query["after"])
        let events = try await database.transaction(for: found.tenant) {
            try await WebhookEvents().list(after: after, isSettled: true, in: $0)
        }
        return try .json(
            List(
                events: events.map {
                    Document(
                        id: $0.id.description, number: $0.number, kind: $0.kind, object: $0.object,
                        createdAt: $0.createdAt, body: $0.body)
                }))
    }

    private static func place(_ text: String?) throws -> Int64 {
        guard let text else { return 0 }
        guard let place = Int64(text), place >= 0 else {
            throw WebProblem(.invalidFields, fields: [FieldError("after", "must be the number of an event")])
        }
        return place
    }

    private func membership(
        _ request: WebRequest, _ caller: Caller, for scope: APIScope
    ) async throws -> (tenant: TenantID, role: String) {
        let wanted = try request.parameter("store").lowercased()
        let found = try await memberships(caller, for: scope).first { $0.tenant.description == wanted }
        guard let found else { throw WebProblem(.notFound, "there is no such store") }
        return found
    }

    private func memberships(
        _ caller: Caller, for scope: APIScope
    ) async throws -> [(tenant: TenantID, role: String)] {
        switch caller {
        case .person(let account):
            return try await Memberships(database).all(of: account.id).map { ($0.tenant, $0.role.rawValue) }
        case .key(let key):
            guard key.scopes.contains(scope) else {
                throw WebProblem(.forbidden, "this key was not made for \(scope.rawValue)")
            }
            return [(key.tenant, "key")]
        }
    }

    private func document(_ tenant: TenantID, _ role: String) async throws -> StoreDocument {
        StoreDocument(
            try await database.transaction(for: tenant) { try await Stores().load(in: $0) }, role: role)
    }
}
