package import Commerce
import Crypto

// From the bytes of a feed to articles, a page at a time. Which rows changed is known from their bytes alone,
// so that an unchanged row is neither parsed nor compared: its fingerprint is looked up and that is all.

/// A record and what tells whether it is the one we know.
package struct FingerprintedRecord: Sendable {
    package let record: RawRecord
    package let fingerprint: Fingerprint

    package var mark: FeedRow { FeedRow(number: record.row, fingerprint: fingerprint) }
}

/// A page of articles, and the rows that are none.
package struct ItemPage: Sendable {
    package var items: [FeedItem] = []
    package var problems: [RowProblem] = []
}

/// Reads one feed.
package struct FeedReader: Sendable {
    package let cutter: FeedCutter
    private let settings: FeedSettings
    private let salt: [UInt8]

    /// A change of what reading means makes every row new once.
    private static let version: UInt8 = 1

    package init(_ settings: FeedSettings, declared: FeedEncoding? = nil) {
        self.settings = settings
        cutter = FeedCutter(settings, declared: declared)
        var text =
            "\(settings.format.rawValue)|\(settings.encoding?.rawValue ?? "")|\(settings.mapping.currency)"
        text += "|\(settings.mapping.language.rawValue)|\(settings.mapping.decimal.rawValue)"
        text += "|\(settings.mapping.variants ?? "")|\(settings.mapping.listSeparator ?? "")"
        for (field, path) in settings.mapping.paths.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            text += "|\(field.rawValue)=\(path)"
        }
        salt = [Self.version] + Array(text.utf8)
    }

    /// Stands for each of the records; the columns of a CSV feed belong to what its rows mean.
    package func fingerprints(_ records: [RawRecord], _ cursor: FeedCursor) -> [FingerprintedRecord] {
        var base = SHA256()
        base.update(data: salt)
        base.update(data: Array(cursor.columns.joined(separator: "\u{1F}").utf8))
        return records.map { record in
            var hash = base
            record.bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
            return FingerprintedRecord(
                record: record, fingerprint: Fingerprint(bytes: Array(hash.finalize().prefix(16))))
        }
    }

    /// Reads records that are new or changed. Variants of one record share its fingerprint.
    package func items(_ records: [FingerprintedRecord], _ cursor: FeedCursor) -> ItemPage {
        let read = RecordReader(format: settings.format, cursor: cursor).read(records.map(\.record))
        let fingerprints = Dictionary(records.map { ($0.record.row, $0.fingerprint) }) { $1 }
        var page = ItemPage(problems: read.problems)
        let reader = ItemReader(settings.mapping)
        for (row, node) in read.records {
            guard let fingerprint = fingerprints[row] else { continue }
            for result in reader.items(of: node, row: row) {
                switch result {
                case .success(let item):
                    page.items.append(FeedItem(row: row, item: item, fingerprint: fingerprint))
                case .failure(let refused): page.problems += refused.problems
                }
            }
        }
        return page
    }
}
