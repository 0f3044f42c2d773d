/// Value added tax inside a price that includes it.
package struct TaxedAmount: Hashable, Sendable, Codable {
    package let gross: Money
    package let vat: Money
    package let rate: BasisPoints

    package var net: Money { gross - vat }

    /// Takes the tax out of a price that includes it: `gross x r / (100 % + r)`, half up.
    package init(gross: Money, rate: BasisPoints) {
        precondition(rate >= .zero, "a VAT rate is not negative")
        self.gross = gross
        self.rate = rate
        vat = gross.scaled(
            by: Int64(rate.value), over: Int64(BasisPoints.one.value + rate.value), rounding: .halfUp)
    }

    /// Puts the tax on top of a net price, half up.
    package init(net: Money, rate: BasisPoints) {
        precondition(rate >= .zero, "a VAT rate is not negative")
        vat = net.applying(rate, rounding: .halfUp)
        gross = net + vat
        self.rate = rate
    }
}

/// The standard VAT rates of the Union as of September 2026: the seed of the table that holds them with
/// their dates.
package enum StandardVAT {
    package static func rate(in country: CountryCode) -> BasisPoints? {
        seed[country.rawValue].map { BasisPoints($0) }
    }

    package static let seed: [String: Int] = [
        "RO": 2100, "DE": 1900, "ES": 2100, "IE": 2300, "FR": 2000, "IT": 2200, "AT": 2000, "BE": 2100,
        "BG": 2000,
        "CY": 1900, "CZ": 2100, "DK": 2500, "EE": 2400, "FI": 2550, "GR": 2400, "HR": 2500, "HU": 2700,
        "LT": 2100,
        "LU": 1700, "LV": 2100, "MT": 1800, "NL": 2100, "PL": 2300, "PT": 2300, "SE": 2500, "SI": 2200,
        "SK": 2300,
    ]
}
