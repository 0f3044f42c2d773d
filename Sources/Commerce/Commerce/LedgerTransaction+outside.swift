import FoundationEssentials

// What others do to the balances at the vendor: a refund or a transfer reversal that somebody made in the
// vendor's own pages, a payout to the merchant's bank.

extension LedgerTransaction {
    /// A refund that we did not make. What it did not take back from the store the platform has given.
    ///
    /// | account | amount |
    /// |---|---|
    /// | expense:goodwill | + (R - reversed) |
    /// | stripe:platform | - (R - reversed) |
    /// | merchant_funds:{store} | + reversed |
    /// | stripe:connected:{store} | - reversed |
    package static func refundedOutside(
        _ refund: RefundID, order: OrderID, store: TenantID, amount: Money, reversed: Money, at now: Date
    ) throws(CommerceError) -> LedgerTransaction {
        _ = try reversed.required(in: amount.currency)
        return try LedgerTransaction(
            LedgerSource(.refund, refund, .refunded), at: now, order: order,
            note: RefundCause.madeOutside.rawValue,
            [
                Posting(.expense(.goodwill), amount - reversed),
                Posting(.stripePlatform, reversed - amount),
                Posting(.merchantFunds(store), reversed),
                Posting(.stripeConnected(store), -reversed),
            ])
    }

    /// Money was taken back from a store, apart from any refund or dispute of ours.
    ///
    /// | account | amount |
    /// |---|---|
    /// | stripe:platform | + amount |
    /// | merchant_receivable:{store} | - amount |
    /// | merchant_funds:{store} | + amount |
    /// | stripe:connected:{store} | - amount |
    package static func transferReversed(
        _ reversal: String, order: OrderID, store: TenantID, amount: Money, at now: Date
    ) throws(CommerceError) -> LedgerTransaction {
        try LedgerTransaction(
            LedgerSource(.transferReversal, reversal, .reversed), at: now, order: order,
            [
                Posting(.stripePlatform, amount),
                Posting(.merchantReceivable(store), -amount),
                Posting(.merchantFunds(store), amount),
                Posting(.stripeConnected(store), -amount),
            ])
    }

    /// A payout left the store's balance for the merchant's bank.
    ///
    /// | account | amount |
    /// |---|---|
    /// | merchant_funds:{store} | + amount |
    /// | stripe:connected:{store} | - amount |
    package static func payoutSent(
        _ payout: String, store: TenantID, amount: Money, at now: Date
    ) throws(CommerceError) -> LedgerTransaction {
        try LedgerTransaction(
            LedgerSource(.payout, payout, .sent), at: now,
            [Posting(.merchantFunds(store), amount), Posting(.stripeConnected(store), -amount)])
    }

    /// The bank did not take it: the same entries the other way round.
    package static func payoutFailed(
        _ payout: String, store: TenantID, amount: Money, at now: Date
    ) throws(CommerceError) -> LedgerTransaction {
        try LedgerTransaction(
            LedgerSource(.payout, payout, .failed), at: now,
            [Posting(.stripeConnected(store), amount), Posting(.merchantFunds(store), -amount)])
    }
}
