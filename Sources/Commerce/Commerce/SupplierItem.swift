/// One article as its supplier describes it, whichever way it was told: the same for BigBuy's lists and for a
/// merchant's own feed. Everything in it has been checked; words are plain text.
package struct SupplierItem: Sendable, Hashable, Codable {
    package static let nameLimit = 300
    package static let descriptionLimit = 20_000

    package var reference: SKU
    /// What the sizes and colours of one article have in common.
    package var family: String?
    package var ean: String?
    package var brand: String?
    /// The supplier's own words for where it belongs, such as `Home > Kitchen`.
    package var category: String?
    package var titles: [Language: String]
    package var descriptions: [Language: String]
    /// What the supplier charges for one, without VAT.
    package var cost: Money
    package var recommendedPrice: Money?
    package var stock: Int
    package var warehouse: WarehouseCode
    package var images: [String]
    /// What tells the members of a family apart: `color`, `size`.
    package var attributes: [String: String]
    /// How much is in one piece; nil where nobody told, and for what is sold by the piece.
    package var content: ContentQuantity?
    package var safety: ProductSafety
    package var isActive: Bool

    package init(
        reference: SKU, family: String? = nil, ean: String? = nil, brand: String? = nil,
        category: String? = nil, titles: [Language: String], descriptions: [Language: String] = [:],
        cost: Money, recommendedPrice: Money? = nil, stock: Int, warehouse: WarehouseCode = .main,
        images: [String] = [], attributes: [String: String] = [:], content: ContentQuantity? = nil,
        safety: ProductSafety = ProductSafety(), isActive: Bool = true
    ) {
        self.reference = reference
        self.family = family
        self.ean = ean
        self.brand = brand
        self.category = category
        self.titles = titles
        self.descriptions = descriptions
        self.cost = cost
        self.recommendedPrice = recommendedPrice
        self.stock = stock
        self.warehouse = warehouse
        self.images = images
        self.attributes = attributes
        self.content = content
        self.safety = safety
        self.isActive = isActive
    }

    /// Above this a cost is a mistake: nothing that is dropshipped costs a hundred thousand.
    package static func costLimit(_ currency: Currency) -> Money {
        Money(minorUnits: 10_000_000, currency: currency)
    }

    /// Whether the last digit of an EAN-8, UPC, EAN-13 or GTIN-14 is the one that follows from the others.
    package static func isEAN(_ text: String) -> Bool {
        let digits = text.compactMap(\.wholeNumberValue)
        guard digits.count == text.count, [8, 12, 13, 14].contains(digits.count) else { return false }
        let sum = digits.dropLast().reversed().enumerated().reduce(0) { sum, digit in
            sum + digit.element * (digit.offset.isMultiple(of: 2) ? 3 : 1)
        }
        return (10 - sum % 10) % 10 == digits.last
    }
}
