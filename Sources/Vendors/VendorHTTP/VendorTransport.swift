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
    private static let strangersPatience: Duration = .seconds(10)

    private let client: HTTPClient
    let gate: (any VendorGate)?
    private let door: AddressDoor?

    package init(connectTimeout: Duration = .seconds(5)) {
        gate = nil
        door = nil
        client = HTTPClient(
            eventLoopGroupProvider: .singleton, configuration: Self.configuration(connectTimeout))
    }

    private static func configuration(_ connectTimeout: Duration) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = TimeAmount(connectTimeout)
        configuration.connectionPool.idleTimeout = Self.idleTimeout
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = Self.connectionsPerHost
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        return configuration
    }

    private init(_ client: HTTPClient, gate: (any VendorGate)?, door: AddressDoor?) {
        self.client = client
        self.gate = gate
        self.door = door
    }

    /// The same connections, for calls that pass a gate. Lives and is closed with this pool.
    package func gated(by gate: any VendorGate) -> VendorTransport {
        VendorTransport(client, gate: gate, door: door)
    }

    /// For hosts that strangers name: each call asks where the name leads, refuses the call where any answer
    /// is not allowed, and connects to the answer it has checked, while TLS still holds the peer to the name.
    /// Such a call has connections of its own, because a pool's would outlive what was checked.
    package func onlyTo(
        resolving resolve: AddressDoor.Resolve? = nil,
        _ isAllowed: @escaping @Sendable ([UInt8]) -> Bool
    ) -> VendorTransport {
        let resolve = resolve ?? door?.resolve ?? AddressDoor.system
        return VendorTransport(client, gate: gate, door: AddressDoor(resolve: resolve, isAllowed: isAllowed))
    }

    /// Lends the connections for one call to this host, until its answer has been read.
    func withClient<Value>(
        for url: String, _ body: (HTTPClient) async throws -> Value
    ) async throws -> Value {
        guard let door else { return try await body(client) }
        let (host, address) = try await door.open(url)
        var configuration = Self.configuration(Self.strangersPatience)
        configuration.dnsOverride[host] = address
        configuration.dnsOverride[host.lowercased()] = address
        let own = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let outcome: Result<Value, any Error>
        do { outcome = .success(try await body(own)) } catch { outcome = .failure(error) }
        // What the call brought says more than an error in closing what it left behind.
        try? await own.shutdown()
        return try outcome.get()
    }

    /// Closes the connections. Every pool but `shared` must be closed before it is dropped.
    package func shutdown() async throws {
        try await client.shutdown()
    }
}
