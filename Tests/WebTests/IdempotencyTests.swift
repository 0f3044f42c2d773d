import Commerce
import CommerceStore
import Foundation
import Gateway
import Logging
import Testing
import WebSupport

/// A request that was named is done once, whichever process it meets and whatever happens to that.
@Suite struct IdempotencyTests {
    /// Lets a test wait until somebody is in the middle of the work, and lets the work wait for the test.
    private struct Turnstile: Sendable {
        private let entries = AsyncStream<Void>.makeStream()
        private let permits = AsyncStream<Void>.makeStream()

        func pass() async {
            entries.continuation.yield()
            for await _ in permits.stream { return }
        }

        func entered() async {
            for await _ in entries.stream { return }
        }

        func open() { permits.continuation.yield() }
    }

    /// One more process on the same database.
    private func process(
        beside shop: WebShop, programLimit: RateLimit = RateLimit(capacity: 100_000, perMinute: 100_000),
        start: @escaping StartCheckout = { _, _ in UUID() }
    ) async throws -> RunningWebServer {
        let database = shop.running.database
        let gateway = try Gateway.another(
            beside: shop, desk: CheckoutDesk(database: database, start: start),
            programLimit: FleetLimit(programLimit))
        return try await WebServer(
            WebServer.Configuration(
                port: 0, isSecure: false, sessionSecret: "a secret of at least thirty-two characters"),
            hosts: HostDirectory(platformHosts: [Program.host], tenants: Tenants(database)),
            endpoints: gateway.endpoints, metrics: MetricsRegistry(), accessLog: AccessLog { _ in },
            rateLimit: RateLimit(capacity: 100_000, perMinute: 100_000),
            logger: Logger(label: "web-tests") { _ in SwiftLogNoOpLogHandler() }
        ).start()
    }

    private func buy(
        _ quote: String, once key: String, at shop: WebShop, port: Int
    ) async throws -> Answer {
        try await RawHTTP.send(
            "POST", "/api/v1/checkouts", port: port, host: shop.host,
            headers: ["Content-Type": "application/json", "Idempotency-Key": key],
            body: Array(ShopAPITests.checkout(quote).utf8))
    }

