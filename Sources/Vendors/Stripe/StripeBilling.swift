// What the platform bills its merchants with: a customer who has a card, a subscription that says which plan
// the customer has, and invoices that the platform makes itself.

import Commerce
import FoundationEssentials
import VendorHTTP

/// A merchant as a payer of the platform.
package struct StripeCustomer: Sendable, Equatable {
    package typealias ID = StripeID<StripeCustomer>

    package let id: ID
    package let email: String?
    package let defaultPaymentMethod: String?
    package let metadata: [String: String]

    init(_ json: JSON) throws(JSONMismatch) {
        id = try json.needID()
        email = json["email"].string
        let settings = json["invoice_settings"]
        defaultPaymentMethod =
            settings["default_payment_method"].string ?? settings["default_payment_method"]["id"].string
        metadata = json["metadata"].textMembers
    }
}

/// A price that a subscription can be at.
package struct StripePrice: Sendable, Equatable {
    package let id: StripeID<StripePrice>
    package let lookupKey: String?

    init(_ json: JSON) throws(JSONMismatch) {
        id = try json.needID()
        lookupKey = json["lookup_key"].string
    }
}

/// A page on which a merchant subscribes with a card. Its address is a secret of the merchant.
package struct StripeCheckout: Sendable, Equatable {
    package let id: StripeID<StripeCheckout>
    package let url: String?
    package let metadata: [String: String]

    init(_ json: JSON) throws(JSONMismatch) {
        id = try json.needID()
        url = json["url"].string
        metadata = json["metadata"].textMembers
    }
}

/// An invoice at Stripe.
package struct StripeInvoice: Sendable, Equatable {
    package typealias ID = StripeID<StripeInvoice>

    package enum Status: String, Sendable, Hashable {
        case draft, open, paid, void, uncollectible
        case unknown = ""
    }

    package let id: ID
    package let customer: StripeCustomer.ID?
    package let status: Status
    package let due: Money
    package let paid: Money
    package let attempts: Int64
    /// Where the merchant can pay it by hand.
    package let page: String?
    package let metadata: [String: String]

    init(_ json: JSON) throws(JSONMismatch) {
        id = try json.needID()
        customer = json.reference("customer")
        status = json["status"].string.flatMap(Status.init(rawValue:)) ?? .unknown
        due = try json.needMoney("amount_due")
        paid = try json.money("amount_paid") ?? .zero(due.currency)
        attempts = json["attempt_count"].int64 ?? 0
        page = json["hosted_invoice_url"].string
        metadata = json["metadata"].textMembers
    }
}

/// A transfer that the platform makes on its own account.
package struct StripeOwnTransfer: Sendable, Equatable {
    package let id: StripeID<StripeTransfer>
    package let amount: Money
    package let metadata: [String: String]

    init(_ json: JSON) throws(JSONMismatch) {
        id = try json.needID()
        amount = try json.needMoney("amount")
        metadata = json["metadata"].textMembers
    }
}
