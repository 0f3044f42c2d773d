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
    let desk: ProgramsDesk
    let keys: IdempotencyKeys
    /// Per program, for all processes together.
    let limit: FleetLimit

    var routes: [APIRoute] {
        accountRoutes + orderRoutes + refundRoutes + claimRoutes + productRoutes + webhookRoutes
    }

    private var accountRoutes: [APIRoute] {
        [
            APIRoute(
                method: "GET", path: "/me", door: .merchant(nil), name: "whoAmI",
                summary: "Whose token or key this is", answer: Person.schema
            ) { request in
                try Self.me(try await caller(of: request))
            },
            APIRoute(
                method: "GET", path: "/stores", door: .merchant(.store), name: "listStores",
                summary: "The stores that the caller may enter", answer: StoreList.schema
            ) { request in
                try await stores(try await caller(of: request))
            },
            route(
                "GET", "/stores/:store", .store, .read, "showStore", "One store",
                answer: StoreDocument.schema
            ) { visit in
                try .json(try await document(visit.tenant, visit.role))
            },
            route(
                "GET", "/stores/:store/events", .events, .read, "listEvents",
                "What has happened, oldest first, for programs that ask instead of listening",
                RequestShape(query: [
                    .init(
                        name: "after", schema: .whole(0...Int64.max),
                        meaning: "The number of the last event that is known.")
                ]), answer: EventList.schema, events),
        ]
    }

    /// A route inside a store, for keys that were made for the scope and for people whose role allows the
    /// act.
    func route(
        _ method: String, _ path: String, _ scope: APIScope, _ act: StoreRole.Act, _ name: String,
        _ summary: String, _ shape: RequestShape = RequestShape(), keyUse: APIRoute.KeyUse = .none,
        status: Int = 200, answer: Schema?, problems: [ProblemName] = [],
        _ handler: @escaping @Sendable (StoreVisit) async throws -> WebResponse
    ) -> APIRoute {
        APIRoute(
            method: method, path: path, door: .merchant(scope), name: name, summary: summary, shape: shape,
            keyUse: keyUse, status: status, answer: answer, problems: problems
        ) { request in
            // Strangers learn nothing, also not what would be wrong with their request.
            let visit = try await visit(request, scope, act)
            if keyUse == .required { try IdempotencyKeys.require(in: request) }
            try shape.check(request)
            return try await handler(visit)
        }
    }

    // MARK: - Who asks

    private func caller(of request: WebRequest) async throws -> ProgramCaller {
        guard let caller = try await known(request) else {
            // Keys cannot be guessed; this only keeps somebody from trying at our expense.
            _ = try await limit.check("refused \(request.clientNetwork)", now: request.receivedAt)
            throw WebProblem(.notSignedIn, headers: ["WWW-Authenticate": "Bearer"])
        }
        let standing = try await limit.check(caller.principal, now: request.receivedAt)
        request.answerHeaders.note(standing.headers)
        return caller
    }

    private func known(_ request: WebRequest) async throws -> ProgramCaller? {
        let halves = (request.headers["authorization"] ?? "").split(separator: " ", maxSplits: 1)
        guard halves.count == 2, halves[0].lowercased() == "bearer" else { return nil }
        let credential = halves[1].trimmed
        if credential.hasPrefix(APIKeys.prefix) {
            guard let key = SecretToken(presented: credential) else { return nil }
            return try await APIKeys(database).open(key, at: request.receivedAt).map { .key($0) }
        }
        guard let tokens else { return nil }
        do {
            let user = try await tokens.user(of: credential, at: request.receivedAt)
            return .person(
                try await database.transaction(for: user.room) { try await Accounts(database).load(in: $0) })
        } catch StoreError.notFound {
            // A sound token of somebody who has no account here.
            return nil
        } catch let problem as WebProblem where problem.name == .notSignedIn {
            return nil
        }
    }

    private struct Place: Sendable {
        let tenant: TenantID
        let role: String
        /// Nil for a key, whose scopes have said what it may do.
        let standing: StoreRole?
    }

    private func visit(
        _ request: WebRequest, _ scope: APIScope, _ act: StoreRole.Act
    ) async throws -> StoreVisit {
        let caller = try await caller(of: request)
        let wanted = try request.parameter("store").lowercased()
        let place = try await places(caller, for: scope).first { $0.tenant.description == wanted }
        guard let place else { throw WebProblem(.notFound, "there is no such store") }
        guard place.standing?.may(act) ?? true else {
            throw WebProblem(.forbidden, "your role in this store, \(place.role), does not allow it")
        }
        return StoreVisit(
            request: request, tenant: place.tenant, role: place.role, principal: caller.principal)
    }

    private func places(_ caller: ProgramCaller, for scope: APIScope) async throws -> [Place] {
        switch caller {
        case .person(let account):
            return try await Memberships(database).all(of: account.id).map {
                Place(tenant: $0.tenant, role: $0.role.rawValue, standing: $0.role)
            }
        case .key(let key):
            guard key.scopes.contains(scope) else {
                throw WebProblem(.forbidden, "this key was not made for \(scope.rawValue)")
            }
            return [Place(tenant: key.tenant, role: "key", standing: nil)]
        }
    }

    // MARK: - Answers

    private static func me(_ caller: ProgramCaller) throws -> WebResponse {
        switch caller {
        case .person(let account):
            try .json(
                Person(
                    kind: "user", id: account.id.description, email: account.email.rawValue,
                    name: account.name))
        case .key(let key):
            try .json(Person(kind: "key", id: key.tenant.description, email: nil, name: nil))
        }
    }

    private func stores(_ caller: ProgramCaller) async throws -> WebResponse {
        var documents: [StoreDocument] = []
        for place in try await places(caller, for: .store) {
            documents.append(try await document(place.tenant, place.role))
        }
        return try .json(StoreList(stores: documents))
    }

    private func document(_ tenant: TenantID, _ role: String) async throws -> StoreDocument {
        StoreDocument(
            try await database.transaction(for: tenant) { try await Stores().load(in: $0) }, role: role)
    }

    private func events(_ visit: StoreVisit) async throws -> WebResponse {
        let after = visit.request.query["after"].flatMap { Int64($0) } ?? 0
        let events = try await database.transaction(for: visit.tenant) {
            try await WebhookEvents().list(after: after, isSettled: true, in: $0)
        }
        return try .json(EventList(events: events.map(EventDocument.init)))
    }
}
