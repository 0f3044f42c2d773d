/// A VAT number of a member state, checked as far as the number itself tells: its form and its check digits.
/// Whether it is registered at all, only the tax authorities' own service (VIES) knows; that is asked
/// elsewhere, and its silence is no refusal.
package struct VATNumber: ValidatedText {
    package static var noun: String { "VAT number" }

    package let rawValue: String

    package init(unchecked text: String) {
        rawValue = text
    }

    /// The letters in front: a country, where Greece writes EL.
    package var prefix: String { String(rawValue.prefix(2)) }

    package var country: CountryCode { CountryCode(unchecked: prefix == "EL" ? "GR" : prefix) }

    package static func normalised(_ text: String) -> String {
        let plain = text.uppercased().filter { !" .-/".contains($0) }
        return plain.hasPrefix("GR") ? "EL" + plain.dropFirst(2) : plain
    }

    package static func problem(in text: String) -> String? {
        guard text.utf8.count <= 14,
            text.allSatisfy({ $0.isASCII && ($0.isNumber || $0.isUppercase || "+*".contains($0)) })
        else { return "only letters and digits are possible" }
        guard let scheme = VATScheme.all[String(text.prefix(2))] else {
            return "it must begin with the two letters of a member state, like RO"
        }
        let body = String(text.dropFirst(2))
        guard scheme.hasForm(body) else { return "it should look like \(scheme.example)" }
        return scheme.isSound(body) ? nil : "its check digit is wrong; look for a typing error"
    }

    /// For a merchant of this country, who may have left the prefix out.
    package init(parsing text: String, of country: CountryCode) throws(CommerceError) {
        let plain = Self.normalised(text)
        let isWhole = plain.hasPrefix(country.vatPrefix)
        try self.init(parsing: isWhole ? plain : country.vatPrefix + plain)
        guard prefix == country.vatPrefix else {
            throw .malformed(noun: Self.noun, text: text, reason: "it is not one of \(country)")
        }
    }
}

/// How the numbers of one country are made.
struct VATScheme: Sendable {
    let example: String
    let hasForm: @Sendable (String) -> Bool
    let isSound: @Sendable (String) -> Bool

    /// Digits only, of one of these lengths.
    private init(
        _ example: String, digits lengths: Set<Int>, _ isSound: @escaping @Sendable ([Int]) -> Bool
    ) {
        self.example = example
        hasForm = { lengths.contains($0.count) && $0.allSatisfy(\.isDigit) }
        self.isSound = { isSound($0.digits) }
    }

    private init(
        _ example: String, form: @escaping @Sendable (String) -> Bool,
        _ isSound: @escaping @Sendable (String) -> Bool
    ) {
        self.example = example
        hasForm = form
        self.isSound = isSound
    }

