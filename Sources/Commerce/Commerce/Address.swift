/// Where an order goes, in the form that suppliers and the invoicing service accept.
///
/// The limits are the narrowest of those we send addresses to: the supplier cuts an address line at 70
/// characters and refuses longer names; the invoicing service wants a city for everyone and a real county
/// in Romania. An address that could not be delivered to is refused while the shopper can still correct
/// it. It is personal data, so describing it names the country alone.
package struct Address: Sendable, Hashable, Codable {
    package static let nameLimit = 32
    package static let lineLimit = 70
    package static let cityLimit = 64
    package static let companyLimit = 64

    package let firstName: String
    package let lastName: String
    package let company: String?
    package let vatNumber: String?
    /// Street and number, with what belongs to them (block, staircase, flat).
    package let line: String
    package let city: String
    /// Needed in Romania, where it is stored in its official spelling without marks.
    package let county: String?
    /// In the country's own form.
    package let postcode: String
    package let country: CountryCode

    package var fullName: String { "\(firstName) \(lastName)" }

    /// Part of a member state, but outside its VAT territory: a delivery there is an export.
    package var isOutsideVATTerritory: Bool {
        switch country.rawValue {
        case "ES": ["35", "38", "51", "52"].contains { postcode.hasPrefix($0) }
        case "DE": postcode == "78266" || postcode == "27498"
        case "FI": postcode.hasPrefix("22")
        case "FR": postcode.hasPrefix("97")
        case "IT": postcode == "23041"
        case "GR": postcode.hasPrefix("630 86") || postcode.hasPrefix("630 87")
        default: false
        }
    }
}

extension Address: CustomStringConvertible {
    package var description: String { "an address in \(country)" }
}

/// An address as a form sends it: texts that may be missing or wrong.
package struct AddressForm: Sendable, Hashable, Codable {
    package var firstName: String
    package var lastName: String
    package var company: String
    package var vatNumber: String
    package var line: String
    package var city: String
    package var county: String
    package var postcode: String
    package var country: String

    package init(
        firstName: String = "", lastName: String = "", company: String = "", vatNumber: String = "",
        line: String = "", city: String = "", county: String = "", postcode: String = "",
        country: String = ""
    ) {
        self.firstName = firstName
        self.lastName = lastName
        self.company = company
        self.vatNumber = vatNumber
        self.line = line
        self.city = city
        self.county = county
        self.postcode = postcode
        self.country = country
    }

    /// The address, or every field that needs attention at once, by the names the forms use.
    package func checked() throws(CommerceError) -> Address {
        var problems: [FieldProblem] = []
        func refuse(_ field: String, _ reason: String) {
            problems.append(FieldProblem(field: field, reason: reason))
        }
        func text(_ field: String, _ value: String, limit: Int, required: Bool = true) -> String {
            let text = value.collapsed
            if required && text.isEmpty { refuse(field, "is needed") }
            if text.count > limit { refuse(field, "is longer than \(limit) characters") }
            if text.contains(where: \.isControl) {
                refuse(field, "contains a character that cannot be printed")
            }
            return text
        }

        let country = CountryCode(rawValue: self.country)
        if country == nil { refuse("country", "is needed, as two letters") }
        let postcodeText = text("postcode", postcode, limit: 16)
        let postcode = country.map { Postcode.checked(postcodeText, in: $0) }
        if case .wrong(let example) = postcode, !postcodeText.isEmpty {
            refuse("postcode", "must look like \(example)")
        }
        var county = text("county", self.county, limit: 64, required: country == .romania)
        if country == .romania, !county.isEmpty {
            if let official = RomanianCounty.official(county) {
                county = official
            } else {
                refuse("county", "is not a county of Romania")
            }
        }
        let company = text("company", self.company, limit: Address.companyLimit, required: false)
        let vatNumber = text("vatNumber", self.vatNumber, limit: 20, required: false)
        let firstName = text("firstName", self.firstName, limit: Address.nameLimit)
        let lastName = text("lastName", self.lastName, limit: Address.nameLimit)
        let line = text("line", self.line, limit: Address.lineLimit)
        let city = text("city", self.city, limit: Address.cityLimit)

        guard problems.isEmpty, let country, case .right(let written) = postcode else {
            throw .addressIncomplete(problems)
        }
        return Address(
            firstName: firstName, lastName: lastName, company: company.isEmpty ? nil : company,
            vatNumber: vatNumber.isEmpty ? nil : vatNumber, line: line, city: city,
            county: county.isEmpty ? nil : county, postcode: written, country: country)
    }
}

extension String {
    /// Without white space around it, and with single spaces inside. Line breaks and tabs count as white
    /// space.
    var collapsed: String {
        split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}
