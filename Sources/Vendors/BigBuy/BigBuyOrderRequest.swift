import Commerce
import VendorHTTP

/// Our own name of an order at BigBuy; it must never be used twice.
package struct BigBuyReference: RawRepresentable, Sendable, Hashable, Codable, CustomStringConvertible {
    package let rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    package var description: String { rawValue }
}

/// One article of an order.
package struct BigBuyOrderLine: Sendable, Hashable, Codable {
    package let sku: SKU
    package let quantity: Int

    package init(sku: SKU, quantity: Int) {
        precondition(quantity > 0, "an order line has at least one piece")
        self.sku = sku
        self.quantity = quantity
    }

    var json: JSON { ["reference": .string(sku.rawValue), "quantity": .number(String(quantity))] }
}

/// Whom BigBuy sends the goods to. All of it is compulsory except the company; the address goes to a
/// third party.
package struct BigBuyRecipient: Sendable, Equatable {
    /// BigBuy refuses a longer street line.
    package static let addressLimit = 70

    package let firstName: String
    package let lastName: String
    package let company: String?
    package let country: CountryCode
    package let postcode: String
    package let town: String
    package let address: String
    package let phone: String
    /// A relay address of the store, rather than the buyer's own.
    package let email: EmailAddress
    package let comment: String

    package init(
        firstName: String, lastName: String, company: String? = nil, country: CountryCode, postcode: String,
        town: String, address: String, phone: String, email: EmailAddress, comment: String = ""
    ) {
        self.firstName = firstName
        self.lastName = lastName
        self.company = company
        self.country = country
        self.postcode = postcode
        self.town = town
        self.address = address
        self.phone = phone
        self.email = email
        self.comment = comment
    }

    var json: JSON {
        .object(present: [
            ("firstName", .string(firstName)), ("lastName", .string(lastName)),
            ("companyName", .optional(company)), ("country", .string(country.rawValue)),
            ("postcode", .string(postcode)), ("town", .string(town)), ("address", .string(address)),
            ("phone", .string(phone)), ("email", .string(email.rawValue)), ("comment", .string(comment)),
        ])
    }
}

/// What is asked of BigBuy, the same for checking and for ordering.
package struct BigBuyOrderRequest: Sendable, Equatable {
    package let reference: BigBuyReference
    package let language: Language
    /// The cheapest of these is taken; none means any.
    package let carriers: [String]
    package let recipient: BigBuyRecipient
    package let lines: [BigBuyOrderLine]

    package init(
        reference: BigBuyReference, language: Language = .romanian, carriers: [String] = [],
        recipient: BigBuyRecipient, lines: [BigBuyOrderLine]
    ) {
        precondition(!lines.isEmpty, "an order has lines")
        self.reference = reference
        self.language = language
        self.carriers = carriers
        self.recipient = recipient
        self.lines = lines
    }

    var skus: [SKU] { lines.map(\.sku) }

    var json: JSON {
        [
            "order": [
                "internalReference": .string(reference.rawValue),
                "language": .string(language.rawValue),
                "paymentMethod": "moneybox",
                "carriers": .array(carriers.map { ["name": .string($0)] }),
                "shippingAddress": recipient.json,
                "products": .array(lines.map(\.json)),
            ]
        ]
    }
}
