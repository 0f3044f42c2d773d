// The keys of a store's programs: made, shown once, and revoked. Only the owner may, since a key outlives the
// stay of whoever made it.

import Commerce
import CommerceStore
import Foundation
import WebSupport

extension Dashboard {
    var keyEndpoints: [Endpoint] {
        [
            privatePage("/stores/:store/api-keys") { request, account in
                try await keyPage(request, account, [], [:]).response()
            },
            privateForm("/stores/:store/api-keys", actOnKeys),
        ]
    }

    private static let nameField = FormField(
        "name", "Name of the key", hint: "What uses it, such as: our warehouse.")
    private static let scopePrefix = "scope:"
    /// More than any store needs; the list shows no more either.
    private static let keyLimit = 50

    private func keyPage(
        _ request: WebRequest, _ account: Account, _ problems: [FieldError], _ typed: [String: String]
    ) async throws -> StorePage {
        let (store, keys) = try await inStore(request, account, may: .administer) { tx in
            (try await Stores().load(in: tx), try await APIKeys(database).all(in: tx))
        }
        let root = StorePlace.keys.address(in: store.tenant)
        let form = FormView(
            request: request, action: root, fields: [Self.nameField], values: typed, problems: problems,
            button: "Make a key", hidden: [("act", "make")], extra: Self.scopes(typed, problems))
        return StorePage(
            request: request, account: account, store: store, place: .keys,
            main: """
                \(Self.list(keys, request, root))<h2>Make a key</h2>\(form.html)
                <p class="fine">Programs send it as <code>Authorization: Bearer \(APIKeys.prefix)…</code></p>
                """)
    }

    private static func list(_ keys: [APIKey], _ request: WebRequest, _ root: String) -> HTML {
        guard !keys.isEmpty else {
            return "<div class=\"empty\"><p>There is no key yet. Make one for each program.</p></div>"
        }
        let rows = keys.map { key -> [HTML] in
            let revoke = request.button(
                "Revoke", at: root, act: "revoke", hidden: [("key", key.id.uuidString.lowercased())])
            return [
                "\(key.name)", "<code>\(key.hint)…</code>",
                "\(key.scopes.map(\.rawValue).sorted().joined(separator: ", "))",
                HTML.time(key.createdAt), key.lastUsedAt.map(HTML.time) ?? "never",
                key.isRevoked ? "revoked" : revoke,
            ]
        }
        return .table("Keys, newest first", ["Name", "Begins with", "May", "Made", "Last used", ""], rows)
    }

    private static func scopes(_ typed: [String: String], _ problems: [FieldError]) -> HTML {
        let problem = problems.first { $0.field == "scopes" }
        let error: HTML? = problem.map { "<p class=\"error\" id=\"scopes-error\">\($0.message)</p>" }
        let described: HTML = problem == nil ? .empty : " aria-describedby=\"scopes-error\""
        let boxes = APIScope.allCases.map { scope -> HTML in
            let name = scopePrefix + scope.rawValue
            let chosen: HTML = typed[name] == nil ? .empty : " checked"
            return """
                <div><label><input type="checkbox" name="\(name)" value="1"\(chosen)> \
                <code>\(scope.rawValue)</code> <span class="fine">\(scope.meaning)</span></label></div>
                """
        }
        return "<fieldset id=\"scopes\"\(described)><legend>It may</legend>\(error)\(boxes)</fieldset>"
    }

    private func actOnKeys(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        // A stranger is told nothing, also not which actions there are.
        try await inStore(request, account, may: .administer) { _ in }
        switch request.form["act"] {
        case "make": return try await makeKey(request, account)
        case "revoke":
            guard let key = request.form["key"].flatMap({ UUID(uuidString: $0) }) else {
                throw WebProblem(.notFound)
            }
            try await inStore(request, account, may: .administer) { tx in
                guard try await APIKeys(database).revoke(key, at: request.receivedAt, in: tx) else {
                    throw WebProblem(.notFound, "there is no such key")
                }
                try await note("api-key.revoke", key.uuidString.lowercased(), account, request, in: tx)
            }
            return .seeOther(request.path)
        default: throw WebProblem(.invalidFields, "there is no such action")
        }
    }

    private struct MadeKey: Sendable {
        let store: Store
        let key: SecretToken
    }

    private func makeKey(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        var problems: [FieldError] = []
        let name = request.form["name"] ?? ""
        if !(1...80).contains(name.count) {
            problems.append(FieldError("name", "is needed, up to 80 characters"))
        }
        let chosen = request.form.names(with: Self.scopePrefix)
        let scopes = Set(
            chosen.compactMap { APIScope(rawValue: String($0.dropFirst(Self.scopePrefix.count))) })
        if scopes.isEmpty { problems.append(FieldError("scopes", "Choose what the key may do.")) }
        guard problems.isEmpty else {
            var typed = ["name": name]
            for name in chosen { typed[name] = "1" }
            return try await keyPage(request, account, problems, typed).response(status: 422)
        }
        let made = try await inStore(request, account, may: .administer) { tx in
            let keys = APIKeys(database)
            let live = try await keys.all(in: tx).count(where: { !$0.isRevoked })
            guard live < Self.keyLimit else { return MadeKey?.none }
            let key = try await keys.make(named: name, for: scopes, by: account.id, in: tx)
            try await note("api-key.make", name, account, request, in: tx)
            return MadeKey(store: try await Stores().load(in: tx), key: key)
        }
        guard let made else {
            let problem = FieldError("name", "would be one key too many; revoke one first")
            return try await keyPage(request, account, [problem], ["name": name]).response(status: 422)
        }
        return StorePage(
            request: request, account: account, store: made.store, place: .keys, title: "The new key",
            main: """
                \(HTML.secret("The key \"\(name)\"", made.key.text))
                <p><a class="button" href="\(link: request.path)">Go on</a></p>
                """
        ).response()
    }
}
