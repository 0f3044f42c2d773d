import Foundation

// Who made an article, as the supplier tells it beside the article itself. A third of the catalogue says
// nothing, some say a part, some makers sit outside the Union: a reader who takes the whole for granted is
// found out. Levers change it and take it away.

/// What is known of the safety of an article.
struct BigBuyCompliance: Sendable {
    /// The maker, an importer, or whoever answers for them.
    struct Party: Sendable {
        var name: String?
        var address: String?
        var country: String?
        var contact: String?
        var webSite: String?
        var warnings: [JSON] = []

        fileprivate var json: JSON {
            [
                "name": JSON(name), "countryIsoCode": JSON(country), "address": JSON(address),
                "contact": JSON(contact), "webSite": JSON(webSite), "safetyWarnings": .array(warnings),
            ]
        }
    }

    /// Whether the supplier has anything at all; where not, its answer is that there is no such thing.
    var isKnown = true
    var parties: [Party]

    static let whole = BigBuyCompliance(
        parties: [
            Party(
                name: "Demo Works SL", address: "Calle Mayor 1, 46001 Valencia", country: "ES",
                contact: "safety@demo-works.test")
        ])
    static let none = BigBuyCompliance(isKnown: false, parties: [])
    /// An answer that says nothing.
    static let empty = BigBuyCompliance(parties: [])

    /// The exceptions by SKU; everything else is whole.
    private static let exceptions: [String: BigBuyCompliance] = [
        "V0100115": .none, "V0100117": .none, "V0100119": .none, "V0100120": .empty,
        "V0100116": BigBuyCompliance(parties: [Party(name: "Demo Camping GmbH", country: "DE")]),
        // Made outside the Union, where nobody answers for it.
        "S7106391": BigBuyCompliance(
            parties: [
                Party(
                    name: "Shenzhen Demo Ltd", address: "1 Demo Road, Shenzhen", country: "CN",
                    contact: "care@shenzhen-demo.test")
            ]),
        "V0700822": BigBuyCompliance(
            parties: [
                Party(
                    name: "Shenzhen Demo Ltd", address: "1 Demo Road, Shenzhen", country: "CN",
                    webSite: "https://shenzhen-demo.test",
                    warnings: [["id": 7, "description": "Keep away from  water."], "Hot surface."]),
                Party(
                    name: "Demo Import BV", address: "Kade 2, 3011 Rotterdam", country: "NL",
                    contact: "safety@demo-import.test"),
            ]),
    ]

    static func ofCatalogue(_ sku: String) -> BigBuyCompliance { exceptions[sku] ?? whole }

    /// What is given replaces what the first party said; an empty text takes it away.
    mutating func change(as body: JSON) {
        isKnown = body["known"].bool ?? true
        if parties.isEmpty { parties = [Party()] }
        func changed(_ member: String, _ before: String?) -> String? {
            body[member].string.map { $0.isEmpty ? nil : $0 } ?? before
        }
        parties[0].name = changed("name", parties[0].name)
        parties[0].address = changed("address", parties[0].address)
        parties[0].country = changed("country", parties[0].country)
        parties[0].contact = changed("contact", parties[0].contact)
        parties[0].webSite = changed("website", parties[0].webSite)
        if !body["warnings"].isNull { parties[0].warnings = body["warnings"].array }
    }
}

extension BigBuyWorld {
    static let compliance: Row = { _, article, _ in
        guard article.compliance.isKnown else { return nil }
        return [
            "id": .integer(article.id), "sku": .string(article.sku), "productComplianceDocuments": [],
            "generalProductSafetyRegulations": .array(article.compliance.parties.map(\.json)),
        ]
    }
}
