/// An amount of money: whole minor units (cents, bani) of one currency. There is no floating point anywhere
/// near it.
///
/// Adding euros to lei, or more than 64 bits hold, is a mistake in the program and traps, as adding past
/// the end of an `Int` does. Amounts that come from outside are read by the throwing initialisers, which
/// refuse instead. Rejected: generic currencies (`Money<EUR>`): a store's currency is known at run time
/// only.
package struct Money: Hashable, Sendable, Codable {
    package var minorUnits: Int64
    package var currency: Currency

    package init(minorUnits: Int64, currency: Currency) {
        self.minorUnits = minorUnits
        self.currency = currency
    }

    package static func zero(_ currency: Currency) -> Money { Money(minorUnits: 0, currency: currency) }

    package static func eur(_ minorUnits: Int64) -> Money { Money(minorUnits: minorUnits, currency: .eur) }

    package static func ron(_ minorUnits: Int64) -> Money { Money(minorUnits: minorUnits, currency: .ron) }

    package var isZero: Bool { minorUnits == 0 }
    package var isNegative: Bool { minorUnits < 0 }
    package var isPositive: Bool { minorUnits > 0 }
    package var magnitude: Money { isNegative ? -self : self }

    /// Refuses an amount in another currency than the one that is needed here.
    package func required(in expected: Currency) throws(CommerceError) -> Money {
        guard currency == expected else { throw .currencyMismatch(expected: expected, found: currency) }
        return self
    }

    /// `self x numerator / denominator`, rounded as named.
    package func scaled(by numerator: Int64, over denominator: Int64, rounding: Rounding) -> Money {
        let units = rounding.quotient(Int128(minorUnits) * Int128(numerator), over: Int128(denominator))
        return Money(fitting: units, currency: currency)
    }

    /// This share of the amount, rounded as named.
    package func applying(_ rate: BasisPoints, rounding: Rounding) -> Money {
        scaled(by: Int64(rate.value), over: Int64(BasisPoints.one.value), rounding: rounding)
    }

    /// The amount divided by a whole number, or nil when it does not come out even.
    package func dividedExactly(by divisor: Int64) -> Money? {
        precondition(divisor != 0, "division by zero")
        guard minorUnits % divisor == 0 else { return nil }
        return Money(minorUnits: minorUnits / divisor, currency: currency)
    }

    init(fitting units: Int128, currency: Currency) {
        guard let minorUnits = Int64(exactly: units) else {
            preconditionFailure("an amount of money must fit into 64 bits of minor units")
        }
        self.init(minorUnits: minorUnits, currency: currency)
    }

    func mustMatch(_ other: Money) {
        precondition(currency == other.currency, "amounts of different currencies must be converted first")
    }
}

extension Money {
    package static func + (left: Money, right: Money) -> Money {
        left.mustMatch(right)
        return Money(minorUnits: left.minorUnits + right.minorUnits, currency: left.currency)
    }

    package static func - (left: Money, right: Money) -> Money {
        left.mustMatch(right)
        return Money(minorUnits: left.minorUnits - right.minorUnits, currency: left.currency)
    }

    package static func += (left: inout Money, right: Money) { left = left + right }

    package static func -= (left: inout Money, right: Money) { left = left - right }

    package static prefix func - (amount: Money) -> Money {
        Money(minorUnits: -amount.minorUnits, currency: amount.currency)
    }

    package static func * (amount: Money, count: Int) -> Money {
        Money(minorUnits: amount.minorUnits * Int64(count), currency: amount.currency)
    }

    /// The product, or nil when it does not fit: for counts and prices that came from outside.
    package func multipliedIfPossible(by count: Int) -> Money? {
        let (units, overflow) = minorUnits.multipliedReportingOverflow(by: Int64(count))
        return overflow ? nil : Money(minorUnits: units, currency: currency)
    }
}

extension Money: Comparable {
    package static func < (left: Money, right: Money) -> Bool {
        left.mustMatch(right)
        return left.minorUnits < right.minorUnits
    }
}

extension Sequence where Element == Money {
    /// The sum; the currency is named, because an empty sum has one too.
    package func total(_ currency: Currency) -> Money {
        reduce(.zero(currency), +)
    }
}
