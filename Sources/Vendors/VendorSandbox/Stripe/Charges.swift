// Charges and what happens to their money. A destination charge moves the whole amount to the merchant and
// the application fee back; Stripe's own fee is the platform's (on a direct charge, the account's).

extension StripeWorld {
    /// Refuses when the merchant's account cannot take part in a payment.
    func checkDestination(_ intent: JSON) throws(StripeProblem) {
        if let destination = intent["transfer_data"]["destination"].string,
            self[.account, destination]["capabilities"]["transfers"].string != "active"
        {
            throw .state(
                "insufficient_capabilities_for_transfer",
                "Your destination account needs to have at least one of the following capabilities enabled: "
                    + "transfers, crypto_transfers, legacy_payments",
                param: "transfer_data[destination]")
        }
        if let merchant = intent["on_behalf_of"].string,
            self[.account, merchant]["capabilities"]["card_payments"].string != "active"
        {
            throw .state(
                "capability_not_active",
                "The account \(merchant) does not have the card_payments capability active, so "
                    + "it cannot be used "
                    + "with `on_behalf_of`.",
                param: "on_behalf_of")
        }
    }

    /// Stores the charge of an attempt: authorised, or failed when a reason is given.
    mutating func makeCharge(for intentID: String, failure: TestCard.Decline?) -> String {
        let intent = self[.paymentIntent, intentID]
        let method = self[.paymentMethod, intent["payment_method"].string ?? ""]
        let id = newID("ch")
        var charge = blankCharge(
            id: id, amount: intent["amount"].integer ?? 0, currency: intent["currency"])
        for name in [
            "application_fee_amount", "customer", "description", "metadata", "on_behalf_of",
            "receipt_email",
            "shipping", "statement_descriptor_suffix", "transfer_group",
        ] {
            charge[name] = intent[name]
        }
        charge["payment_intent"] = .string(intentID)
        charge["payment_method"] = method["id"]
        charge["billing_details"] = method["billing_details"]
        charge["payment_method_details"] = ["card": method["card"], "type": "card"]
        if let destination = intent["transfer_data"]["destination"].string {
            charge["destination"] = .string(destination)
            charge["transfer_data"] = [
                "amount": intent["transfer_data"]["amount"], "destination": .string(destination),
            ]
        }
        if let failure {
            charge["status"] = "failed"
            charge["paid"] = false
            charge["failure_code"] = .string(failure.code)
            charge["failure_message"] = .string(failure.message)
            charge["outcome"] = [
                "network_status": "declined_by_network", "reason": JSON(failure.declineCode),
                "risk_level": "normal", "seller_message": "The bank did not approve the charge.",
                "type": "issuer_declined",
            ]
        }
        insert(.charge, charge, owner: owner(.paymentIntent, intentID))
        return id
    }

    /// Takes the money of an authorised charge and passes it on.
    mutating func capture(_ id: String, _ amount: Int64) {
        let owner = owner(.charge, id)
        var charge = self[.charge, id]
        let currency = charge["currency"].string ?? ""
        let fee = charge["application_fee_amount"].integer.map { min($0, amount) }
        let authorised = charge["amount"].integer ?? amount
        charge["captured"] = true
        charge["amount_captured"] = .integer(amount)
        if amount < authorised { charge["amount_refunded"] = .integer(authorised - amount) }
        if let fee { charge["application_fee_amount"] = .integer(fee) }
        charge["receipt_url"] = .string("https://pay.stripe.com/receipts/\(id)")

        let available = fundsDate(of: charge)
        let stripeFee = StripeAmounts.processingFee(on: amount)
        var details = [Self.feeDetail("stripe_fee", stripeFee, currency)]
        var withheld = stripeFee
        if let fee, owner != StripeCall.platform {
            details.append(Self.feeDetail("application_fee", fee, currency))
            withheld += fee
        }
        charge["balance_transaction"] = .string(
            post(
                "charge", amount, fee: withheld, fees: details, currency: currency, source: id,
                owner: owner,
                available: available))
        self[.charge, id] = charge
        passOn(id, amount, fee: fee, available: available)
    }

    /// Gives an authorisation up.
    mutating func release(_ id: String) {
        let before = self[.charge, id]["amount_refunded"]
        self[.charge, id]["amount_refunded"] = self[.charge, id]["amount"]
        self[.charge, id]["refunded"] = true
        let previous: JSON = ["amount_refunded": before, "refunded": false]
        emit("charge.refunded", self[.charge, id], owner: owner(.charge, id), previous: previous)
    }

    mutating func updateCharge(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        var charge = try required(.charge, call)
        charge["metadata"] = try call.metadata(onto: charge["metadata"])
        if let text = try call.text("description") { charge["description"] = .string(text) }
        if let group = try call.text("transfer_group") { charge["transfer_group"] = .string(group) }
        self[.charge, call.id] = charge
        emit("charge.updated", charge, owner: call.owner)
        return StripeReply(charge, did: "charge.update")
    }

    /// A charge with nothing in it but money.
    func blankCharge(id: String, amount: Int64, currency: JSON) -> JSON {
        [
            "id": .string(id), "object": "charge", "amount": .integer(amount), "amount_captured": 0,
            "amount_refunded": 0, "application": nil, "application_fee": nil, "application_fee_amount": nil,
            "balance_transaction": nil, "billing_details": nil,
            "calculated_statement_descriptor": "CARTFLUX",
            "captured": false, "created": .integer(now), "currency": currency, "customer": nil,
            "description": nil, "destination": nil, "dispute": nil, "disputed": false, "failure_code": nil,
            "failure_message": nil, "fraud_details": [:], "livemode": false, "metadata": [:],
            "on_behalf_of": nil,
            "outcome": [
                "network_status": "approved_by_network", "reason": nil, "risk_level": "normal",
                "risk_score": 20,
                "seller_message": "Payment complete.", "type": "authorized",
            ],
            "paid": true, "payment_intent": nil, "payment_method": nil, "payment_method_details": nil,
            "receipt_email": nil, "receipt_number": nil, "receipt_url": nil, "refunded": false,
            "review": nil,
            "shipping": nil, "source": nil, "source_transfer": nil, "statement_descriptor": nil,
            "statement_descriptor_suffix": nil, "status": "succeeded", "transfer_data": nil,
            "transfer_group": nil,
        ]
    }

    private func fundsDate(of charge: JSON) -> Int64 {
        let card = charge["payment_method"].string.flatMap { cards[$0] }
        return card?.outcome == .available ? now : now + Self.settlementDelay
    }

    /// The merchant's share of a captured charge and the platform's fee.
    private mutating func passOn(_ id: String, _ amount: Int64, fee: Int64?, available: Int64) {
        let owner = owner(.charge, id)
        let charge = self[.charge, id]
        if let destination = charge["destination"].string {
            let part = charge["transfer_data"]["amount"].integer.map { min($0, amount) } ?? amount
            let terms = TransferTerms(
                amount: part, currency: charge["currency"].string ?? "", destination: destination,
                charge: id,
                group: charge["transfer_group"].string, fee: fee, available: available)
            let transfer = makeTransfer(terms)
            self[.charge, id]["transfer"] = .string(transfer)
            guard let fee else { return }
            let payment = self[.transfer, transfer]["destination_payment"].string ?? ""
            self[.charge, id]["application_fee"] = .string(
                makeFee(fee, charge: payment, origin: id, account: destination, available: available))
        } else if let fee, owner != StripeCall.platform {
            self[.charge, id]["application_fee"] = .string(
                makeFee(fee, charge: id, origin: nil, account: owner, available: available))
        }
    }
}
