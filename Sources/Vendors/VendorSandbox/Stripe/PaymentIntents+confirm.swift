// The state machine of a payment intent.
//
//   requires_payment_method -> requires_confirmation -> requires_action -> succeeded
//                                                    -> requires_capture -> succeeded
// A failed attempt goes back to requires_payment_method and may succeed later. Cancelling is final, and
// impossible once the money has moved.

/// How a confirmation was asked for.
struct ConfirmOptions: Sendable {
    var isOffSession = false
    var failsOnAction = false
    var returnURL: String?
    var origin = ""

    init(origin: String) { self.origin = origin }

    init(_ call: StripeCall) throws(StripeProblem) {
        let offSession = try call.text("off_session")
        isOffSession = offSession.map { !["", "false", "0"].contains($0) } ?? false
        failsOnAction = try call.bool("error_on_requires_action") ?? false
        returnURL = try call.text("return_url")
        origin = call.origin
    }
}

extension StripeWorld {
    static let confirmParams: Set<String> = [
        "allowed_payment_method_types", "amount_details", "amount_to_confirm", "capture_method",
        "client_secret",
        "confirmation_token", "error_on_requires_action", "excluded_payment_method_types", "hooks",
        "mandate",
        "mandate_data", "off_session", "payment_details", "payment_method", "payment_method_data",
        "payment_method_options", "radar_options", "receipt_email", "return_url", "setup_future_usage",
        "shipping", "use_stripe_sdk",
    ]

    mutating func confirmPaymentIntent(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        let intent = try required(.paymentIntent, call)
        try checkConfirmable(intent)
        let options = try ConfirmOptions(call)
        if let method = try paymentMethod(in: call) {
            self[.paymentIntent, call.id]["payment_method"] = .string(method)
        }
        guard self[.paymentIntent, call.id]["payment_method"].string != nil else {
            throw unexpectedState(
                intent,
                "You cannot confirm this PaymentIntent because it's missing a payment method. "
                    + "You can either "
                    + "update the PaymentIntent with a payment method and then confirm it again, "
                    + "or confirm it "
                    + "again directly with a payment method or ConfirmationToken.")
        }
        try confirm(call.id, options)
        return StripeReply(self[.paymentIntent, call.id], did: "payment_intent.confirm")
    }

    /// Refuses when an intent can no longer be confirmed.
    func checkConfirmable(_ intent: JSON) throws(StripeProblem) {
        let status = intent["status"].string ?? ""
        guard !Self.openStatuses.contains(status) else { return }
        let reason =
            status == "succeeded"
            ? "it has already succeeded after being previously confirmed" : "it has a status of \(status)"
        throw unexpectedState(intent, "You cannot confirm this PaymentIntent because \(reason).")
    }

    /// Confirms an intent that has a payment method. Throws when the card is declined; the failure is
    /// recorded on the intent by then.
    mutating func confirm(_ id: String, _ options: ConfirmOptions) throws(StripeProblem) {
        let intent = self[.paymentIntent, id]
        try checkDestination(intent)
        guard let method = intent["payment_method"].string, let card = cards[method] else {
            throw unexpectedState(
                intent, "You cannot confirm this PaymentIntent because it's missing a payment method.")
        }
        self[.paymentIntent, id]["next_action"] = nil
        switch card.outcome {
        case .challenged where options.isOffSession || options.failsOnAction:
            try decline(id, .authenticationRequired)
        case .challenged:
            challenge(id, options)
        case .declined(let decline):
            try self.decline(id, decline)
        case .approved, .available, .disputed, .refundFails:
            approve(id)
        }
    }

    /// The buyer answered the challenge. Throws when the payment failed by it.
    mutating func authenticate(_ id: String, passed: Bool) throws(StripeProblem) {
        let intent = self[.paymentIntent, id]
        guard intent["status"].string == "requires_action", let method = intent["payment_method"].string
        else {
            throw unexpectedState(intent, "This PaymentIntent does not wait for authentication.")
        }
        self[.paymentIntent, id]["next_action"] = nil
        guard passed else { return try failAuthentication(id) }
        if case .challenged(let declined?) = cards[method]?.outcome { return try decline(id, declined) }
        approve(id)
    }

    mutating func cancelPaymentIntent(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        let intent = try required(.paymentIntent, call)
        let reasons = ["duplicate", "fraudulent", "requested_by_customer", "abandoned"]
        let reason = try call.choice("cancellation_reason", of: reasons)
        let status = intent["status"].string ?? ""
        guard Self.openStatuses.contains(status) || status == "requires_capture" else {
            throw unexpectedState(
                intent,
                "You cannot cancel this PaymentIntent because it has a status of \(status). Only "
                    + "a PaymentIntent "
                    + "with one of the following statuses may be canceled: requires_payment_method, "
                    + "requires_capture, requires_confirmation, requires_action, processing.")
        }
        if status == "requires_capture", let charge = intent["latest_charge"].string { release(charge) }
        self[.paymentIntent, call.id]["status"] = "canceled"
        self[.paymentIntent, call.id]["amount_capturable"] = 0
        self[.paymentIntent, call.id]["canceled_at"] = .integer(now)
        self[.paymentIntent, call.id]["cancellation_reason"] = JSON(reason)
        self[.paymentIntent, call.id]["next_action"] = nil
        emit("payment_intent.canceled", self[.paymentIntent, call.id], owner: call.owner)
        return StripeReply(self[.paymentIntent, call.id], did: "payment_intent.cancel")
    }

