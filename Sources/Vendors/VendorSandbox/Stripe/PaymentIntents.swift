// Payment intents: making and changing them. What happens to one when it is confirmed is in
// `PaymentIntents+confirm.swift`.

extension StripeWorld {
    static let paymentIntentParams: Set<String> = [
        "allowed_payment_method_types", "amount", "amount_details", "application_fee_amount",
        "automatic_payment_methods", "capture_method", "confirm", "confirmation_method",
        "confirmation_token",
        "currency", "customer", "customer_account", "description", "error_on_requires_action",
        "excluded_payment_method_types", "hooks", "mandate", "mandate_data", "metadata", "off_session",
        "on_behalf_of", "payment_details", "payment_method", "payment_method_configuration",
        "payment_method_data", "payment_method_options", "payment_method_types", "radar_options",
        "receipt_email", "return_url", "setup_future_usage", "shipping", "statement_descriptor",
        "statement_descriptor_suffix", "transfer_data", "transfer_group", "use_stripe_sdk",
    ]

    static let paymentIntentUpdateParams = paymentIntentParams.subtracting([
        "automatic_payment_methods", "confirm", "confirmation_method", "confirmation_token",
        "error_on_requires_action", "mandate", "mandate_data", "off_session", "on_behalf_of",
        "radar_options",
        "return_url", "use_stripe_sdk",
    ])

    mutating func createPaymentIntent(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        guard call.form["amount"] != nil else { throw .missing("amount") }
        guard let currency = try call.currency() else { throw .missing("currency") }
        let amount = try checkedAmount(call, currency: currency)
        let id = newID("pi")
        var intent = Self.blankPaymentIntent(id: id, amount: amount, currency: currency, now: now)
        try describe(&intent, call)
        try route(&intent, call)
        intent["client_secret"] = .string("\(id)_secret_\(newID("x", length: 25).dropFirst(2))")
        intent["capture_method"] = JSON(
            try call.choice("capture_method", of: ["automatic", "automatic_async", "manual"])
                ?? "automatic_async")
        intent["metadata"] = try call.metadata()
        try chooseMethods(&intent, call)
        let method = try paymentMethod(in: call)
        let isConfirmed = try call.bool("confirm") ?? false
        let options = try ConfirmOptions(call)

        insert(.paymentIntent, intent, owner: call.owner)
        if let method {
            self[.paymentIntent, id]["payment_method"] = .string(method)
            self[.paymentIntent, id]["status"] = "requires_confirmation"
        }
        emit("payment_intent.created", self[.paymentIntent, id], owner: call.owner)
        guard isConfirmed else {
            return StripeReply(self[.paymentIntent, id], did: "payment_intent.create")
        }
        do {
            try confirm(id, options)
        } catch {
            var problem = error
            problem.effect = SandboxEffect("payment_intent.create", on: id)
            throw problem
        }
        return StripeReply(self[.paymentIntent, id], did: "payment_intent.create")
    }

    mutating func updatePaymentIntent(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        var intent = try required(.paymentIntent, call)
        let alwaysAllowed: Set<String> = ["metadata", "description", "receipt_email", "expand"]
        let status = intent["status"].string ?? ""
        if !Self.openStatuses.contains(status), let blocked = blockedParam(call, except: alwaysAllowed) {
            throw unexpectedState(
                intent,
                "This PaymentIntent's \(blocked) could not be updated because it has a status of \(status). "
                    + "Only a PaymentIntent with one of the following statuses may be updated: "
                    + Self.openStatuses.joined(separator: ", ") + ".")
        }
        let currency = try call.currency() ?? intent["currency"].string ?? ""
        if call.form["amount"] != nil {
            intent["amount"] = .integer(try checkedAmount(call, currency: currency))
        }
        intent["currency"] = .string(currency)
        try describe(&intent, call)
        try route(&intent, call)
        intent["metadata"] = try call.metadata(onto: intent["metadata"])
        if let method = try paymentMethod(in: call) {
            intent["payment_method"] = .string(method)
            intent["status"] = "requires_confirmation"
            intent["next_action"] = nil
        }
        self[.paymentIntent, call.id] = intent
        return StripeReply(intent, did: "payment_intent.update")
    }

