import SwiftCSV

// Whole rows of CSV, read by SwiftCSV: all of a page at once, and one by one where it refuses the page, so
// that a row with a stray quote costs itself and no other.

struct CSVRecords {
    let columns: [String]
    let delimiter: String

    func read(_ texts: [(record: RawRecord, text: String)], into result: inout ReadRecords) {
        guard !texts.isEmpty else { return }
        let page = texts.map(\.text).joined(separator: "\n") + "\n"
        // A row that SwiftCSV refuses is found below, by itself.
        if let rows = try? Self.rows(of: page, delimiter: delimiter), rows.count == texts.count {
            for (text, fields) in zip(texts, rows) { note(fields, of: text.record, &result) }
            return
        }
        for (record, text) in texts {
            do {
                let rows = try Self.rows(of: text + "\n", delimiter: delimiter)
                guard rows.count == 1 else {
                    result.refuse(record, "it holds a line break outside quotes")
                    continue
                }
                note(rows[0], of: record, &result)
            } catch {
                result.refuse(
                    record, "a quote stands where no quote can be; quotes within a field are doubled")
            }
        }
    }

    private func note(_ fields: [String], of record: RawRecord, _ result: inout ReadRecords) {
        guard fields.count == columns.count else {
            result.refuse(record, "it has \(fields.count) fields where the header has \(columns.count)")
            return
        }
        let children = zip(columns, fields).map { FeedNode($0, text: $1) }
        result.records.append((record.row, FeedNode("row", children: children)))
    }

    /// The fields of one row; nil where it is none.
    static func fields(of text: String, delimiter: String) -> [String]? {
        // The caller says which row it was and why it matters.
        guard let rows = try? rows(of: text + "\n", delimiter: delimiter), rows.count == 1 else { return nil }
        return rows[0]
    }

    private static func rows(of text: String, delimiter: String) throws -> [[String]] {
        let mark = CSVDelimiter(unicodeScalarLiteral: delimiter.first ?? ",")
        let csv = try EnumeratedCSV(string: text, delimiter: mark, loadColumns: false, rowLimit: 0)
        let rows = Rows()
        // The library's own table would fill short rows up, and a short row is a broken one.
        try csv.enumerateAsArray(startAt: 0, rowLimit: nil) { rows.all.append($0) }
        return rows.all
    }

    private final class Rows { var all: [[String]] = [] }
}
