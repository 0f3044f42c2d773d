import Foundation
import Testing

@testable import WebSupport

/// What comes from outside, before anybody acts on it.
@Suite struct ReadingTests {
    @Test(
        "broken JSON is refused with its position",
        arguments: [
            ("{", "line 1, column 2"), ("{\"a\":1,}", "line 1, column 8"),
            ("{\n \"a\": tru}", "line 2, column 7"),
            ("[1,2", "line 1, column 5"), ("{\"a\":01}", "line 1, column 7"),
            ("{\"a\":1} x", "line 1, column 9"),
            ("\"\\ud800\"", "column"), ("{\"a\":1,\"a\":2}", "repeated"), ("\"\\u0000\"", "not allowed"),
            ("", "ends too early"), ("{\"a\":\"x\u{1}\"}", "control character"),
        ])
    func brokenJSON(text: String, position: String) throws {
        let problem = #expect(throws: WebProblem.self) { try JSONValue(parsing: Array(text.utf8)) }

        #expect(problem?.name == .malformedJSON)
        #expect(problem?.detail?.contains(position) == true, "\(problem?.detail ?? "")")
    }

    @Test("nesting is bounded")
    func depth() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: WebProblem.self) { try JSONValue(parsing: Array(deep.utf8)) }
    }

    @Test("numbers keep their digits and texts their characters")
    func values() throws {
        let value = try JSONValue(
            parsing: Array(#"{"n": -12.50e3, "t": "ă\n\u0103\ud83d\ude00", "l": [true, null]}"#.utf8))

        #expect(
            value
                == .object([
                    .init(name: "n", value: .number("-12.50e3")), .init(name: "t", value: .string("ă\nă😀")),
                    .init(name: "l", value: .array([.bool(true), .null])),
                ]))
    }

    @Test("everything wrong with a body is said at once, unknown fields by name")
    func fields() throws {
        var fields = try JSONFields(
            body: Array(#"{"name": 5, "count": 1e6, "line": {"x": 1}, "extra": 1}"#.utf8))
        _ = fields.text("name")
        _ = fields.integer("count", in: 1...99)
        fields.object("line") { _ in }
        _ = fields.text("missing")

        let problem = #expect(throws: WebProblem.self) { try fields.finish() }

        #expect(problem?.name == .unknownFields)
        #expect(problem?.fields.map(\.field) == ["line.x", "extra"])
        #expect(fields.problems.map(\.field) == ["name", "count", "missing"])
    }

    @Test("forms are decoded as UTF-8 or refused")
    func forms() throws {
        let form = try FormFields(body: Array("a=1+2%26&name=%C8%99ef&a=x".utf8))

        #expect(form["a"] == "1 2&")
        #expect(form["name"] == "șef")
        #expect(throws: WebProblem.self) { try FormFields(body: Array("a=%FF".utf8)) }
        #expect(throws: WebProblem.self) { try FormFields(body: Array("a=%00".utf8)) }
        #expect(throws: WebProblem.self) { try FormFields(body: Array("a=%4".utf8)) }
    }

    @Test(
        "a host is what stands before the port, in lower case",
        arguments: [
            ("Lumina.Example.test:8080", "lumina.example.test"), ("a.test", "a.test"), ("a.test:x", nil),
            ("a.test:80:80", nil), ("", nil), ("a_b.test", nil), ("a.test/evil", nil), ("user@a.test", nil),
        ] as [(String, String?)])
    func hosts(authority: String, host: String?) {
        #expect(HostDirectory.host(of: authority) == host)
    }
}

@Suite struct GuardTests {
    private let signer = SessionSigner(secret: "a secret of at least thirty-two characters", isSecure: true)

    @Test("a session survives its cookie, and a forged one does not")
    func sessions() {
        let session = Session()
        let cookie = signer.cookie(for: session)
        let pair = String(cookie.prefix { $0 != ";" })

        #expect(cookie.hasPrefix("__Host-cartflux="))
        #expect(cookie.contains("; Secure") && cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"))
        #expect(signer.session(cookieHeader: "x=y; \(pair)") == Session(id: session.id, isNew: false))
        #expect(signer.session(cookieHeader: pair + "0").isNew)
        let other = SessionSigner(secret: "another secret of thirty-two characters", isSecure: true)
        #expect(other.session(cookieHeader: pair).isNew)
        #expect(signer.session(cookieHeader: nil).isNew)
    }

    @Test("a form token is good for its own session only, and never the same twice")
    func tokens() {
        let session = Session()
        let token = signer.formToken(for: session)

        #expect(signer.isFormToken(token, for: session))
        #expect(signer.formToken(for: session) != token)
        #expect(!signer.isFormToken(token, for: Session()))
        #expect(!signer.isFormToken(String(token.dropLast()) + "0", for: session) || token.hasSuffix("0"))
        #expect(!signer.isFormToken("", for: session))
        #expect(!signer.isFormToken(".", for: session))
    }

    @Test("a bucket lets a burst pass, then one at a time")
    func bucket() {
        let start = Date(timeIntervalSince1970: 1_795_000_000)
        var bucket = TokenBucket(capacity: 2, interval: 3, now: start)

        #expect(bucket.take(now: start) == nil)
        #expect(bucket.take(now: start) == nil)
        #expect(bucket.take(now: start) == 3)
        #expect(bucket.take(now: start.addingTimeInterval(3)) == nil)
        #expect(bucket.take(now: start.addingTimeInterval(-60)) != nil)
        #expect(bucket.take(now: start.addingTimeInterval(3)) != nil, "the same minute does not count twice")
        #expect(bucket.isFull(now: start.addingTimeInterval(60)))
    }

    @Test(
        "limits take an IPv6 network as one client, and an IPv4 address as it is",
        arguments: [
            ("192.0.2.7", "192.0.2.7"), ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
            ("2001:0DB8::1", "2001:db8:0:0::/64"), ("fe80::1%eth0", "fe80:0:0:0::/64"),
            ("::1", "0:0:0:0::/64"),
            ("1:2:3", "1:2:3"), ("unknown", "unknown"),
        ])
    func networks(address: String, network: String) {
        #expect(ClientNetwork.of(address) == network)
    }

    @Test("an address is told from what is none")
    func addresses() {
        for address in ["10.0.0.7", "::1", "2001:db8::7"] { #expect(ClientNetwork.isAddress(address)) }
        for text in ["10.0.0.0/8", "proxy", "10.0.0", "010.0.0.1", "300.0.0.1", "1::2::3", ""] {
            #expect(!ClientNetwork.isAddress(text), "\(text)")
        }
    }

    @Test("an answer waits for the next beat, however long its work took")
    func beats() {
        #expect(EvenPace.rest(after: .milliseconds(7)) == .milliseconds(243))
        #expect(EvenPace.rest(after: .milliseconds(250)) == .milliseconds(250))
        #expect(EvenPace.rest(after: .milliseconds(620)) == .milliseconds(130))
    }

    @Test("listeners are bounded, and a place is free again when its feed is gone")
    func listeners() throws {
        let limit = ListenerLimit(1)
        do {
            let feed = try EventFeed(AsyncStream { $0.finish() }, limit: limit)
            #expect(limit.count == 1)
            #expect(throws: WebProblem.self) { try EventFeed(AsyncStream { $0.finish() }, limit: limit) }
            withExtendedLifetime(feed) {}
        }
        #expect(limit.count == 0)
    }

    @Test("an event with line breaks stays one event")
    func events() {
        #expect(ServerSentEvent("x", id: "1", data: "a\nb").wire == "event: x\nid: 1\ndata: a\ndata: b\n\n")
    }

    @Test("metrics are written as Prometheus reads them")
    func metrics() async {
        let registry = MetricsRegistry()
        registry.count("a_total", [("route", "/p/\"x\"\n")])
        registry.observe("b_seconds", [], 0.02)
        registry.makeCounter(label: "engine.steps", dimensions: []).increment(by: 3)
        registry.append { "c 1\n" }

        let text = await registry.exposition()

        #expect(text.contains("# TYPE a_total counter\na_total{route=\"/p/\\\"x\\\"\\n\"} 1\n"))
        #expect(text.contains("b_seconds_bucket{le=\"0.01\"} 0\n"))
        #expect(text.contains("b_seconds_bucket{le=\"+Inf\"} 1\nb_seconds_sum 0.02\nb_seconds_count 1\n"))
        #expect(text.contains("engine_steps 3\n"))
        #expect(text.hasSuffix("c 1\n"))
    }
}
