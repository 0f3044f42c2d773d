// Reading BigBuy's catalogue. Lists are budgeted (10 calls an hour) and are pulled once for the whole
// platform. Pages of different lists are not in the same order: join on the id over all pages. A row that
// cannot be read is returned as such, with its reason, for quarantine: one bad row must not lose a page
// of 10,000.

import Commerce
import VendorHTTP

/// One article. Prices are euros without VAT and without shipping.
package struct BigBuyProduct: Sendable, Equatable {
    package typealias ID = BigBuyID<BigBuyProduct>

    package let id: ID
    package let sku: SKU
    package let ean: String?
    package let taxonomy: BigBuyTaxonomy.ID?
    package let manufacturer: String?
    package let wholesalePrice: Money
    package let recommendedPrice: Money?
    package let isActive: Bool
    /// `NEW`, or how it was refurbished.
    package let condition: String
    /// Sold in variations, which carry prices and stock of their own.
    package let hasVariations: Bool
    /// Customs code.
    package let intrastat: String?
    /// As written, without a zone: compare, do not compute.
    package let updatedAt: String?
    package let stockUpdatedAt: String?

    init(_ json: JSON) throws(JSONMismatch) {
        id = try json.needID()
        sku = try json.need("sku", \.sku)
        ean = json["ean13"].filledText
        taxonomy = json["taxonomy"].filledText.map(BigBuyTaxonomy.ID.init(rawValue:))
        manufacturer = json["manufacturer"].filledText
        // An article that costs nothing is an error of theirs, and nobody may sell by it.
        wholesalePrice = try json.need("wholesalePrice") { $0.euros.flatMap { $0.isPositive ? $0 : nil } }
        recommendedPrice = json["retailPrice"].euros.flatMap { $0.isNegative ? nil : $0 }
        isActive = json["active"].bool ?? true
        condition = json["condition"].text ?? "NEW"
        hasVariations = json["attributes"].bool ?? false
        intrastat = json["intrastat"].filledText
        updatedAt = json["dateUpd"].filledText
        stockUpdatedAt = json["dateUpdStock"].filledText
    }
}

/// How many pieces of an article or a variation lie where.
package struct BigBuyStock: Sendable, Equatable {
    package struct Lot: Sendable, Equatable {
        package let quantity: Int
        package let minHandlingDays: Int
        package let maxHandlingDays: Int
        package let warehouse: WarehouseCode?
    }

    package let sku: SKU
    package let lots: [Lot]

    /// All pieces; a negative count is an error of theirs and counts as none.
    package var quantity: Int { lots.map { max(0, $0.quantity) }.reduce(0, +) }

    init(_ json: JSON) throws(JSONMismatch) {
        sku = try json.need("sku", \.sku)
        lots = try readAll(json["stocks"].elements) { lot throws(JSONMismatch) in
            Lot(
                quantity: try lot.need("quantity", \.int), minHandlingDays: lot["minHandlingDays"].int ?? 0,
                maxHandlingDays: lot["maxHandlingDays"].int ?? 0, warehouse: lot["warehouse"].warehouse)
        }
    }
}

/// Name and description of an article in one language. The description is hostile HTML until it is sanitised.
package struct BigBuyInformation: Sendable, Equatable {
    package let id: BigBuyProduct.ID
    package let sku: SKU
    package let name: String
    package let unsafeDescription: String

    init(_ json: JSON) throws(JSONMismatch) {
        id = try json.needID()
        sku = try json.need("sku", \.sku)
        name = try json.needText("name")
        unsafeDescription = json["description"].text ?? ""
    }
}

/// The pictures of an article, the cover first.
package struct BigBuyImages: Sendable, Equatable {
    package let id: BigBuyProduct.ID
    package let urls: [String]

    init(_ json: JSON) throws(JSONMismatch) {
        id = try json.needID()
        let images = json["images"].elements.enumerated().sorted { left, right in
            let isCover = (left.element["isCover"].bool ?? false, right.element["isCover"].bool ?? false)
            return isCover.0 == isCover.1 ? left.offset < right.offset : isCover.0
        }
        urls = images.compactMap { $0.element["url"].filledText }
    }
}

