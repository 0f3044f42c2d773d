internal import Commerce

// One record, whatever it was written in: named values in the order in which they stand there, some of which
// hold further ones. A field of a CSV row is a value under the name of its column; an XML element or a JSON
// member is one with what stands in it below; an attribute is named `@id`.

struct FeedNode: Sendable, Equatable {
    let name: String
    var text: String
    var children: [FeedNode]

    init(_ name: String, text: String = "", children: [FeedNode] = []) {
        self.name = name
        self.text = text
        self.children = children
    }

    /// Everything at a path such as `price`, `images/image` or `offer/@currency`.
    func nodes(at path: FieldPath) -> [FeedNode] {
        var found = [self]
        for step in path.steps {
            var next: [FeedNode] = []
            for node in found { for child in node.children where child.name == step { next.append(child) } }
            if next.isEmpty { return [] }
            found = next
        }
        return found
    }

    /// The values there that are not blank.
    func texts(at path: FieldPath) -> [String] {
        nodes(at: path).compactMap { node in
            let text = node.text.trimmingSpace
            return text.isEmpty ? nil : text
        }
    }
}

/// The way from a record to a value, its names divided by `/`.
package struct FieldPath: Sendable, Hashable {
    let steps: [String]

    package init(_ text: String) {
        steps = text.split(separator: "/").map(String.init)
    }
}

/// What became of the records of a page.
struct ReadRecords {
    var records: [(row: Int, node: FeedNode)] = []
    var problems: [RowProblem] = []

    mutating func refuse(_ record: RawRecord, _ reason: String) {
        problems.append(
            RowProblem(
                row: record.row, field: RowProblem.wholeRow, reason: reason,
                found: String(decoding: record.bytes.prefix(80), as: UTF8.self)))
    }
}

/// Reads the records of a page with the format's library.
struct RecordReader {
    let format: FeedFormat
    let cursor: FeedCursor

    func read(_ raw: [RawRecord]) -> ReadRecords {
        var result = ReadRecords()
        var texts: [(record: RawRecord, text: String)] = []
        texts.reserveCapacity(raw.count)
        let encoding = cursor.encoding ?? .utf8
        for record in raw {
            if record.bytes.contains(0) {
                result.refuse(record, "it contains a NUL character")
            } else if let text = encoding.text(record.bytes) {
                texts.append((record, text))
            } else {
                result.refuse(record, "it is not \(encoding.rawValue) text; check the feed's encoding")
            }
        }
        switch format {
        case .csv:
            CSVRecords(columns: cursor.columns, delimiter: cursor.delimiter).read(texts, into: &result)
        case .xml: XMLRecords(prefixes: cursor.prefixes).read(texts, into: &result)
        case .json: JSONRecords.read(texts, into: &result)
        }
        return result
    }
}
