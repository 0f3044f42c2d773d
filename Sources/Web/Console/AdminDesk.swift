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
    /// How many pages may listen for changes at once.
    let listeners = ListenerLimit(200)

    /// The database needs the platform's pool.
    package init(database: Database, admins: Admins) {
        self.admins = admins
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

    /// Who is signed in at this browser.
    func admin(of request: WebRequest) async throws -> Admin? {
        guard let token = SignedInCookie.admin.token(of: request) else { return nil }
        return try await admins.find(token, at: request.receivedAt)
    }

    func signOut(_ request: WebRequest) async throws {
        guard let token = SignedInCookie.admin.token(of: request) else { return }
        try await admins.signOut(token)
    }

    /// Everybody who may sign in, and who may not any more.
    func everybody() async throws -> [Admins.Line] { try await admins.all() }
}
