package import Commerce

// Where reading stopped, and what has to be remembered to go on there without the bytes before: small enough
// to be the recorded result of a step.

/// The position of a reader between two records.
package struct FeedCursor: Sendable, Codable, Hashable {
    /// Bytes before the next record.
    package var offset = 0
    /// Records passed, a CSV header included.
    package var row = 0
    package var isAtEnd = false
    var encoding: FeedEncoding?
    /// The header of a CSV feed, and what stands between its fields.
    var columns: [String] = []
    var delimiter = ","
    /// The elements that are open around the records of an XML feed, and the prefixes declared there.
    var depth = 0
    var prefixes: [String: String] = [:]
    /// What the records of a JSON feed stand in, once that is known.
    var list: JSONList?
    /// Inside a record that is too long to be read; its end is looked for.
    var skipping: Skipping?

    package init() {}

    enum JSONList: String, Codable, Sendable, Hashable { case lines, array }

    /// How far the end of a record that is being passed over has been looked for.
    struct Skipping: Codable, Sendable, Hashable {
        var scan = JSONScan()
    }
}

/// One record as bytes, before anybody has looked into it.
package struct RawRecord: Sendable, Equatable {
    package let row: Int
    package let bytes: ArraySlice<UInt8>

    init(row: Int, bytes: ArraySlice<UInt8>) {
        self.row = row
        self.bytes = bytes
    }
}

/// The records that end in a window of the feed.
package struct CutPage: Sendable {
    package var records: [RawRecord] = []
    /// Records that were passed over.
    package var problems: [RowProblem] = []
    package var cursor: FeedCursor

    /// Whether the window brought the reader further.
    package func isProgress(since other: FeedCursor) -> Bool { cursor != other }
}

extension FeedCursor {
    package var hasHeader: Bool { !columns.isEmpty }
    package var isBeforeHeader: Bool { columns.isEmpty }

    /// For people who look at a sync that is under way, as JSON.
    package var note: String { "{\"offset\": \(offset), \"row\": \(row)}" }
}
