// An amount as people read it. Written by hand, because it must be the same on every machine whatever
// locale data is installed, and because an amount is digits in a string: no number formatter, no Double.

import Commerce

package enum MoneyText {
    package static func text(_ money: Money, in language: Language) -> String {
        let digits = money.currency.minorDigits
        let style = Style(language)
        var units = String(money.minorUnits.magnitude)
        if units.count <= digits { units = String(repeating: "0", count: digits + 1 - units.count) + units }
        var whole = grouped(String(units.dropLast(digits)), style)
        if digits > 0 { whole += String(style.decimal) + units.suffix(digits) }
        let sign = money.isNegative ? "\u{2212}" : ""
        let symbol = symbol(money.currency, in: language)
        guard style.symbolLeads else { return "\(sign)\(whole)\u{A0}\(symbol)" }
        return symbol.count == 1 ? "\(sign)\(symbol)\(whole)" : "\(sign)\(symbol)\u{A0}\(whole)"
    }

    private struct Style {
        let decimal: Character
        let group: Character
        /// Spanish groups from five digits on.
        let groupsFrom: Int
        let symbolLeads: Bool

        init(_ language: Language) {
            let isEnglish = language == .english
            decimal = isEnglish ? "." : ","
            group = isEnglish ? "," : "."
            groupsFrom = language == .spanish ? 5 : 4
            symbolLeads = isEnglish
        }
    }

    private static func grouped(_ digits: String, _ style: Style) -> String {
        guard digits.count >= style.groupsFrom else { return digits }
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { text.append(style.group) }
            text.append(digit)
        }
        return text
    }

    private static func symbol(_ currency: Currency, in language: Language) -> String {
        switch currency {
        case .eur: "€"
        case .ron: language == .romanian ? "lei" : "RON"
        default: currency.rawValue
        }
    }
}
