import Commerce
import CommerceStore
import Foundation
import Testing
import VendorHTTP
import WebSupport

@testable import Gateway

/// The document says what the server does, no less and no more.
@Suite struct OpenAPITests {
    /// A call of one operation, and what became of it.
    private struct Calls {
        let document: SpokenDocument
        private(set) var called: Set<String> = []

        init(_ document: SpokenDocument) { self.document = document }

        /// Holds the answer against what the document says of the operation.
        @discardableResult
        mutating func hold(_ answer: Answer, _ id: String) throws -> Answer {
            let operation = try #require(document.operations.first { $0.id == id }, "\(id)")
            #expect((200..<300).contains(answer.status), "\(id): \(answer.status) \(answer.body)")
            #expect(document.problems(answer, of: operation) == [], "\(id)")
            called.insert(id)
            return answer
        }
    }

    @Test("every mounted route of the API is in the document, and every route in it is mounted")
    func routes() async throws {
        let shop = try await WebShop.open()
        let document = try await SpokenDocument(of: shop)
        let gateway = try Gateway.another(beside: shop)

        let mounted = gateway.endpoints.filter { $0.kind == .api }.map { endpoint in
            let parts = endpoint.path.split(separator: "/").map {
                $0.hasPrefix(":") ? "/{\($0.dropFirst())}" : "/\($0)"
            }
            return "\(endpoint.method) \(parts.joined())"
        }
        let written = document.operations.map { "\($0.method) \($0.template)" }

        #expect(!mounted.isEmpty)
        #expect(Set(mounted) == Set(written))
        #expect(mounted.count == written.count)
        #expect(Set(document.operations.map(\.id)).count == written.count)
        #expect(document.root["openapi"]?.text == "3.1.0")
        for operation in document.operations {
            let named = operation.template.split(separator: "/").filter { $0.hasPrefix("{") }
            let described = operation.parameters.filter { $0["in"]?.text == "path" }
            #expect(described.count == named.count, "\(operation.id)")
        }
    }

    @Test("everything that is pointed at is there, and no shopper's answer can hold a cost")
    func references() async throws {
        let document = try await SpokenDocument(of: try await WebShop.open())
        func references(_ value: JSONValue) -> Set<String> {
            var found = Set([value["$ref"]?.text].compactMap(\.self))
            for field in value.fields { found.formUnion(references(field.value)) }
            for element in value.elements { found.formUnion(references(element)) }
            return found
        }
        func names(_ value: JSONValue) -> Set<String> {
            let schema = document.resolved(value)
            var found = Set(schema["properties"]?.fields.map(\.name) ?? [])
            for field in schema["properties"]?.fields ?? [] { found.formUnion(names(field.value)) }
            if let items = schema["items"] { found.formUnion(names(items)) }
            return found
        }

        let defined = Set(document.root["components"]?["schemas"]?.fields.map(\.name) ?? [])
        let used = references(document.root).map { String($0.split(separator: "/").last ?? "") }

        #expect(Set(used).subtracting(defined) == [])
        for operation in document.operations where operation.node["tags"]?.elements == [.string("shop")] {
            for response in operation.node["responses"]?.fields ?? [] {
                let schema = response.value["content"]?["application/json"]?["schema"]
                let told = schema.map(names) ?? []
                #expect(told.isDisjoint(with: ["cost", "split", "margin", "supplier", "lowest_price"]))
            }
        }
    }

