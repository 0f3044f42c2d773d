import Foundation
import Testing

@testable import VendorHTTP

@Suite("The transport of vendor clients")
struct ClientTransportTests {
    private func client(_ base: String, timeout: Duration = .seconds(5), limit: Int = 1000)
        -> VendorHTTPClient
    {
        VendorHTTPClient(
            account: VendorAccount(vendor: "vendor", name: "test"), base: base,
            headers: [HeaderField("Authorization", "Bearer top-secret")], timeout: timeout, bodyLimit: limit)
    }

    private func failure(_ base: String, timeout: Duration = .seconds(5)) async -> TransportFailure? {
        do throws(TransportFailure) {
            _ = try await client(base, timeout: timeout).send(
                VendorRequest(.post, "/things", body: .form(["a": "b"])))
            return nil
        } catch {
            return error
        }
    }

    @Test("a refused connection has sent nothing")
    func refused() async throws {
        let server = try CannedServer([.close])
        let base = server.base
        server.stop()

        let failure = try #require(await failure(base))

        #expect(!failure.mayHaveHappened, "\(failure)")
    }

    @Test("an unknown host has received nothing")
    func unknownHost() async throws {
        let failure = try #require(await failure("http://no-such-host.invalid"))

        #expect(!failure.mayHaveHappened, "\(failure)")
    }

    @Test("a connection that closes without an answer leaves the outcome open")
    func closed() async throws {
        let server = try CannedServer([.close])

        let failure = try #require(await failure(server.base))

        #expect(failure.mayHaveHappened)
        #expect(server.requests.count == 1)
    }

    @Test("silence until the time limit leaves the outcome open")
    func silence() async throws {
        let server = try CannedServer([.silence])

        let failure = try #require(await failure(server.base, timeout: .milliseconds(200)))

        #expect(failure.mayHaveHappened)
    }

    @Test("an answer that breaks off leaves the outcome open")
    func brokenOff() async throws {
        let server = try CannedServer([.bytes("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\"")])

        let failure = try #require(await failure(server.base))

        #expect(failure.mayHaveHappened)
    }

    @Test("an answer over the limit is cut, and its status is kept")
    func oversized() async throws {
        let server = try CannedServer([.answer(200, String(repeating: "x", count: 2000))])

        await #expect(throws: TransportFailure.oversized(status: 200, limit: 1000)) {
            _ = try await client(server.base).send(VendorRequest(.get, "/things"))
        }
    }

    @Test("a redirect is an answer like any other")
    func redirect() async throws {
        let server = try CannedServer([.answer(302, headers: ["Location": "http://elsewhere.invalid/"])])

        let response = try await client(server.base).send(VendorRequest(.get, "/things"))

        #expect(response.status == 302)
    }

    @Test("requests carry headers, query and form as written")
    func request() async throws {
        let server = try CannedServer([.answer(200)])

        _ = try await client(server.base + "/api/").send(
            VendorRequest(.post, "/things", query: ["a b": "c&d"], body: .form(["metadata[k]": "ă [x]"])))

        let request = try #require(server.requests.first)
        #expect(request.hasPrefix("POST /api/things?a%20b=c%26d HTTP/1.1\r\n"))
        #expect(request.contains("Authorization: Bearer top-secret\r\n"))
        #expect(request.contains("User-Agent: CartFlux/1\r\n"))
        #expect(request.hasSuffix("\r\n\r\nmetadata[k]=%C4%83%20%5Bx%5D"))
    }

    @Test("no description shows a secret")
    func secrets() {
        let secret = Secret("sk_test_hidden")
        let request = VendorRequest(
            .post, "/things", query: ["clientName": "Ana"],
            headers: [HeaderField("Authorization", "sk_test_hidden")],
            body: .form(["key": "sk_test_hidden"]))
        var dumped = ""
        dump(secret, to: &dumped)
        dump(HeaderField("Authorization", "sk_test_hidden"), to: &dumped)

        for text in [
            "\(secret)", String(reflecting: secret), "\(request)", String(reflecting: request), dumped,
        ] {
            #expect(!text.contains("hidden"))
            #expect(!text.contains("Ana"))
        }
    }
}

@Suite("Waiting as a vendor asks")
struct ClientRetryAfterTests {
    private func wait(_ headers: [(name: String, value: String)]) -> Duration? {
        Example.response(429, headers: headers).retryAfter
    }

    @Test("seconds and dates are read, measured from the server's own clock")
    func forms() {
        #expect(wait([("retry-after", "7")]) == .seconds(7))
        #expect(wait([]) == nil)
        #expect(wait([("Retry-After", "soon")]) == nil)
        #expect(
            wait([
                ("Retry-After", "Sun, 22 Nov 2026 10:00:35 GMT"), ("Date", "Sun, 22 Nov 2026 10:00:05 GMT"),
            ]) == .seconds(30))
        #expect(wait([("Retry-After", "Thu, 01 Jan 1970 00:00:00 GMT")]) == .zero)
        #expect(wait([("Retry-After", "999999999")]) == VendorResponse.longestWait)
    }

    @Test("a reset instant becomes a wait on our clock")
    func reset() {
        let response = Example.response(429, headers: [("X-RateLimit-Reset", "1795370040")])

        #expect(response.wait(untilInstantIn: "x-ratelimit-reset") == .seconds(40))
    }

    @Test(
        "HTTP dates become Unix seconds",
        arguments: [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Tue, 29 Feb 2000 12:00:00 GMT", 951_825_600),
            ("Sun, 22 Nov 2026 10:00:05 GMT", 1_795_341_605),
        ])
    func dates(text: String, seconds: Int64) {
        #expect(HTTPDate(text)?.secondsSince1970 == seconds)
    }
}
