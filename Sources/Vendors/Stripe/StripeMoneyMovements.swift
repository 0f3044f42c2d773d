// What happens to money after a payment: the charge, what Stripe took of it, refunds, refunds of our fee,
// disputes.

import Commerce
import FoundationEssentials
import VendorHTTP

/// A charge: the money that a successful attempt moved.
package struct StripeCharge: Sendable, Equatable {
    package typealias ID = StripeID<StripeCharge>

    package let id: ID
    package let paymentIntent: PaymentIntent.ID?
    package let status: String
    package let amount: Money
    package let amountRefunded: Money
    package let isRefunded: Bool
    package let isDisputed: Bool
    package let applicationFee: ApplicationFee.ID?
    package let transfer: StripeTransfer.ID?
    package let transferGroup: String?
    package let metadata: [String: String]
    /// Present when it was asked for: what Stripe kept and when the rest is available.
    package let balance: BalanceTransaction?

    init(_ json: JSON) throws(JSONMismatch) {
        id = try json.needID()
        paymentIntent = json.reference("payment_intent")
        status = json["status"].string ?? ""
        amount = try json.needMoney("amount")
        amountRefunded = try json.money("amount_refunded") ?? .zero(amount.currency)
        isRefunded = json["refunded"].bool ?? false
        isDisputed = json["disputed"].bool ?? false
        applicationFee = json.reference("application_fee")
        transfer = json.reference("transfer")
        transferGroup = json["transfer_group"].string
        metadata = json["metadata"].textMembers
        let transaction = json["balance_transaction"]
        balance = transaction.isObject ? try BalanceTransaction(transaction) : nil
    }
}

/// The platform's fee on a charge: `fee_...`.
package enum ApplicationFee {
    package typealias ID = StripeID<ApplicationFee>
}

/// One movement on the platform's balance.
package struct BalanceTransaction: Sendable, Equatable {
    package let id: StripeID<BalanceTransaction>
    package let amount: Money
    /// What Stripe kept for processing.
    package let fee: Money
    package let net: Money
    package let availableOn: Date?
    /// As Stripe wrote it, when the charge was converted.
    package let exchangeRate: String?

    init(_ json: JSON) throws(JSONMismatch) {
        id = try json.needID()
        amount = try json.needMoney("amount")
        fee = try json.needMoney("fee")
        net = try json.needMoney("net")
        availableOn = json.instant("available_on")
        exchangeRate = json["exchange_rate"].text
    }
}

/// A refund of a charge. It may fail days after it succeeded.
package struct StripeRefund: Sendable, Equatable {
    package typealias ID = StripeID<StripeRefund>

    package enum Status: String, Sendable, Hashable {
        case pending
        case requiresAction = "requires_action"
        case succeeded
        case failed
        case canceled
        case unknown = ""
    }

    package let id: ID
    package let paymentIntent: PaymentIntent.ID?
    package let charge: StripeCharge.ID?
    package let amount: Money
    package let status: Status
    package let failureReason: String?
    package let metadata: [String: String]
    package let createdAt: Date
    /// What it took back from the merchant.
    package let reversal: StripeTransferReversal.ID?

    init(_ json: JSON) throws(JSONMismatch) {
        id = try json.needID()
        reversal = json.reference("transfer_reversal")
        paymentIntent = json.reference("payment_intent")
        charge = json.reference("charge")
        amount = try json.needMoney("amount")
        status = json["status"].string.flatMap(Status.init(rawValue:)) ?? .unknown
        failureReason = json["failure_reason"].string
        metadata = json["metadata"].textMembers
        createdAt = try json.needInstant("created")
    }
}

/// What is asked of Stripe for one refund.
package struct StripeRefundRequest: Sendable, Equatable {
    package enum Reason: String, Sendable {
        case duplicate
        case fraudulent
        case requestedByCustomer = "requested_by_customer"
    }

    package let paymentIntent: PaymentIntent.ID
    package let amount: Money
    /// Takes the merchant's share back in proportion; without it the platform pays the whole refund.
    package let reverseTransfer: Bool
    /// Gives our fee back in proportion. We refund an exact amount of it separately instead.
    package let refundApplicationFee: Bool
    package let reason: Reason?
    package let metadata: [String: String]

    package init(
        paymentIntent: PaymentIntent.ID, amount: Money, reverseTransfer: Bool = true,
        refundApplicationFee: Bool = false, reason: Reason? = .requestedByCustomer,
        metadata: [String: String] = [:]
    ) {
        self.paymentIntent = paymentIntent
        self.amount = amount
        self.reverseTransfer = reverseTransfer
        self.refundApplicationFee = refundApplicationFee
        self.reason = reason
        self.metadata = metadata
    }

    var fields: FormFields {
        var fields = FormFields()
        fields.add("payment_intent", paymentIntent.rawValue)
        fields.add("amount", amount.minorUnits)
        fields.add("reverse_transfer", reverseTransfer)
        fields.add("refund_application_fee", refundApplicationFee)
        fields.add("reason", reason?.rawValue)
        fields.add(nested: "metadata", metadata)
        return fields
    }
}

/// A part of our fee that went back to the merchant.
package struct ApplicationFeeRefund: Sendable, Equatable {
    package typealias ID = StripeID<ApplicationFeeRefund>

    package let id: ID
    package let fee: ApplicationFee.ID?
    package let amount: Money
    package let metadata: [String: String]

    init(_ json: JSON) throws(JSONMismatch) {
        id = try json.needID()
        fee = json.reference("fee")
        amount = try json.needMoney("amount")
        metadata = json["metadata"].textMembers
    }
}

/// A cardholder's dispute. For destination charges the money is taken from the platform at once.
package struct StripeDispute: Sendable, Equatable {
    package typealias ID = StripeID<StripeDispute>

    package let id: ID
    package let charge: StripeCharge.ID?
    package let paymentIntent: PaymentIntent.ID?
    package let amount: Money
    package let reason: String
    /// `needs_response`, `under_review`, `won`, `lost`, ... as Stripe writes it.
    package let status: String
    package let evidenceDueBy: Date?
    package let isChargeRefundable: Bool
    package let evidenceCount: Int
    /// What moved on the platform's balance: the withdrawal with its fee, and what came back.
    package let movements: [BalanceTransaction]

    init(_ json: JSON) throws(JSONMismatch) {
        id = try json.needID()
        charge = json.reference("charge")
        paymentIntent = json.reference("payment_intent")
        amount = try json.needMoney("amount")
        reason = json["reason"].string ?? ""
        status = try json.needText("status")
        evidenceDueBy = json["evidence_details"].instant("due_by")
        isChargeRefundable = json["is_charge_refundable"].bool ?? false
        evidenceCount = Int(clamping: json["evidence_details"]["submission_count"].int64 ?? 0)
        var movements: [BalanceTransaction] = []
        for entry in json["balance_transactions"].elements where entry.isObject {
            movements.append(try BalanceTransaction(entry))
        }
        self.movements = movements
    }
}
