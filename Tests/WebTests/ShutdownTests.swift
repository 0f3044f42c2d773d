import Foundation
import Logging
import Testing

@testable import WebSupport

@Suite struct ShutdownTests {
    private func server(_ endpoints: [Endpoint], proxies: Set<String> = []) -> WebServer {
        var configuration = WebServer.Configuration(
            port: 0, isSecure: true, sessionSecret: "a secret of at least thirty-two characters")
        configuration.trustedProxies = proxies
        return WebServer(
            configuration, hosts: HostDirectory(platformHosts: ["web.test"]) { _ in nil },
            endpoints: endpoints,
            metrics: MetricsRegistry(), accessLog: .silent,
            logger: Logger(label: "web-tests") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test("a shutdown ends open event streams and returns")
    func eventStreams() async throws {
        let limit = ListenerLimit()
        let events = Endpoint("GET", "/events", scope: .platform, kind: .plain) { _ in
            let (stream, source) = AsyncStream<ServerSentEvent>.makeStream()
            source.yield(ServerSentEvent("hello"))
            return try EventFeed(stream, limit: limit).response
        }
        let running = try await server([events]).start()
        let (seen, source) = AsyncStream<Void>.makeStream()
        async let answer = RawHTTP.send(
            "GET", "/events", port: running.port, host: "web.test",
            until: { text in
                if text.contains("event: hello") { source.yield() }
                return false
            })
        for await _ in seen { break }

        try await running.stop()

        #expect(try await answer.status == 200)
        #expect(limit.count == 0)
    }

    @Test("only a trusted proxy is believed about whom it asks for", arguments: [true, false])
    func proxies(isTrusted: Bool) async throws {
        let echo = Endpoint("GET", "/whoami", scope: .platform, kind: .plain) { .text($0.clientAddress) }
        let running = try await server([echo], proxies: isTrusted ? ["127.0.0.1"] : []).start()

        let answer = try await RawHTTP.send(
            "GET", "/whoami", port: running.port, host: "web.test",
            headers: ["X-Forwarded-For": "6.6.6.6, 10.0.0.9"])

        #expect(answer.body == (isTrusted ? "10.0.0.9" : "127.0.0.1"))
        #expect(answer.headers["strict-transport-security"] != nil)
        try await running.stop()
    }

    @Test("the address of the site takes no port from the client")
    func origin() async throws {
        let echo = Endpoint("GET", "/origin", scope: .platform, kind: .plain) { .text($0.origin) }
        let running = try await server([echo]).start()

        let answer = try await RawHTTP.send("GET", "/origin", port: running.port, host: "Web.test:6666")

        #expect(answer.body == "https://web.test")
        try await running.stop()
    }

    @Test("what fails inside is told to nobody, and answered with a reference")
    func unexpected() async throws {
        let broken = Endpoint("GET", "/broken", scope: .platform, kind: .api) { _ in
            throw RawHTTPError(message: "password=hunter2")
        }
        let running = try await server([broken]).start()

        let answer = try await RawHTTP.send("GET", "/broken", port: running.port, host: "web.test")

        #expect(answer.status == 500)
        #expect(answer.problemType == "urn:cartflux:problem:unexpected")
        #expect(!answer.body.contains("hunter2"))
        #expect(answer.body.contains(answer.headers["x-request-id"] ?? "?"))
        try await running.stop()
    }
}
