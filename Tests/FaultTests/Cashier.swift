import Postgres
import VendorSandbox

// Shoppers at the card page. An order can be paid as soon as its PaymentIntent is known; some first try a
// card that is declined, as people do.

struct Cashier: Sendable {
    let books: Books
    let stripe: Remote

    private static let goodCard = "4242424242424242"
    private static let declinedCard = "4000000000000002"

    /// Payments that can be made and were not made by us, without those of certain shoppers.
    func payable(except paid: Set<String>, of others: Set<String>) async throws -> [String] {
        try await books.texts(
            """
            select p.payment_intent from shop.payment p
            join shop.orders o on o.tenant_id = p.tenant_id and o.id = p.order_id
            where p.payment_intent is not null and p.payment_intent <> all(\(Array(paid)))
                and p.status not in ('succeeded', 'canceled')
                and o.email <> all(\(Array(others)))
            order by p.created_at
            """)
    }

    /// Pays, after a declined try when the card is `first` refused.
    func pay(_ intent: String, first isDeclined: Bool) async throws {
        if isDeclined {
            let refusal = try await enter(Self.declinedCard, for: intent)
            guard refusal.status == 402 else { throw Refused(status: refusal.status, body: refusal.text) }
        }
        let page = try await enter(Self.goodCard, for: intent)
        guard page.status < 400 else { throw Refused(status: page.status, body: page.text) }
    }

    private func enter(_ card: String, for intent: String) async throws -> SandboxResponse {
        try await stripe.post(
            "/_sandbox/pay/\(intent)", form: ["number": card, "expiry": "12/34", "cvc": "123"])
    }
}
