// Transfers from the platform to connected accounts, and their reversals. Each transfer arrives as a payment
// (`py_...`) on the other side.

/// What a transfer moves.
struct TransferTerms: Sendable {
    var amount: Int64
    var currency: String
    var destination: String
    var charge: String?
    var group: String?
    /// The application fee that is withheld on the merchant's side.
    var fee: Int64?
    var available: Int64?
    var description: String?
    var metadata: JSON = [:]
}

extension StripeWorld {
    mutating func createTransfer(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        guard let currency = try call.currency() else { throw .missing("currency") }
        let destination = try call.requiredText("destination")
        guard find(.account, destination, owner: StripeCall.platform) != nil else {
            throw .noSuch("destination", destination, param: "destination", status: 400)
        }
        try checkDestination(["transfer_data": ["destination": .string(destination)]])
        let source = try call.text("source_transaction")
        guard let amount = try call.positive("amount") else { throw .missing("amount") }
        var terms = TransferTerms(amount: amount, currency: currency, destination: destination)
        terms.description = try call.text("description")
        terms.metadata = try call.metadata()
        terms.group = try call.text("transfer_group")
        if let source {
            try drawOn(source, &terms)
        } else {
            let available = funds(of: StripeCall.platform).available[currency] ?? 0
            guard available >= amount else {
                throw .state(
                    "balance_insufficient",
                    "You have insufficient available funds in your Stripe account. Try adding "
                        + "funds directly to "
                        + "your available balance by creating Charges using the 4000000000000077 test card."
                )
            }
        }
        return StripeReply(self[.transfer, makeTransfer(terms)], did: "transfer.create")
    }

    /// Moves money to a connected account and returns the transfer's id.
    mutating func makeTransfer(_ terms: TransferTerms) -> String {
        let id = newID("tr")
        let payment = newID("py")
        let date = terms.available ?? now
        let entry = post(
            "transfer", -terms.amount, currency: terms.currency, source: id, owner: StripeCall.platform,
            available: date)
        insert(
            .transfer,
            [
                "id": .string(id), "object": "transfer", "amount": .integer(terms.amount),
                "amount_reversed": 0,
                "balance_transaction": .string(entry), "created": .integer(now),
                "currency": .string(terms.currency), "description": JSON(terms.description),
                "destination": .string(terms.destination), "destination_payment": .string(payment),
                "livemode": false, "metadata": terms.metadata,
                "reversals": Self.emptyList("/v1/transfers/\(id)/reversals"), "reversed": false,
                "source_transaction": JSON(terms.charge), "source_type": "card",
                "transfer_group": JSON(terms.group),
            ], owner: StripeCall.platform)
        receive(payment, of: id, terms, available: date)
        emit("transfer.created", self[.transfer, id], owner: StripeCall.platform)
        return id
    }

    mutating func createReversal(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        let transfer = try required(.transfer, call)
        let left = (transfer["amount"].integer ?? 0) - (transfer["amount_reversed"].integer ?? 0)
        let requested = try call.positive("amount")
        let metadata = try call.metadata()
        guard left > 0 else { throw .state(nil, "Transfer \(call.id) is already fully reversed.") }
        let amount = requested ?? left
        guard amount <= left else {
            throw .state(
                nil,
                "The transfer reversal amount (\(amount)) is greater than the amount left to "
                    + "reverse (\(left)).",
                param: "amount")
        }
        let isFeeRefunded = try call.bool("refund_application_fee") ?? false
        let before = transfer["amount_reversed"].integer ?? 0
        let id = reverse(call.id, amount, refund: nil, metadata: metadata)
        if isFeeRefunded, let charge = transfer["source_transaction"].string,
            let fee = self[.charge, charge]["application_fee"].string
        {
            let whole = self[.applicationFee, fee]["amount"].integer ?? 0
            let left = whole - (self[.applicationFee, fee]["amount_refunded"].integer ?? 0)
            let part = StripeAmounts.undone(
                of: whole, refundedInAll: before + amount, refundedBefore: before,
                charged: transfer["amount"].integer ?? 1, left: left)
            if part > 0 { _ = refundFee(fee, part) }
        }
        return StripeReply(self[.transferReversal, id], did: "transfer_reversal.create")
    }

