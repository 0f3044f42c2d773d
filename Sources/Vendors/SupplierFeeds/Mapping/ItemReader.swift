internal import Commerce

// From a record of the feed to an article, or to the list of everything that is wrong with it. All fields are
// looked at before a row is refused: whoever mends a feed wants to mend it once.

struct ItemReader {
    let mapping: FieldMapping
    private let paths: [FeedField: FieldPath]
    private let variants: FieldPath?
    private let variantPrefix: String

    init(_ mapping: FieldMapping) {
        self.mapping = mapping
        paths = mapping.paths.mapValues(FieldPath.init)
        variants = mapping.variants.map(FieldPath.init)
        variantPrefix = mapping.variants.map { $0 + "/" } ?? ""
    }

    /// The articles of a record, each read or refused.
    func items(of node: FeedNode, row: Int) -> [Result<SupplierItem, Refused>] {
        guard let variants else { return [item(Source(node), row)] }
        let found = node.nodes(at: variants)
        guard !found.isEmpty else {
            let problem = RowProblem(
                row: row, field: RowProblem.wholeRow, reason: "it has no variant at \(mapping.variants ?? "")"
            )
            return [.failure(Refused(problems: [problem]))]
        }
        return found.map { item(Source(node, variant: $0), row) }
    }

    struct Refused: Error { let problems: [RowProblem] }

    /// Where the values of one article are looked for.
    private struct Source {
        let record: FeedNode
        let variant: FeedNode?

        init(_ record: FeedNode, variant: FeedNode? = nil) {
            self.record = record
            self.variant = variant
        }
    }

    private func texts(_ field: FeedField, _ source: Source) -> [String] {
        guard let path = paths[field] else { return [] }
        if let variant = source.variant, let text = mapping.paths[field], text.hasPrefix(variantPrefix) {
            return variant.texts(at: FieldPath(String(text.dropFirst(variantPrefix.count))))
        }
        return source.record.texts(at: path)
    }

    private func item(_ source: Source, _ row: Int) -> Result<SupplierItem, Refused> {
        var sheet = FieldSheet(row: row, mapping: mapping) { texts($0, source) }
        let reference = sheet.reference()
        let name = sheet.text(.name, limit: SupplierItem.nameLimit)
        let cost = sheet.amount(.cost)
        let stock = sheet.stock()
        let item = SupplierItem(
            reference: reference ?? SKU(unchecked: "-"), family: sheet.text(.family, limit: 120),
            ean: sheet.ean(), brand: sheet.text(.brand, limit: 120),
            category: sheet.text(.category, limit: 300),
            titles: name.map { [mapping.language: $0] } ?? [:],
            descriptions: sheet.description().map { [mapping.language: $0] } ?? [:],
            cost: cost ?? .zero(mapping.currency), recommendedPrice: sheet.amount(.recommendedPrice),
            stock: stock ?? 0, warehouse: sheet.warehouse(), images: sheet.images(),
            attributes: sheet.attributes(), content: sheet.content(), safety: sheet.safety(),
            isActive: sheet.isActive())
        guard sheet.problems.isEmpty else { return .failure(Refused(problems: sheet.problems)) }
        return .success(item)
    }
}
