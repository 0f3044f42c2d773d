package import Commerce

// A feed looked at by itself, apart from any store: what a sync would make of it. Whoever writes a mapping
// tries it here, as often as it takes.

/// What is in a feed.
package struct FeedCheck: Sendable {
    /// Examples of what could be read.
    package static let exampleLimit = 5
    /// Rows that are listed; the others are counted.
    package static let problemLimit = 1_000
    private static let pageRows = 1_000

    /// Records, without the header of a CSV feed.
    package private(set) var rows = 0
    package private(set) var articles = 0
    package private(set) var examples: [SupplierItem] = []
    package private(set) var problems: [RowProblem] = []
    package private(set) var problemCount = 0
    /// Articles that may not be listed for want of product-safety data.
    package private(set) var unlistable = 0
    /// The header of a CSV feed.
    package private(set) var columns: [String] = []
    private var references: [SKU: Int] = [:]

    /// Reads a whole feed, with settings that have no problems.
    /// - Parameter declared: what the header of the answer says of the letters.
    package init(
        of bytes: [UInt8], _ settings: FeedSettings, declared: FeedEncoding? = nil
    ) throws(FeedProblem) {
        let reader = FeedReader(settings, declared: declared)
        var cursor = FeedCursor()
        while !cursor.isAtEnd {
            let end = min(cursor.offset + FeedCutter.windowSize, bytes.count)
            let page = try reader.cutter.cut(
                Array(bytes[cursor.offset..<end]), from: cursor, isEnd: end == bytes.count,
                limit: Self.pageRows)
            guard page.isProgress(since: cursor) else {
                throw .malformed(row: cursor.row, "the reader cannot go on")
            }
            let items = reader.items(reader.fingerprints(page.records, page.cursor), page.cursor)
            note(page.problems + items.problems)
            for item in items.items { note(item) }
            cursor = page.cursor
        }
        columns = cursor.columns
        rows = cursor.row - (cursor.hasHeader ? 1 : 0)
    }

    private mutating func note(_ item: FeedItem) {
        let reference = item.item.reference
        if let earlier = references.updateValue(item.row, forKey: reference), earlier != item.row {
            return note([
                RowProblem(
                    row: item.row, field: FeedField.sku.rawValue, reference: reference.rawValue,
                    reason: "the same article stands at row \(earlier) already; a feed lists each once")
            ])
        }
        articles += 1
        if !item.item.safety.isListable { unlistable += 1 }
        if examples.count < Self.exampleLimit { examples.append(item.item) }
    }

    private mutating func note(_ found: [RowProblem]) {
        problemCount += Set(found.map(\.row)).count
        problems += found.prefix(max(0, Self.problemLimit - problems.count))
    }
}
