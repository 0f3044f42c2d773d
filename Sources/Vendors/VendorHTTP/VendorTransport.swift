// The connections to all vendors: one pool, shared, because a connection to a vendor is the same for
// every tenant. Redirects are off (no vendor API redirects, and a followed redirect would carry the key
// elsewhere), so is the library's own retrying of connections: retrying is the workflow's business and
// must be visible there.

import AsyncHTTPClient
import NIOCore

/// The pool of connections that vendor clients share.
package final class VendorTransport: Sendable {
    /// A pool that lives as long as the process.
    package static let shared = VendorTransport()

    /// Shorter than any vendor's keep-alive, so that a request seldom meets a connection that is being
    /// closed: that would leave its outcome unknown for no reason.
    private static let idleTimeout: TimeAmount = .seconds(20)
    /// Enough for the fleet's slots per host; beyond it calls wait within their own time limit.
    private static let connectionsPerHost = 64

    let client: HTTPClient
    let gate: (any VendorGate)?

    package init(connectTimeout: Duration = .seconds(5)) {
        gate = nil
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = TimeAmount(connectTimeout)
        configuration.connectionPool.idleTimeout = Self.idleTimeout
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = Self.connectionsPerHost
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    private init(_ client: HTTPClient, gate: any VendorGate) {
        self.client = client
        self.gate = gate
    }

    /// The same connections, for calls that pass a gate. Lives and is closed with this pool.
    package func gated(by gate: any VendorGate) -> VendorTransport { VendorTransport(client, gate: gate) }

    /// Closes the connections. Every pool but `shared` must be closed before it is dropped.
    package func shutdown() async throws {
        try await client.shutdown()
    }
}
