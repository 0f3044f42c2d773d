/// What Regulation (EU) 2023/988 wants beside an offer. Suppliers often leave it out, and goods without it
/// may not be listed.
package struct ProductSafety: Sendable, Hashable, Codable {
    package var manufacturer: String?
    package var address: String?
    /// An electronic address: e-mail or web page.
    package var contact: String?
    /// Who answers within the Union for a manufacturer outside it.
    package var responsiblePerson: String?
    package var warnings: [Language: String]

    package init(
        manufacturer: String? = nil, address: String? = nil, contact: String? = nil,
        responsiblePerson: String? = nil, warnings: [Language: String] = [:]
    ) {
        self.manufacturer = manufacturer
        self.address = address
        self.contact = contact
        self.responsiblePerson = responsiblePerson
        self.warnings = warnings
    }

    /// What is missing before the product may be listed.
    package var missing: [String] {
        var found: [String] = []
        if manufacturer?.isEmpty ?? true { found.append("manufacturer") }
        if address?.isEmpty ?? true { found.append("address") }
        if contact?.isEmpty ?? true { found.append("contact") }
        return found
    }

    package var isListable: Bool { missing.isEmpty }

    /// As a product's page shows it, under the names that products store.
    package var facts: [String: String] {
        var facts: [String: String] = [:]
        if let manufacturer { facts["manufacturer"] = manufacturer + (address.map { ", \($0)" } ?? "") }
        if let contact { facts["contact"] = contact }
        if let responsiblePerson { facts["responsible_person"] = responsiblePerson }
        return facts
    }
}
