import Foundation
import VendorSandbox

// A shopper who wants one thing and does not give up: what the shop could not answer is asked again, and the
// last step with the same key, so that what the shop accepted is one checkout however often it was sent.

struct Shopper: Sendable {
    let number: Int
    let store: Remote
    /// The ids of what is bought, one piece each.
    let products: [String]

    var email: String { "shopper-\(number)@example.test" }

    /// Buys; returns the token of the order's page.
    func buy() async throws -> String {
        let basket = products.map { product -> JSON in ["product": .string(product), "quantity": 1] }
        let cart = try await ask("/api/v1/carts", ["lines": .array(basket)])["token"]
        let quote = try await ask("/api/v1/quotes", ["cart": cart])
        let checkout: JSON = [
            "quote": quote["id"], "total": quote["total"], "email": .string(email), "phone": "+40711111111",
            "language": "en",
            "address": [
                "first_name": "Ana", "last_name": "Pop", "line": "Strada Lunga 1", "city": "Cluj-Napoca",
                "county": "Cluj", "postcode": "400001", "country": "RO",
            ],
        ]
        let key = "shopper-\(number)-\(quote["id"].string ?? "")"
        return try await ask("/api/v1/checkouts", checkout, ["Idempotency-Key": key])["token"].string ?? ""
    }

    /// Asks until there is an answer. A refusal that asking again cannot change is thrown.
    private func ask(_ path: String, _ body: JSON, _ headers: [String: String] = [:]) async throws -> JSON {
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            do {
                let answer = try await store.post(path, json: body, headers: headers)
                // What was sent before with this key may still be in work.
                let isAtIt = answer.status == 409 && answer.text.contains("idempotency-key-in-progress")
                guard answer.status >= 500 || isAtIt, ContinuousClock.now < deadline else {
                    return try answer.document()
                }
            } catch let refusal as Refused {
                throw refusal
            } catch {
                // The connection broke: the shop may be gone for a moment.
                guard ContinuousClock.now < deadline else { throw error }
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}

extension Shopper {
    /// A shopper of the first store, who wants a cup.
    init(_ number: Int, at platform: Platform) async throws {
        let cup = try await platform.books.texts(
            """
            select p.id::text from shop.product p join shop.store s using (tenant_id)
            where s.slug = 'lumina' and p.slug = 'ceramic-cup'
            """)
        self.init(number: number, store: platform.store("lumina"), products: cup)
    }
    /// Orders, and pays as soon as it can be paid.
    func buyAndPay(_ platform: Platform) async throws {
        _ = try await buy()
        let cashier = Cashier(books: platform.books, stripe: Remote(base: platform.stripe.baseURL))
        try await until("the payment is open") { try await !cashier.payable(except: [], of: []).isEmpty }
        for intent in try await cashier.payable(except: [], of: []) {
            try await cashier.pay(intent, first: false)
        }
    }
}
