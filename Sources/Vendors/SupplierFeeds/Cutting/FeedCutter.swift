internal import Commerce

// Cuts a stream of bytes at the ends of its records, and hands whole records to the libraries that read them.
// The libraries want a text; a feed may be larger than the memory. So a window moves over the feed: it is
// filled, cut as far as records end in it, and begins again behind the last one. Cutting looks only at the
// marks of the format and is a pure function of window and cursor; how the feed was divided into windows
// cannot be seen in the records.

/// Cuts the windows of one feed.
package struct FeedCutter: Sendable {
    /// A record that is longer is passed over with a reason. The longest honest ones are a few thousand
    /// bytes.
    package static let recordLimit = 256 * 1024
    /// At least one whole record, and the thousand of a page in most feeds.
    package static let windowSize = 1024 * 1024

    let settings: FeedSettings
    let declared: FeedEncoding?

    /// - Parameter declared: what the header of the answer says of the letters.
    package init(_ settings: FeedSettings, declared: FeedEncoding? = nil) {
        self.settings = settings
        self.declared = settings.encoding ?? declared
    }

    /// Cuts at most `limit` records.
    /// - Parameters:
    ///   - window: the bytes behind the cursor.
    ///   - isEnd: no byte follows them.
    package func cut(
        _ window: [UInt8], from cursor: FeedCursor, isEnd: Bool, limit: Int
    ) throws(FeedProblem) -> CutPage {
        var cut = Cut(bytes: window, isEnd: isEnd, limit: limit, page: CutPage(cursor: cursor))
        if cursor.encoding == nil { try begin(&cut) }
        switch settings.format {
        case .csv: try CSVCutter(settings: settings).cut(&cut)
        case .xml: try XMLCutter(record: settings.record ?? "item").cut(&cut)
        case .json: try JSONCutter(member: settings.record).cut(&cut)
        }
        cut.page.cursor.offset = cursor.offset + cut.position
        return cut.page
    }

    private func begin(_ cut: inout Cut) throws(FeedProblem) {
        guard cut.bytes.contains(where: { !$0.isSpace }) || !cut.isEnd else { throw .empty }
        let (encoding, mark) = try FeedEncoding.detect(cut.bytes, isWhole: cut.isEnd, declared: declared)
        if settings.format == .json, encoding != .utf8 {
            throw .encoding("JSON is always UTF-8; this feed is declared as \(encoding.rawValue)")
        }
        cut.page.cursor.encoding = encoding
        cut.position = mark
    }
}

/// A window while it is being cut.
struct Cut {
    let bytes: [UInt8]
    let isEnd: Bool
    let limit: Int
    var page: CutPage
    /// Where the next record begins, in the window.
    var position = 0

    var isFull: Bool { page.records.count + page.problems.count >= limit }

    /// Takes the record that ends before `end`, and goes on at `next`.
    mutating func take(upTo end: Int, then next: Int) {
        page.cursor.row += 1
        page.records.append(RawRecord(row: page.cursor.row, bytes: bytes[position..<end]))
        position = next
    }

    /// Passes over what cannot be a record.
    mutating func refuse(_ reason: String, then next: Int) {
        page.cursor.row += 1
        let found = String(decoding: bytes[position...].prefix(80), as: UTF8.self)
        page.problems.append(
            RowProblem(row: page.cursor.row, field: RowProblem.wholeRow, reason: reason, found: found))
        position = next
    }

    static let tooLong = "it is longer than \(FeedCutter.recordLimit) bytes"

    func starts(with text: StaticString, at place: Int) -> Bool {
        let count = text.utf8CodeUnitCount
        guard place + count <= bytes.count else { return false }
        return text.withUTF8Buffer { buffer in
            (0..<count).allSatisfy { bytes[place + $0] == buffer[$0] }
        }
    }

    /// Where `text` begins at or behind `place`.
    func find(_ text: StaticString, from place: Int) -> Int? {
        let count = text.utf8CodeUnitCount
        guard place + count <= bytes.count else { return nil }
        return (place...(bytes.count - count)).first { starts(with: text, at: $0) }
    }
}

extension UInt8 {
    /// White space between the marks of a format.
    var isSpace: Bool { self == 0x20 || self == 0x0A || self == 0x0D || self == 0x09 }
    var isLineEnd: Bool { self == 0x0A || self == 0x0D }
}
