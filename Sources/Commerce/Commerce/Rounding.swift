/// How a division that does not come out even is rounded. It is named at every call, because which one
/// applies is a rule of the business and not of arithmetic.
package enum Rounding: Sendable {
    /// To the nearest; a half goes away from zero. The house rule for money.
    case halfUp
    case towardZero
    case awayFromZero

    /// `numerator / denominator`, rounded. 128 bits, so that an amount times a rate cannot overflow on
    /// the way.
    package func quotient(_ numerator: Int128, over denominator: Int128) -> Int128 {
        precondition(denominator != 0, "division by zero")
        let (quotient, remainder) = numerator.quotientAndRemainder(dividingBy: denominator)
        guard remainder != 0 else { return quotient }
        let step: Int128 = (numerator < 0) == (denominator < 0) ? 1 : -1
        switch self {
        case .towardZero: return quotient
        case .awayFromZero: return quotient + step
        case .halfUp: return remainder.magnitude * 2 >= denominator.magnitude ? quotient + step : quotient
        }
    }
}