    private func quote(_ shop: WebShop, once key: String? = nil) async throws -> (cart: String, id: String) {
        let line = #"{"lines": [{"product": "\#(shop.products[0])", "quantity": 1}]}"#
        let made = try await shop.api("POST", "/carts", line)
        let cart = try #require(try made.json()["token"]?.text)
        let quote = try await shop.api(
            "POST", "/quotes", #"{"cart": "\#(cart)"}"#, headers: key.map { ["Idempotency-Key": $0] } ?? [:])
        return (cart, try #require(try quote.json()["id"]?.text))
    }

    private func checkouts(_ shop: WebShop) async throws -> Int {
        try await shop.running.database.transaction(for: shop.tenant) { tx in
            try await tx.postgres.execute(
                "select id from shop.checkout where tenant_id = \(shop.tenant.rawValue)"
            ).rows.count
        }
    }

    @Test("of two processes at once one works, the other says so, and both give the same answer afterwards")
    func twice() async throws {
        let shop = try await WebShop.open()
        let turnstile = Turnstile()
        let slow = try await process(beside: shop) { _, _ in
            await turnstile.pass()
            return UUID()
        }
        let quote = try await quote(shop).id
        async let first = buy(quote, once: "k", at: shop, port: slow.port)
        await turnstile.entered()

        let meanwhile = try await buy(quote, once: "k", at: shop, port: shop.running.port)
        turnstile.open()
        let done = try await first
        let again = try await buy(quote, once: "k", at: shop, port: shop.running.port)
        let restarted = try await process(beside: shop)
        let later = try await buy(quote, once: "\"k\"", at: shop, port: restarted.port)

        #expect(meanwhile.status == 409)
        #expect(meanwhile.problemType == "urn:cartflux:problem:idempotency-key-in-progress")
        #expect(meanwhile.headers["retry-after"] == "1")
        #expect(done.status == 201, "\(done.body)")
        #expect(done.headers["idempotent-replayed"] == nil)
        for answer in [again, later] {
            #expect(answer.status == 201)
            #expect(answer.body == done.body)
            #expect(answer.headers["location"] == done.headers["location"])
            #expect(answer.headers["idempotent-replayed"] == "true")
        }
        #expect(try await checkouts(shop) == 1)
        try await slow.stop()
        try await restarted.stop()
    }

    @Test(
        "a process that dies in the work leaves nothing behind, and the request is done when it comes again")
    func death() async throws {
        let shop = try await WebShop.open()
        let dying = try await process(beside: shop) { _, tx in
            // Its connection ends as that of a killed process does.
            _ = try await tx.postgres.execute("select pg_terminate_backend(pg_backend_pid())")
            return UUID()
        }
        let quote = try await quote(shop).id

        let lost = try await buy(quote, once: "d", at: shop, port: dying.port)
        let left = try await checkouts(shop)
        let again = try await buy(quote, once: "d", at: shop, port: shop.running.port)

        #expect(lost.status >= 500)
        #expect(left == 0)
        #expect(again.status == 201, "\(again.body)")
        #expect(again.headers["idempotent-replayed"] == nil)
        #expect(try await checkouts(shop) == 1)
        try await dying.stop()
    }

    @Test(
        "a key is one request's until it is forgotten, and a quote is one quote however often it is asked for"
    )
    func expiry() async throws {
        let shop = try await WebShop.open()
        let first = try await quote(shop)
        let other = try await quote(shop)
        func ask(_ cart: String) async throws -> Answer {
            try await shop.api(
                "POST", "/quotes", #"{"cart": "\#(cart)"}"#, headers: ["Idempotency-Key": "q"])
        }

        let made = try await ask(first.cart)
        let same = try await ask(first.cart)
        let refused = try await ask(other.cart)
        try await shop.running.database.transaction(for: shop.tenant) { tx in
            _ = try await tx.postgres.execute(
                """
                update shop.api_answer set answered_at = now() - interval '2 days',
                    expires_at = now() - interval '1 day' where tenant_id = \(shop.tenant.rawValue)
                """)
        }
        let later = try await ask(other.cart)

        #expect(made.status == 201, "\(made.body)")
        #expect(try same.json()["id"] == made.json()["id"])
        #expect(refused.status == 422)
        #expect(refused.problemType == "urn:cartflux:problem:idempotency-key-reused")
        #expect(later.status == 201, "\(later.body)")
        #expect(try later.json()["id"] != made.json()["id"])
    }

    @Test("a refused request is not remembered and may be mended under its key")
    func refused() async throws {
        let shop = try await WebShop.open()
        let program = try await Program(of: shop)
        let wrong = #"{"url": "http://127.0.0.1/x", "kinds": ["order.paid"]}"#
        let right = #"{"url": "https://hooks.example.com/x", "kinds": ["order.paid"]}"#

        let refusal = try await program.inStore("POST", "/webhooks", wrong, once: "w")
        let made = try await program.inStore("POST", "/webhooks", right, once: "w")
        let again = try await program.inStore("POST", "/webhooks", right, once: "w")
        let missing = try await program.inStore("POST", "/webhooks", right)
        let long = try await program.inStore(
            "POST", "/webhooks", right, once: String(repeating: "k", count: 256))

        #expect(refusal.status == 422)
        #expect(made.status == 201, "\(made.body)")
        #expect(try made.json()["secret"]?.text?.hasPrefix("whsec_") == true)
        #expect(again.body == made.body)
        #expect([missing, long].map(\.status) == [400, 400])
        let stored = try await shop.running.database.transaction(for: shop.tenant) { tx in
            try await tx.postgres.execute(
                """
                select key from shop.api_answer where tenant_id = \(shop.tenant.rawValue)
                    and position('whsec' in encode(sealed, 'escape')) = 0
                """
            ).rows.count
        }
        #expect(stored == 1)
    }

    @Test("two programs may use the same word, and neither hears what the other was answered")
    func principals() async throws {
        let shop = try await WebShop.open()
        let (one, other) = (try await Program(of: shop), try await Program(of: shop))
        let wish = #"{"url": "https://hooks.example.com/x", "kinds": ["order.paid"]}"#

        let first = try await one.inStore("POST", "/webhooks", wish, once: "same")
        let second = try await other.inStore("POST", "/webhooks", wish, once: "same")

        #expect([first, second].map(\.status) == [201, 201])
        #expect(try first.json()["id"] != second.json()["id"])
    }

    @Test("a refund that is asked for twice is one refund, and the limit is told with every answer")
    func refunds() async throws {
        let shop = try await WebShop.open()
        let bought = try await shop.delivered()
        let program = try await Program(of: shop)
        let narrow = try await process(beside: shop, programLimit: RateLimit(capacity: 2, perMinute: 1))
        let path = "/orders/\(bought.order)/refunds"
        let body = """
            {"cause": "goodwill", "reason": "late", "lines": [{"line": "\(bought.line)", "quantity": 1}]}
            """

        let first = try await program.inStore("POST", path, body, once: "r")
        let second = try await program.inStore("POST", path, body, once: "r", port: narrow.port)
        let third = try await program.inStore("GET", path, port: narrow.port)
        let tooMany = try await program.inStore("GET", path, port: narrow.port)

        #expect(first.status == 202, "\(first.body)")
        #expect(second.body == first.body)
        let wishes = shop.running.world.refunds(of: bought.order)
        #expect(wishes.count == 1)
        #expect(wishes.first?.units?.count == 1)
        #expect(second.headers["ratelimit-limit"] == "2")
        #expect(second.headers["ratelimit-remaining"] == "1")
        #expect(third.headers["ratelimit-remaining"] == "0")
        #expect(tooMany.status == 429)
        #expect(tooMany.headers["retry-after"] != nil && tooMany.headers["ratelimit-reset"] != nil)
        try await narrow.stop()
    }
}
