package import Commerce

// Which of the supplier's names means which of ours, and in which form its values are written. Typed here and
// nowhere else: behind the mapping there are only `SupplierItem`s.

/// Our names for what a feed can tell. The raw values are stored and shown to merchants.
package enum FeedField: String, Sendable, Codable, CaseIterable, CodingKeyRepresentable {
    case sku
    case name
    case description
    /// What the supplier charges, without VAT.
    case cost
    case currency
    case recommendedPrice = "recommended_price"
    case stock
    case ean
    case brand
    case category
    case images
    /// What the sizes and colours of one article have in common.
    case family
    case warehouse
    case color, size
    /// How much is in one piece: `750 ml`, or the number alone where `contentUnit` is mapped.
    case content
    case contentUnit = "content_unit"
    case active
    case manufacturer
    case manufacturerAddress = "manufacturer_address"
    case manufacturerContact = "manufacturer_contact"
    case responsiblePerson = "responsible_person"
    case warnings
}

/// From the supplier's names to ours.
package struct FieldMapping: Sendable, Codable, Hashable {
    /// The path of each field within a record; see `FieldPath`.
    package var paths: [FeedField: String]
    /// The path of the variants of a record. Each becomes an article of its own; paths that lead through it
    /// are read from the variant.
    package var variants: String?
    /// Where the feed does not name one.
    package var currency: Currency
    package var language: Language
    package var decimal: DecimalMark
    /// Divides several values within one, such as the addresses of pictures.
    package var listSeparator: String?

    package enum DecimalMark: String, Sendable, Codable, CaseIterable {
        case point, comma
    }

    package init(
        _ paths: [FeedField: String], variants: String? = nil, currency: Currency = .eur,
        language: Language = .english, decimal: DecimalMark = .point, listSeparator: String? = nil
    ) {
        self.paths = paths
        self.variants = variants
        self.currency = currency
        self.language = language
        self.decimal = decimal
        self.listSeparator = listSeparator
    }

    static let required: [FeedField] = [.sku, .name, .cost, .stock]

    var problems: [FieldProblem] {
        var found = Self.required.filter { paths[$0]?.isEmpty ?? true }.map {
            FieldProblem(field: $0.rawValue, reason: "must be mapped to a column or element of the feed")
        }
        for (field, path) in paths where path.count > 200 || path.split(separator: "/").count > 8 {
            found.append(FieldProblem(field: field.rawValue, reason: "is mapped to no possible path"))
        }
        return found.sorted { $0.field < $1.field }
    }

    /// The names that Google's product feeds use, in RSS and as columns.
    package static func googleMerchant(prefix: String = "g:") -> FieldMapping {
        FieldMapping([
            .sku: prefix + "id", .name: prefix + "title", .description: prefix + "description",
            .cost: prefix + "price", .stock: prefix + "availability", .ean: prefix + "gtin",
            .brand: prefix + "brand", .category: prefix + "product_type", .images: prefix + "image_link",
            .family: prefix + "item_group_id", .color: prefix + "color", .size: prefix + "size",
            .content: prefix + "unit_pricing_measure",
        ])
    }
}
