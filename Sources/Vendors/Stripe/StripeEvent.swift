// Events as they arrive at the two webhook endpoints. Reading is lenient: an unknown type, or a known one
// whose object has another shape, still gives an event with its identity, so that it can be kept and
// acknowledged. The object is a snapshot of the past: before money moves on it, refetch. Tenants are
// found by `account`, the top-level field, never by metadata.

import FoundationEssentials
import VendorHTTP

/// One event of Stripe.
package struct StripeEvent: Sendable, Equatable {
    package typealias ID = StripeID<StripeEvent>

    /// What the event tells about.
    package enum Subject: Sendable, Equatable {
        case paymentIntent(PaymentIntent)
        case charge(StripeCharge)
        case refund(StripeRefund)
        case dispute(StripeDispute)
        case account(StripeAccount)
        case payout(StripePayout)
        /// The platform's fee on this charge, or the store's transfer of it, has changed.
        case shareOfCharge(StripeCharge.ID)
        case subscription(StripeSubscription)
        case invoice(StripeInvoice)
        /// An object that is not read here.
        case other(object: String?, id: String?)
        /// An object that should be readable and is not; the raw body has it.
        case unreadable(String)
    }

    package let id: ID
    package let kind: Kind
    package let createdAt: Date
    package let isLive: Bool
    /// The connected account it happened on; nil for the platform's own events.
    package let account: StripeAccount.ID?
    package let apiVersion: String?
    /// The idempotency key of the call of ours that caused it, if one did.
    package let causedByKey: String?
    package let subject: Subject

    /// Reads a body whose signature was verified.
    package init(parsing rawBody: [UInt8]) throws(StripeEventError) {
        let json: JSON
        do {
            json = try JSON(parsing: rawBody)
        } catch {
            throw .notJSON(error.description)
        }
        guard json["object"].string == "event" else { throw .notAnEvent(json["object"].string) }
        do {
            id = try json.needID()
            kind = Kind(rawValue: try json.needText("type"))
            createdAt = try json.needInstant("created")
        } catch {
            throw .incomplete(error.description)
        }
        isLive = json["livemode"].bool ?? false
        account = json.reference("account")
        apiVersion = json["api_version"].string
        causedByKey = json["request"]["idempotency_key"].string
        subject = Subject(json["data"]["object"])
    }
}

/// A verified body that is no event we can keep: acknowledge it and report it.
package enum StripeEventError: Error, Sendable, Equatable {
    case notJSON(String)
    /// Something else, such as a thin `v2.core.event`, which this endpoint is not meant for.
    case notAnEvent(String?)
    case incomplete(String)
}

extension StripeEvent.Subject {
    fileprivate init(_ json: JSON) {
        do throws(JSONMismatch) {
            switch json["object"].string {
            case "payment_intent": self = .paymentIntent(try PaymentIntent(json))
            case "charge": self = .charge(try StripeCharge(json))
            case "refund": self = .refund(try StripeRefund(json))
            case "dispute": self = .dispute(try StripeDispute(json))
            case "account": self = .account(try StripeAccount(json))
            case "payout": self = .payout(try StripePayout(json))
            case "application_fee":
                self = .share(of: json.reference("originating_transaction"), of: json)
            case "transfer": self = .share(of: json.reference("source_transaction"), of: json)
            case "subscription": self = .subscription(try StripeSubscription(json))
            case "invoice": self = .invoice(try StripeInvoice(json))
            case let object: self = .other(object: object, id: json["id"].string)
            }
        } catch {
            self = .unreadable(error.description)
        }
    }
}

extension StripeEvent.Subject {
    private static func share(of charge: StripeCharge.ID?, of json: JSON) -> Self {
        guard let charge else { return .other(object: json["object"].string, id: json["id"].string) }
        return .shareOfCharge(charge)
    }
}

extension StripeEvent {
    /// The type of an event; one that is not listed here is still carried.
    package struct Kind: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
        package let rawValue: String

        package init(rawValue: String) {
            self.rawValue = rawValue
        }

        private init(_ rawValue: String) {
            self.rawValue = rawValue
        }

        package var description: String { rawValue }

