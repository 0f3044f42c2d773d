// Refunds of charges. Without flags the platform pays and the merchant keeps the money; with
// `reverse_transfer` the transfer is undone in proportion, with `refund_application_fee` the fee as well.
// Stripe's own fee is never given back.

extension StripeWorld {
    /// How long after its creation a refund of the failing test card fails, in seconds. Far enough away that
    /// it does so when the clock is advanced, and not because somebody is slow.
    static let refundFailureDelay: Int64 = 3_600

    static let refundParams: Set<String> = [
        "amount", "charge", "currency", "customer", "instructions_email", "metadata", "origin",
        "payment_intent",
        "reason", "refund_application_fee", "reverse_transfer",
    ]

    mutating func createRefund(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        let amount = try call.positive("amount")
        let reason = try call.choice("reason", of: ["duplicate", "fraudulent", "requested_by_customer"])
        let isReversed = try call.bool("reverse_transfer") ?? false
        let isFeeRefunded = try call.bool("refund_application_fee") ?? false
        let metadata = try call.metadata()
        let charge = try refundedCharge(call)
        let left = try refundable(charge)
        let currency = charge["currency"].string ?? ""
        if let amount, amount > left {
            throw .state(
                nil,
                "Refund amount (\(StripeAmounts.print(amount, currency))) is greater than "
                    + "unrefunded amount on "
                    + "charge (\(StripeAmounts.print(left, currency)))",
                param: "amount")
        }
        if isReversed, charge["transfer"].string == nil {
            throw .state(
                nil,
                "Cannot reverse transfer: charge \(charge["id"].string ?? "") has no associated transfer.",
                param: "reverse_transfer")
        }
        if isFeeRefunded, charge["application_fee"].string == nil {
            throw .state(
                nil, "Cannot refund the application fee: charge \(charge["id"].string ?? "") has none.",
                param: "refund_application_fee")
        }
        let terms = RefundTerms(
            amount: amount ?? left, isReversed: isReversed, isFeeRefunded: isFeeRefunded, reason: reason,
            metadata: metadata)
        let id = refund(charge, terms)
        return StripeReply(self[.refund, id], did: "refund.create")
    }

    mutating func updateRefund(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        let refund = try required(.refund, call)
        self[.refund, call.id]["metadata"] = try call.metadata(onto: refund["metadata"])
        return StripeReply(self[.refund, call.id], did: "refund.update")
    }

    /// The refund that was accepted comes back from the bank: the money is the platform's again.
    mutating func failRefund(_ id: String) {
        let refund = self[.refund, id]
        guard refund["status"].string == "succeeded", let charge = refund["charge"].string else { return }
        let owner = owner(.refund, id)
        let amount = refund["amount"].integer ?? 0
        let entry = post(
            "refund_failure", amount, currency: refund["currency"].string ?? "", source: id, owner: owner)
        self[.refund, id]["status"] = "failed"
        self[.refund, id]["failure_reason"] = "expired_or_canceled_card"
        self[.refund, id]["failure_balance_transaction"] = .string(entry)
        let refunded = (self[.charge, charge]["amount_refunded"].integer ?? 0) - amount
        self[.charge, charge]["amount_refunded"] = .integer(refunded)
        self[.charge, charge]["refunded"] = false
        let previous: JSON = ["status": "succeeded"]
        emit("refund.updated", self[.refund, id], owner: owner, previous: previous)
        emit("charge.refund.updated", self[.refund, id], owner: owner, previous: previous)
        emit("refund.failed", self[.refund, id], owner: owner)
    }

    private struct RefundTerms {
        let amount: Int64
        let isReversed: Bool
        let isFeeRefunded: Bool
        let reason: String?
        let metadata: JSON
    }

    private func refundedCharge(_ call: StripeCall) throws(StripeProblem) -> JSON {
        if let id = try call.text("charge"), !id.isEmpty {
            guard let charge = find(.charge, id, owner: call.owner) else {
                throw .noSuch("charge", id, param: "charge")
            }
            return charge
        }
        guard let id = try call.text("payment_intent"), !id.isEmpty else {
            throw StripeProblem(
                400, code: "parameter_missing",
                "One of the following params should be provided for this request: payment_intent or charge."
            )
        }
        guard let intent = find(.paymentIntent, id, owner: call.owner) else {
            throw .noSuch("payment_intent", id, param: "payment_intent")
        }
        guard let charge = intent["latest_charge"].string, intent["status"].string == "succeeded" else {
            throw .state(nil, "This PaymentIntent (\(id)) does not have a successful charge to refund.")
        }
        return self[.charge, charge]
    }

