/// A merchant's month with the platform: what the invoice says and what is still to be paid.
///
/// Transaction fees were withheld at checkout, so they are invoiced and settled at once; the subscription is
/// due, and with it what was accepted of suppliers' higher prices. The fees include VAT where the platform
/// must charge it, the subscription has it on top, and what is passed on to suppliers has none.
package struct PlatformStatement: Sendable, Hashable, Codable {
    package let markups: Money
    package let commissions: Money
    package let processing: Money
    /// The fees of the month with the VAT inside them.
    package let fees: TaxedAmount
    /// The subscription with the VAT on top.
    package let subscription: TaxedAmount
    /// What the merchant has accepted of suppliers' higher prices.
    package let overruns: Money

    /// - Parameter vat: the platform's rate for this merchant: domestic, or zero where the merchant owes it.
    package init(
        markups: Money, commissions: Money, processing: Money, subscription: Money, overruns: Money? = nil,
        vat: BasisPoints
    ) {
        self.overruns = overruns ?? .zero(subscription.currency)
        self.markups = markups
        self.commissions = commissions
        self.processing = processing
        fees = TaxedAmount(gross: markups + commissions + processing, rate: vat)
        self.subscription = TaxedAmount(net: subscription, rate: vat)
    }

    package var total: Money { fees.gross + subscription.gross + overruns }

    package var withheld: Money { fees.gross }

    package var due: Money { total - withheld }

    /// Nothing sold, nothing subscribed and nothing accepted: there is no invoice.
    package var isEmpty: Bool { fees.gross.isZero && subscription.gross.isZero && overruns.isZero }

    /// What the platform keeps of the month, which an affiliate's share is computed from: without
    /// processing.
    package func affiliateBase() -> Money {
        TaxedAmount(gross: markups + commissions, rate: fees.rate).net + subscription.net
    }
}

/// What a referrer earns.
package enum AffiliateTerms {
    package static let share = BasisPoints.percent(20)
    package static let months = 12
    package static let holdDays = 30
    package static let payoutMinimum = Money.eur(5000)

    package static func accrual(on statement: PlatformStatement) -> Money {
        statement.affiliateBase().applying(share, rounding: .halfUp)
    }
}
