/// How a merchant wants a supplier's price rises to be met. Stored by its raw value.
package enum PriceRisePolicy: String, Codable, Hashable, Sendable, CaseIterable {
    /// The price rises by the same share as the cost, and at least to where nothing is lost.
    case follow
    /// The product is taken off sale until the merchant has looked.
    case pause
    /// The merchant is told; the price stays.
    case notify
}

/// What a new cost does to a product that is on sale.
///
/// The guard comes first whatever the policy: a product that would be sold at a loss is never left on sale. A
/// cost that falls changes no price, because what is earned then is the merchant's.
package enum PriceRise: Hashable, Sendable {
    /// The cost did not rise, and the sale still passes.
    case nothing
    /// The price that shoppers pay from now on.
    case reprice(Money)
    case pause(reason: String)
    /// For the merchant to know.
    case tell(String)

    /// - Parameters:
    ///   - before: the cost so far, and `after` the new one, in the supplier's currency.
    ///   - price: what shoppers pay now, in the store's currency.
    package init(
        from before: Money, to after: Money, price: Money, isPlatformCatalogue: Bool, policy: PriceRisePolicy,
        pricing: Pricing
    ) throws(CommerceError) {
        let sale = try pricing.preview(
            price: price, unitCost: after, isPlatformCatalogue: isPlatformCatalogue)
        let rose = before.currency != after.currency || after > before
        guard rose || sale.margin.isNegative else {
            self = .nothing
            return
        }
        let news = "the supplier charges \(after) instead of \(before)"
        switch policy {
        case .follow where rose:
            let lowest = try pricing.lowestPrice(unitCost: after, isPlatformCatalogue: isPlatformCatalogue)
            guard let lowest else {
                self = .pause(reason: "\(news), and no price covers that on this plan")
                return
            }
            self = .reprice(max(Self.scaled(price, from: before, to: after), lowest))
        case .pause where rose: self = .pause(reason: "\(news); confirm the price to sell it again")
        case _ where sale.margin.isNegative:
            self = .pause(reason: SaleRefusal.marginNegative(sale).merchantReason)
        default: self = .tell("\(news); of \(price) you keep \(sale.margin)")
        }
    }

    /// Rounded up to a whole minor unit: rounding must not eat what following is for.
    private static func scaled(_ price: Money, from before: Money, to after: Money) -> Money {
        guard before.currency == after.currency, before.isPositive else { return price }
        return price.scaled(by: after.minorUnits, over: before.minorUnits, rounding: .awayFromZero)
    }
}
