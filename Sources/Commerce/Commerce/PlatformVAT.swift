/// The VAT on what the platform supplies to a merchant: services between businesses, so a merchant of another
/// member state with a checked VAT number owes it at home, and one outside the Union pays none. Without a
/// checked number the platform's own rate is charged: a number can be checked later, VAT that was not charged
/// is the platform's loss.
package struct PlatformVAT: Hashable, Sendable, Codable {
    /// Raw values are stored.
    package enum Rule: String, Hashable, Sendable, Codable, CaseIterable {
        case domestic
        case reverseCharge = "reverse_charge"
        case outside
    }

    package let rule: Rule
    package let rate: BasisPoints
    /// Where the platform declares it.
    package let country: CountryCode

    /// Throws `CommerceError` where the seller's country has no known rate.
    package init(
        seller: CountryCode, buyer: CountryCode, hasCheckedNumber: Bool
    ) throws(CommerceError) {
        guard let domestic = StandardVAT.rate(in: seller) else {
            throw .malformed(noun: "country", text: seller.rawValue, reason: "no VAT rate is known for it")
        }
        country = seller
        if buyer == seller {
            rule = .domestic
        } else if !buyer.isInEuropeanUnion {
            rule = .outside
        } else {
            rule = hasCheckedNumber ? .reverseCharge : .domestic
        }
        rate = rule == .domestic ? domestic : .zero
    }

    /// Whether a checked number of the buyer's changes who owes the VAT.
    package static func dependsOnNumber(seller: CountryCode, buyer: CountryCode) -> Bool {
        buyer != seller && buyer.isInEuropeanUnion
    }

    /// What the law wants to read on the invoice; nil where it is an ordinary one.
    package var mention: String? {
        switch rule {
        case .domestic: nil
        case .reverseCharge: "Reverse charge, Art. 44 and 196 of Directive 2006/112/EC (taxare inversă)"
        case .outside: "Outside the scope of EU VAT, Art. 44 of Directive 2006/112/EC"
        }
    }
}
