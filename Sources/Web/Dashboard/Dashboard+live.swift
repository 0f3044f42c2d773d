// The events of merchants' pages. A topic is heard by whoever may read the store it is about, and by nobody
// else; the stream ends with the session, and with the membership.

import Commerce
import CommerceStore
import Foundation
import WebSupport

extension Dashboard {
    /// How many pages of merchants may listen in this process.
    static let listenerLimit = 500

    var eventsEndpoint: Endpoint {
        Endpoint("GET", "/sse", scope: .dashboard, kind: .plain, handler: events)
    }

    private func events(_ request: WebRequest) async throws -> WebResponse {
        guard let token = SignedInCookie.merchant.token(of: request),
            let session = try await desk.sessions.find(token, at: request.receivedAt, isVisit: false)
        else { throw WebProblem(.notSignedIn) }
        let topics = try LiveTopic.named(by: request)
        guard try await mayHear(topics, session.account) else {
            throw WebProblem(.notFound, "no such topics")
        }
        return try live.response(
            topics, to: request, owner: Self.owner(token), account: "merchant:\(session.account.id)"
        ) {
            // Where it cannot be asked for now, the next question decides; the page has its own rights.
            do {
                let found = try await desk.sessions.find(token, at: Date(), isVisit: false)
                guard let session = found else { return false }
                return try await mayHear(topics, session.account)
            } catch {
                return true
            }
        }
    }

    /// Whether all of it is about stores that this person may read.
    private func mayHear(_ topics: Set<LiveTopic>, _ account: Account) async throws -> Bool {
        for topic in topics {
            guard case .store(let tenant) = topic else { return false }
            let role = try await database.transaction(for: tenant) { tx in
                try await Memberships(database).role(of: account.id, in: tx)
            }
            guard role?.may(.read) == true else { return false }
        }
        return true
    }

    /// Ends what the browser listens to.
    func endEvents(_ request: WebRequest) {
        guard let token = SignedInCookie.merchant.token(of: request) else { return }
        live.hub.end(owner: Self.owner(token))
    }

    private static func owner(_ token: SecretToken) -> String {
        "merchant:" + token.hash.base64EncodedString()
    }
}
