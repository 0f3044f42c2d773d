import Foundation
import Testing
import WebSupport

/// What holds for every address, whatever is behind it.
@Suite struct ServerTests {
    @Test("a host that no store has is answered with 421, to people and to programs")
    func unknownHost() async throws {
        let port = try await WebPlatform.shared.running().port

        let page = try await RawHTTP.send(
            "GET", "/", port: port, host: "nobody.test", headers: ["Accept": "text/html"])
        let api = try await RawHTTP.send("GET", "/api/v1/products", port: port, host: "nobody.test")

        #expect(page.status == 421)
        #expect(page.body.contains("There is no shop here"))
        #expect(page.body.contains(page.headers["x-request-id"] ?? "?"))
        #expect(api.status == 421)
        #expect(api.headers["content-type"] == "application/problem+json")
        #expect(api.problemType == "urn:cartflux:problem:misdirected-request")
    }

    @Test("the port of the host is ignored, and what a client says about its host is not believed")
    func hosts() async throws {
        let shop = try await WebShop.open()
        let port = shop.running.port

        let withPort = try await RawHTTP.send("GET", "/", port: port, host: "\(shop.host.uppercased()):8080")
        let forwarded = try await RawHTTP.send(
            "GET", "/", port: port, host: "nobody.test", headers: ["X-Forwarded-Host": shop.host])

        #expect(withPort.status == 200)
        #expect(forwarded.status == 421)
    }

    @Test("webhooks are at the platform's host only, shops at theirs only")
    func scopes() async throws {
        let shop = try await WebShop.open()
        let port = shop.running.port

        #expect(try await RawHTTP.send("POST", "/webhooks/stripe", port: port, host: shop.host).status == 404)
        #expect(try await RawHTTP.send("GET", "/cart", port: port, host: "127.0.0.1").status == 404)
        #expect(try await shop.get("/metrics").status == 404)
    }

    @Test("every answer carries the security headers, errors too", arguments: ["/", "/nowhere", "/checkout"])
    func securityHeaders(path: String) async throws {
        let answer = try await WebShop.open().get(path)

        #expect(answer.headers["content-security-policy"]?.contains("default-src 'self'") == true)
        #expect(answer.headers["content-security-policy"]?.contains("unsafe-inline") == false)
        #expect(answer.headers["content-security-policy"]?.contains("frame-ancestors 'none'") == true)
        #expect(answer.headers["x-content-type-options"] == "nosniff")
        #expect(answer.headers["referrer-policy"] == "same-origin")
        #expect(answer.headers["x-request-id"]?.count == 36)
        #expect(answer.headers["server"] == nil)
    }

    @Test("pages hold no inline script or style")
    func nothingInline() async throws {
        let shop = try await WebShop.open()
        let order = try await shop.buy()

        for path in ["/", "/p/product-1", "/cart", order.path] {
            let body = try await shop.get(path, cookie: order.cookie).body
            #expect(!body.contains("<style"), "\(path)")
            #expect(!body.contains(" style="), "\(path)")
            #expect(!body.contains("onclick"), "\(path)")
            #expect(!body.contains("<script>"), "\(path)")
        }
    }

    @Test("a body that is too large is refused, announced or not")
    func oversizedBody() async throws {
        let shop = try await WebShop.open()
        let large = [UInt8](repeating: UInt8(ascii: "a"), count: 1_048_577)

        let announced = try await shop.api("POST", "/carts", "{}", headers: ["Content-Length": "1048577"])
        let chunk = Array("\(String(large.count, radix: 16))\r\n".utf8) + large + Array("\r\n0\r\n\r\n".utf8)
        let streamed = try await RawHTTP.send(
            "POST", "/webhooks/stripe", port: shop.running.port, host: "127.0.0.1",
            headers: ["Transfer-Encoding": "chunked"], body: chunk)

        #expect(announced.status == 413)
        #expect(announced.problemType == "urn:cartflux:problem:body-too-large")
        #expect(streamed.status == 413)
    }

    @Test("another content type is refused by name")
    func contentType() async throws {
        let shop = try await WebShop.open()

        let xml = try await shop.api("POST", "/carts", "<x/>", headers: ["Content-Type": "text/xml"])
        let form = try await shop.post(
            "/cart", [:], cookie: nil, headers: ["Content-Type": "application/json"])

        #expect(xml.status == 415)
        #expect(xml.problemType == "urn:cartflux:problem:unsupported-media-type")
        #expect(form.status == 415)
    }

    @Test("a known address with the wrong method says which are right")
    func wrongMethod() async throws {
        let answer = try await WebShop.open().api("DELETE", "/products")

        #expect(answer.status == 405)
        #expect(answer.headers["allow"] == "GET")
    }

    @Test("HEAD is answered without a body")
    func head() async throws {
        let shop = try await WebShop.open()
        let answer = try await RawHTTP.send("HEAD", "/", port: shop.running.port, host: shop.host)

        #expect(answer.status == 200)
        #expect(answer.body.isEmpty)
    }

    @Test("assets may be kept for ever, a page with a form not at all")
    func caching() async throws {
        let shop = try await WebShop.open()
        let page = try await shop.get("/p/product-1")
        let start = try #require(page.body.firstRange(of: "/assets/shop."))
        let path = String(page.body[start.lowerBound...].prefix { $0 != "\"" })

        let asset = try await shop.get(path)

        #expect(page.headers["cache-control"] == "no-store")
        #expect(asset.status == 200)
        #expect(asset.headers["cache-control"] == "public, max-age=31536000, immutable")
        #expect(asset.headers["content-type"] == "text/css; charset=utf-8")
    }

    @Test("probes tell whether it lives and whether it can serve; metrics name routes, never paths")
    func probes() async throws {
        let shop = try await WebShop.open()
        let port = shop.running.port
        _ = try await shop.get("/p/secret-looking-name")

        let health = try await RawHTTP.send("GET", "/healthz", port: port, host: "10.1.2.3")
        let ready = try await RawHTTP.send("GET", "/readyz", port: port, host: "10.1.2.3")
        let metrics = try await RawHTTP.send("GET", "/metrics", port: port, host: "10.1.2.3")

        #expect(health.status == 200)
        #expect(ready.status == 200)
        #expect(ready.body.contains("\"postgres\":\"ok\""))
        #expect(metrics.body.contains("cartflux_http_requests_total{method=\"GET\",route=\"/p/"))
        #expect(!metrics.body.contains("secret-looking-name"))
    }

    @Test("the access log holds nothing about the visitor and no secret address")
    func accessLog() async throws {
        let shop = try await WebShop.open()
        let order = try await shop.buy()
        _ = try await shop.get(order.path + "?email=ana@example.test")
        let token = try #require(order.path.split(separator: "/").last)

        let lines = shop.running.access.all.filter { $0.contains("\(shop.tenant)") }

        #expect(!lines.isEmpty)
        for line in lines {
            #expect(!line.contains(token))
            #expect(!line.contains("ana@"))
            #expect(!line.contains("127.0.0.1"))
        }
    }

    @Test("a client that asks too often is told when to come back")
    func rateLimit() throws {
        let limit = RateLimit(capacity: 2, perMinute: 6)
        let now = Date()
        try limit.check("a", now: now)
        try limit.check("a", now: now)

        let problem = #expect(throws: WebProblem.self) { try limit.check("a", now: now) }

        #expect(problem?.name == .tooManyRequests)
        #expect(problem?.headers["Retry-After"] == "10")
        try limit.check("b", now: now)
    }
}
