// How much is in one piece that is sold, for the price per unit beside its price (Directive 98/6/EC, article
// 3): what is sold by weight, volume, length or area shows what one kilogram, litre, metre or square metre of
// it costs. What is sold by the piece has none.

/// The unit that a price per unit is told for. Raw values are stored.
package enum ContentUnit: String, Hashable, Sendable, Codable, CaseIterable {
    case kilogram = "kg"
    case litre = "l"
    case metre = "m"
    case squareMetre = "m2"

    /// As it is written beside a price, in every language.
    package var symbol: String { self == .squareMetre ? "m²" : rawValue }

    /// The names in feeds and in what merchants type, each with how many millionths of a unit it is.
    fileprivate static let names: [String: (unit: ContentUnit, millionths: Int64)] = {
        let groups: [(ContentUnit, Int64, String)] = [
            (.kilogram, 1, "mg"), (.kilogram, 1_000, "g gr gram grams gramm grame gramos"),
            (.kilogram, 1_000_000, "kg kilo kilogram kilograms kilogramm kilograme kilogramos"),
            (.litre, 1_000, "ml"), (.litre, 10_000, "cl"), (.litre, 100_000, "dl"),
            (.litre, 1_000_000, "l lt ltr liter litre liters litres litru litri litro litros"),
            (.metre, 1_000, "mm"), (.metre, 10_000, "cm"),
            (.metre, 1_000_000, "m meter metre meters metres metru metri metro metros"),
            (.squareMetre, 100, "cm2 cm² sqcm qcm"), (.squareMetre, 1_000_000, "m2 m² sqm qm mp"),
        ]
        var names: [String: (unit: ContentUnit, millionths: Int64)] = [:]
        for (unit, millionths, words) in groups {
            for word in words.split(separator: " ") { names[String(word)] = (unit, millionths) }
        }
        return names
    }()

    /// How feeds say that an article is sold by the piece.
    fileprivate static let pieces: Set<String> = [
        "ct", "count", "pc", "pcs", "piece", "pieces", "st", "stk", "stück", "stueck", "buc", "bucata",
        "bucată", "bucati", "bucăți", "ud", "uds", "unidad", "unidades", "unit", "units",
    ]
}

package struct ContentQuantity: Hashable, Sendable, Codable {
    /// A thousand tonnes: more is a mistake.
    package static let limit: Int64 = 1_000_000 * 1_000_000

    /// In millionths of the unit, so that milligrams and square centimetres are whole numbers.
    package let millionths: Int64
    package let unit: ContentUnit

    /// Nil outside of what one piece can hold.
    package init?(millionths: Int64, unit: ContentUnit) {
        guard (1...Self.limit).contains(millionths) else { return nil }
        self.millionths = millionths
        self.unit = unit
    }

    /// What `text` says, such as `750 ml`, `0.5 kg` or `6 x 0.33 l`; nil for what is sold by the piece.
    ///
    /// - Parameters:
    ///   - unit: where the number and its unit stand apart.
    ///   - pointed: brings a number into the form with a point before its decimals.
    package static func read(
        _ text: String, unit: String? = nil,
        pointed: (String) throws(CommerceError) -> String = { $0 }
    ) throws(CommerceError) -> ContentQuantity? {
        func refuse(_ reason: String) -> CommerceError {
            .malformed(noun: "content quantity", text: text, reason: reason)
        }
        let (count, number, written) = parts(of: text)
        let word = (written.isEmpty ? unit?.trimmed ?? "" : written).lowercased()
        if ContentUnit.pieces.contains(word) { return nil }
        guard let known = ContentUnit.names[word] else {
            throw refuse("a number and a unit such as g, kg, ml, l, cm, m or m2 are needed, like 750 ml")
        }
        let amount = try DecimalText(parsing: try pointed(number), noun: "content quantity")
        let all = amount.units(digits: 9, rounding: .halfUp).map { billionths in
            Rounding.halfUp.quotient(
                Int128(billionths) * Int128(known.millionths) * Int128(count), over: 1_000_000_000)
        }
        guard let all, let millionths = Int64(exactly: all),
            let content = ContentQuantity(millionths: millionths, unit: known.unit)
        else { throw refuse("it must be more than nothing, and no more than a thousand tonnes") }
        return content
    }

    /// `6 x 0.33 l` as 6, `0.33` and `l`.
    private static func parts(of text: String) -> (count: Int64, number: String, unit: String) {
        var rest = text.trimmed[...]
        var count: Int64 = 1
        if let mark = rest.firstIndex(where: { "x×*X".contains($0) }),
            let pieces = Int64(String(rest[..<mark]).trimmed), (1...10_000).contains(pieces)
        {
            count = pieces
            rest = rest[rest.index(after: mark)...].drop { $0.isWhitespace }
        }
        let number = rest.prefix { $0.isDigit || ".,-+".contains($0) }
        return (count, String(number), String(rest.dropFirst(number.count)).trimmed)
    }

    /// How many units: `0.75`.
    package var amount: String {
        var number = decimalText(millionths, digits: 6)
        while number.hasSuffix("0") { number.removeLast() }
        if number.hasSuffix(".") { number.removeLast() }
        return number
    }

    /// What one unit costs where one piece costs `price`; nil where that is the same and need not be told, or
    /// no amount of money.
    package func unitPrice(at price: Money) -> Money? {
        guard millionths != 1_000_000 else { return nil }
        let units = Rounding.halfUp.quotient(Int128(price.minorUnits) * 1_000_000, over: Int128(millionths))
        return Int64(exactly: units).map { Money(minorUnits: $0, currency: price.currency) }
    }
}

extension ContentQuantity: CustomStringConvertible {
    /// `750 ml`, `1.98 l`: as it would be typed.
    package var description: String {
        let small: (name: String, millionths: Int64)? =
            switch unit {
            case .kilogram: ("g", 1_000)
            case .litre: ("ml", 1_000)
            case .metre: ("cm", 10_000)
            case .squareMetre: nil
            }
        if let small, millionths < 1_000_000, millionths.isMultiple(of: small.millionths) {
            return "\(millionths / small.millionths) \(small.name)"
        }
        return "\(amount) \(unit.rawValue)"
    }
}
