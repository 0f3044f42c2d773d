// Reading the lists of what comes in variations. A variation is ordered by a sku of its own and has a price
// and stock of its own; what it is called is told by three more lists: which attributes it has, what they are
// called, and what they are about. All of them are joined by numbers, over all pages.

import Commerce
import VendorHTTP

/// One size or colour of an article. Prices are as those of articles.
package struct BigBuyVariation: Sendable, Equatable {
    package typealias ID = BigBuyID<BigBuyVariation>

    package let id: ID
    package let product: BigBuyProduct.ID
    package let sku: SKU
    package let ean: String?
    package let wholesalePrice: Money
    package let recommendedPrice: Money?

    init(_ json: JSON) throws(JSONMismatch) {
        id = try json.needID()
        product = try json.needID("product")
        sku = try json.need("sku", \.sku)
        ean = json["ean13"].filledText
        wholesalePrice = try json.need("wholesalePrice") { $0.euros.flatMap { $0.isPositive ? $0 : nil } }
        recommendedPrice = json["retailPrice"].euros.flatMap { $0.isNegative ? nil : $0 }
    }
}

/// What tells a variation from the others of its article.
package struct BigBuyOptions: Sendable, Equatable {
    package let id: BigBuyVariation.ID
    package let attributes: [BigBuyAttribute.ID]

    init(_ json: JSON) throws(JSONMismatch) {
        id = try json.needID()
        attributes = try readAll(json["attributes"].elements) { attribute throws(JSONMismatch) in
            try attribute.needID()
        }
        guard !attributes.isEmpty else { throw JSONMismatch(member: "attributes", found: "none") }
    }
}

/// One value in which variations differ, such as a colour, in one language.
package struct BigBuyAttribute: Sendable, Equatable {
    package typealias ID = BigBuyID<BigBuyAttribute>

    static let nameLimit = 80

    package let id: ID
    package let group: BigBuyAttributeGroup.ID
    package let name: String

    init(_ json: JSON) throws(JSONMismatch) {
        id = try json.needID()
        group = try json.needID("attributeGroup")
        name = String(try json.need("name", \.plain).prefix(Self.nameLimit))
    }
}

/// What some attributes are about.
package struct BigBuyAttributeGroup: Sendable, Equatable {
    package typealias ID = BigBuyID<BigBuyAttributeGroup>

    package let id: ID
    package let name: String

    init(_ json: JSON) throws(JSONMismatch) {
        id = try json.needID()
        name = String(try json.need("name", \.plain).prefix(BigBuyAttribute.nameLimit))
    }

    /// `color` or `size`, as merchants' feeds call them, where the English name says so; else that name.
    package var trait: String {
        let words = Set(name.lowercased().split { !$0.isLetter }.map(String.init))
        if !words.isDisjoint(with: ["color", "colors", "colour", "colours"]) { return "color" }
        if !words.isDisjoint(with: ["size", "sizes"]) { return "size" }
        return name.lowercased()
    }
}

extension BigBuyClient {
    package func variations(
        below root: BigBuyTaxonomy.ID, page number: Int
    ) async throws(BigBuyFailure) -> BigBuyPage<BigBuyVariation> {
        try await page("productsvariations", Self.position(root, number), as: BigBuyVariation.init)
    }

    package func variationStocks(
        below root: BigBuyTaxonomy.ID, page number: Int
    ) async throws(BigBuyFailure) -> BigBuyPage<BigBuyStock> {
        try await page(
            "productsvariationsstockbyhandlingdays", Self.position(root, number), as: BigBuyStock.init)
    }

    package func options(
        below root: BigBuyTaxonomy.ID, page number: Int
    ) async throws(BigBuyFailure) -> BigBuyPage<BigBuyOptions> {
        try await page("variations", Self.position(root, number), as: BigBuyOptions.init)
    }

    package func attributes(
        below root: BigBuyTaxonomy.ID, in language: Language, page number: Int
    ) async throws(BigBuyFailure) -> BigBuyPage<BigBuyAttribute> {
        var query = Self.position(root, number)
        query.add("isoCode", language.rawValue)
        return try await page("attributes", query, as: BigBuyAttribute.init)
    }

    /// In English, by which what they are about is recognised.
    package func attributeGroups(
        below root: BigBuyTaxonomy.ID, page number: Int
    ) async throws(BigBuyFailure) -> BigBuyPage<BigBuyAttributeGroup> {
        var query = Self.position(root, number)
        query.add("isoCode", Language.english.rawValue)
        return try await page("attributegroups", query, as: BigBuyAttributeGroup.init)
    }
}
