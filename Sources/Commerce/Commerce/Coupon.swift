import FoundationEssentials

/// A code that takes something off the goods. What that does to the margin is for the guard to say, at every
/// quote.
package struct Coupon: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case percent(BasisPoints)
        /// In the store's currency, and never more than the goods cost.
        case amount(Money)
    }

    package let code: String
    package let kind: Kind
    /// The goods must cost at least this much.
    package let minimum: Money
    package let validFrom: Date?
    package let validUntil: Date?
    package let isActive: Bool
    package let useLimit: Int?
    /// Orders that have used it so far.
    package let uses: Int

    package init(
        code: String, kind: Kind, minimum: Money, validFrom: Date? = nil, validUntil: Date? = nil,
        isActive: Bool = true, useLimit: Int? = nil, uses: Int = 0
    ) {
        self.code = code
        self.kind = kind
        self.minimum = minimum
        self.validFrom = validFrom
        self.validUntil = validUntil
        self.isActive = isActive
        self.useLimit = useLimit
        self.uses = uses
    }

    /// Why it takes nothing off these goods, in words for the shopper; nil when it does.
    package func refusal(goods: Money, at now: Date) -> CouponRefusal? {
        guard isActive else { return .ended }
        if let validFrom, now < validFrom { return .notYet }
        if let validUntil, now >= validUntil { return .ended }
        if let useLimit, uses >= useLimit { return .usedUp }
        return goods < minimum ? .tooSmall(minimum) : nil
    }

    /// What it takes off.
    package var discount: Discount {
        switch kind {
        case .percent(let share): .percent(share)
        case .amount(let amount): .amount(amount)
        }
    }
}

package enum CouponRefusal: Sendable, Hashable {
    case notYet, ended, usedUp
    case tooSmall(Money)
}

/// What is taken off the goods of an order, never off its shipping.
package enum Discount: Sendable, Hashable, Codable {
    case percent(BasisPoints)
    case amount(Money)

    package static let none = Discount.percent(.zero)

    /// What it is of these goods: half up, and never more than they cost.
    package func amount(of goods: Money) -> Money {
        switch self {
        case .percent(let share): goods.applying(share, rounding: .halfUp)
        case .amount(let amount): min(amount, goods)
        }
    }
}
