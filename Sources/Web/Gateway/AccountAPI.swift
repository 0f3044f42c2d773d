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
        case key(of: TenantID)
    }

    private func caller(of request: WebRequest) async throws -> Caller {
        let refusal = WebProblem(.notSignedIn, headers: ["WWW-Authenticate": "Bearer"])
        let halves = (request.headers["authorization"] ?? "").split(separator: " ", maxSplits: 1)
        guard halves.count == 2, halves[0].lowercased() == "bearer" else { throw refusal }
        let credential = halves[1].trimmed
        if credential.hasPrefix(APIKeys.prefix) {
            guard let key = SecretToken(presented: credential),
                let tenant = try await APIKeys(database).tenant(of: key)
            else { throw refusal }
            return .key(of: tenant)
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
        case .key(let tenant):
            return try .json(Person(kind: "key", id: tenant.description, email: nil, name: nil))
        }
    }

    private func stores(_ request: WebRequest, _ caller: Caller) async throws -> WebResponse {
        struct List: Encodable {
            let stores: [StoreDocument]
        }
        var documents: [StoreDocument] = []
        for (tenant, role) in try await memberships(caller) {
            documents.append(try await document(tenant, role))
        }
        return try .json(List(stores: documents))
    }

    private func store(_ request: WebRequest, _ caller: Caller) async throws -> WebResponse {
        let wanted = try request.parameter("store")
        let found = try await memberships(caller).first { $0.tenant.description == wanted.lowercased() }
        guard let found else { throw WebProblem(.notFound, "there is no such store") }
        return try .json(try await document(found.tenant, found.role))
    }

    private func memberships(_ caller: Caller) async throws -> [(tenant: TenantID, role: String)] {
        switch caller {
        case .person(let account):
            try await Memberships(database).all(of: account.id).map { ($0.tenant, $0.role.rawValue) }
        case .key(let tenant): [(tenant, "key")]
        }
    }

    private func document(_ tenant: TenantID, _ role: String) async throws -> StoreDocument {
        StoreDocument(
            try await database.transaction(for: tenant) { try await Stores().load(in: $0) }, role: role)
    }
}