    static let all: [String: VATScheme] = [
        "AT": VATScheme("ATU13585627", form: { $0.hasPrefix("U") && $0.dropFirst().isDigits(8) }) {
            CheckDigits.austria($0.dropFirst().digits)
        },
        "BE": VATScheme("BE0428759497", digits: [10]) { d in
            97 - d[..<8].number % 97 == d[8...].number
        },
        "BG": VATScheme("BG175074752", digits: [9, 10]) { $0.count == 10 || CheckDigits.bulgaria($0) },
        "CY": VATScheme("CY10259033P", form: { $0.dropLast().isDigits(8) && $0.last?.isLetter == true }) {
            CheckDigits.cyprus($0)
        },
        "CZ": VATScheme("CZ25123891", digits: [8, 9, 10]) { $0.count != 8 || CheckDigits.czechia($0) },
        "DE": VATScheme("DE136695976", digits: [9]) { CheckDigits.isoEleven($0) },
        "DK": VATScheme("DK13585628", digits: [8]) { $0.sum([2, 7, 6, 5, 4, 3, 2, 1]) % 11 == 0 },
        "EE": VATScheme("EE100931558", digits: [9]) { d in
            (10 - d.sum([3, 7, 1, 3, 7, 1, 3, 7]) % 10) % 10 == d[8]
        },
        "EL": VATScheme("EL094259216", digits: [9]) { d in
            d.sum([256, 128, 64, 32, 16, 8, 4, 2]) % 11 % 10 == d[8]
        },
        "ES": VATScheme("ESB58378431", form: CheckDigits.isSpanishForm, CheckDigits.spain),
        "FI": VATScheme("FI20774740", digits: [8]) { d in
            let rest = d.sum([7, 9, 10, 5, 8, 4, 2]) % 11
            return rest != 1 && (11 - rest) % 11 == d[7]
        },
        "FR": VATScheme("FR83404833048", form: { $0.count == 11 && $0.dropFirst(2).isDigits(9) }) {
            CheckDigits.france($0)
        },
        "HR": VATScheme("HR33392005961", digits: [11]) { CheckDigits.isoEleven($0) },
        "HU": VATScheme("HU12892312", digits: [8]) { d in
            (10 - d.sum([9, 7, 3, 1, 9, 7, 3]) % 10) % 10 == d[7]
        },
        "IE": VATScheme("IE6433435F", form: CheckDigits.isIrishForm, CheckDigits.ireland),
        "IT": VATScheme("IT00743110157", digits: [11]) { $0.passesLuhn },
        "LT": VATScheme("LT119511515", digits: [9, 12]) { CheckDigits.lithuania($0) },
        "LU": VATScheme("LU15027442", digits: [8]) { d in d[..<6].number % 89 == d[6...].number },
        "LV": VATScheme("LV40003521600", digits: [11]) { $0[0] <= 3 || CheckDigits.latvia($0) },
        "MT": VATScheme("MT11679112", digits: [8]) { d in
            37 - d.sum([3, 4, 6, 7, 8, 9]) % 37 == d[6...].number
        },
        "NL": VATScheme("NL004495445B01", form: CheckDigits.isDutchForm, CheckDigits.netherlands),
        "PL": VATScheme("PL8567346215", digits: [10]) { d in
            d.sum([6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 == d[9]
        },
        "PT": VATScheme("PT501964843", digits: [9]) { d in
            let rest = d.sum([9, 8, 7, 6, 5, 4, 3, 2]) % 11
            return (rest < 2 ? 0 : 11 - rest) == d[8]
        },
        "RO": VATScheme("RO18547290", digits: Set(2...10)) { CheckDigits.romania($0) },
        "SE": VATScheme("SE123456789701", digits: [12]) { d in
            d[10...].number >= 1 && Array(d[..<10]).passesLuhn
        },
        "SI": VATScheme("SI50223054", digits: [8]) { d in
            let rest = 11 - d.sum([8, 7, 6, 5, 4, 3, 2]) % 11
            return rest != 11 && rest % 10 == d[7]
        },
        "SK": VATScheme("SK2022749619", digits: [10]) { $0[...].number % 11 == 0 },
    ]
}

extension StringProtocol {
    fileprivate func isDigits(_ length: Int) -> Bool { count == length && allSatisfy(\.isDigit) }

    /// Of the ASCII digits in it.
    var digits: [Int] { utf8.filter { (0x30...0x39).contains($0) }.map { Int($0) - 0x30 } }
}

extension Collection<Int> where Index == Int {
    var number: Int { reduce(0) { $0 * 10 + $1 } }
}

extension [Int] {
    /// The digits from the left, each times its weight.
    func sum(_ weights: [Int]) -> Int { zip(self, weights).reduce(0) { $0 + $1.0 * $1.1 } }

    /// Luhn's check over all digits.
    var passesLuhn: Bool {
        reversed().enumerated().reduce(0) { sum, place in
            let doubled = place.element * 2
            return sum + (place.offset % 2 == 0 ? place.element : doubled > 9 ? doubled - 9 : doubled)
        } % 10 == 0
    }
}