    /// How much of a charge can be refunded. Refuses when nothing can.
    private func refundable(_ charge: JSON) throws(StripeProblem) -> Int64 {
        let id = charge["id"].string ?? ""
        guard charge["status"].string == "succeeded", charge["captured"].bool == true else {
            throw .state("charge_not_refundable", "Charge \(id) was not captured and cannot be refunded.")
        }
        if charge["disputed"].bool == true {
            throw .state("charge_disputed", "Charge \(id) has been charged back; cannot issue a refund.")
        }
        let left = (charge["amount"].integer ?? 0) - (charge["amount_refunded"].integer ?? 0)
        guard left > 0 else {
            throw .state("charge_already_refunded", "Charge \(id) has already been refunded.")
        }
        return left
    }

    private mutating func refund(_ charge: JSON, _ terms: RefundTerms) -> String {
        let id = newID("re")
        let chargeID = charge["id"].string ?? ""
        let owner = owner(.charge, chargeID)
        let before = charge["amount_refunded"].integer ?? 0
        let total = before + terms.amount
        let entry = post(
            "refund", -terms.amount, currency: charge["currency"].string ?? "", source: id, owner: owner)
        insert(.refund, makeRefund(id, charge, terms, entry: entry), owner: owner)
        self[.charge, chargeID]["amount_refunded"] = .integer(total)
        self[.charge, chargeID]["refunded"] = .bool(total == charge["amount"].integer)
        undo(id, charge, terms, before: before)

        emit("refund.created", self[.refund, id], owner: owner)
        let previous: JSON =
            total == charge["amount"].integer
            ? ["amount_refunded": .integer(before), "refunded": false]
            : ["amount_refunded": .integer(before)]
        emit("charge.refunded", self[.charge, chargeID], owner: owner, previous: previous)
        if let method = charge["payment_method"].string, cards[method]?.outcome == .refundFails {
            agenda.append(Deferred(due: now + Self.refundFailureDelay, refund: id))
        }
        return id
    }

    /// Undoes transfer and fee in proportion.
    private mutating func undo(_ id: String, _ charge: JSON, _ terms: RefundTerms, before: Int64) {
        // What was authorised and never captured counts as refunded on the charge, but was never passed on.
        let charged = charge["amount_captured"].integer ?? 1
        let before = before - ((charge["amount"].integer ?? charged) - charged)
        let total = before + terms.amount
        if terms.isReversed, let transfer = charge["transfer"].string {
            let whole = self[.transfer, transfer]["amount"].integer ?? 0
            let left = whole - (self[.transfer, transfer]["amount_reversed"].integer ?? 0)
            let part = StripeAmounts.undone(
                of: whole, refundedInAll: total, refundedBefore: before, charged: charged, left: left)
            if part > 0 {
                self[.refund, id]["transfer_reversal"] = .string(reverse(transfer, part, refund: id))
            }
        }
        if terms.isFeeRefunded, let fee = charge["application_fee"].string {
            let whole = self[.applicationFee, fee]["amount"].integer ?? 0
            let left = whole - (self[.applicationFee, fee]["amount_refunded"].integer ?? 0)
            let part = StripeAmounts.undone(
                of: whole, refundedInAll: total, refundedBefore: before, charged: charged, left: left)
            if part > 0 { _ = refundFee(fee, part) }
        }
    }

    private func makeRefund(_ id: String, _ charge: JSON, _ terms: RefundTerms, entry: String) -> JSON {
        [
            "id": .string(id), "object": "refund", "amount": .integer(terms.amount),
            "balance_transaction": .string(entry), "charge": charge["id"], "created": .integer(now),
            "currency": charge["currency"],
            "destination_details": [
                "card": [
                    "reference_status": "pending", "reference_type": "acquirer_reference_number",
                    "type": "refund",
                ],
                "type": "card",
            ],
            "metadata": terms.metadata, "payment_intent": charge["payment_intent"],
            "reason": JSON(terms.reason),
            "receipt_number": nil, "source_transfer_reversal": nil, "status": "succeeded",
            "transfer_reversal": nil,
        ]
    }
}
