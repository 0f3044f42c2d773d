// The platform's fee on a payment, as an object of its own, and its refunds.

extension StripeWorld {
    /// Books a fee for the platform and returns its id. The merchant's side was charged with the payment.
    mutating func makeFee(
        _ amount: Int64, charge: String, origin: String?, account: String, available: Int64
    ) -> String {
        let id = newID("fee")
        let currency = self[.charge, charge]["currency"].string ?? ""
        let entry = post(
            "application_fee", amount, currency: currency, source: id, owner: StripeCall.platform,
            available: available)
        self[.charge, charge]["application_fee"] = .string(id)
        insert(
            .applicationFee,
            [
                "id": .string(id), "object": "application_fee", "account": .string(account),
                "amount": .integer(amount), "amount_refunded": 0, "application": .string(Self.application),
                "balance_transaction": .string(entry), "charge": .string(charge), "created": .integer(now),
                "currency": .string(currency), "fee_source": ["charge": .string(charge), "type": "charge"],
                "livemode": false, "originating_transaction": JSON(origin), "refunded": false,
                "refunds": Self.emptyList("/v1/application_fees/\(id)/refunds"),
            ], owner: StripeCall.platform)
        emit("application_fee.created", self[.applicationFee, id], owner: StripeCall.platform)
        return id
    }

    mutating func createFeeRefund(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        let fee = try required(.applicationFee, call)
        let requested = try call.positive("amount")
        let metadata = try call.metadata()
        let left = (fee["amount"].integer ?? 0) - (fee["amount_refunded"].integer ?? 0)
        guard left > 0 else {
            throw .state(nil, "Application fee \(call.id) has already been refunded.")
        }
        let amount = requested ?? left
        guard amount <= left else {
            let currency = fee["currency"].string ?? ""
            throw .state(
                nil,
                "Refund amount (\(StripeAmounts.print(amount, currency))) is greater than "
                    + "unrefunded amount on "
                    + "the application fee (\(StripeAmounts.print(left, currency)))",
                param: "amount")
        }
        let id = refundFee(call.id, amount, metadata: metadata)
        return StripeReply(self[.feeRefund, id], did: "fee_refund.create")
    }

    /// Gives part of a fee back to the merchant.
    mutating func refundFee(_ fee: String, _ amount: Int64, metadata: JSON = [:]) -> String {
        let id = newID("fr")
        let before = self[.applicationFee, fee]
        let currency = before["currency"].string ?? ""
        let entry = post(
            "application_fee_refund", -amount, currency: currency, source: id, owner: StripeCall.platform)
        _ = post(
            "application_fee_refund", amount, currency: currency, source: id,
            owner: before["account"].string ?? "")
        let refund: JSON = [
            "id": .string(id), "object": "fee_refund", "amount": .integer(amount),
            "balance_transaction": .string(entry), "created": .integer(now), "currency": .string(currency),
            "fee": .string(fee), "metadata": metadata,
        ]
        insert(.feeRefund, refund, owner: StripeCall.platform)
        let refunded = (before["amount_refunded"].integer ?? 0) + amount
        self[.applicationFee, fee]["amount_refunded"] = .integer(refunded)
        self[.applicationFee, fee]["refunded"] = .bool(refunded == before["amount"].integer)
        self[.applicationFee, fee]["refunds"] = Self.list(before["refunds"], adding: refund)
        let previous: JSON = ["amount_refunded": before["amount_refunded"], "refunded": before["refunded"]]
        emit(
            "application_fee.refunded", self[.applicationFee, fee], owner: StripeCall.platform,
            previous: previous)
        return id
    }
}
