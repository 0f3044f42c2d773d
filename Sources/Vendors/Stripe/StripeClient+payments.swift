import FoundationEssentials
import VendorHTTP

extension StripeClient {
    /// Asks for a payment: a destination charge, of which the platform keeps the application fee.
    package func createPaymentIntent(
        _ request: PaymentIntentRequest, key: String
    ) async throws(StripeFailure) -> PaymentIntent {
        try await post("/v1/payment_intents", request.fields, key: key, as: PaymentIntent.init)
    }

    package func paymentIntent(_ id: PaymentIntent.ID) async throws(StripeFailure) -> PaymentIntent {
        try await get("/v1/payment_intents/\(id)", as: PaymentIntent.init)
    }

    /// Cancels a payment that has not been made. Being too late is an outcome, not a failure. Canceling
    /// twice is harmless, so no idempotency key is sent: Stripe would replay a refusal that has become
    /// untrue.
    package func cancelPaymentIntent(_ id: PaymentIntent.ID) async throws(StripeFailure) -> CancelOutcome {
        do throws(StripeFailure) {
            let answered = try await post(
                "/v1/payment_intents/\(id)/cancel", [:], key: nil, as: PaymentIntent.init)
            return outcome(of: answered) ?? .stillProcessing(answered)
        } catch {
            guard case .unexpectedState = error.reason else { throw error }
            guard let outcome = outcome(of: try await paymentIntent(id)) else { throw error }
            return outcome
        }
    }

    /// The payments of an order, newest first, among those made in the window. For calls whose key Stripe
    /// may have forgotten: the list is consistent at once, unlike the search.
    package func findPaymentIntents(
        of metadata: PaymentMetadata, created window: Range<Date>
    ) async throws(StripeFailure) -> [PaymentIntent] {
        let wanted = metadata.pairs
        return try await list("/v1/payment_intents", Self.created(window), as: PaymentIntent.init).filter {
            intent in
            wanted.allSatisfy { intent.metadata[$0.key] == $0.value }
        }
    }

    /// A charge together with what Stripe kept of it.
    package func charge(_ id: StripeCharge.ID) async throws(StripeFailure) -> StripeCharge {
        var query = FormFields()
        query.add(list: "expand", ["balance_transaction"])
        return try await get("/v1/charges/\(id)", query, as: StripeCharge.init)
    }

    static func created(_ window: Range<Date>) -> FormFields {
        var query = FormFields()
        query.add("created[gte]", Int64(window.lowerBound.timeIntervalSince1970.rounded(.down)))
        query.add("created[lt]", Int64(window.upperBound.timeIntervalSince1970.rounded(.up)))
        return query
    }

    private func outcome(of intent: PaymentIntent) -> CancelOutcome? {
        switch intent.status {
        case .canceled: .canceled(intent)
        case .succeeded: .alreadySucceeded(intent)
        case .processing: .stillProcessing(intent)
        default: nil
        }
    }
}
