import FoundationEssentials

// A dispute takes the charge from the platform's balance at once, whoever is in the right. What can be
// recovered from the store is taken back by reversing its transfer; what cannot is the platform's loss
// when the dispute is.

extension LedgerTransaction {
    /// | account | amount |
    /// |---|---|
    /// | clearing:disputes | + amount |
    /// | expense:stripe_fees | + fee |
    /// | stripe:platform | - amount - fee |
    package static func disputeOpened(
        _ dispute: String, order: OrderID, amount: Money, fee: Money, at now: Date
    ) throws(CommerceError) -> LedgerTransaction {
        try LedgerTransaction(
            LedgerSource(.dispute, dispute, .opened), at: now, order: order,
            [
                Posting(.clearing(.disputes), amount),
                Posting(.expense(.stripeFees), fee),
                Posting(.stripePlatform, -amount),
                Posting(.stripePlatform, -fee),
            ])
    }

    /// Part of the amount was taken back from the store.
    ///
    /// | account | amount |
    /// |---|---|
    /// | stripe:platform | + amount |
    /// | clearing:disputes | - amount |
    /// | merchant_funds:{store} | + amount |
    /// | stripe:connected:{store} | - amount |
    package static func disputeRecovered(
        _ dispute: String, order: OrderID, store: TenantID, amount: Money, at now: Date
    ) throws(CommerceError) -> LedgerTransaction {
        try LedgerTransaction(
            LedgerSource(.dispute, dispute, .recovered), at: now, order: order,
            [
                Posting(.stripePlatform, amount),
                Posting(.clearing(.disputes), -amount),
                Posting(.merchantFunds(store), amount),
                Posting(.stripeConnected(store), -amount),
            ])
    }

    /// The dispute was won: the amount is back, with the fee where the vendor returns it, and what had been
    /// taken from the store is transferred to it again.
    ///
    /// | account | amount |
    /// |---|---|
    /// | expense:stripe_fees | - fee |
    /// | stripe:platform | + amount + fee - recovered |
    /// | clearing:disputes | - amount + recovered |
    /// | stripe:connected:{store} | + recovered |
    /// | merchant_funds:{store} | - recovered |
    package static func disputeWon(
        _ dispute: String, order: OrderID, store: TenantID, amount: Money, recovered: Money,
        fee: Money? = nil, at now: Date
    ) throws(CommerceError) -> LedgerTransaction {
        _ = try recovered.required(in: amount.currency)
        let fee = fee ?? .zero(amount.currency)
        return try LedgerTransaction(
            LedgerSource(.dispute, dispute, .won), at: now, order: order,
            [
                Posting(.expense(.stripeFees), -fee),
                Posting(.stripePlatform, fee),
                Posting(.stripePlatform, amount - recovered),
                Posting(.clearing(.disputes), recovered - amount),
                Posting(.stripeConnected(store), recovered),
                Posting(.merchantFunds(store), -recovered),
            ])
    }

    /// The dispute was lost: what was not recovered is spent.
    ///
    /// | account | amount |
    /// |---|---|
    /// | expense:dispute_loss | + loss |
    /// | clearing:disputes | - loss |
    package static func disputeLost(
        _ dispute: String, order: OrderID, loss: Money, at now: Date
    ) throws(CommerceError) -> LedgerTransaction {
        try LedgerTransaction(
            LedgerSource(.dispute, dispute, .lost), at: now, order: order,
            [Posting(.expense(.disputeLoss), loss), Posting(.clearing(.disputes), -loss)])
    }
}
