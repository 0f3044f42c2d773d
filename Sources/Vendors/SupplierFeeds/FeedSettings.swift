package import Commerce

// How one supplier writes its feed: the form, the letters, where a record begins, and which of its names
// means which of ours. It is data of the merchant, kept as JSON beside the feed; whatever it says is checked
// when it is saved, so that a sync never meets a mapping that cannot work.

/// The description of a feed.
package struct FeedSettings: Sendable, Codable, Hashable {
    package var format: FeedFormat
    /// Nil: told by the feed itself, or UTF-8.
    package var encoding: FeedEncoding?
    /// Between the fields of a CSV row: one of `,` `;` tab and `|`. Nil: the one that the first row has most
    /// of.
    package var delimiter: String?
    /// The element of an XML feed that holds one record, or the member of a JSON object that holds the list
    /// of them.
    package var record: String?
    package var mapping: FieldMapping

    package init(
        _ format: FeedFormat, encoding: FeedEncoding? = nil, delimiter: String? = nil, record: String? = nil,
        mapping: FieldMapping
    ) {
        self.format = format
        self.encoding = encoding
        self.delimiter = delimiter
        self.record = record
        self.mapping = mapping
    }

    package static let delimiters = [",", ";", "\t", "|"]

    /// What keeps these settings from reading any feed.
    package var problems: [FieldProblem] {
        var found = mapping.problems
        if let delimiter, !Self.delimiters.contains(delimiter) {
            found.append(FieldProblem(field: "delimiter", reason: "must be a comma, semicolon, tab or |"))
        }
        if format == .xml, record?.isEmpty ?? true {
            found.append(FieldProblem(field: "record", reason: "must name the element of one product"))
        }
        return found
    }
}
