/// What Regulation (EU) 2023/988 wants beside an offer. Suppliers often leave it out, and goods without it
/// may not be listed.
package struct ProductSafety: Sendable, Hashable, Codable {
    package var manufacturer: String?
    package var address: String?
    /// Where the manufacturer is, if the supplier says so.
    package var country: CountryCode?
    /// An electronic address: e-mail or web page.
    package var contact: String?
    /// Who answers within the Union for a manufacturer outside it.
    package var responsiblePerson: String?
    package var warnings: [Language: String]

    package init(
        manufacturer: String? = nil, address: String? = nil, country: CountryCode? = nil,
        contact: String? = nil, responsiblePerson: String? = nil, warnings: [Language: String] = [:]
    ) {
        self.manufacturer = manufacturer
        self.address = address
        self.country = country
        self.contact = contact
        self.responsiblePerson = responsiblePerson
        self.warnings = warnings
    }

    /// Something that the law wants. The raw value is stored.
    package enum Need: String, Sendable, Hashable, Codable, CaseIterable {
        case manufacturer, address, contact
        case responsiblePerson = "responsible_person"

        package var words: String {
            switch self {
            case .manufacturer: "the manufacturer"
            case .address: "the manufacturer's postal address"
            case .contact: "the manufacturer's e-mail or web address"
            case .responsiblePerson: "who answers within the EU for a manufacturer outside it"
            }
        }
    }

    /// What is missing before the product may be listed.
    package var missing: [Need] {
        var found: [Need] = []
        if manufacturer?.isEmpty ?? true { found.append(.manufacturer) }
        if address?.isEmpty ?? true { found.append(.address) }
        if contact?.isEmpty ?? true { found.append(.contact) }
        // Where nobody says in which country it is, its address has to do.
        if let country, !country.isInEuropeanUnion, responsiblePerson?.isEmpty ?? true {
            found.append(.responsiblePerson)
        }
        return found
    }

    package var isListable: Bool { missing.isEmpty }

    /// What a merchant reads of an article that lacks something.
    package static func reason(lacking missing: [Need]) -> String {
        "the supplier does not name " + missing.map(\.words).joined(separator: ", nor ")
    }
}
