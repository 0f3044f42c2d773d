/// A rate in hundredths of a percent: 5 % is 500. VAT rates such as 25.5 % need one decimal, so percents
/// will not do.
package struct BasisPoints: Hashable, Sendable, Codable, Comparable {
    package static let zero = BasisPoints(0)
    /// The whole: 100 %.
    package static let one = BasisPoints(10_000)

    package let value: Int

    package init(_ value: Int) {
        self.value = value
    }

    package static func percent(_ percent: Int) -> BasisPoints { BasisPoints(percent * 100) }

    /// Reads "21", "25.5" or "2.75", with or without a percent sign.
    package init(percentText text: String) throws(CommerceError) {
        let trimmed = text.trimmed
        let number = trimmed.hasSuffix("%") ? trimmed.dropLast().trimmed : trimmed
        let decimal = try DecimalText(parsing: number, noun: "percentage")
        guard let units = decimal.units(digits: 2, rounding: nil), let value = Int(exactly: units) else {
            throw .malformed(noun: "percentage", text: text, reason: "at most two decimals are possible")
        }
        self.init(value)
    }

    /// "5", "25.5"
    package var percentText: String {
        var text = decimalText(Int64(value), digits: 2)
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
        return text
    }

    package static func < (left: BasisPoints, right: BasisPoints) -> Bool { left.value < right.value }

    package init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(Int.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }
}

extension BasisPoints: CustomStringConvertible {
    package var description: String { "\(percentText) %" }
}
