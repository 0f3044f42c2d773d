// Disputes. Of a destination charge they are the platform's: amount and fee leave its balance at once and
// come back only when the dispute is won.

extension StripeWorld {
    /// How long the merchant has to answer. Who has not answered by then has lost.
    private static let evidencePeriod: Int64 = 9 * 86_400

    /// How much text all of the evidence may have.
    private static let evidenceLimit = 150_000

    /// What can be told in words.
    private static let evidenceTexts: Set<String> = [
        "access_activity_log", "billing_address", "cancellation_policy_disclosure", "cancellation_rebuttal",
        "customer_email_address", "customer_name", "customer_purchase_ip",
        "duplicate_charge_explanation", "duplicate_charge_id", "product_description",
        "refund_policy_disclosure", "refund_refusal_explanation", "service_date", "shipping_address",
        "shipping_carrier", "shipping_date", "shipping_tracking_number", "uncategorized_text",
    ]

    /// What is a file that was uploaded before.
    private static let evidenceFiles: Set<String> = [
        "cancellation_policy", "customer_communication", "customer_signature",
        "duplicate_charge_documentation", "receipt", "refund_policy", "service_documentation",
        "shipping_documentation", "uncategorized_file",
    ]

    /// Opens the dispute that a test card brings with it.
    mutating func disputeIfCardSays(_ charge: String) {
        guard let method = self[.charge, charge]["payment_method"].string,
            case .disputed(let reason)? = cards[method]?.outcome
        else { return }
        openDispute(charge, reason: reason)
    }

    /// Opens a dispute over all of a charge that is left.
    mutating func openDispute(_ chargeID: String, reason: String) {
        let id = newID("du")
        let charge = self[.charge, chargeID]
        let owner = owner(.charge, chargeID)
        let amount = (charge["amount"].integer ?? 0) - (charge["amount_refunded"].integer ?? 0)
        let currency = charge["currency"].string ?? ""
        let entry = post(
            "adjustment", -amount, fee: StripeAmounts.disputeFee,
            fees: [Self.feeDetail("stripe_fee", StripeAmounts.disputeFee, currency)], currency: currency,
            source: id, owner: owner, description: "Chargeback withdrawal for \(chargeID)")
        let networkCode = reason == "fraudulent" ? "10.4" : "13.1"
        insert(
            .dispute,
            [
                "id": .string(id), "object": "dispute", "amount": .integer(amount),
                "balance_transactions": .array([self[.balanceTransaction, entry]]),
                "charge": .string(chargeID),
                "created": .integer(now), "currency": .string(currency), "enhanced_eligibility_types": [],
                "evidence": [:],
                "evidence_details": [
                    "due_by": .integer(now + Self.evidencePeriod), "enhanced_eligibility": [:],
                    "has_evidence": false, "past_due": false, "submission_count": 0,
                ],
                "is_charge_refundable": false, "livemode": false, "metadata": [:],
                "network_reason_code": .string(networkCode), "payment_intent": charge["payment_intent"],
                "payment_method_details": [
                    "card": [
                        "brand": "visa", "case_type": "chargeback",
                        "network_reason_code": .string(networkCode),
                    ],
                    "type": "card",
                ],
                "reason": .string(reason), "status": "needs_response",
            ], owner: owner)
        self[.charge, chargeID]["disputed"] = true
        self[.charge, chargeID]["dispute"] = .string(id)
        emit("charge.dispute.created", self[.dispute, id], owner: owner)
        emit("charge.dispute.funds_withdrawn", self[.dispute, id], owner: owner)
        emit("charge.updated", self[.charge, chargeID], owner: owner, previous: ["disputed": false])
    }

    /// Takes evidence. The sandbox decides at once by Stripe's magic words in `uncategorized_text`.
    mutating func updateDispute(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        var dispute = try required(.dispute, call)
        guard dispute["status"].string == "needs_response" else {
            throw .state(
                "dispute_status_invalid", "This dispute is already \(dispute["status"].string ?? "closed")."
            )
        }
        dispute["metadata"] = try call.metadata(onto: dispute["metadata"])
        let evidence = call.object("evidence")
        try checkEvidence(evidence)
        for (name, value) in evidence?.object ?? [:] { dispute["evidence"][name] = value }
        guard evidence != nil else {
            self[.dispute, call.id] = dispute
            return StripeReply(dispute, did: "dispute.update")
        }
        dispute["evidence_details"]["has_evidence"] = true
        if try call.bool("submit") ?? true {
            dispute["evidence_details"]["submission_count"] = 1
            dispute["status"] = "under_review"
        }
        self[.dispute, call.id] = dispute
        emit("charge.dispute.updated", dispute, owner: call.owner, previous: ["status": "needs_response"])
        switch dispute["evidence"]["uncategorized_text"].string {
        case "winning_evidence": closeDispute(call.id, isWon: true)
        case "losing_evidence": closeDispute(call.id, isWon: false)
        default: break
        }
        return StripeReply(self[.dispute, call.id], did: "dispute.update")
    }

    private func checkEvidence(_ evidence: JSON?) throws(StripeProblem) {
        var length = 0
        for (name, value) in evidence?.object ?? [:] {
            guard Self.evidenceTexts.contains(name) || Self.evidenceFiles.contains(name) else {
                throw .unknown("evidence[\(name)]")
            }
            let text = value.string ?? ""
            if Self.evidenceFiles.contains(name), !text.isEmpty, !text.hasPrefix("file_") {
                throw .invalid("evidence[\(name)]", "No such file upload: '\(text)'")
            }
            length += text.count
        }
        guard length <= Self.evidenceLimit else {
            throw .invalid("evidence", "The combined character count of all evidence is too long.")
        }
    }

    /// Time is over for those that were not answered.
    mutating func expireDisputes() {
        for dispute in all(.dispute) where dispute["status"].string == "needs_response" {
            guard let id = dispute["id"].string, let due = dispute["evidence_details"]["due_by"].integer,
                due <= now
            else { continue }
            self[.dispute, id]["evidence_details"]["past_due"] = true
            closeDispute(id, isWon: false)
        }
    }

    /// Accepts the loss.
    mutating func acceptDispute(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        let dispute = try required(.dispute, call)
        let status = dispute["status"].string ?? ""
        guard status == "needs_response" || status == "under_review" else {
            throw .state("dispute_status_invalid", "This dispute is already \(status).")
        }
        closeDispute(call.id, isWon: false)
        return StripeReply(self[.dispute, call.id], did: "dispute.close")
    }

    /// Ends a dispute.
    mutating func closeDispute(_ id: String, isWon: Bool) {
        let dispute = self[.dispute, id]
        let owner = owner(.dispute, id)
        self[.dispute, id]["status"] = isWon ? "won" : "lost"
        if isWon {
            // The fee is returned as well: Stripe refunds it on a win.
            let currency = dispute["currency"].string ?? ""
            let entry = post(
                "adjustment", dispute["amount"].integer ?? 0, fee: -StripeAmounts.disputeFee,
                currency: currency,
                source: id, owner: owner,
                description: "Chargeback reversal for \(dispute["charge"].string ?? "")")
            let entries = dispute["balance_transactions"].array + [self[.balanceTransaction, entry]]
            self[.dispute, id]["balance_transactions"] = .array(entries)
            if let charge = dispute["charge"].string { self[.charge, charge]["disputed"] = false }
        }
        emit("charge.dispute.closed", self[.dispute, id], owner: owner)
        if isWon { emit("charge.dispute.funds_reinstated", self[.dispute, id], owner: owner) }
    }
}