        package static let paymentCreated = Kind("payment_intent.created")
        package static let paymentProcessing = Kind("payment_intent.processing")
        package static let paymentRequiresAction = Kind("payment_intent.requires_action")
        /// One attempt failed; the payment may still succeed.
        package static let paymentFailed = Kind("payment_intent.payment_failed")
        package static let paymentSucceeded = Kind("payment_intent.succeeded")
        package static let paymentCanceled = Kind("payment_intent.canceled")
        package static let chargeSucceeded = Kind("charge.succeeded")
        package static let chargeFailed = Kind("charge.failed")
        package static let chargeRefunded = Kind("charge.refunded")
        package static let refundCreated = Kind("refund.created")
        package static let refundUpdated = Kind("refund.updated")
        package static let refundFailed = Kind("refund.failed")
        package static let disputeCreated = Kind("charge.dispute.created")
        package static let disputeUpdated = Kind("charge.dispute.updated")
        package static let disputeClosed = Kind("charge.dispute.closed")
        package static let disputeFundsWithdrawn = Kind("charge.dispute.funds_withdrawn")
        package static let disputeFundsReinstated = Kind("charge.dispute.funds_reinstated")
        package static let feeRefunded = Kind("application_fee.refunded")
        package static let transferReversed = Kind("transfer.reversed")
        package static let accountUpdated = Kind("account.updated")
        package static let accountDeauthorized = Kind("account.application.deauthorized")
        package static let capabilityUpdated = Kind("capability.updated")
        package static let payoutCreated = Kind("payout.created")
        package static let payoutUpdated = Kind("payout.updated")
        package static let payoutPaid = Kind("payout.paid")
        package static let payoutFailed = Kind("payout.failed")
        package static let payoutCanceled = Kind("payout.canceled")
        package static let subscriptionCreated = Kind("customer.subscription.created")
        package static let subscriptionUpdated = Kind("customer.subscription.updated")
        package static let subscriptionDeleted = Kind("customer.subscription.deleted")
        package static let invoicePaid = Kind("invoice.paid")
        package static let invoicePaymentFailed = Kind("invoice.payment_failed")

        /// What the platform's own endpoint subscribes to.
        package static let platform: [Kind] = [
            paymentCreated, paymentProcessing, paymentRequiresAction, paymentFailed, paymentSucceeded,
            paymentCanceled, chargeSucceeded, chargeFailed, chargeRefunded, refundCreated, refundUpdated,
            refundFailed,
            disputeCreated, disputeUpdated, disputeClosed, disputeFundsWithdrawn, disputeFundsReinstated,
            feeRefunded,
            transferReversed, subscriptionCreated, subscriptionUpdated, subscriptionDeleted, invoicePaid,
            invoicePaymentFailed,
        ]

        /// What the endpoint for connected accounts subscribes to.
        package static let connected: [Kind] = [
            accountUpdated, accountDeauthorized, capabilityUpdated, payoutCreated, payoutUpdated, payoutPaid,
            payoutFailed, payoutCanceled,
        ]
    }
}

/// A merchant's subscription to one of the platform's plans. The plan is told by the price, never by a name.
package struct StripeSubscription: Sendable, Equatable {
    package let id: StripeID<StripeSubscription>
    package let customer: String?
    /// `active`, `trialing`, `past_due`, ... as Stripe writes it.
    package let status: String
    package let itemID: String?
    package let priceID: String?
    package let priceLookupKey: String?
    package let periodEnd: Date?
    package let cancelsAtPeriodEnd: Bool
    package let metadata: [String: String]

    init(_ json: JSON) throws(JSONMismatch) {
        let item = json["items"]["data"].elements.first ?? .null
        id = try json.needID()
        customer = json["customer"].string ?? json["customer"]["id"].string
        status = try json.needText("status")
        itemID = item["id"].string
        priceID = item["price"]["id"].string
        priceLookupKey = item["price"]["lookup_key"].string
        // On the item since 2025; on the subscription before that.
        periodEnd = item.instant("current_period_end") ?? json.instant("current_period_end")
        cancelsAtPeriodEnd = json["cancel_at_period_end"].bool ?? false
        metadata = json["metadata"].textMembers
    }
}
