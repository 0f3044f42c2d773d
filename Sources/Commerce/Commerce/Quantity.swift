/// How many units of one product a line has: from one to the limit.
package struct Quantity: RawRepresentable, Hashable, Sendable, Codable, Comparable {
    /// A shop for consumers: whoever wants more than this talks to the merchant. The database holds the
    /// same limit.
    package static let limit = 99
    package static let one = Quantity(unchecked: 1)

    package let rawValue: Int

    package init(_ count: Int) throws(CommerceError) {
        guard (1...Self.limit).contains(count) else {
            throw .quantityOutOfRange(found: count, limit: Self.limit)
        }
        rawValue = count
    }

    package init?(rawValue: Int) {
        guard (1...Self.limit).contains(rawValue) else { return nil }
        self.rawValue = rawValue
    }

    /// Reads what a form sent.
    package init(parsing text: String) throws(CommerceError) {
        guard let count = Int(text.trimmed) else {
            throw .malformed(
                noun: "quantity", text: text, reason: "a whole number from 1 to \(Self.limit) is needed")
        }
        try self.init(count)
    }

    private init(unchecked count: Int) {
        rawValue = count
    }

    package static func < (left: Quantity, right: Quantity) -> Bool { left.rawValue < right.rawValue }
}
