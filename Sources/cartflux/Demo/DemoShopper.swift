import Foundation
import VendorHTTP

/// What the shopper bought and how it went.
struct DemoPurchase: Sendable {
    let store: String
    let token: String
    let page: String
    let order: JSON
    let duration: Duration

    var headline: String {
        "order #\(order["number"].text ?? "?") at \(store): paid, delivered and invoiced as "
            + "\(order["invoice"].text ?? "nothing")"
    }

    var summary: String {
        let total = order["total"]
        return """
            order #\(order["number"].text ?? "?") at \(store): \(total["minor_units"].text ?? "?") \
            \(total["currency"].text ?? "") minor units, payment \(order["payment_status"].text ?? "?"), \
            fulfilment \(order["fulfilment_status"].text ?? "?"), \
            invoice \(order["invoice"].text ?? "none"), after \(String(format: "%.1f", duration.seconds)) s
            status page \(page)
            """
    }
}

/// Buys at the first store over HTTP: basket, quote, checkout, card on the hosted page, then waits for the
/// parcel.
struct DemoShopper {
    private let demo: DemoPlatform
    private let shop: DemoHTTP
    private let store: DemoRecord.Store
    private static let patience: Duration = .seconds(60)

    init(_ demo: DemoPlatform) {
        self.demo = demo
        store = demo.record.stores[0]
        shop = DemoHTTP(base: demo.record.web.base, host: store.host)
    }

    func buy() async throws -> DemoPurchase {
        let began = ContinuousClock.now
        DemoPlatform.say("a shopper fills a basket at \(store.url)")
        let checkout = try await checkOut()
        let token = try checkout.needText("token")
        let payable = try await order(token, until: "the payment page opens") { !$0["payment"].isNull }
        try await pay(payable["payment"])
        DemoPlatform.say("paid; waiting for the supplier, the invoice and the parcel")
        let done = try await order(token, until: "the order is delivered and invoiced") { order in
            order["fulfilment_status"].text == "delivered" && order["invoice"].filledText != nil
        }
        return DemoPurchase(
            store: store.slug, token: token, page: try checkout.needText("page"), order: done,
            duration: ContinuousClock.now - began)
    }

    private func checkOut() async throws -> JSON {
        let products = try await shop.get("/api/v1/products").document("the product list")["products"]
            .elements.filter { ($0["available"].int ?? 0) > 0 }
        guard products.count >= 2 else { throw DemoProblem("the store shows \(products.count) products") }
        let lines = try products.prefix(2).map { product in
            JSON.object(present: [
                ("product", .string(try product.needText("id"))), ("quantity", .number("1")),
            ])
        }
        let cart = try await shop.post("/api/v1/carts", .object(present: [("lines", .array(Array(lines)))]))
            .document("the cart")
        let cartToken = try cart.needText("token")
        let quote = try await shop.post("/api/v1/quotes", .object(present: [("cart", .string(cartToken))]))
            .document("the quote")
        let body = JSON.object(present: [
            ("quote", .string(try quote.needText("id"))), ("total", quote["total"]),
            ("cart", .string(cartToken)),
            ("email", .string("delivered@resend.dev")), ("phone", .string("+40721000001")),
            ("language", .string("en")), ("address", Self.address),
        ])
        let key = HeaderField("Idempotency-Key", UUID().uuidString)
        return try await shop.post("/api/v1/checkouts", body, headers: [key]).document("the checkout")
    }

    private static let address = JSON.object(present: [
        ("first_name", .string("Ana")), ("last_name", .string("Exemplu")),
        ("line", .string("Str. Exemplu 10")),
        ("city", .string("Cluj-Napoca")), ("county", .string("Cluj")), ("postcode", .string("400001")),
        ("country", .string("RO")),
    ])

    /// Enters a card on the page of the payment provider.
    private func pay(_ payment: JSON) async throws {
        let intent = try payment.needText("payment_intent")
        let page = DemoHTTP(base: demo.record.sandboxes.stripe)
        let answer = try await page.post(
            "/_sandbox/pay/\(intent)",
            form: [
                "client_secret": try payment.needText("client_secret"), "number": "4242 4242 4242 4242",
                "exp_month": "12", "exp_year": "2030", "cvc": "123", "return_url": store.url,
            ])
        guard answer.status < 400 else {
            throw DemoProblem("the card page answered \(answer.status): \(answer.excerpt)")
        }
    }

    private func order(
        _ token: String, until what: String, _ condition: (JSON) -> Bool
    ) async throws -> JSON {
        let deadline = ContinuousClock.now + Self.patience
        var last = JSON.null
        while ContinuousClock.now < deadline {
            last = try await shop.get("/api/v1/orders/\(token)").document("the order")
            if condition(last) { return last }
            if last["is_final"].bool == true { throw DemoProblem("the order ended before \(what): \(last)") }
            if let dead = demo.children.firstDead { throw DemoProblem("\(dead) ended") }
            try await Task.sleep(for: .milliseconds(200))
        }
        throw DemoProblem("gave up waiting until \(what); the order reads \(last)")
    }
}
