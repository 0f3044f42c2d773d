// Administrators at their own host. Attempts are limited by address and by account, in the database, so that
// the limit holds across processes: after five wrong tries at one account, the sixth waits, right or wrong.
// The answer is the same whatever was wrong, after the same work.

import Commerce
import CommerceStore
import Foundation
import WebSupport

package struct AdminDesk: Sendable {
    private let admins: Admins
    private let throttle: Throttle
    private let live: LiveDesk
    /// How many pages may listen for changes at once.
    private static let listenerLimit = 200

    /// The database needs the platform's pool.
    package init(database: Database, admins: Admins, live: LiveHub = .deaf()) {
        self.admins = admins
        self.live = LiveDesk(hub: live, limit: ListenerLimit(Self.listenerLimit))
        throttle = Throttle(platform: database)
    }

    /// Nil for a wrong password, a wrong or used code, and an address that nobody has. A session that this
    /// browser had before is closed: signing in always makes a new one.
    func signIn(
        _ email: EmailAddress, password: String, code: String, on request: WebRequest
    ) async throws -> SecretToken? {
        let now = request.receivedAt
        try await throttle.pass(.adminAddress, request.clientNetwork, at: now)
        try await throttle.pass(.adminAccount, email.canonical, at: now)
        let token: SecretToken?
        do {
            token = try await admins.signIn(email, password: password, code: code, at: now)
        } catch is PasswordsBusy {
            throw WebProblem(.unavailable, headers: ["Retry-After": "5"])
        }
        if token != nil, let previous = SignedInCookie.admin.token(of: request) {
            try await admins.signOut(previous)
        }
        return token
    }

    /// Who is signed in at this browser. What a page asks by itself does not keep the session open.
    func admin(of request: WebRequest) async throws -> Admin? {
        guard let token = SignedInCookie.admin.token(of: request) else { return nil }
        return try await admins.find(
            token, at: request.receivedAt, isVisit: !request.wantsLiveParts)
    }

    func signOut(_ request: WebRequest) async throws {
        guard let token = SignedInCookie.admin.token(of: request) else { return }
        live.hub.end(owner: Self.owner(token))
        try await admins.signOut(token)
    }

    /// The events of a page, as long as the session runs: every role may look at everything that moves.
    func events(_ request: WebRequest) async throws -> WebResponse {
        guard let token = SignedInCookie.admin.token(of: request),
            let admin = try await admins.find(token, at: request.receivedAt, isVisit: false)
        else { throw WebProblem(.notSignedIn) }
        let admins = admins
        return try live.response(
            try LiveTopic.named(by: request), to: request, owner: Self.owner(token),
            account: "admin:\(admin.id)"
        ) {
            // A session that cannot be asked for now may be there the next time; the page is told to look.
            do { return try await admins.find(token, at: Date(), isVisit: false) != nil } catch {
                return true
            }
        }
    }

    private static func owner(_ token: SecretToken) -> String {
        "admin:" + token.hash.base64EncodedString()
    }

    /// Everybody who may sign in, and who may not any more.
    func everybody() async throws -> [Admins.Line] { try await admins.all() }
}
