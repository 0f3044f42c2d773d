// A PaymentIntent as we use it. A failed attempt puts it back to `requiresPaymentMethod` and it may
// succeed later, so only `succeeded` and `canceled` are final.

import Commerce
import FoundationEssentials
import VendorHTTP

/// One intended payment, made as a destination charge.
package struct PaymentIntent: Sendable, Equatable {
    package typealias ID = StripeID<PaymentIntent>

    package enum Status: String, Sendable, Hashable {
        case requiresPaymentMethod = "requires_payment_method"
        case requiresConfirmation = "requires_confirmation"
        case requiresAction = "requires_action"
        case processing
        case requiresCapture = "requires_capture"
        case succeeded
        case canceled
        /// A status this version does not know.
        case unknown = ""
    }

    /// Why the last attempt to pay failed.
    package struct PaymentError: Sendable, Equatable {
        package let code: String?
        package let declineCode: String?
        package let message: String?
    }

    package let id: ID
    package let status: Status
    package let amount: Money
    package let amountReceived: Money
    package let applicationFee: Money?
    package let destination: StripeAccount.ID?
    package let onBehalfOf: StripeAccount.ID?
    package let transferGroup: String?
    /// For the buyer's browser only; absent in answers to restricted keys.
    package let clientSecret: Secret?
    package let latestCharge: StripeCharge.ID?
    package let metadata: [String: String]
    package let lastError: PaymentError?
    package let nextAction: String?
    package let cancellationReason: String?
    package let isLive: Bool
    package let createdAt: Date

    init(_ json: JSON) throws(JSONMismatch) {
        id = try json.needID()
        status = Status(rawValue: try json.needText("status")) ?? .unknown
        amount = try json.needMoney("amount")
        amountReceived = try json.money("amount_received") ?? .zero(amount.currency)
        applicationFee = try json.money("application_fee_amount")
        destination = json["transfer_data"].reference("destination")
        onBehalfOf = json.reference("on_behalf_of")
        transferGroup = json["transfer_group"].string
        clientSecret = json["client_secret"].string.map { Secret($0) }
        latestCharge = json.reference("latest_charge")
        metadata = json["metadata"].textMembers
        lastError = PaymentError(json["last_payment_error"])
        nextAction = json["next_action"]["type"].string
        cancellationReason = json["cancellation_reason"].string
        isLive = json["livemode"].bool ?? false
        createdAt = try json.needInstant("created")
    }
}

extension PaymentIntent.PaymentError {
    fileprivate init?(_ json: JSON) {
        guard json.isObject else { return nil }
        code = json["code"].string
        declineCode = json["decline_code"].string
        message = json["message"].string
    }
}

/// What is asked of Stripe for one order.
package struct PaymentIntentRequest: Sendable, Equatable {
    package let amount: Money
    /// What the platform withholds; zero sends no fee, which Stripe would refuse.
    package let applicationFee: Money
    package let destination: StripeAccount.ID
    /// Makes the merchant the seller on the card statement.
    package let onBehalfOf: StripeAccount.ID?
    package let transferGroup: String
    package let description: String?
    /// Printed behind the merchant's name on the card statement; at most 22 characters with it.
    package let statementSuffix: String?
    package let metadata: PaymentMetadata

    package init(
        amount: Money, applicationFee: Money, destination: StripeAccount.ID, onBehalfOf: StripeAccount.ID?,
        transferGroup: String, metadata: PaymentMetadata, description: String? = nil,
        statementSuffix: String? = nil
    ) {
        precondition(
            amount.currency == applicationFee.currency, "a fee is taken in the currency of its charge")
        self.amount = amount
        self.applicationFee = applicationFee
        self.destination = destination
        self.onBehalfOf = onBehalfOf
        self.transferGroup = transferGroup
        self.description = description
        self.statementSuffix = statementSuffix
        self.metadata = metadata
    }

    var fields: FormFields {
        var fields = FormFields()
        fields.add("amount", amount.minorUnits)
        fields.add("currency", amount.currency.lowercased)
        fields.add("automatic_payment_methods[enabled]", true)
        if applicationFee.minorUnits > 0 { fields.add("application_fee_amount", applicationFee.minorUnits) }
        fields.add("transfer_data[destination]", destination.rawValue)
        fields.add("on_behalf_of", onBehalfOf?.rawValue)
        fields.add("transfer_group", transferGroup)
        fields.add("description", description)
        fields.add("statement_descriptor_suffix", statementSuffix)
        fields.add(nested: "metadata", metadata.pairs)
        return fields
    }
}

/// What ties a payment to us; nothing personal, since Stripe shows it and copies it to the charge.
package struct PaymentMetadata: Sendable, Equatable {
    package let order: OrderID
    package let tenant: TenantID
    package let checkout: CheckoutID?

    package init(order: OrderID, tenant: TenantID, checkout: CheckoutID? = nil) {
        self.order = order
        self.tenant = tenant
        self.checkout = checkout
    }

    package var pairs: [String: String] {
        var pairs = ["order_id": order.description, "tenant_id": tenant.description]
        pairs["checkout_id"] = checkout?.description
        return pairs
    }
}

extension PaymentIntent {
    /// In which respects this payment is not the one that was asked for. Anything here holds the order.
    package func discrepancies(from request: PaymentIntentRequest, isLive expectedLive: Bool) -> [String] {
        var found: [String] = []
        if amount != request.amount { found.append("amount \(amount) instead of \(request.amount)") }
        let withheld = applicationFee ?? .zero(amount.currency)
        if withheld != request.applicationFee {
            found.append("application fee \(withheld) instead of \(request.applicationFee)")
        }
        if destination != request.destination {
            found.append("destination \(destination?.rawValue ?? "none") instead of \(request.destination)")
        }
        if isLive != expectedLive { found.append(isLive ? "a live payment" : "a test payment") }
        return found
    }
}

/// How an attempt to cancel ended. Only `canceled` lets an order expire.
package enum CancelOutcome: Sendable, Equatable {
    case canceled(PaymentIntent)
    /// The buyer was faster: the payment stands and must be served or refunded.
    case alreadySucceeded(PaymentIntent)
    /// The bank is still deciding: ask again later.
    case stillProcessing(PaymentIntent)
}
