import Foundation
import Testing
import WebSupport

@Suite struct ShopAPITests {
    private func line(_ shop: WebShop, _ quantity: String) -> String {
        #"{"lines": [{"product": "\#(shop.products[0])", "quantity": \#(quantity)}]}"#
    }

    private func text(_ answer: Answer, _ name: String) throws -> String {
        try #require(try answer.problem()[name] as? String)
    }

    static func checkout(
        _ quote: String, total: Int = 1999, email: String = "ana@example.test"
    ) -> String {
        """
        {"quote": "\(quote)", "total": {"minor_units": \(total), "currency": "EUR"}, "email": "\(email)",
         "phone": "+40711111111", "language": "ro", "address": {"first_name": "Ana", "last_name": "Pop",
         "line": "Strada Lungă 1", "city": "Cluj-Napoca", "county": "Cluj", "postcode": "400001",
         "country": "RO"}}
        """
    }

    private func quote(_ shop: WebShop) async throws -> String {
        let cart = try await shop.api("POST", "/carts", line(shop, "1"))
        let token = try text(cart, "token")
        let quote = try await shop.api("POST", "/quotes", #"{"cart": "\#(token)"}"#)
        #expect(quote.status == 201, "\(quote.body)")
        return try text(quote, "id")
    }

    @Test("products come in pages and never tell a cost")
    func products() async throws {
        let shop = try await WebShop.open(products: 3)

        let first = try await shop.api("GET", "/products?limit=2")
        let list = try #require(try first.problem()["products"] as? [[String: Any]])
        let last = try #require(list.last?["id"] as? String)
        let second = try await shop.api("GET", "/products?after=\(last)")

        #expect(list.count == 2)
        #expect(try first.problem()["has_more"] as? Bool == true)
        #expect((try second.problem()["products"] as? [Any])?.count == 1)
        #expect(!first.body.contains("cost"))
        #expect(try await shop.api("GET", "/products?limit=0").status == 422)
        #expect(try await shop.api("GET", "/products?after=x").status == 422)
    }

    @Test("broken JSON is 400 with a position, unknown fields are 422 by name")
    func badBodies() async throws {
        let shop = try await WebShop.open()

        let broken = try await shop.api("POST", "/carts", "{\"lines\": [}")
        let unknown = try await shop.api("POST", "/carts", #"{"lines": [], "linez": 1}"#)

        #expect(broken.status == 400)
        #expect(broken.problemType == "urn:cartflux:problem:malformed-json")
        #expect(broken.body.contains("line 1, column 12"))
        #expect(unknown.status == 422)
        #expect(unknown.problemType == "urn:cartflux:problem:unknown-fields")
        #expect(unknown.body.contains("linez"))
    }

    @Test("quantities out of range are refused by field", arguments: ["0", "1000000", "-1", "1.5", "\"1\""])
    func quantities(quantity: String) async throws {
        let shop = try await WebShop.open()

        let answer = try await shop.api("POST", "/carts", line(shop, quantity))

        #expect(answer.status == 422)
        #expect(answer.problemType == "urn:cartflux:problem:invalid-fields")
        #expect(answer.body.contains("lines[0].quantity"))
    }

    @Test("a line is changed and taken out, and a browser's cart cannot be reached")
    func lines() async throws {
        let shop = try await WebShop.open()
        let token = try text(try await shop.api("POST", "/carts", line(shop, "1")), "token")

        let more = try await shop.api("PATCH", "/carts/\(token)/lines", line(shop, "3"))
        let none = try await shop.api("PATCH", "/carts/\(token)/lines", line(shop, "0"))

        #expect(more.body.contains("\"quantity\":3"))
        #expect(none.body.contains("\"lines\":[]"))
        #expect(try await shop.api("GET", "/carts/session:x").status == 404)
        let other = try await WebShop.open()
        #expect(try await other.api("GET", "/carts/\(token)").status == 404)
    }

    @Test("a product of another store does not exist here")
    func foreignProduct() async throws {
        let shop = try await WebShop.open()
        let other = try await WebShop.open()

        let answer = try await shop.api("POST", "/carts", line(other, "1"))

        #expect(answer.status == 404)
        #expect(answer.problemType == "urn:cartflux:problem:not-found")
    }

    @Test("a checkout needs a key, and the same request is the same order however often it is sent")
    func checkouts() async throws {
        let shop = try await WebShop.open()
        let quote = try await quote(shop)
        let key = ["Idempotency-Key": "k-\(quote)"]

        #expect(try await shop.api("POST", "/checkouts", Self.checkout(quote)).status == 400)
        let first = try await shop.api("POST", "/checkouts", Self.checkout(quote), headers: key)
        let second = try await shop.api("POST", "/checkouts", Self.checkout(quote), headers: key)
        let changed = try await shop.api(
            "POST", "/checkouts", Self.checkout(quote, email: "b@example.test"), headers: key)
        let otherKey = try await shop.api(
            "POST", "/checkouts", Self.checkout(quote, email: "b@example.test"),
            headers: ["Idempotency-Key": "other"])

        #expect(first.status == 201, "\(first.body)")
        #expect(second.status == 201)
        #expect(try text(first, "token") == text(second, "token"))
        #expect(changed.status == 422)
        #expect(changed.problemType == "urn:cartflux:problem:idempotency-key-reused")
        #expect(otherKey.status == 422)
        let order = try await shop.api("GET", "/orders/\(text(first, "token"))")
        #expect(order.status == 200)
        #expect(order.body.contains("\"waiting_for\":\"preparing\""))
    }

    @Test("a total that is not the quote's, and a quote that is nobody's, are named problems")
    func refusedCheckouts() async throws {
        let shop = try await WebShop.open()
        let quote = try await quote(shop)

        let total = try await shop.api(
            "POST", "/checkouts", Self.checkout(quote, total: 1), headers: ["Idempotency-Key": "a-\(quote)"])
        let unknown = try await shop.api(
            "POST", "/checkouts", Self.checkout("00000000-0000-7000-8000-000000000000"),
            headers: ["Idempotency-Key": "b-\(quote)"])

        #expect(total.status == 409)
        #expect(total.problemType == "urn:cartflux:problem:quote-changed")
        #expect(unknown.status == 404)
    }

    @Test("an incomplete address is refused field by field")
    func address() async throws {
        let shop = try await WebShop.open()
        let quote = try await quote(shop)
        let body = Self.checkout(quote).replacing("\"400001\"", with: "\"1\"").replacing(
            "\"Cluj-Napoca\"", with: "\"\"")

        let answer = try await shop.api(
            "POST", "/checkouts", body, headers: ["Idempotency-Key": "c-\(quote)"])

        #expect(answer.status == 422)
        #expect(answer.body.contains("address.postcode"))
        #expect(answer.body.contains("address.city"))
    }
}
