import AsyncHTTPClient
import Foundation
import NIOCore

// The smallest HTTP caller that tests and tools need: one request, whole bodies, no redirects, a connection
// that breaks is an error. Only a refused one, on which nothing was sent, is tried again for a moment: on a
// busy machine a server that was just started may not take connections yet.

/// Sends requests to sandboxes and to servers under test.
package enum SandboxCaller {
    /// Tests should fail, not hang.
    private static let timeout = TimeAmount.seconds(30)
    private static let bodyLimit = 64 * 1024 * 1024

    private static let refusals = 20
    private static let pauseAfterRefusal: Duration = .milliseconds(50)

    /// Sends one request and reads the whole answer. Throws when the connection fails or is dropped.
    package static func send(
        _ method: String, _ url: String, headers: [String: String] = [:], body: [UInt8] = []
    ) async throws -> SandboxResponse {
        for _ in 1..<refusals {
            do {
                return try await sendOnce(method, url, headers: headers, body: body)
            } catch where "\(error)".contains("Connection refused") {
                try await Task.sleep(for: pauseAfterRefusal)
            }
        }
        return try await sendOnce(method, url, headers: headers, body: body)
    }

    private static func sendOnce(
        _ method: String, _ url: String, headers: [String: String], body: [UInt8]
    ) async throws -> SandboxResponse {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            var request = HTTPClientRequest(url: url)
            request.method = .RAW(value: method)
            for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
            if !body.isEmpty { request.body = .bytes(body) }
            let response = try await client.execute(request, timeout: timeout)
            let collected = try await response.body.collect(upTo: bodyLimit)
            try await client.shutdown()
            return SandboxResponse(
                status: Int(response.status.code),
                headers: response.headers.map { (name: $0.name, value: $0.value) },
                body: Array(collected.readableBytesView))
        } catch {
            // The first failure is the one to report; a second while closing adds nothing.
            try? await client.shutdown()
            throw error
        }
    }
}

extension SandboxResponse {
    /// A header by name, in any case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// The body as JSON. Throws when it is not.
    package func json() throws -> JSON { try JSON.parse(body) }

    /// The body as text.
    package var text: String { String(decoding: body, as: UTF8.self) }
}