    /// Takes money back from a connected account, whose balance may become negative by it.
    mutating func reverse(_ transfer: String, _ amount: Int64, refund: String?, metadata: JSON = [:])
        -> String
    {
        let id = newID("trr")
        let paymentRefund = newID("pyr")
        let before = self[.transfer, transfer]
        let currency = before["currency"].string ?? ""
        let destination = before["destination"].string ?? ""
        let entry = post(
            "transfer_refund", amount, currency: currency, source: id, owner: StripeCall.platform)
        _ = post("payment_refund", -amount, currency: currency, source: paymentRefund, owner: destination)
        let reversal: JSON = [
            "id": .string(id), "object": "transfer_reversal", "amount": .integer(amount),
            "balance_transaction": .string(entry), "created": .integer(now), "currency": .string(currency),
            "destination_payment_refund": .string(paymentRefund), "metadata": metadata,
            "source_refund": JSON(refund), "transfer": .string(transfer),
        ]
        insert(.transferReversal, reversal, owner: StripeCall.platform)
        let reversed = (before["amount_reversed"].integer ?? 0) + amount
        self[.transfer, transfer]["amount_reversed"] = .integer(reversed)
        self[.transfer, transfer]["reversed"] = .bool(reversed == before["amount"].integer)
        self[.transfer, transfer]["reversals"] = Self.list(
            before["reversals"], adding: reversal)
        if let payment = before["destination_payment"].string {
            self[.charge, payment]["amount_refunded"] = .integer(reversed)
            self[.charge, payment]["refunded"] = .bool(reversed == before["amount"].integer)
        }
        let previous: JSON = ["amount_reversed": before["amount_reversed"], "reversed": before["reversed"]]
        emit("transfer.reversed", self[.transfer, transfer], owner: StripeCall.platform, previous: previous)
        return id
    }

    /// A transfer drawn on a charge waits for its funds and cannot exceed them.
    private func drawOn(_ charge: String, _ terms: inout TransferTerms) throws(StripeProblem) {
        guard let json = find(.charge, charge, owner: StripeCall.platform) else {
            throw .noSuch("charge", charge, param: "source_transaction", status: 400)
        }
        let drawn = all(.transfer).filter { $0["source_transaction"].string == charge }
            .reduce(0) { $0 + ($1["amount"].integer ?? 0) - ($1["amount_reversed"].integer ?? 0) }
        let left = (json["amount_captured"].integer ?? 0) - drawn
        guard terms.amount <= left else {
            throw .state(
                "balance_insufficient",
                "The transfer amount exceeds the funds left on the source transaction (\(left)).",
                param: "amount")
        }
        guard json["currency"].string == terms.currency else {
            throw .invalid(
                "currency", "The currency must be that of the source transaction's balance transaction.")
        }
        terms.charge = charge
        terms.group = terms.group ?? json["transfer_group"].string
        let entry = json["balance_transaction"].string ?? ""
        terms.available = self[.balanceTransaction, entry]["available_on"].integer
    }

    private mutating func receive(
        _ payment: String, of transfer: String, _ terms: TransferTerms, available: Int64
    ) {
        let fee = terms.fee ?? 0
        let details = terms.fee.map { [Self.feeDetail("application_fee", $0, terms.currency)] } ?? []
        let entry = post(
            "payment", terms.amount, fee: fee, fees: details, currency: terms.currency, source: payment,
            owner: terms.destination, available: available)
        var charge = blankCharge(id: payment, amount: terms.amount, currency: .string(terms.currency))
        charge["amount_captured"] = .integer(terms.amount)
        charge["captured"] = true
        charge["application"] = .string(Self.application)
        charge["application_fee_amount"] = JSON(terms.fee)
        charge["balance_transaction"] = .string(entry)
        charge["source_transfer"] = .string(transfer)
        charge["transfer_group"] = JSON(terms.group)
        insert(.charge, charge, owner: terms.destination)
        emit("payment.created", charge, owner: terms.destination)
    }
}
