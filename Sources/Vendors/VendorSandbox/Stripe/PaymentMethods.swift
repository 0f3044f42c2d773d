// Payment methods and customers: only as much of them as payments need.

extension StripeWorld {
    /// The payment method that a request brings, stored; nil when it brings none.
    mutating func paymentMethod(in call: StripeCall) throws(StripeProblem) -> String? {
        if let id = try call.text("payment_method"), !id.isEmpty {
            return try storedPaymentMethod(id, call)
        }
        if call.form["payment_method_data"] != nil {
            return makePaymentMethod(try cardData(call, "payment_method_data"), owner: call.owner)
        }
        // Confirmation tokens stand for what a browser collected; the sandbox names them like test methods.
        if let token = try call.text("confirmation_token"), !token.isEmpty {
            let id = token.replacing("ctoken_", with: "pm_")
            guard let card = TestCard.paymentMethod(id) else {
                throw .noSuch("confirmation token", token, param: "confirmation_token", status: 400)
            }
            return makePaymentMethod(card, owner: call.owner)
        }
        return nil
    }

    mutating func createPaymentMethod(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        guard try call.requiredText("type") == "card" else {
            throw .invalid("type", "This sandbox knows payment methods of type card only.")
        }
        let id = makePaymentMethod(try cardData(call, nil), owner: call.owner)
        self[.paymentMethod, id]["metadata"] = try call.metadata()
        return StripeReply(self[.paymentMethod, id], did: "payment_method.create")
    }

    mutating func attachPaymentMethod(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        let customer = try call.requiredText("customer")
        guard find(.customer, customer, owner: call.owner) != nil else {
            throw .noSuch("customer", customer, param: "customer", status: 400)
        }
        let id = try storedPaymentMethod(call.id, call)
        self[.paymentMethod, id]["customer"] = .string(customer)
        return StripeReply(self[.paymentMethod, id], did: "payment_method.attach")
    }

    /// Stores a payment method for a card and returns its id.
    mutating func makePaymentMethod(_ card: TestCard, owner: String) -> String {
        let id = newID("pm")
        let nobody: JSON = ["address": nil, "email": nil, "name": nil, "phone": nil, "tax_id": nil]
        let details: JSON = [
            "brand": .string(card.brand), "checks": ["cvc_check": "pass"], "country": .string(card.country),
            "display_brand": .string(card.brand), "exp_month": 12, "exp_year": 2034,
            "fingerprint": .string("fp\(card.last4)"), "funding": "credit", "generated_from": nil,
            "last4": .string(card.last4), "networks": nil, "regulated_status": nil,
            "three_d_secure_usage": ["supported": true], "wallet": nil,
        ]
        insert(
            .paymentMethod,
            [
                "id": .string(id), "object": "payment_method", "allow_redisplay": "unspecified",
                "billing_details": nobody, "card": details, "created": .integer(now), "customer": nil,
                "customer_account": nil, "livemode": false, "metadata": [:], "type": "card",
            ], owner: owner)
        cards[id] = card
        return id
    }

    mutating func createCustomer(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        let id = newID("cus", length: 14)
        var customer: JSON = [
            "id": .string(id), "object": "customer", "address": nil, "balance": 0, "created": .integer(now),
            "currency": nil, "default_source": nil, "delinquent": false, "description": nil, "email": nil,
            "invoice_prefix": .string(String(id.suffix(8)).uppercased()), "livemode": false,
            "name": nil, "phone": nil, "preferred_locales": [], "shipping": nil, "tax_exempt": "none",
        ]
        try describeCustomer(&customer, call)
        insert(.customer, customer, owner: call.owner)
        emit("customer.created", customer, owner: call.owner)
        return StripeReply(customer, did: "customer.create")
    }

    mutating func updateCustomer(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        var customer = try required(.customer, call)
        try describeCustomer(&customer, call)
        self[.customer, call.id] = customer
        return StripeReply(customer, did: "customer.update")
    }

    private func describeCustomer(_ customer: inout JSON, _ call: StripeCall) throws(StripeProblem) {
        for name in ["description", "email", "name", "phone"] {
            guard let text = try call.text(name) else { continue }
            customer[name] = text.isEmpty ? nil : .string(text)
        }
        for name in ["address", "invoice_settings"] where call.form[name] != nil {
            customer[name] = call.object(name) ?? nil
        }
        customer["metadata"] = try call.metadata(
            onto: customer["metadata"].isNull ? [:] : customer["metadata"])
    }

    private mutating func storedPaymentMethod(_ id: String, _ call: StripeCall) throws(StripeProblem)
        -> String
    {
        if let card = TestCard.paymentMethod(id) { return makePaymentMethod(card, owner: call.owner) }
        guard find(.paymentMethod, id, owner: call.owner) != nil else {
            throw .noSuch("PaymentMethod", id, param: "payment_method", status: 400)
        }
        return id
    }

    private func cardData(_ call: StripeCall, _ parent: String?) throws(StripeProblem) -> TestCard {
        let card = parent.map { call.form[$0]?["card"] } ?? call.form["card"]
        let prefix = parent.map { "\($0)[card]" } ?? "card"
        if let token = card?["token"]?.text {
            guard let known = TestCard.paymentMethod(token.replacing("tok_", with: "pm_card_")) else {
                throw .noSuch("token", token, param: "\(prefix)[token]", status: 400)
            }
            return known
        }
        guard let number = card?["number"]?.text else { throw .missing("\(prefix)[number]") }
        return try TestCard.typed(
            number: number, month: card?["exp_month"]?.text.flatMap { Int64($0) },
            year: card?["exp_year"]?.text.flatMap { Int64($0) }, cvc: card?["cvc"]?.text, now: now)
    }
}
