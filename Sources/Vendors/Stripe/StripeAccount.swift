// A merchant's connected account and what it is allowed to do. Events about it come in bursts and out of
// order: refetch the account instead of believing the snapshot.

import Commerce
import FoundationEssentials
import VendorHTTP

/// A connected account: `acct_...`.
package struct StripeAccount: Sendable, Equatable {
    package typealias ID = StripeID<StripeAccount>

    /// What the account lets a store do.
    package enum Standing: Sendable, Equatable {
        /// The merchant has not finished the forms.
        case pending
        /// Submitted, but it cannot be paid yet, or not any more.
        case restricted
        /// Checkout may open. Money may still be kept from leaving Stripe.
        case active(payoutsBlocked: Bool)
        case rejected
    }

    package struct Requirements: Sendable, Equatable {
        package let currentlyDue: [String]
        package let eventuallyDue: [String]
        package let pastDue: [String]
        package let pendingVerification: [String]
        package let currentDeadline: Date?
        package let disabledReason: String?
        package let problems: [Problem]
    }

    package struct Problem: Sendable, Equatable {
        package let code: String
        package let reason: String
        package let requirement: String
    }

    package let id: ID
    package let country: String?
    package let defaultCurrency: String?
    package let chargesEnabled: Bool
    package let payoutsEnabled: Bool
    package let detailsSubmitted: Bool
    /// Name of a capability to `active`, `inactive` or `pending`.
    package let capabilities: [String: String]
    package let requirements: Requirements
    package let metadata: [String: String]

    init(_ json: JSON) throws(JSONMismatch) {
        id = try json.needID()
        country = json["country"].string
        defaultCurrency = json["default_currency"].string
        chargesEnabled = json["charges_enabled"].bool ?? false
        payoutsEnabled = json["payouts_enabled"].bool ?? false
        detailsSubmitted = json["details_submitted"].bool ?? false
        capabilities = json["capabilities"].textMembers
        requirements = Requirements(json["requirements"])
        metadata = json["metadata"].textMembers
    }

    package var standing: Standing {
        if requirements.disabledReason?.hasPrefix("rejected.") == true { return .rejected }
        guard detailsSubmitted else { return .pending }
        guard chargesEnabled, capabilities["transfers"] == "active", requirements.pastDue.isEmpty else {
            return .restricted
        }
        return .active(payoutsBlocked: !payoutsEnabled)
    }
}

extension StripeAccount.Requirements {
    fileprivate init(_ json: JSON) {
        currentlyDue = json["currently_due"].elements.compactMap(\.string)
        eventuallyDue = json["eventually_due"].elements.compactMap(\.string)
        pastDue = json["past_due"].elements.compactMap(\.string)
        pendingVerification = json["pending_verification"].elements.compactMap(\.string)
        currentDeadline = json.instant("current_deadline")
        disabledReason = json["disabled_reason"].string
        problems = json["errors"].elements.map {
            StripeAccount.Problem(
                code: $0["code"].string ?? "", reason: $0["reason"].string ?? "",
                requirement: $0["requirement"].string ?? "")
        }
    }
}

/// What is asked of Stripe for a new merchant. Country cannot be changed later.
package struct StripeAccountRequest: Sendable, Equatable {
    package let country: CountryCode
    package let email: EmailAddress
    package let businessName: String?
    /// Needed before `transfers` becomes active.
    package let website: String?
    package let metadata: [String: String]

    package init(
        country: CountryCode, email: EmailAddress, businessName: String? = nil, website: String? = nil,
        metadata: [String: String]
    ) {
        self.country = country
        self.email = email
        self.businessName = businessName
        self.website = website
        self.metadata = metadata
    }

    /// The controller form; `type` is deprecated and must not be sent beside it.
    var fields: FormFields {
        var fields: FormFields = [
            "controller[stripe_dashboard][type]": "express",
            "controller[fees][payer]": "application",
            "controller[losses][payments]": "application",
            "controller[requirement_collection]": "stripe",
            "country": country.rawValue,
            "email": email.rawValue,
            "capabilities[card_payments][requested]": "true",
            "capabilities[transfers][requested]": "true",
        ]
        fields.add("business_profile[name]", businessName)
        fields.add("business_profile[url]", website)
        fields.add(nested: "metadata", metadata)
        return fields
    }
}

/// A single-use way into Stripe's forms that lives about five minutes. Redirect the owner to it; never
/// store it.
package struct AccountLink: Sendable, Equatable {
    package let url: Secret
    package let expiresAt: Date

    init(_ json: JSON) throws(JSONMismatch) {
        url = Secret(try json.needText("url"))
        expiresAt = try json.needInstant("expires_at")
    }
}

/// A registered webhook endpoint. The signing secret is told once, when the endpoint is created.
package struct StripeWebhookEndpoint: Sendable, Equatable {
    package let id: StripeID<StripeWebhookEndpoint>
    package let url: String
    package let signingSecret: Secret?

    init(_ json: JSON) throws(JSONMismatch) {
        id = try json.needID()
        url = try json.needText("url")
        signingSecret = json["secret"].string.map { Secret($0) }
    }
}
