import Commerce
import CommerceStore
import Foundation
import Testing
import WebSupport

@testable import Gateway

/// Orders, products, refunds and webhooks for a merchant's own programs.
@Suite struct MerchantAPITests {
    @Test("each route wants the scope it was made for, and another store's things are not there")
    func scopes() async throws {
        let (shop, other) = (try await WebShop.open(), try await WebShop.open())
        let bought = try await other.delivered()
        let claim = try await other.reported(bought)
        let narrow = try await Program(of: shop, for: [.store])
        let wide = try await Program(of: shop)
        let price = #"{"price": {"minor_units": 1600, "currency": "EUR"}}"#
        let hook = #"{"url": "https://hooks.example.com/x", "kinds": ["order.paid"]}"#
        let calls: [(String, String, String?)] = [
            ("GET", "/orders", nil), ("GET", "/orders/\(bought.order)", nil), ("GET", "/refunds", nil),
            ("GET", "/orders/\(bought.order)/refunds", nil),
            ("POST", "/orders/\(bought.order)/refunds", #"{"cause": "goodwill", "reason": "late"}"#),
            ("GET", "/claims", nil), ("GET", "/claims/\(claim)", nil),
            ("POST", "/claims/\(claim)/decision", #"{"decision": "refund"}"#),
            ("GET", "/products", nil), ("GET", "/products/\(other.products[0])", nil),
            ("PATCH", "/products/\(other.products[0])", price), ("GET", "/webhooks", nil),
            ("POST", "/webhooks", hook), ("GET", "/webhooks/\(UUID())", nil),
            ("DELETE", "/webhooks/\(UUID())", nil),
        ]

        for (method, path, body) in calls {
            let refused = try await narrow.inStore(method, path, body, once: "a")
            let foreign = try await wide.send(method, "/stores/\(other.tenant)\(path)", body, once: "b")
            #expect(refused.status == 403, "\(method) \(path)")
            #expect(foreign.status == 404, "\(method) \(path)")
            guard path.split(separator: "/").count > 1 else { continue }
            let hidden = try await wide.inStore(method, path, body, once: "c")
            #expect(hidden.status == 404, "\(method) \(path): \(hidden.body)")
        }
        #expect(shop.running.world.refunds(of: bought.order).isEmpty)
        let untouched = try await other.running.database.transaction(for: other.tenant) {
            try await OrderClaims().load(claim, in: $0)
        }
        #expect(untouched.remedy == nil)
    }

    @Test("orders come page by page, none twice and none left out, and a cursor is of its own list")
    func pages() async throws {
        let shop = try await WebShop.open()
        var placed: [String] = []
        for _ in 0..<3 {
            let path = try await shop.buy().path
            placed.append("\(try await shop.placeOrder(at: path).id)")
        }
        let program = try await Program(of: shop)

        var seen: [String] = []
        var cursor: String?
        for _ in 0..<3 {
            let place = cursor.map { "&cursor=\($0)" } ?? ""
            let page = try await program.inStore("GET", "/orders?limit=1\(place)").json()
            seen += page["orders"]?.elements.compactMap { $0["id"]?.text } ?? []
            cursor = page["next_cursor"]?.text
        }
        let whole = try await program.inStore("GET", "/orders?limit=2").json()
        let strange = try await program.inStore(
            "GET", "/products?cursor=\(whole["next_cursor"]?.text ?? "")")

        #expect(seen == placed.reversed())
        #expect(cursor == nil)
        #expect(strange.status == 422)
        #expect(strange.body.contains(#""parameter":"cursor""#))
        for wrong in [
            "limit=0", "limit=101", "limit=x", "cursor=x", "cursor=" + .init(repeating: "A", count: 34),
        ] {
            #expect(try await program.inStore("GET", "/orders?\(wrong)").status == 422, "\(wrong)")
        }
        let products = try await program.inStore("GET", "/products?limit=1").json()
        let next = try #require(products["next_cursor"]?.text)
        let rest = try await program.inStore("GET", "/products?limit=1&cursor=\(next)").json()
        #expect(rest["products"]?.elements.count == 1)
        #expect(rest["next_cursor"] == nil)
        #expect(rest["products"]?.elements.first?["id"] != products["products"]?.elements.first?["id"])
    }

    @Test("a cursor comes out as it went in, and nothing else is one")
    func cursors() throws {
        for microseconds: Int64 in [0, 1, 1_795_000_000_123_457, 4_000_000_000_000_000] {
            let mark = try #require(PageMark(microseconds: microseconds, id: UUID()))
            let text = PageCursor(.orders, mark).text
            #expect(text.count == PageCursor.longest)
            #expect(PageCursor(text) == PageCursor(.orders, mark))
            #expect(PageCursor(text + "A") == nil)
            #expect(PageCursor("!" + text.dropFirst()) == nil)
        }
        #expect(PageMark(microseconds: -1, id: UUID()) == nil)
        #expect(PageCursor(String(repeating: "_", count: PageCursor.longest)) == nil)
    }

    @Test("an order shows its merchant what of it went to whom, and where it goes")
    func order() async throws {
        let shop = try await WebShop.open()
        let bought = try await shop.delivered()
        let program = try await Program(of: shop)

        let order = try await program.inStore("GET", "/orders/\(bought.order)").json()

        let split = try #require(order["order"]?["split"])
        #expect(split["gross"]?["minor_units"]?.number == 1999)
        let parts = ["supplier", "markup", "commission", "processing", "margin"].compactMap {
            split[$0]?["minor_units"]?.number
        }
        #expect(parts.reduce(0, +) == 1999)
        #expect(order["address"]?["city"]?.text == "Cluj-Napoca")
        #expect(order["lines"]?.elements.first?["states"]?["delivered"]?.number == 1)
    }

    @Test("a price is set, one that loses money is refused at its field, and so is another currency")
    func prices() async throws {
        let shop = try await WebShop.open()
        let program = try await Program(of: shop)
        let path = "/products/\(shop.products[0])"
        func set(_ units: Int, _ currency: String = "EUR") async throws -> Answer {
            try await program.inStore(
                "PATCH", path, #"{"price": {"minor_units": \#(units), "currency": "\#(currency)"}}"#)
        }

        let raised = try await set(1600)
        let loss = try await set(1001)
        let foreign = try await set(1600, "RON")
        let text = try await program.inStore("PATCH", path, #"{"price": {"minor_units": "1"}}"#)

        #expect(raised.status == 200, "\(raised.body)")
        #expect(try raised.json()["price"]?["minor_units"]?.number == 1600)
        #expect(loss.status == 422)
        #expect(loss.body.contains("\"pointer\":\"#/price/minor_units\""))
        #expect(foreign.problemType == "urn:cartflux:problem:currency-mismatch")
        #expect(text.status == 422 && text.body.contains("#/price/currency"))
        let after = try await program.inStore("GET", path).json()
        #expect(after["price"]?["minor_units"]?.number == 1600)
        #expect(after["cost"]?["minor_units"]?.number == 1000)
        #expect(try await !shop.api("GET", "/products/product-1").body.contains("cost"))
    }

    @Test("a refund takes no more than is left, and an unpaid order gives nothing back")
    func refunds() async throws {
        let shop = try await WebShop.open()
        let bought = try await shop.delivered()
        let unpaid = try await shop.placeOrder(at: try await shop.buy().path)
        let program = try await Program(of: shop)
        let path = "/orders/\(bought.order)/refunds"

        let tooMany = try await program.inStore(
            "POST", path,
            #"{"cause": "goodwill", "reason": "-", "lines": [{"line": "\#(bought.line)", "quantity": 2}]}"#,
            once: "1")
        let cause = try await program.inStore(
            "POST", path, #"{"cause": "platform_error", "reason": "late"}"#, once: "2")
        var silent: [Int] = []
        for (number, reason) in ["", #", "reason": """#, #", "reason": "  ""#].enumerated() {
            let answer = try await program.inStore(
                "POST", path, #"{"cause": "goodwill"\#(reason)}"#, once: "silent-\(number)")
            silent.append(answer.status)
            #expect(answer.body.contains("#/reason") || answer.body.contains("reason"))
        }
        let nothing = try await program.inStore(
            "POST", "/orders/\(unpaid.id)/refunds", #"{"cause": "goodwill", "reason": "late"}"#, once: "3")
        let all = try await program.inStore(
            "POST", path, #"{"cause": "goodwill", "reason": "it came a week late"}"#, once: "4")

        #expect(tooMany.status == 422 && tooMany.body.contains("#/lines/0/quantity"))
        #expect(cause.status == 422 && cause.body.contains("#/cause"))
        #expect(nothing.status == 409)
        #expect(all.status == 202, "\(all.body)")
        let wishes = shop.running.world.refunds(of: bought.order)
        #expect(wishes.count == 1 && wishes.first?.units == nil)
        #expect(silent == [422, 422, 422], "who gives money back says why")
        let acts = try await shop.running.database.transaction(for: shop.tenant) { tx in
            let order = try await Orders().load(bought.order, in: tx)
            return try await StoreOrders().annex(of: order, in: tx).acts
        }
        #expect(acts.map(\.action) == ["order.refund_asked"])
        #expect(acts.map(\.reason) == ["it came a week late"])
    }

    @Test("who only reads may change nothing")
    func viewers() async throws {
        let shop = try await WebShop.open()
        let viewer = UserID()
        _ = try await shop.running.pool.execute(
            "select shop.add_user(\(viewer.rawValue), \("\(viewer)@example.test"), 'Viewer')")
        try await shop.running.database.transaction(for: shop.tenant) { tx in
            try await Memberships(shop.running.database).set(.viewer, for: viewer, in: tx)
        }
        let token = try HandmadeToken(viewer, at: Date(), issuer: WebPlatform.tokenIssuer).text
        func ask(_ method: String, _ path: String, _ body: String? = nil) async throws -> Int {
            try await RawHTTP.send(
                method, "/api/v1/stores/\(shop.tenant)\(path)", port: shop.running.port, host: Program.host,
                headers: [
                    "Authorization": "Bearer \(token)", "Content-Type": "application/json",
                    "Idempotency-Key": "v",
                ], body: Array((body ?? "").utf8)
            ).status
        }

        #expect(try await ask("GET", "/orders") == 200)
        #expect(try await ask("GET", "/products/\(shop.products[0])") == 200)
        let price = #"{"price": {"minor_units": 1600, "currency": "EUR"}}"#
        #expect(try await ask("PATCH", "/products/\(shop.products[0])", price) == 403)
        #expect(try await ask("POST", "/webhooks", "{}") == 403)
        #expect(try await ask("DELETE", "/webhooks/\(UUID())") == 403)
    }
}
