// Stripe's identifiers are a prefix and opaque characters (pi_..., ch_..., acct_...). Each kind of object
// has its own type here, so that a charge is never refunded by the id of an account.

/// The identifier of one kind of Stripe object.
package struct StripeID<Object>: RawRepresentable, Sendable, Hashable, ExpressibleByStringLiteral {
    package let rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    package init(stringLiteral value: String) {
        self.init(rawValue: value)
    }
}

extension StripeID: Codable {
    package init(from decoder: any Decoder) throws {
        rawValue = try decoder.singleValueContainer().decode(String.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}

extension StripeID: CustomStringConvertible {
    package var description: String { rawValue }
}