    func retrievePaymentIntent(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        let intent = try required(.paymentIntent, call)
        if let secret = try call.text("client_secret"), secret != intent["client_secret"].string {
            throw .invalid(
                "client_secret",
                "The client_secret provided does not match any associated PaymentIntent on this account. "
                    + "Ensure the provided client_secret and PaymentIntent ID are correct.",
                code: "payment_intent_invalid_parameter")
        }
        return StripeReply(intent)
    }

    /// The statuses in which a payment intent can still change its terms.
    static let openStatuses = ["requires_payment_method", "requires_confirmation", "requires_action"]

    /// A refusal because of the intent's status; it carries the intent, as Stripe's does.
    func unexpectedState(_ intent: JSON, _ message: String) -> StripeProblem {
        var problem = StripeProblem.state("payment_intent_unexpected_state", message)
        problem.details["payment_intent"] = intent
        return problem
    }

    private func blockedParam(_ call: StripeCall, except allowed: Set<String>) -> String? {
        call.form.members.keys.filter { !allowed.contains($0) }.min()
    }

    private func checkedAmount(_ call: StripeCall, currency: String) throws(StripeProblem) -> Int64 {
        guard let amount = try call.integer("amount") else { throw .missing("amount") }
        guard amount >= 1 else {
            throw .invalid(
                "amount", "This value must be greater than or equal to 1.",
                code: "parameter_invalid_integer")
        }
        let least = StripeAmounts.smallest(currency)
        guard amount >= least else {
            throw .invalid(
                "amount", "Amount must be at least \(StripeAmounts.print(least, currency))",
                code: "amount_too_small")
        }
        guard amount <= StripeAmounts.largest else {
            let most = StripeAmounts.print(StripeAmounts.largest, currency)
            throw .invalid("amount", "Amount must be no more than \(most)", code: "amount_too_large")
        }
        return amount
    }

    /// Texts that change nothing about the money.
    private func describe(_ intent: inout JSON, _ call: StripeCall) throws(StripeProblem) {
        for name in ["description", "receipt_email", "statement_descriptor", "setup_future_usage"] {
            guard let text = try call.text(name) else { continue }
            intent[name] = text.isEmpty ? nil : .string(text)
        }
        if let email = intent["receipt_email"].string, !email.contains("@") {
            throw .invalid("receipt_email", "Invalid email address: \(email)", code: "email_invalid")
        }
        if let suffix = try call.text("statement_descriptor_suffix") {
            guard suffix.count <= 22 else {
                throw .invalid(
                    "statement_descriptor_suffix",
                    "The statement descriptor suffix must be at most 22 characters.")
            }
            intent["statement_descriptor_suffix"] = suffix.isEmpty ? nil : .string(suffix)
        }
        if let customer = try call.text("customer"), !customer.isEmpty {
            guard find(.customer, customer, owner: call.owner) != nil else {
                throw .noSuch("customer", customer, param: "customer", status: 400)
            }
            intent["customer"] = .string(customer)
        }
        if var shipping = call.object("shipping"), !shipping.isNull {
            for key in ["carrier", "phone", "tracking_number"] { shipping[key] = shipping[key] }
            for key in ["city", "country", "line1", "line2", "postal_code", "state"] {
                shipping["address"][key] = shipping["address"][key]
            }
            intent["shipping"] = shipping
        }
    }

