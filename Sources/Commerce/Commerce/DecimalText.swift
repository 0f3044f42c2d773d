/// A decimal number read from text, exactly: `coefficient x 10^-scale`.
///
/// Vendors send amounts as JSON numbers and as strings; both are read as text through here, because a
/// detour over binary floating point turns 14.02 into 14.019999999999999.
struct DecimalText: Equatable, Sendable {
    /// More digits than any price or rate has; guards the 128-bit arithmetic against absurd input.
    static let digitLimit = 30

    let coefficient: Int128
    let scale: Int

    init(parsing text: String, noun: String, separator: Character = ".") throws(CommerceError) {
        func refuse(_ reason: String) -> CommerceError { .malformed(noun: noun, text: text, reason: reason) }
        var rest = text.trimmed[...]
        let isNegative = rest.first == "-"
        if isNegative || rest.first == "+" { rest = rest.dropFirst() }
        let exponent: Int
        if rest.first?.isDigit == true, let mark = rest.firstIndex(where: { $0 == "e" || $0 == "E" }) {
            guard let power = Int(rest[rest.index(after: mark)...]), abs(power) <= Self.digitLimit else {
                throw refuse("the exponent is not possible")
            }
            exponent = power
            rest = rest[..<mark]
        } else {
            exponent = 0
        }

        let parts = rest.split(separator: separator, maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, !whole.isEmpty, whole.allSatisfy(\.isDigit) else {
            throw refuse("digits are needed, with \"\(separator)\" before the decimals")
        }
        let fraction = parts.count == 2 ? parts[1] : ""
        guard parts.count == 1 || !fraction.isEmpty, fraction.allSatisfy(\.isDigit) else {
            throw refuse("only digits can follow \"\(separator)\"")
        }
        let digits = (whole + fraction).drop { $0 == "0" }
        guard digits.count <= Self.digitLimit else { throw refuse("it has too many digits") }
        let magnitude = Int128(digits) ?? 0
        coefficient = isNegative ? -magnitude : magnitude
        scale = fraction.count - exponent
    }

    /// The number in units of `10^-digits`, or nil when it does not fit into 64 bits.
    /// Without a rounding, a number that has more decimals than that is nil too.
    func units(digits: Int, rounding: Rounding?) -> Int64? {
        if coefficient == 0 { return 0 }
        let shift = digits - scale
        if shift >= 0 {
            guard shift <= Self.digitLimit else { return nil }
            let (product, overflow) = coefficient.multipliedReportingOverflow(by: powerOfTen(shift))
            return overflow ? nil : Int64(exactly: product)
        }
        // Smaller than a unit by more digits than the coefficient can have: it can only round to nothing.
        guard -shift <= Self.digitLimit + 5 else { return rounding == nil ? nil : 0 }
        let divisor = powerOfTen(-shift)
        if let rounding { return Int64(exactly: rounding.quotient(coefficient, over: divisor)) }
        return coefficient % divisor == 0 ? Int64(exactly: coefficient / divisor) : nil
    }
}

/// `10^exponent`, for the small exponents that decimals of money and rates have.
func powerOfTen(_ exponent: Int) -> Int128 {
    precondition((0...36).contains(exponent), "a power of ten beyond any price")
    return (0..<exponent).reduce(Int128(1)) { power, _ in power * 10 }
}

/// Writes `units x 10^-digits` with exactly that many decimals.
func decimalText(_ units: Int64, digits: Int) -> String {
    guard digits > 0 else { return String(units) }
    let text = String(units.magnitude)
    let padded = String(repeating: "0", count: max(0, digits + 1 - text.count)) + text
    return (units < 0 ? "-" : "") + padded.dropLast(digits) + "." + padded.suffix(digits)
}
