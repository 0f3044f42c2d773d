// What the edge asks before it orders a certificate for a host: whether that host is one of ours. Only a
// domain whose proof was found is, so nobody can have certificates ordered for names that lead here by
// chance.

import CommerceStore
import WebSupport

struct EdgeQuestions: Sendable {
    let tenants: Tenants

    /// `GET /edge/host?domain=shop.example.com`: 200 for a host that is served, 404 for every other.
    var endpoints: [Endpoint] {
        [
            Endpoint("GET", "/edge/host", scope: .operations, kind: .plain) { request in
                let host = (request.query["domain"] ?? "").lowercased()
                guard !host.isEmpty, host.utf8.count <= 253,
                    try await tenants.tenant(ofHost: host) != nil
                else { throw WebProblem(.notFound, "no store is served at this host") }
                return .text("served")
            }
        ]
    }
}
