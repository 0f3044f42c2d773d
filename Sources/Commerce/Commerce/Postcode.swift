/// Postcodes by the country's own pattern: `N` is a digit, `A` a letter, `X` either; the rest stands for
/// itself.
///
/// People leave out the space or the hyphen, and write the country in front; both are forgiven, and the
/// result is the country's form. A country without a pattern takes what is written.
package enum Postcode {
    package enum Check: Sendable, Hashable {
        case right(String)
        case wrong(example: String)
    }

    package static func checked(_ text: String, in country: CountryCode) -> Check {
        let written = text.trimmed.uppercased()
        guard let pattern = patterns[country.rawValue] else {
            return written.isEmpty ? .wrong(example: "your postcode") : .right(written)
        }
        let bare = written.filter { $0.isASCII && ($0.isLetter || $0.isDigit) }
        let candidates = bare.hasPrefix(country.rawValue) ? [bare, String(bare.dropFirst(2))] : [bare]
        for candidate in candidates {
            if let formatted = fit(candidate, to: pattern) { return .right(formatted) }
        }
        return .wrong(example: example(of: pattern))
    }

    private static func fit(_ bare: String, to pattern: String) -> String? {
        var rest = bare[...]
        var formatted = ""
        for place in pattern {
            guard "NAX".contains(place) else {
                formatted.append(place)
                continue
            }
            guard let character = rest.popFirst() else { return nil }
            let fits =
                switch place {
                case "N": character.isDigit
                case "A": character.isLetter
                default: true
                }
            guard fits else { return nil }
            formatted.append(character)
        }
        return rest.isEmpty ? formatted : nil
    }

    private static func example(of pattern: String) -> String {
        var digits = "1234567".makeIterator()
        var letters = "ABCDEFG".makeIterator()
        return String(
            pattern.compactMap { place in
                switch place {
                case "N", "X": digits.next()
                case "A": letters.next()
                default: place
                }
            })
    }

    static let patterns: [String: String] = [
        "RO": "NNNNNN", "DE": "NNNNN", "ES": "NNNNN", "AT": "NNNN", "BE": "NNNN", "BG": "NNNN", "CY": "NNNN",
        "CZ": "NNN NN", "DK": "NNNN", "EE": "NNNNN", "FI": "NNNNN", "FR": "NNNNN", "GR": "NNN NN",
        "HR": "NNNNN",
        "HU": "NNNN", "IE": "ANX XXXX", "IT": "NNNNN", "LT": "NNNNN", "LU": "NNNN", "LV": "NNNN",
        "MT": "AAA NNNN",
        "NL": "NNNN AA", "PL": "NN-NNN", "PT": "NNNN-NNN", "SE": "NNN NN", "SI": "NNNN", "SK": "NNN NN",
    ]
}