    @Test("what a shopper's program is answered is what the document says")
    func shoppersAnswers() async throws {
        let shop = try await WebShop.open()
        var calls = Calls(try await SpokenDocument(of: shop))
        let line = #"{"lines": [{"product": "\#(shop.products[0])", "quantity": 1}]}"#

        try calls.hold(try await shop.api("GET", "/openapi.json"), "describe")
        try calls.hold(try await shop.api("GET", "/products?limit=1&language=ro"), "listProducts")
        try calls.hold(try await shop.api("GET", "/products/product-1"), "showProduct")
        let cart = try calls.hold(try await shop.api("POST", "/carts", line), "createCart")
        let token = try #require(try cart.json()["token"]?.text)
        try calls.hold(try await shop.api("PATCH", "/carts/\(token)/lines", line), "changeCartLines")
        try calls.hold(try await shop.api("GET", "/carts/\(token)"), "showCart")
        let quote = try calls.hold(
            try await shop.api("POST", "/quotes", #"{"cart": "\#(token)"}"#), "createQuote")
        let id = try #require(try quote.json()["id"]?.text)
        let placed = try calls.hold(
            try await shop.api(
                "POST", "/checkouts", ShopAPITests.checkout(id), headers: ["Idempotency-Key": id]),
            "createCheckout")
        let order = try #require(try placed.json()["token"]?.text)
        try calls.hold(try await shop.api("GET", "/orders/\(order)"), "followOrder")
        _ = try await shop.placeOrder(at: "/o/\(order)")
        try calls.hold(try await shop.api("GET", "/orders/\(order)?language=de"), "followOrder")

        let all = calls.document.operations.filter { !$0.isMerchant }.map(\.id)
        #expect(Set(all).subtracting(calls.called) == [])
    }

    @Test("what a merchant's program is answered is what the document says")
    func merchantsAnswers() async throws {
        let shop = try await WebShop.open()
        let bought = try await shop.delivered()
        let program = try await Program(of: shop)
        var calls = Calls(try await SpokenDocument(of: shop))
        let claim = "/claims/\(try await shop.reported(bought))"
        try await shop.refundAll(of: bought.order)

        try calls.hold(try await program.send("GET", "/me"), "whoAmI")
        try calls.hold(try await program.send("GET", "/stores"), "listStores")
        try calls.hold(try await program.inStore("GET", ""), "showStore")
        try calls.hold(try await program.inStore("GET", "/events?after=0"), "listEvents")
        try calls.hold(try await program.inStore("GET", "/orders"), "listOrders")
        let one = "/orders/\(bought.order)"
        try calls.hold(try await program.inStore("GET", one), "showOrder")
        try calls.hold(try await program.inStore("GET", "/refunds"), "listRefunds")
        try calls.hold(try await program.inStore("GET", "\(one)/refunds"), "listOrderRefunds")
        try calls.hold(
            try await program.inStore(
                "POST", "\(one)/refunds", #"{"cause": "goodwill", "reason": "r"}"#, once: "r"),
            "createRefund")
        try calls.hold(try await program.inStore("GET", "/claims"), "listClaims")
        try calls.hold(try await program.inStore("GET", claim), "showClaim")
        try calls.hold(
            try await program.inStore(
                "POST", "\(claim)/decision", #"{"decision": "sent", "tracking": "RR1"}"#, once: "c"),
            "decideClaim")
        try calls.hold(try await program.inStore("GET", claim), "showClaim")
        try calls.hold(try await program.inStore("GET", "/products"), "listStoreProducts")
        let product = "/products/\(shop.products[0])"
        try calls.hold(try await program.inStore("GET", product), "showStoreProduct")
        try calls.hold(
            try await program.inStore(
                "PATCH", product, #"{"price": {"minor_units": 1600, "currency": "EUR"}}"#), "changePrice")
        let wish = #"{"url": "https://hooks.example.com/a", "kinds": ["order.paid"]}"#
        let made = try calls.hold(
            try await program.inStore("POST", "/webhooks", wish, once: "w"), "createWebhook")
        let webhook = "/webhooks/\(try #require(try made.json()["id"]?.text))"
        try calls.hold(try await program.inStore("GET", "/webhooks"), "listWebhooks")
        try calls.hold(try await program.inStore("GET", webhook), "showWebhook")
        try calls.hold(try await program.inStore("PATCH", webhook, wish), "changeWebhook")
        try calls.hold(
            try await program.inStore("POST", "\(webhook)/secret", "{}", once: "s"), "rotateWebhookSecret")
        try calls.hold(try await program.inStore("DELETE", webhook), "removeWebhook")

        let all = calls.document.operations.filter(\.isMerchant).map(\.id)
        #expect(Set(all).subtracting(calls.called) == [])
    }
}

extension WebShop {
    /// Reserves the refund of a whole order, as its run would.
    func refundAll(of order: OrderID) async throws {
        try await running.database.transaction(for: tenant) { tx in
            let payment = try #require(try await Payments().all(of: order, in: tx).first)
            _ = try await Refunds().reserveAll(
                of: order, paidBy: payment.id, cause: .goodwill, key: "test", in: tx)
        }
    }
}

extension Gateway {
    /// One more on the same database, as another process has it.
    static func another(
        beside shop: WebShop, desk: CheckoutDesk? = nil,
        programLimit: FleetLimit = FleetLimit(RateLimit(capacity: 100_000, perMinute: 100_000))
    ) throws -> Gateway {
        let running = shop.running
        return try Gateway(
            database: running.database, desk: desk ?? running.desk, processor: running.processor,
            stripe: StripeHookSettings(
                platformSecrets: [Secret(WebPlatform.stripeSecret)],
                connectSecrets: [Secret(WebPlatform.connectSecret)], isLive: false),
            resendSecrets: [Secret(WebPlatform.resendSecret)],
            programs: ProgramsDesk(
                credentials: WebPlatform.credentials,
                claims: ClaimDesk(
                    database: running.database,
                    runs: ClaimRuns(begin: { _, _ in UUID() }, tell: { _, _ in }))
            ) { _, _ in },
            programLimit: programLimit)
    }
}
