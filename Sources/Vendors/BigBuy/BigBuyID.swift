/// The identifier of one kind of BigBuy object. BigBuy writes the same id as a number here and as a
/// string there, so its text is kept.
package struct BigBuyID<Object>: RawRepresentable, Sendable, Hashable, ExpressibleByStringLiteral {
    package let rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    package init(stringLiteral value: String) {
        self.init(rawValue: value)
    }
}

extension BigBuyID: Codable {
    package init(from decoder: any Decoder) throws {
        rawValue = try decoder.singleValueContainer().decode(String.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}

extension BigBuyID: CustomStringConvertible {
    package var description: String { rawValue }
}
