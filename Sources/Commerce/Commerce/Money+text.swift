// Amounts as text: exact in both directions, the same on every machine, with a point and no grouping.
// What people read, with their own separators and symbols, is made by the pages.

extension Money {
    /// Reads "14.02". More decimals than the currency has are refused, unless they are zeros.
    package init(exactly text: String, _ currency: Currency, separator: Character = ".")
        throws(CommerceError)
    {
        let decimal = try DecimalText(parsing: text, noun: "price in \(currency)", separator: separator)
        guard let units = decimal.units(digits: currency.minorDigits, rounding: nil) else {
            throw .malformed(
                noun: "price in \(currency)", text: text,
                reason: "at most \(currency.minorDigits) decimals and 16 digits are possible")
        }
        self.init(minorUnits: units, currency: currency)
    }

    /// Reads an amount that a vendor computed in binary, such as "9.809999999999999", rounded as named.
    package init(_ text: String, _ currency: Currency, rounding: Rounding) throws(CommerceError) {
        let decimal = try DecimalText(parsing: text, noun: "price in \(currency)")
        guard let units = decimal.units(digits: currency.minorDigits, rounding: rounding) else {
            throw .malformed(noun: "price in \(currency)", text: text, reason: "it is too large")
        }
        self.init(minorUnits: units, currency: currency)
    }

    /// "14.02", with exactly the decimals of the currency.
    package var decimalText: String { Commerce.decimalText(minorUnits, digits: currency.minorDigits) }
}

extension Money: CustomStringConvertible {
    /// "14.02 EUR"
    package var description: String { "\(decimalText) \(currency)" }
}
