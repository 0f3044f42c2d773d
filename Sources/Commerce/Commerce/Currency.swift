/// A currency by its three letters of ISO 4217.
///
/// Stores sell in EUR or RON; the others exist because vendors answer in them. A currency whose digits
/// are not in the table has two.
package struct Currency: ValidatedText {
    package static var noun: String { "currency" }
    package static let eur = Currency(unchecked: "EUR")
    package static let ron = Currency(unchecked: "RON")
    package static let usd = Currency(unchecked: "USD")

    /// The currencies a store can be opened in.
    package static let storeCurrencies: [Currency] = [.eur, .ron]

    package let rawValue: String

    package init(unchecked text: String) {
        rawValue = text
    }

    package static func normalised(_ text: String) -> String { text.trimmed.uppercased() }

    package static func problem(in text: String) -> String? {
        text.count == 3 && text.allSatisfy { ("A"..."Z").contains($0) }
            ? nil : "three letters are needed, like EUR"
    }

    /// How many decimals an amount has in card processing.
    package var minorDigits: Int {
        if Self.withoutDecimals.contains(rawValue) { return 0 }
        return Self.withThreeDecimals.contains(rawValue) ? 3 : 2
    }

    /// The code as Stripe writes it.
    package var lowercased: String { rawValue.lowercased() }

    private static let withoutDecimals: Set<String> = [
        "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF",
        "XPF",
    ]
    private static let withThreeDecimals: Set<String> = ["BHD", "JOD", "KWD", "OMR", "TND"]
}
