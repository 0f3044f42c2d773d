import Foundation

// Articles in sizes and colours. Variations are numbered apart from articles, and the same number may be one
// of each: a reader who takes one for the other is found out.

/// One size or colour of an article: what is ordered, priced and counted in place of the article itself.
struct BigBuyVariation: Sendable {
    let sku: String
    let id: Int64
    /// Hundredths of a euro, without VAT and shipping.
    let price: Int64
    let firstStock: [Int: Int]
    /// The numbers of its attributes.
    let options: [Int64]

    /// The warehouse that sends it as long as it has enough.
    var warehouse: Int { firstStock.keys.min() ?? 1 }

    init(_ sku: String, _ id: Int64, price: Int64, stock: [Int: Int], options: [Int64]) {
        self.sku = sku
        self.id = id
        self.price = price
        firstStock = stock
        self.options = options
    }
}

/// What attributes are about.
struct BigBuyAttributeGroup: Sendable {
    let id: Int64
    /// By language code.
    let names: [String: String]

    static let all: [BigBuyAttributeGroup] = [
        BigBuyAttributeGroup(
            id: 1, names: ["en": "Colour", "ro": "Culoare", "de": "Farbe", "es": "Color"]),
        BigBuyAttributeGroup(id: 2, names: ["en": "Size", "ro": "Mărime", "de": "Größe", "es": "Talla"]),
        BigBuyAttributeGroup(
            id: 3, names: ["en": "Capacity", "ro": "Capacitate", "de": "Inhalt", "es": "Capacidad"]),
    ]
}

/// One value in which variations differ.
struct BigBuyAttribute: Sendable {
    let id: Int64
    let group: Int64
    /// By language code.
    let names: [String: String]

    private init(_ id: Int64, of group: Int64, en: String, ro: String, de: String, es: String) {
        self.id = id
        self.group = group
        names = ["en": en, "ro": ro, "de": de, "es": es]
    }

    private init(_ id: Int64, of group: Int64, _ name: String) {
        self.init(id, of: group, en: name, ro: name, de: name, es: name)
    }

    static let all: [BigBuyAttribute] = [
        BigBuyAttribute(11, of: 1, en: "Blue", ro: "Albastru", de: "Blau", es: "Azul"),
        BigBuyAttribute(12, of: 1, en: "Red", ro: "Roșu", de: "Rot", es: "Rojo"),
        BigBuyAttribute(21, of: 2, "S"),
        BigBuyAttribute(22, of: 2, "M"),
        BigBuyAttribute(31, of: 3, "350 ml"),
        BigBuyAttribute(32, of: 3, "500 ml"),
    ]
}

/// What can be ordered by a sku: an article, or a variation of one.
struct BigBuyGoods: Sendable {
    let article: BigBuyArticle
    let variation: BigBuyVariation?

    var sku: String { variation?.sku ?? article.sku }
    var price: Int64 { variation?.price ?? article.price }
    var warehouse: Int { variation?.warehouse ?? article.warehouse }
}

extension BigBuyWorld {
    /// Nil also for an article that is sold in variations only.
    func goods(_ sku: String) -> BigBuyGoods? {
        for article in articles where article.isListed {
            if article.sku == sku {
                return article.variations.isEmpty ? BigBuyGoods(article: article, variation: nil) : nil
            }
            if let variation = article.variations.first(where: { $0.sku == sku }) {
                return BigBuyGoods(article: article, variation: variation)
            }
        }
        return nil
    }

    // MARK: - Rows

    /// What a list says about one variation.
    typealias VariationRow = @Sendable (BigBuyWorld, BigBuyArticle, BigBuyVariation) -> JSON

    static let variation: VariationRow = { _, article, variation in
        [
            "id": .integer(variation.id), "sku": .string(variation.sku),
            "ean13": .string(BigBuyArticle.ean(50_000_000 + variation.id)), "extraWeight": 0,
            "product": .integer(article.id), "wholesalePrice": SandboxAmount.json(variation.price),
            "retailPrice": SandboxAmount.json(variation.price * 2),
            "inShopsPrice": SandboxAmount.json(variation.price * 3), "width": 1, "height": 1, "depth": 1,
            "priceLargeQuantities": [], "logisticClass": "A",
        ]
    }

    static let variationPrice: VariationRow = { _, _, variation in
        [
            "id": .integer(variation.id), "sku": .string(variation.sku),
            "wholesalePrice": SandboxAmount.json(variation.price),
            "retailPrice": SandboxAmount.json(variation.price * 2),
            "inShopsPrice": SandboxAmount.json(variation.price * 3),
        ]
    }

    static let variationStock: VariationRow = { world, _, variation in
        [
            "id": .integer(variation.id), "sku": .string(variation.sku),
            "stocks": .array(world.lots(of: variation.sku)),
        ]
    }

    static let options: VariationRow = { _, _, variation in
        [
            "id": .integer(variation.id),
            "attributes": .array(variation.options.map { ["id": .integer($0)] }),
        ]
    }

    static let attributes: [@Sendable (String) -> JSON] = BigBuyAttribute.all.map { attribute in
        { language in
            [
                "id": .integer(attribute.id), "attributeGroup": .integer(attribute.group),
                "name": JSON(attribute.names[language]), "isoCode": .string(language),
            ]
        }
    }

    static let attributeGroups: [@Sendable (String) -> JSON] = BigBuyAttributeGroup.all.map { group in
        { language in
            [
                "id": .integer(group.id), "name": JSON(group.names[language]), "isoCode": .string(language),
            ]
        }
    }
}
