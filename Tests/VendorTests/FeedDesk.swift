import Commerce
import Foundation

@testable import SupplierFeeds

// Reads a whole feed from memory, through windows of any size, as a sync does through pages.

struct FeedDesk {
    let settings: FeedSettings
    var declared: FeedEncoding?
    var window = FeedCutter.windowSize
    var pageRows = 1_000

    struct Result {
        var items: [SupplierItem] = []
        var rows: [Int] = []
        var problems: [RowProblem] = []
        var largestWindow = 0
    }

    static let mapping = FieldMapping([
        .sku: "sku", .name: "name", .cost: "price", .stock: "stock", .description: "description",
        .ean: "ean", .images: "images", .family: "family", .color: "color",
    ])

    static func csv(_ text: String, _ change: (inout FeedSettings) -> Void = { _ in }) throws -> Result {
        try read(Array(text.utf8), .csv, change)
    }

    static func read(
        _ bytes: [UInt8], _ format: FeedFormat, _ change: (inout FeedSettings) -> Void = { _ in }
    ) throws -> Result {
        var settings = FeedSettings(format, record: format == .xml ? "product" : nil, mapping: mapping)
        change(&settings)
        return try FeedDesk(settings: settings).read(bytes)
    }

    func read(_ bytes: [UInt8]) throws -> Result {
        let reader = FeedReader(settings, declared: declared)
        var cursor = FeedCursor()
        var result = Result()
        var size = window
        while !cursor.isAtEnd {
            let end = min(cursor.offset + size, bytes.count)
            let page = try reader.cutter.cut(
                Array(bytes[cursor.offset..<end]), from: cursor, isEnd: end == bytes.count, limit: pageRows)
            result.largestWindow = max(result.largestWindow, end - cursor.offset)
            let items = reader.items(reader.fingerprints(page.records, page.cursor), page.cursor)
            result.items += items.items.map(\.item)
            result.rows += items.items.map(\.row)
            result.problems += page.problems + items.problems
            // A record that is longer than the window needs a longer one, up to the limit.
            size = page.isProgress(since: cursor) ? window : size * 2
            guard size <= 4 * FeedCutter.windowSize else {
                throw FeedProblem.malformed(row: cursor.row, "the cutter stands still")
            }
            cursor = page.cursor
        }
        result.problems.sort { ($0.row, $0.field) < ($1.row, $1.field) }
        return result
    }
}

/// The same numbers from the same seed.
struct FeedRandom: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
