/// The formats in which a merchant's own supplier hands out its catalogue.
package enum FeedFormat: String, Sendable, CaseIterable, Codable {
    case csv
    case xml
    case json
}
