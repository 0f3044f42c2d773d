import Commerce
import VendorHTTP

extension StripeClient {
    /// Returns money to the buyer. The refund may still fail days later, which an event tells.
    package func refund(_ request: StripeRefundRequest, key: String) async throws(StripeFailure)
        -> StripeRefund
    {
        try await post("/v1/refunds", request.fields, key: key, as: StripeRefund.init)
    }

    package func refund(_ id: StripeRefund.ID) async throws(StripeFailure) -> StripeRefund {
        try await get("/v1/refunds/\(id)", as: StripeRefund.init)
    }

    /// All refunds of a payment, newest first; compare their metadata to find one of ours.
    package func refunds(of intent: PaymentIntent.ID) async throws(StripeFailure) -> [StripeRefund] {
        try await list("/v1/refunds", ["payment_intent": intent.rawValue], as: StripeRefund.init)
    }

    /// Gives an exact part of our fee back to the merchant.
    package func refundApplicationFee(
        _ fee: ApplicationFee.ID, amount: Money, metadata: [String: String] = [:], key: String
    ) async throws(StripeFailure) -> ApplicationFeeRefund {
        var fields = FormFields()
        fields.add("amount", amount.minorUnits)
        fields.add(nested: "metadata", metadata)
        return try await post(
            "/v1/application_fees/\(fee)/refunds", fields, key: key, as: ApplicationFeeRefund.init)
    }

    /// All refunds of a fee, newest first.
    package func applicationFeeRefunds(
        of fee: ApplicationFee.ID
    ) async throws(StripeFailure) -> [ApplicationFeeRefund] {
        try await list("/v1/application_fees/\(fee)/refunds", [:], as: ApplicationFeeRefund.init)
    }
}
