import TestServers
import Testing

@testable import Redis

@Suite("TLS", .timeLimit(.minutes(2)))
struct TLSTests {
    /// Lends a server that speaks TLS on the given port, with a certificate for `localhost`.
    private func withTLS(_ body: (UInt16, Certificates) async throws -> Void) async throws {
        let certificates = try await Certificates.make()
        // What stays in the temporary folder harms nobody.
        defer { try? certificates.remove() }
        try await PrivateServers.with([.redis]) { servers in
            // The port of a server that has just closed is free.
            let placeholder = FakeServer { _ in .nothing }
            placeholder.close()
            let outcome = try await servers.redisCLI(
                "CONFIG", "SET", "tls-cert-file", certificates.server, "tls-key-file", certificates.serverKey,
                "tls-ca-cert-file", certificates.authority, "tls-auth-clients", "no", "tls-port",
                "\(placeholder.port)")
            #expect(outcome == "OK")
            try await body(placeholder.port, certificates)
        }
    }

    @Test("commands, large values and subscriptions travel under TLS to a server with the right certificate")
    func trusted() async throws {
        try await withTLS { port, certificates in
            try await withClient("rediss://localhost:\(port)?cafile=\(certificates.authority)") { client in
                let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
                try await client.send(RedisCommand("SET", "large", RedisArgument(bytes)))
                #expect(try await client.send(RedisCommand("GET", "large")).bytes == bytes)
                let replies = try await client.pipeline((0..<5_000).map { RedisCommand("ECHO", "\($0)") })
                #expect(replies.map(\.int) == (0..<5_000).map { $0 })

                var messages = client.subscribe(["news"]).makeAsyncIterator()
                #expect(await messages.next() == .subscribed)
                try await client.send(RedisCommand("PUBLISH", "news", "secret"))
                #expect(await messages.next() == .published(channel: "news", payload: Array("secret".utf8)))
            }
        }
    }

    @Test("a certificate of another authority, of another host, or of nobody is refused at once")
    func refused() async throws {
        try await withTLS { port, certificates in
            for (url, reason) in [
                ("rediss://localhost:\(port)?cafile=\(certificates.stranger)", "certificate of localhost"),
                ("rediss://127.0.0.1:\(port)?cafile=\(certificates.authority)", "mismatch"),
                ("rediss://localhost:\(port)", "certificate of localhost"),
                ("rediss://localhost:\(port)?cafile=/no/such/file", "/no/such/file"),
            ] {
                try await withClient(url) { client in
                    let error = await failure { try await client.send(RedisCommand("PING")) }
                    guard case .connection(let text, mayHaveRun: false) = error else {
                        Issue.record("\(url): \(String(describing: error))")
                        return
                    }
                    #expect(text.contains(reason))
                }
            }
        }
    }

    @Test("a server without TLS is a failure to connect that says so")
    func plainServer() throws {
        let server = FakeServer { _ in .say("-ERR unknown command\r\n") }
        defer { server.close() }
        let failure = try dialFailure("rediss://127.0.0.1:\(server.port)")
        guard case .connection(let reason, mayHaveRun: false) = failure?.error else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(reason.contains("TLS"))
    }
}
