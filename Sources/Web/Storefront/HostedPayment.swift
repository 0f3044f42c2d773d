import WebSupport

/// Where the shopper enters the card: a page of the payment provider, never ours.
package struct HostedPayment: Sendable {
    private let base: String

    /// `base` is the provider's address up to and including the path in front of the PaymentIntent's id, such
    /// as `http://127.0.0.1:4242/_sandbox/pay`.
    package init(base: String) {
        self.base = base.hasSuffix("/") ? String(base.dropLast()) : base
    }

    func address(_ payment: OrderView.Payment, returningTo back: String) -> String {
        let secret = PercentCoding.encode(payment.clientSecret)
        return "\(base)/\(PercentCoding.encode(payment.intent))?client_secret=\(secret)"
            + "&return_url=\(PercentCoding.encode(back))"
    }
}
