import Foundation

// The catalogue, whole and item by item. Different lists do not come in the same order, here as there, so
// that a reader who joins them page by page is found out.

extension BigBuyWorld {
    /// What a list says about one article; nil leaves it out.
    typealias Row = @Sendable (BigBuyWorld, BigBuyArticle, String) -> JSON?

    /// A page of a list, as the query asks.
    func list(_ call: BigBuyCall, isReversed: Bool = false, _ row: Row) throws(BigBuyProblem)
        -> SandboxResponse
    {
        var found = listed(call)
        if isReversed { found.reverse() }
        let language = try language(call)
        return .json(.array(try page(found, call).compactMap { row(self, $0, language) }))
    }

    /// A page of a list of variations, in an order of its own.
    func variations(_ call: BigBuyCall, isReversed: Bool = false, _ row: VariationRow)
        throws(BigBuyProblem) -> SandboxResponse
    {
        var found = listed(call).flatMap { article in article.variations.map { (article, $0) } }
        if isReversed { found.reverse() }
        return .json(.array(try page(found, call).map { row(self, $0.0, $0.1) }))
    }

    /// A page of names, which are those of every root.
    func names(_ all: [@Sendable (String) -> JSON], _ call: BigBuyCall) throws(BigBuyProblem)
        -> SandboxResponse
    {
        let language = try language(call)
        return .json(.array(try page(all, call).map { $0(language) }))
    }

    /// One article of a list.
    func item(_ call: BigBuyCall, isWrapped: Bool = false, _ row: Row) throws(BigBuyProblem)
        -> SandboxResponse
    {
        let sku = call.segments["sku"]
        let article = if let sku { article(sku) } else { try article(id: call.segments["id"] ?? "") }
        guard let article, let json = row(self, article, try language(call)) else {
            throw .notFound("Product not found.")
        }
        return .json(isWrapped ? [json] : json)
    }

    func taxonomies(_ call: BigBuyCall) throws(BigBuyProblem) -> SandboxResponse {
        let language = try language(call)
        let roots = BigBuyTaxonomy.allCases.map { root -> JSON in
            let name = root.titles[language] ?? ""
            return [
                "id": .integer(root.rawValue), "name": .string(name), "url": .string(Self.slug(name)),
                "parentTaxonomy": 0, "dateAdd": "2021-10-20 12:00:00", "dateUpd": "2026-01-20 12:00:00",
                "urlImages": "", "isoCode": .string(language),
            ]
        }
        return .json(.array(roots))
    }

    static let languages: [JSON] = [
        ["name": "Romanian", "isoCode": "ro"], ["name": "English", "isoCode": "en"],
        ["name": "German", "isoCode": "de"], ["name": "Spanish", "isoCode": "es"],
    ]

    // MARK: - Rows

    static let product: Row = { world, article, _ in
        [
            "id": .integer(article.id), "sku": .string(article.sku), "ean13": .string(article.ean),
            "partNumber": nil, "manufacturer": 1001, "taxonomy": .integer(article.taxonomy.rawValue),
            "category": 0, "weight": .decimal(Decimal(article.grams) / 1000), "height": 1, "width": 1,
            "depth": 1,
            "dateAdd": .string(article.addedAt?.plainText ?? "2026-03-01 10:00:00"),
            "dateUpd": .string(article.changedAt?.plainText ?? "2026-11-20 04:12:09"),
            "dateUpdDescription": "2026-10-02 09:00:00", "dateUpdImages": "2026-09-11 09:00:00",
            "dateUpdStock": .string(world.now.plainText), "dateUpdCategories": nil,
            "dateUpdProperties": nil, "wholesalePrice": SandboxAmount.json(article.price),
            "retailPrice": SandboxAmount.json(article.price * 2),
            "inShopsPrice": SandboxAmount.json(article.price * 3), "taxRate": 21, "taxId": 1,
            "active": article.isActive ? 1 : 0, "attributes": .bool(!article.variations.isEmpty),
            "categories": true, "images": true, "tags": true, "condition": .string(article.condition),
            "video": "0", "intrastat": "94052190",
            "logisticClass": "A", "canon": nil, "priceLargeQuantities": [],
        ]
    }

    static let price: Row = { _, article, _ in
        [
            "id": .integer(article.id), "sku": .string(article.sku),
            "wholesalePrice": SandboxAmount.json(article.price),
            "retailPrice": SandboxAmount.json(article.price * 2),
            "inShopsPrice": SandboxAmount.json(article.price * 3),
        ]
    }

    static let stock: Row = { world, article, _ in
        [
            "id": .integer(article.id), "sku": .string(article.sku),
            "stocks": .array(article.variations.isEmpty ? world.lots(of: article.sku) : []),
        ]
    }

    static let information: Row = { _, article, language in
        let name = article.titles[language] ?? article.sku
        return [
            "id": .integer(article.id), "sku": .string(article.sku), "name": .string(name),
            // Suppliers' descriptions carry markup that nobody may pass on.
            "description": .string("<p><b>\(name)</b></p><script>alert(1)</script>"),
            "url": .string(slug(name)), "isoCode": .string(language),
            "dateUpdDescription": "2026-10-02 09:00:00",
        ]
    }

    static let images: Row = { _, article, _ in
        let pictures = (0...1).map { number -> JSON in
            [
                "id": .integer(article.id * 10 + Int64(number)), "isCover": .bool(number == 0),
                "name": .string("\(article.sku)_0\(number)"),
                "url": .string("https://cdnbigbuy.com/images/\(article.sku)_0\(number).jpg"),
                "position": .integer(Int64(number)), "logo": false, "whiteBackground": true,
                "energyEfficiency": false, "gpsrLabel": false, "gpsrWarning": false,
            ]
        }
        return ["id": .integer(article.id), "images": .array(pictures.reversed())]
    }

    static let branch: Row = { _, article, _ in
        [
            "id": .integer(article.id * 10), "taxonomy": .integer(article.taxonomy.rawValue),
            "product": .integer(article.id),
        ]
    }

    /// What was added in the last seven days.
    static let newProduct: Row = { world, article, language in
        guard let addedAt = article.addedAt, world.now.timeIntervalSince(addedAt) <= 7 * 86_400 else {
            return nil
        }
        return product(world, article, language)
    }

    // MARK: - Parts

    private func listed(_ call: BigBuyCall) -> [BigBuyArticle] {
        articles.filter { article in
            let root = call.query["parentTaxonomy"]
            return article.isListed && (root == nil || root == String(article.taxonomy.rawValue))
        }
    }

    private func language(_ call: BigBuyCall) throws(BigBuyProblem) -> String {
        let code = call.query["isoCode"] ?? "es"
        guard Self.languages.contains(where: { $0["isoCode"].string == code }) else {
            throw .invalid([(["isoCode"], "This value is not a valid language.")])
        }
        return code
    }

    private func page<Item>(
        _ found: [Item], _ call: BigBuyCall
    ) throws(BigBuyProblem) -> ArraySlice<Item> {
        let number = Int(call.query["page"] ?? "0") ?? -1
        let size = Int(call.query["pageSize"] ?? "1000") ?? -1
        guard number >= 0, (1...10_000).contains(size) else {
            throw .invalid([(["pageSize"], "This value should be between 1 and 10000.")])
        }
        return found.dropFirst(number * size).prefix(size)
    }

    private static func slug(_ name: String) -> String {
        let plain = name.folding(options: [.diacriticInsensitive, .caseInsensitive], locale: nil)
        return plain.split { !$0.isLetter && !$0.isNumber }.joined(separator: "-")
    }
}
