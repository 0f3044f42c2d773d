import FoundationEssentials

// What the month does to the books: the VAT inside the fees that were withheld, the subscription, the
// affiliates.

extension LedgerTransaction {
    /// The platform's invoice to a merchant was issued.
    ///
    /// | account | amount |
    /// |---|---|
    /// | revenue:markup, :commission, :processing | + their part of the VAT inside the fees |
    /// | merchant_receivable:{store} | + the subscription with VAT |
    /// | revenue:subscription | - the subscription |
    /// | vat_payable:{country} | - all VAT |
    package static func platformInvoiceIssued(
        _ invoice: PlatformInvoiceID, billedStore: TenantID, _ statement: PlatformStatement,
        vatCountry: CountryCode, at now: Date
    ) throws(CommerceError) -> LedgerTransaction {
        let kinds: [LedgerAccount.Revenue] = [.markup, .commission, .processing]
        let fees = FeeTotals(
            markups: statement.markups, commissions: statement.commissions, processing: statement.processing)
        let inside = fees.vatShares(at: statement.fees.rate)
        return try LedgerTransaction(
            LedgerSource(.platformInvoice, invoice, .issued), at: now,
            zip(kinds, inside).map { Posting(.revenue($0), $1) } + [
                Posting(.merchantReceivable(billedStore), statement.subscription.gross),
                Posting(.revenue(.subscription), -statement.subscription.net),
                Posting(.vatPayable(vatCountry), -(statement.fees.vat + statement.subscription.vat)),
            ])
    }

    /// A credit note was issued for what refunds took back of earlier invoices: the VAT inside them is not
    /// owed any more. The fees themselves went back with each refund.
    ///
    /// | account | amount |
    /// |---|---|
    /// | vat_payable:{country} | + the VAT inside |
    /// | revenue:markup, :commission, :processing | - their part of it |
    package static func platformCreditIssued(
        _ note: PlatformInvoiceID, _ credits: FeeTotals, vat: PlatformVAT, at now: Date
    ) throws(CommerceError) -> LedgerTransaction {
        let kinds: [LedgerAccount.Revenue] = [.markup, .commission, .processing]
        let inside = credits.vatShares(at: vat.rate)
        return try LedgerTransaction(
            LedgerSource(.platformInvoice, note, .issued), at: now,
            zip(kinds, inside).map { Posting(.revenue($0), $1) } + [
                Posting(.vatPayable(vat.country), -inside.total(credits.total.currency))
            ])
    }

    /// A merchant paid what was due.
    ///
    /// | account | amount |
    /// |---|---|
    /// | stripe:platform | + amount |
    /// | merchant_receivable:{store} | - amount |
    package static func platformInvoicePaid(
        _ invoice: PlatformInvoiceID, billedStore: TenantID, amount: Money, at now: Date
    ) throws(CommerceError) -> LedgerTransaction {
        try LedgerTransaction(
            LedgerSource(.platformInvoice, invoice, .paid), at: now,
            [Posting(.stripePlatform, amount), Posting(.merchantReceivable(billedStore), -amount)])
    }

    /// An affiliate earned its share of a month. A claw-back is the same with a negative amount and its
    /// own kind.
    ///
    /// | account | amount |
    /// |---|---|
    /// | expense:affiliate | + amount |
    /// | affiliate_payable:{affiliate} | - amount |
    package static func affiliateAccrued(
        _ month: String, affiliate: AffiliateID, amount: Money, at now: Date
    ) throws(CommerceError) -> LedgerTransaction {
        let kind: LedgerSource.Kind = amount.isNegative ? .clawedBack : .accrued
        return try LedgerTransaction(
            LedgerSource(.affiliateMonth, "\(affiliate):\(month)", kind), at: now,
            [Posting(.expense(.affiliate), amount), Posting(.affiliatePayable(affiliate), -amount)])
    }

    /// An affiliate was paid, by a transfer to its store's balance at Stripe.
    ///
    /// | account | amount |
    /// |---|---|
    /// | affiliate_payable:{affiliate} | + amount |
    /// | stripe:platform | - amount |
    /// | stripe:connected:{store} | + amount |
    /// | merchant_funds:{store} | - amount |
    package static func affiliatePaid(
        _ payout: String, affiliate: AffiliateID, store: TenantID, amount: Money, at now: Date
    ) throws(CommerceError) -> LedgerTransaction {
        try LedgerTransaction(
            LedgerSource(.affiliatePayout, payout, .paid), at: now,
            [
                Posting(.affiliatePayable(affiliate), amount), Posting(.stripePlatform, -amount),
                Posting(.stripeConnected(store), amount), Posting(.merchantFunds(store), -amount),
            ])
    }
}