/// A branch of the catalogue.
package struct BigBuyTaxonomy: Sendable, Equatable {
    package typealias ID = BigBuyID<BigBuyTaxonomy>

    package let id: ID
    package let name: String
    package let parent: ID?

    init(_ json: JSON) throws(JSONMismatch) {
        id = try json.needID()
        name = json["name"].text ?? ""
        parent = json["parentTaxonomy"].filledText.flatMap { $0 == "0" ? nil : ID(rawValue: $0) }
    }
}

/// A page of a list: what could be read, and what could not.
package struct BigBuyPage<Row: Sendable>: Sendable {
    /// A row without the fields that make it usable.
    package struct Unusable: Sendable, Equatable {
        package let id: String?
        package let reason: String
    }

    package let rows: [Row]
    package let unusable: [Unusable]

    /// Whether this was the last page: a short or empty one.
    package func isLast(ofSize size: Int) -> Bool { rows.count + unusable.count < size }

    init(_ elements: [JSON], as read: (JSON) throws(JSONMismatch) -> Row) {
        var rows: [Row] = []
        var unusable: [Unusable] = []
        rows.reserveCapacity(elements.count)
        for element in elements {
            do throws(JSONMismatch) {
                rows.append(try read(element))
            } catch {
                unusable.append(Unusable(id: element["id"].text, reason: error.description))
            }
        }
        self.rows = rows
        self.unusable = unusable
    }
}

extension BigBuyClient {
    /// BigBuy's largest page.
    package static let pageSize = 10_000

    package func product(_ id: BigBuyProduct.ID) async throws(BigBuyFailure) -> BigBuyProduct {
        try await one("/rest/catalog/product/\(id).json", as: BigBuyProduct.init)
    }

    package func stock(_ id: BigBuyProduct.ID) async throws(BigBuyFailure) -> BigBuyStock {
        try await one("/rest/catalog/productstockbyhandlingdays/\(id).json", as: BigBuyStock.init)
    }

    /// The roots of the catalogue.
    package func taxonomies(_ language: Language) async throws(BigBuyFailure) -> BigBuyPage<BigBuyTaxonomy> {
        try await page(
            "taxonomies", ["isoCode": language.rawValue, "firstLevel": "1"], as: BigBuyTaxonomy.init)
    }

    /// A page of articles below a root; pages count from 0.
    package func products(
        below root: BigBuyTaxonomy.ID, page number: Int
    ) async throws(BigBuyFailure) -> BigBuyPage<BigBuyProduct> {
        try await page("products", Self.position(root, number), as: BigBuyProduct.init)
    }

    package func stocks(
        below root: BigBuyTaxonomy.ID, page number: Int
    ) async throws(BigBuyFailure) -> BigBuyPage<BigBuyStock> {
        try await page("productsstockbyhandlingdays", Self.position(root, number), as: BigBuyStock.init)
    }

    package func information(
        below root: BigBuyTaxonomy.ID, in language: Language, page number: Int
    ) async throws(BigBuyFailure) -> BigBuyPage<BigBuyInformation> {
        var query = Self.position(root, number)
        query.add("isoCode", language.rawValue)
        return try await page("productsinformation", query, as: BigBuyInformation.init)
    }

    package func images(
        below root: BigBuyTaxonomy.ID, page number: Int
    ) async throws(BigBuyFailure) -> BigBuyPage<BigBuyImages> {
        try await page("productsimages", Self.position(root, number), as: BigBuyImages.init)
    }

    static func position(_ root: BigBuyTaxonomy.ID, _ number: Int) -> FormFields {
        ["parentTaxonomy": root.rawValue, "page": String(number), "pageSize": String(pageSize)]
    }

    func page<Row>(
        _ list: String, _ query: FormFields, as read: (JSON) throws(JSONMismatch) -> Row
    ) async throws(BigBuyFailure) -> BigBuyPage<Row> {
        let request = VendorRequest(
            .get, "/rest/catalog/\(list).json", query: query, timeout: Self.listTimeout,
            bodyLimit: Self.listLimit)
        return try await send(request) { json throws(JSONMismatch) in
            guard let elements = json.list else { throw JSONMismatch(member: list, found: "no list") }
            return BigBuyPage(elements, as: read)
        }
    }

    /// A single item; some endpoints wrap it in a list of one.
    private func one<Value>(
        _ path: String, as read: (JSON) throws(JSONMismatch) -> Value
    ) async throws(BigBuyFailure) -> Value {
        try await send(VendorRequest(.get, path)) { json throws(JSONMismatch) in
            try read(json.list?.first ?? json)
        }
    }
}
