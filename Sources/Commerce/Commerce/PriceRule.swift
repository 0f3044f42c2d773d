/// How a merchant makes a price of a cost: so many times the cost and a fixed amount on top, at least what
/// leaves the wanted part of the price, and then up to the next price that ends as prices do.
///
/// The lowest price that passes the guard is part of every rule, whatever the merchant has written. Rounding
/// goes up only: what rounding down gives away is exactly the margin that was asked for.
package struct PriceRule: Hashable, Sendable {
    /// Times the cost in the store's currency: 180 % is 18,000.
    package let multiplier: BasisPoints
    /// On top of that, in the store's currency.
    package let fixed: Money
    package let ending: Ending
    /// Of the price, what has to be left for the merchant.
    package let minimumMargin: BasisPoints

    /// How prices end. Raw values are stored.
    package enum Ending: String, Hashable, Sendable, CaseIterable {
        case any
        case whole = "00"
        case ninety = "90"
        case ninetyFive = "95"
        case ninetyNine = "99"

        /// The minor units of every price; nil where any will do.
        fileprivate var minorUnits: Int64? { Int64(rawValue) }
    }

    package static let multiplierRange = BasisPoints(0)...BasisPoints(100_000)
    /// Above this, commission and card processing leave no price that could keep it.
    package static let marginRange = BasisPoints(0)...BasisPoints(8_000)
    /// In minor units.
    package static let fixedRange: ClosedRange<Int64> = 0...10_000_000

    /// - Parameter fixed: in the store's currency.
    package init(
        multiplier: BasisPoints, fixed: Money, ending: Ending, minimumMargin: BasisPoints
    ) {
        precondition(
            Self.multiplierRange.contains(multiplier) && Self.marginRange.contains(minimumMargin)
                && Self.fixedRange.contains(fixed.minorUnits), "a price rule holds to its ranges")
        self.multiplier = multiplier
        self.fixed = fixed
        self.ending = ending
        self.minimumMargin = minimumMargin
    }

    /// What is suggested to a store that has no rule of its own: three tenths stay with the merchant.
    package static func standard(_ currency: Currency) -> PriceRule {
        PriceRule(
            multiplier: .zero, fixed: .zero(currency), ending: .ninety, minimumMargin: .percent(30))
    }

    /// The price of one unit; nil where the rates leave none that keeps the margin.
    package func price(
        unitCost: Money, isPlatformCatalogue: Bool, pricing: Pricing
    ) throws(CommerceError) -> Money? {
        let lowest = try pricing.lowestPrice(unitCost: unitCost, isPlatformCatalogue: isPlatformCatalogue)
        guard let lowest else { return nil }
        let cost = try pricing.rates.storeCost(unitCost)
        let marked = cost.applying(multiplier, rounding: .awayFromZero) + fixed
        let bearsProcessing = pricing.terms.processingFeeBearer == .merchant
        let taken =
            pricing.terms.commission.value + minimumMargin.value
            + (bearsProcessing ? pricing.terms.processing.rate.value : 0)
        let left = Int64(BasisPoints.one.value - taken)
        guard left >= Self.smallestShare else { return nil }
        // What has to be earned back, less what roundings can be worth: certainly too low, and a few hundred
        // steps from the answer at most.
        let units = isPlatformCatalogue ? 1 : 0
        let owed = cost + pricing.markup(units: units) + pricing.processing(gross: .zero(pricing.currency))
        var start = max(marked, lowest)
        let earning = Money(minorUnits: max(0, owed.minorUnits - 3), currency: pricing.currency)
            .scaled(by: Int64(BasisPoints.one.value), over: left, rounding: .towardZero)
        start = ended(max(start, earning))
        let step: Int64 = ending == .any ? 1 : 100
        while true {
            let sale = pricing.breakdown(gross: start, supplier: cost, markedUpUnits: units)
            if keeps(sale) { return start }
            start.minorUnits += step
        }
    }

    /// Of the price, in basis points: with less left, a cent more on the price moves the margin by nothing.
    private static let smallestShare: Int64 = 100

    private func keeps(_ sale: MarginBreakdown) -> Bool {
        let wanted = Int128(sale.gross.minorUnits) * Int128(minimumMargin.value)
        return !sale.margin.isNegative
            && Int128(sale.margin.minorUnits) * Int128(BasisPoints.one.value) >= wanted
    }

    /// Up to the next price that ends as wanted.
    private func ended(_ price: Money) -> Money {
        guard let wanted = ending.minorUnits else { return price }
        var price = price
        price.minorUnits += (wanted - price.minorUnits % 100 + 100) % 100
        return price
    }
}
