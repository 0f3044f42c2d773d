/// The languages a storefront speaks. The raw value is the path prefix and what is stored.
package enum Language: String, Codable, Hashable, Sendable, CaseIterable, CodingKeyRepresentable {
    case romanian = "ro"
    case english = "en"
    case german = "de"
    case spanish = "es"

    /// What the language calls itself, for the language menu.
    package var nativeName: String {
        switch self {
        case .romanian: "Română"
        case .english: "English"
        case .german: "Deutsch"
        case .spanish: "Español"
        }
    }

    /// The one of four that is in this language.
    package func choose<Text>(romanian: Text, english: Text, german: Text, spanish: Text) -> Text {
        switch self {
        case .romanian: romanian
        case .english: english
        case .german: german
        case .spanish: spanish
        }
    }

    /// Where this language stands in a list of four texts, which are in the order of the cases.
    package var place: Int { choose(romanian: 0, english: 1, german: 2, spanish: 3) }
}
