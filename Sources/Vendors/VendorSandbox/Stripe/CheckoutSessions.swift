// Hosted checkout for plans: a session, a card page, a subscription. Sessions in payment mode are not
// imitated, because shops here pay by payment intents; asking for one is refused, not half done.

extension StripeWorld {
    static let checkoutParams: Set<String> = [
        "allow_promotion_codes", "automatic_tax", "billing_address_collection", "cancel_url",
        "client_reference_id", "customer", "customer_email", "expires_at", "line_items", "locale",
        "metadata",
        "mode", "payment_method_types", "subscription_data", "success_url", "ui_mode",
    ]
    private static let sessionLifetime: Int64 = 86_400

    mutating func createCheckoutSession(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        guard try call.choice("mode", of: ["subscription"]) != nil else { throw .missing("mode") }
        let items = try lineItems(call, "line_items")
        guard !items.isEmpty else { throw .missing("line_items") }
        if let customer = try call.text("customer"), find(.customer, customer, owner: call.owner) == nil {
            throw .noSuch("customer", customer, param: "customer", status: 400)
        }
        let id = newID("cs_test", length: 40)
        let total = items.reduce(0) {
            $0 + ($1["price"]["unit_amount"].integer ?? 0) * ($1["quantity"].integer ?? 1)
        }
        let session: JSON = [
            "id": .string(id), "object": "checkout.session", "amount_total": .integer(total),
            "cancel_url": JSON(try call.text("cancel_url")),
            "client_reference_id": JSON(try call.text("client_reference_id")), "created": .integer(now),
            "currency": items[0]["price"]["currency"], "customer": JSON(try call.text("customer")),
            "customer_email": JSON(try call.text("customer_email")),
            "expires_at": .integer(try call.integer("expires_at") ?? now + Self.sessionLifetime),
            "livemode": false, "metadata": try call.metadata(), "mode": "subscription",
            "payment_status": "unpaid", "status": "open", "subscription": nil,
            "success_url": .string(try call.requiredText("success_url")), "ui_mode": "hosted_page",
            "url": .string("\(call.origin)/_sandbox/checkout/\(id)"),
        ]
        insert(.checkoutSession, session, owner: call.owner)
        checkouts[id] = CheckoutOrder(
            items: items, metadata: call.object("subscription_data")?["metadata"] ?? [:])
        return StripeReply(session, did: "checkout_session.create")
    }

    mutating func expireCheckoutSession(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        guard try required(.checkoutSession, call)["status"] == "open" else {
            throw .state(nil, "Only Checkout Sessions with a status in [\"open\"] can be expired.")
        }
        self[.checkoutSession, call.id]["status"] = "expired"
        self[.checkoutSession, call.id]["url"] = nil
        emit("checkout.session.expired", self[.checkoutSession, call.id], owner: call.owner)
        return StripeReply(self[.checkoutSession, call.id], did: "checkout_session.expire")
    }

    /// Pays an open session by card and starts its subscription. Throws when the card is not good.
    mutating func completeCheckout(_ id: String, with card: TestCard) throws(StripeProblem) {
        let owner = owner(.checkoutSession, id)
        if case .declined(let decline) = card.outcome {
            throw StripeProblem(402, kind: .card, code: decline.code, decline.message)
        }
        guard let order = checkouts.removeValue(forKey: id) else {
            throw .state(nil, "This Checkout Session is no longer open.")
        }
        let method = makePaymentMethod(card, owner: owner)
        let customer = customer(of: id, method: method, owner: owner)
        self[.paymentMethod, method]["customer"] = .string(customer)
        let metadata = order.metadata.isNull ? [:] : order.metadata
        let subscription = startSubscription(
            customer: customer, items: order.items, method: method, metadata: metadata, owner: owner)
        self[.checkoutSession, id]["status"] = "complete"
        self[.checkoutSession, id]["payment_status"] = "paid"
        self[.checkoutSession, id]["customer"] = .string(customer)
        self[.checkoutSession, id]["subscription"] = .string(subscription)
        self[.checkoutSession, id]["invoice"] = self[.subscription, subscription]["latest_invoice"]
        self[.checkoutSession, id]["url"] = nil
        emit("checkout.session.completed", self[.checkoutSession, id], owner: owner)
    }

    private mutating func customer(of session: String, method: String, owner: String) -> String {
        if let known = self[.checkoutSession, session]["customer"].string {
            self[.customer, known]["invoice_settings"]["default_payment_method"] = .string(method)
            return known
        }
        let id = newID("cus", length: 14)
        let customer: JSON = [
            "id": .string(id), "object": "customer", "created": .integer(now), "description": nil,
            "email": self[.checkoutSession, session]["customer_email"],
            "invoice_settings": ["default_payment_method": .string(method)], "livemode": false,
            "metadata": [:], "name": nil, "phone": nil,
        ]
        insert(.customer, customer, owner: owner)
        emit("customer.created", customer, owner: owner)
        return id
    }
}

/// What an open session will become.
struct CheckoutOrder: Sendable {
    let items: [JSON]
    let metadata: JSON
}
