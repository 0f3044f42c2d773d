/// A country by its two letters of ISO 3166-1.
package struct CountryCode: ValidatedText {
    package static var noun: String { "country code" }
    package static let romania = CountryCode(unchecked: "RO")
    package static let germany = CountryCode(unchecked: "DE")
    package static let spain = CountryCode(unchecked: "ES")

    package let rawValue: String

    package init(unchecked text: String) {
        rawValue = text
    }

    package static func normalised(_ text: String) -> String { text.trimmed.uppercased() }

    package static func problem(in text: String) -> String? {
        text.count == 2 && text.allSatisfy { ("A"..."Z").contains($0) }
            ? nil : "two letters are needed, like RO"
    }

    /// The members of the European Union.
    package static let europeanUnion: Set<CountryCode> = Set(
        [
            "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT",
            "LT", "LU",
            "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
        ].map(CountryCode.init(unchecked:)))

    package var isInEuropeanUnion: Bool { Self.europeanUnion.contains(self) }

    /// The letters in front of a VAT number; Greece writes EL.
    package var vatPrefix: String { rawValue == "GR" ? "EL" : rawValue }
}
