/// What one unit of `base` costs in `quote`, as a whole number of 10^-8.
///
/// National banks publish four decimals; eight keep the rate exact when the margin is put on top of it.
package struct ExchangeRate: Hashable, Sendable, Codable {
    package static let scale: Int64 = 100_000_000

    package let base: Currency
    package let quote: Currency
    /// The rate times 10^8.
    package let scaled: Int64

    /// A rate that is not positive is a mistake of the program; one that came from outside is read by
    /// `init(_:from:to:)`.
    package init(base: Currency, quote: Currency, scaled: Int64) {
        precondition(scaled > 0, "an exchange rate is positive")
        self.base = base
        self.quote = quote
        self.scaled = scaled
    }

    /// Reads "4.9764".
    package init(_ text: String, from base: Currency, to quote: Currency) throws(CommerceError) {
        let decimal = try DecimalText(parsing: text, noun: "exchange rate")
        guard let scaled = decimal.units(digits: 8, rounding: nil), scaled > 0 else {
            throw .malformed(
                noun: "exchange rate", text: text, reason: "it must be positive, with at most 8 decimals")
        }
        self.init(base: base, quote: quote, scaled: scaled)
    }

    package static func identity(_ currency: Currency) -> ExchangeRate {
        ExchangeRate(base: currency, quote: currency, scaled: scale)
    }

    /// The rate with a margin on top, half up in the eighth decimal.
    package func adding(_ margin: BasisPoints) -> ExchangeRate {
        let whole = Int128(BasisPoints.one.value)
        let units = Rounding.halfUp.quotient(Int128(scaled) * (whole + Int128(margin.value)), over: whole)
        return ExchangeRate(base: base, quote: quote, scaled: Int64(units))
    }

    /// The amount in the other currency, rounded as named. The amount must be in `base`.
    package func convert(_ amount: Money, rounding: Rounding) -> Money {
        precondition(amount.currency == base, "a rate from \(base) cannot convert \(amount.currency)")
        let numerator = Int128(amount.minorUnits) * Int128(scaled) * powerOfTen(quote.minorDigits)
        let denominator = Int128(Self.scale) * powerOfTen(base.minorDigits)
        return Money(fitting: rounding.quotient(numerator, over: denominator), currency: quote)
    }
}

extension ExchangeRate: CustomStringConvertible {
    package var description: String { "1 \(base) = \(decimalText(scaled, digits: 8)) \(quote)" }
}

/// The rates that a quote freezes for a store.
///
/// Supplier costs are converted at the reference rate with a margin, because they are paid days later.
/// The plan's own euro amounts (markup, the fixed part of the processing fee) are converted at the
/// reference rate itself: nobody pays them to anyone later.
package struct FrozenRates: Hashable, Sendable, Codable {
    /// What a supplier's cost in another currency costs on top of the reference rate.
    package static let supplierMargin = BasisPoints.percent(2)

    /// From the currency of plans and suppliers (EUR) to the store's.
    package let reference: ExchangeRate
    /// The reference rate with the margin for supplier costs.
    package let supplier: ExchangeRate

    package init(reference: ExchangeRate) {
        self.reference = reference
        supplier = reference.base == reference.quote ? reference : reference.adding(Self.supplierMargin)
    }

    /// For a store that sells in the suppliers' currency.
    package static func same(_ currency: Currency) -> FrozenRates {
        FrozenRates(reference: .identity(currency))
    }

    package var storeCurrency: Currency { reference.quote }

    /// A supplier's cost in the store's currency. A cost that is already in it stays what it is.
    package func storeCost(_ cost: Money) throws(CommerceError) -> Money {
        if cost.currency == storeCurrency { return cost }
        guard cost.currency == supplier.base else {
            throw .rateMissing(from: cost.currency, to: storeCurrency)
        }
        return supplier.convert(cost, rounding: .halfUp)
    }
}
