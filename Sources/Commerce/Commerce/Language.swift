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
}
