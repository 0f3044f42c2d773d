/// Where the shopper's money goes: `G = S + M + C + P + N`.
///
/// The margin is never stored beside the rest, it is what remains, so that the identity holds for every
/// value there can be: an order, one line of it, one parcel's shipping, or the sum of several.
package struct MarginBreakdown: Hashable, Sendable, Codable {
    /// G: what the shopper pays, after discounts, shipping and VAT included.
    package let gross: Money
    /// S: what the supplier gets.
    package let supplier: Money
    /// M: the plan's markup on units of the platform's catalogue.
    package let markup: Money
    /// C: the commission.
    package let commission: Money
    /// P: card processing passed on to the merchant.
    package let processing: Money

    package init(gross: Money, supplier: Money, markup: Money, commission: Money, processing: Money) {
        for part in [supplier, markup, commission, processing] { gross.mustMatch(part) }
        self.gross = gross
        self.supplier = supplier
        self.markup = markup
        self.commission = commission
        self.processing = processing
    }

    package static func zero(_ currency: Currency) -> MarginBreakdown {
        let nothing = Money.zero(currency)
        return MarginBreakdown(
            gross: nothing, supplier: nothing, markup: nothing, commission: nothing, processing: nothing)
    }

    package var currency: Currency { gross.currency }

    /// W: what is withheld, the application fee of the payment.
    package var withheld: Money { supplier + markup + commission + processing }

    /// N: what lands in the merchant's account.
    package var margin: Money { gross - withheld }

    /// M + C + P: what the platform earns, before what the card processor takes from it.
    package var platformFees: Money { markup + commission + processing }

    package static func + (left: MarginBreakdown, right: MarginBreakdown) -> MarginBreakdown {
        MarginBreakdown(
            gross: left.gross + right.gross, supplier: left.supplier + right.supplier,
            markup: left.markup + right.markup, commission: left.commission + right.commission,
            processing: left.processing + right.processing)
    }
}

extension Sequence where Element == MarginBreakdown {
    /// The sum of the parts.
    package func total(_ currency: Currency) -> MarginBreakdown {
        reduce(.zero(currency), +)
    }
}
