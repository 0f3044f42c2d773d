import Foundation
import Resend
import Testing
import VendorHTTP

@testable import MerchantHooks

@Suite("Outgoing webhooks")
struct ClientHookTests {
    private static let secret: Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    private static let message = HookMessage(
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek", body: Array(#"{"test": 2432232314}"#.utf8))

    private func send(
        _ reply: CannedServer.Reply, timeout: Duration = .seconds(10)
    ) async throws -> (answer: HookAnswer, server: CannedServer) {
        let server = try CannedServer([reply])
        let client = HookClient(
            mayReachPrivateHosts: true, timeout: timeout,
            now: { Date(timeIntervalSince1970: 1_614_265_330) })
        let answer = try await client.send(
            Self.message, to: "\(server.base)/hooks?of=me", signedWith: [Self.secret])
        return (answer, server)
    }

    @Test("the signature is that of the standard's own example")
    func vector() {
        let header = HookSignature.header(
            id: Self.message.id, timestamp: 1_614_265_330, body: Self.message.body, secrets: [Self.secret])

        #expect(header == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    }

    @Test("while a secret is changed, whoever knows either of the two can check the message")
    func rotation() throws {
        let old: Secret = Secret("whsec_" + Data("the secret before this one".utf8).base64EncodedString())
        let header = HookSignature.header(
            id: "m", timestamp: 1_700_000_000, body: Self.message.body, secrets: [Self.secret, old])

        for known in [Self.secret, old] {
            try ResendWebhook.verify(
                rawBody: Self.message.body, id: "m", timestamp: "1700000000", signature: header,
                secrets: [known], now: Date(timeIntervalSince1970: 1_700_000_010))
        }
        #expect(header.split(separator: " ").count == 2)
        #expect(
            HookSignature.header(id: "m", timestamp: 1, body: [], secrets: ["nothing", "whsec_!"]).isEmpty)
    }

    @Test("a message carries its id, its time and its signature")
    func taken() async throws {
        let (answer, server) = try await send(.answer(204))

        #expect(answer.isTaken && answer.status == 204)
        let request = try #require(server.requests.first)
        #expect(request.hasPrefix("POST /hooks?of=me HTTP/1.1\r\n"))
        #expect(request.contains("webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek\r\n"))
        #expect(request.contains("webhook-timestamp: 1614265330\r\n"))
        #expect(request.contains("webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=\r\n"))
        #expect(request.hasSuffix(#"{"test": 2432232314}"#))
    }

    @Test("what is no 2xx is no success", arguments: [301, 302, 307, 400, 404, 410, 429, 500, 503])
    func refused(status: Int) async throws {
        let (answer, server) = try await send(
            .answer(status, "no\u{0}pe", headers: ["Location": "http://127.0.0.1:1/", "Retry-After": "7"]))

        #expect(answer.status == status && !answer.isTaken)
        #expect(answer.isGone == (status == 410))
        #expect(answer.excerpt == "nope")
        #expect(answer.retryAfterSeconds == 7)
        // A redirect is not followed either.
        #expect(server.requests.count == 1)
    }

    @Test("of a huge answer the first bytes are kept, and it counts by its status")
    func huge() async throws {
        let (answer, _) = try await send(.answer(200, String(repeating: "a", count: 3 << 20)))

        #expect(answer.isTaken)
        #expect(answer.excerpt == String(repeating: "a", count: 512))
    }

    @Test("a receiver that says nothing, or breaks off, has not taken it")
    func silence() async throws {
        let silent = try await send(.silence, timeout: .milliseconds(300)).answer
        let broken = try await send(.close).answer

        #expect(silent.status == nil && !silent.isTaken)
        #expect(broken.status == nil && !broken.isTaken)
    }

    @Test("a body that drips is waited for no longer than the time limit")
    func drip() async throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nso far"
        let (answer, _) = try await send(.stalled(head), timeout: .seconds(3))
        let headless = try await send(.stalled("HTTP/1.1 200"), timeout: .milliseconds(300)).answer

        #expect(answer.isTaken && answer.excerpt == "so far")
        #expect(headless.status == nil && !headless.isTaken)
    }

    @Test(
        "an address inside a network is not called",
        arguments: [
            "http://127.0.0.1:1/", "https://10.0.0.8/x", "https://localhost/", "https://db.internal/",
        ])
    func privateHosts(address: String) async throws {
        let answer = try await HookClient().send(Self.message, to: address, signedWith: [Self.secret])

        #expect(answer.status == nil)
        #expect(answer.problem?.hasPrefix("the address ") == true)
    }
}