    mutating func capturePaymentIntent(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        let intent = try required(.paymentIntent, call)
        guard intent["status"].string == "requires_capture", let charge = intent["latest_charge"].string
        else {
            throw unexpectedState(
                intent,
                "This PaymentIntent could not be captured because it has a status of "
                    + "\(intent["status"].string ?? ""). Only a PaymentIntent with one of the "
                    + "following statuses "
                    + "may be captured: requires_capture.")
        }
        let authorised = intent["amount_capturable"].integer ?? 0
        let amount = try call.positive("amount_to_capture") ?? authorised
        guard amount <= authorised else {
            throw .invalid(
                "amount_to_capture",
                "The amount to capture (\(amount)) is greater than the capturable amount (\(authorised)).")
        }
        if let fee = try call.positive("application_fee_amount") {
            guard fee <= amount else {
                throw .invalid(
                    "application_fee_amount",
                    "The application fee cannot be greater than the captured amount.")
            }
            self[.paymentIntent, call.id]["application_fee_amount"] = .integer(fee)
            self[.charge, charge]["application_fee_amount"] = .integer(fee)
        }
        capture(charge, amount)
        emit("charge.captured", self[.charge, charge], owner: call.owner)
        succeed(call.id, received: amount)
        return StripeReply(self[.paymentIntent, call.id], did: "payment_intent.capture")
    }

    private mutating func challenge(_ id: String, _ options: ConfirmOptions) {
        let page = "\(options.origin)/_sandbox/authenticate/\(id)"
        self[.paymentIntent, id]["status"] = "requires_action"
        if let back = options.returnURL {
            let query = FormItem.encode([FormItem("return_url", back)])
            self[.paymentIntent, id]["next_action"] = [
                "type": "redirect_to_url",
                "redirect_to_url": ["return_url": .string(back), "url": .string("\(page)?\(query)")],
            ]
        } else {
            self[.paymentIntent, id]["next_action"] = [
                "type": "use_stripe_sdk",
                "use_stripe_sdk": ["type": "three_d_secure_redirect", "stripe_js": .string(page)],
            ]
        }
        emit("payment_intent.requires_action", self[.paymentIntent, id], owner: owner(.paymentIntent, id))
    }

    private mutating func approve(_ id: String) {
        let owner = owner(.paymentIntent, id)
        let isManual = self[.paymentIntent, id]["capture_method"].string == "manual"
        let amount = self[.paymentIntent, id]["amount"].integer ?? 0
        let charge = makeCharge(for: id, failure: nil)
        self[.paymentIntent, id]["latest_charge"] = .string(charge)
        self[.paymentIntent, id]["last_payment_error"] = nil
        guard isManual else {
            capture(charge, amount)
            emit("charge.succeeded", self[.charge, charge], owner: owner)
            succeed(id, received: amount)
            return
        }
        self[.paymentIntent, id]["status"] = "requires_capture"
        self[.paymentIntent, id]["amount_capturable"] = .integer(amount)
        emit("charge.succeeded", self[.charge, charge], owner: owner)
        emit("payment_intent.amount_capturable_updated", self[.paymentIntent, id], owner: owner)
    }

    private mutating func succeed(_ id: String, received: Int64) {
        self[.paymentIntent, id]["status"] = "succeeded"
        self[.paymentIntent, id]["amount_received"] = .integer(received)
        self[.paymentIntent, id]["amount_capturable"] = 0
        emit("payment_intent.succeeded", self[.paymentIntent, id], owner: owner(.paymentIntent, id))
        if let charge = self[.paymentIntent, id]["latest_charge"].string { disputeIfCardSays(charge) }
    }

    private mutating func decline(_ id: String, _ decline: TestCard.Decline) throws(StripeProblem) {
        let owner = owner(.paymentIntent, id)
        let method = self[.paymentIntent, id]["payment_method"].string ?? ""
        let charge = makeCharge(for: id, failure: decline)
        var error: JSON = [
            "advice_code": .string(decline.advice), "charge": .string(charge),
            "code": .string(decline.code),
            "doc_url": .string(
                "https://docs.stripe.com/error-codes#\(decline.code.replacing("_", with: "-"))"),
            "message": .string(decline.message), "payment_method": self[.paymentMethod, method],
            "type": "card_error",
        ]
        if let declineCode = decline.declineCode { error["decline_code"] = .string(declineCode) }
        self[.paymentIntent, id]["latest_charge"] = .string(charge)
        emit("charge.failed", self[.charge, charge], owner: owner)
        try fail(id, error, status: 402, kind: .card)
    }

    private mutating func failAuthentication(_ id: String) throws(StripeProblem) {
        let method = self[.paymentIntent, id]["payment_method"].string ?? ""
        let message =
            "We are unable to authenticate your payment method. Please choose a different payment "
            + "method and try again."
        let code = "payment_intent_authentication_failure"
        let error: JSON = [
            "code": .string(code), "message": .string(message), "type": "card_error",
            "doc_url": "https://docs.stripe.com/error-codes#payment-intent-authentication-failure",
            "payment_method": self[.paymentMethod, method],
        ]
        try fail(id, error, status: 402, kind: .card)
    }

    /// Sends the intent back for another payment method and tells the caller why.
    private mutating func fail(
        _ id: String, _ error: JSON, status: Int, kind: StripeProblem.Kind
    ) throws(StripeProblem) {
        self[.paymentIntent, id]["status"] = "requires_payment_method"
        self[.paymentIntent, id]["last_payment_error"] = error
        self[.paymentIntent, id]["payment_method"] = nil
        emit("payment_intent.payment_failed", self[.paymentIntent, id], owner: owner(.paymentIntent, id))
        var problem = StripeProblem(
            status, kind: kind, code: error["code"].string,
            error["message"].string ?? "Your card was declined.")
        problem.details = error.object
        problem.details["payment_intent"] = self[.paymentIntent, id]
        problem.isKept = true
        problem.effect = SandboxEffect("payment_intent.decline", on: id)
        throw problem
    }
}
