/// What the card processor accepts as one charge. Data, because the processor changes it without asking.
package struct ChargeLimits: Sendable {
    /// The smallest charge per currency, in minor units.
    package var minimum: [Currency: Int64]
    /// The largest charge in minor units: eight digits.
    package var maximumMinorUnits: Int64

    package init(minimum: [Currency: Int64], maximumMinorUnits: Int64) {
        self.minimum = minimum
        self.maximumMinorUnits = maximumMinorUnits
    }

    /// Stripe's published table.
    package static let stripe = ChargeLimits(
        minimum: [
            .eur: 50, .ron: 200, .usd: 50, Currency(unchecked: "GBP"): 30, Currency(unchecked: "BGN"): 100,
            Currency(unchecked: "PLN"): 200, Currency(unchecked: "CZK"): 1500,
            Currency(unchecked: "HUF"): 17500,
            Currency(unchecked: "SEK"): 300, Currency(unchecked: "DKK"): 250,
            Currency(unchecked: "NOK"): 300,
            Currency(unchecked: "CHF"): 50,
        ],
        maximumMinorUnits: 99_999_999)

    /// The smallest amount that can be charged in a currency, if the table knows it.
    package func minimum(in currency: Currency) -> Money? {
        minimum[currency].map { Money(minorUnits: $0, currency: currency) }
    }

    package func maximum(in currency: Currency) -> Money {
        Money(minorUnits: maximumMinorUnits, currency: currency)
    }
}
