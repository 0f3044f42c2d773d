import FoundationEssentials

/// A price that a shop may announce as reduced, and against what.
package struct PriceReduction: Sendable, Hashable {
    package let price: Money
    /// The lowest price of the thirty days before the reduction began: what the law wants beside it.
    package let lowestBefore: Money

    /// In whole percent of the lowest price before, rounded down: no more is announced than is given.
    package var percent: Int64 {
        (lowestBefore.minorUnits - price.minorUnits) * 100 / lowestBefore.minorUnits
    }
}

extension PriceHistory {
    /// The reduction in force at `now` of a product that is offered at `price`. Nil where the history knows
    /// another price, and where it is less than one percent.
    package func reduction(to price: Money, at now: Date) -> PriceReduction? {
        guard self.price(at: now) == price, let lowest = reference(at: now) else { return nil }
        let reduction = PriceReduction(price: price, lowestBefore: lowest)
        return reduction.percent >= 1 ? reduction : nil
    }
}