    /// Where the money goes: destination, fee, on behalf of whom, group.
    private func route(_ intent: inout JSON, _ call: StripeCall) throws(StripeProblem) {
        let amount = intent["amount"].integer ?? 0
        if let destination = try call.text("transfer_data", "destination") {
            guard call.owner == StripeCall.platform,
                find(.account, destination, owner: StripeCall.platform) != nil
            else {
                let param = "transfer_data[destination]"
                throw .noSuch("destination", destination, param: param, status: 400)
            }
            intent["transfer_data"]["destination"] = .string(destination)
            if intent["transfer_group"].isNull, let id = intent["id"].string {
                intent["transfer_group"] = .string("group_\(id)")
            }
        }
        if let part = try call.integer("transfer_data", "amount") {
            guard part >= 1, part <= amount else {
                let message =
                    "transfer_data[amount] must be at least 1 and at most the amount of the PaymentIntent."
                throw .invalid("transfer_data[amount]", message)
            }
            intent["transfer_data"]["amount"] = .integer(part)
        }
        if let merchant = try call.text("on_behalf_of"), !merchant.isEmpty {
            guard find(.account, merchant, owner: StripeCall.platform) != nil else {
                throw .noSuch("account", merchant, param: "on_behalf_of", status: 400)
            }
            intent["on_behalf_of"] = .string(merchant)
        }
        if let group = try call.text("transfer_group") { intent["transfer_group"] = .string(group) }
        try takeFee(&intent, call, amount: amount)
        try checkDestination(intent)
    }

    private func takeFee(_ intent: inout JSON, _ call: StripeCall, amount: Int64) throws(StripeProblem) {
        let param = "application_fee_amount"
        if try call.text(param) == "" { intent[param] = nil }
        if let fee = try call.positive(param) { intent[param] = .integer(fee) }
        guard let fee = intent[param].integer else { return }
        guard fee <= amount else {
            throw .invalid(
                param, "The application fee cannot be greater than the amount of the PaymentIntent.")
        }
        guard intent["transfer_data"]["amount"].isNull else {
            throw .invalid(
                "transfer_data[amount]",
                "You may only specify one of these parameters: application_fee_amount, "
                    + "transfer_data[amount].",
                code: "parameters_exclusive")
        }
        guard call.owner != StripeCall.platform || intent["transfer_data"]["destination"].string != nil
        else {
            throw .invalid(
                param,
                "Can only apply an application_fee_amount when the PaymentIntent is attempting a "
                    + "direct payment "
                    + "(using an OAuth key or Stripe-Account header) or destination payment "
                    + "(using `transfer_data[destination]`).",
                code: "application_fees_not_allowed")
        }
    }

    private func chooseMethods(_ intent: inout JSON, _ call: StripeCall) throws(StripeProblem) {
        let types = call.form["payment_method_types"]?.texts ?? []
        if types.isEmpty {
            let redirects = try call.text("automatic_payment_methods", "allow_redirects") ?? "always"
            intent["automatic_payment_methods"] = ["allow_redirects": .string(redirects), "enabled": true]
            intent["payment_method_types"] = ["card"]
        } else {
            intent["automatic_payment_methods"] = nil
            intent["payment_method_types"] = .array(types.map(JSON.string))
        }
    }

    /// A payment intent with nothing in it but money.
    static func blankPaymentIntent(id: String, amount: Int64, currency: String, now: Int64) -> JSON {
        [
            "id": .string(id), "object": "payment_intent", "amount": .integer(amount),
            "amount_capturable": 0,
            "amount_details": ["tip": [:]], "amount_received": 0, "application": nil,
            "application_fee_amount": nil, "automatic_payment_methods": nil, "canceled_at": nil,
            "cancellation_reason": nil, "capture_method": "automatic_async", "client_secret": nil,
            "confirmation_method": "automatic", "created": .integer(now), "currency": .string(currency),
            "customer": nil, "description": nil, "last_payment_error": nil, "latest_charge": nil,
            "livemode": false, "metadata": [:], "next_action": nil, "on_behalf_of": nil,
            "payment_method": nil,
            "payment_method_options": ["card": ["request_three_d_secure": "automatic"]],
            "payment_method_types": ["card"], "processing": nil, "receipt_email": nil, "review": nil,
            "setup_future_usage": nil, "shipping": nil, "source": nil, "statement_descriptor": nil,
            "statement_descriptor_suffix": nil, "status": "requires_payment_method", "transfer_data": nil,
            "transfer_group": nil,
        ]
    }
}
