// What is said of the rows of a feed between whoever reads them and whoever keeps what they tell.

/// Sixteen bytes that stand for a row together with the settings it is read with.
package struct Fingerprint: Sendable, Hashable {
    package let bytes: [UInt8]

    package init(bytes: [UInt8]) { self.bytes = bytes }
}

/// A row that nobody has read yet.
package struct FeedRow: Sendable, Hashable {
    package let number: Int
    package let fingerprint: Fingerprint

    package init(number: Int, fingerprint: Fingerprint) {
        self.number = number
        self.fingerprint = fingerprint
    }
}

/// An article and the row that told it.
package struct FeedItem: Sendable {
    package let row: Int
    package let item: SupplierItem
    package let fingerprint: Fingerprint

    package init(row: Int, item: SupplierItem, fingerprint: Fingerprint) {
        self.row = row
        self.item = item
        self.fingerprint = fingerprint
    }
}

/// A row that was set aside.
package struct RowProblem: Sendable, Hashable, Codable {
    /// Records are counted from 1; the first row of a CSV feed is its header.
    package let row: Int
    /// Our name of the field, or `row` where the row as a whole is unreadable.
    package let field: String
    /// The supplier's name of the article, where that much could be read.
    package let reference: String?
    package let reason: String
    /// The beginning of what was found.
    package let excerpt: String

    package static let wholeRow = "row"
    private static let excerptLimit = 80

    package init(row: Int, field: String, reference: String? = nil, reason: String, found: String = "") {
        self.row = row
        self.field = field
        self.reference = reference.map { String(Self.visible($0).prefix(64)) }
        self.reason = reason
        excerpt = String(Self.visible(found.prefix(Self.excerptLimit)))
    }

    /// Without control characters, which Postgres or a terminal would not take.
    private static func visible(_ text: some StringProtocol) -> String {
        String(
            String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 32 || $0.value == 127 ? " " : $0 }))
    }
}

extension RowProblem: CustomStringConvertible {
    package var description: String {
        "row \(row), \(field)" + (reference.map { " of \($0)" } ?? "") + ": \(reason)"
            + (excerpt.isEmpty ? "" : " (\"\(excerpt)\")")
    }
}
