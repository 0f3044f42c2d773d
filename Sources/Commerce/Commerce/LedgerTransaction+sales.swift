import FoundationEssentials

// What a sale and its refunds do to the books. Amounts are in the store's currency unless a table says
// otherwise.

extension LedgerTransaction {
    /// A payment was captured as a destination charge: the vendor gives N to the store and W to us.
    ///
    /// | account | amount |
    /// |---|---|
    /// | stripe:platform | + W |
    /// | stripe:connected:{store} | + N |
    /// | merchant_funds:{store} | - N |
    /// | supplier_payable:{supplier}, each | - its part of S |
    /// | revenue:markup, :commission, :processing | - M, - C, - P |
    ///
    /// The debits are G. The parts of the suppliers must be S.
    package static func paymentCaptured(
        _ payment: PaymentID, order: OrderID, store: TenantID, sale: MarginBreakdown,
        suppliers: [SupplierID: Money], at now: Date
    ) throws(CommerceError) -> LedgerTransaction {
        try LedgerTransaction(
            LedgerSource(.payment, payment, .captured), at: now, order: order,
            [
                Posting(.stripePlatform, sale.withheld),
                Posting(.stripeConnected(store), sale.margin),
                Posting(.merchantFunds(store), -sale.margin),
                Posting(.revenue(.markup), -sale.markup),
                Posting(.revenue(.commission), -sale.commission),
                Posting(.revenue(.processing), -sale.processing),
            ] + payables(suppliers).map { Posting($0.account, -$0.amount) })
    }

    /// The vendor's own fee for a charge.
    ///
    /// | account | amount |
    /// |---|---|
    /// | expense:stripe_fees | + fee |
    /// | stripe:platform | - fee |
    package static func stripeFee(
        _ fee: Money, of payment: PaymentID, order: OrderID, at now: Date
    ) throws(CommerceError) -> LedgerTransaction {
        try LedgerTransaction(
            LedgerSource(.payment, payment, .stripeFee), at: now, order: order,
            [Posting(.expense(.stripeFees), fee), Posting(.stripePlatform, -fee)])
    }

    /// A payment that belongs to no order: ours to hold, not ours to keep.
    ///
    /// | account | amount |
    /// |---|---|
    /// | stripe:platform | + amount |
    /// | clearing:unmatched_payments | - amount |
    package static func unmatchedPayment(
        _ vendorID: String, amount: Money, at now: Date
    ) throws(CommerceError) -> LedgerTransaction {
        try LedgerTransaction(
            LedgerSource(.payment, vendorID, .unmatched), at: now,
            [Posting(.stripePlatform, amount), Posting(.clearing(.unmatchedPayments), -amount)])
    }

    /// A refund was settled: R left the store's balance for the shopper, F came back to it from us.
    ///
    /// | account | amount |
    /// |---|---|
    /// | revenue:commission, :markup, :processing | + what is given up |
    /// | supplier_payable:{supplier}, each | + what is not payable any more, or was credited |
    /// | expense:goodwill | + the rest of S: the supplier keeps it, the merchant does not pay it |
    /// | stripe:platform | - F |
    /// | merchant_funds:{store} | + (R - F) |
    /// | stripe:connected:{store} | - (R - F) |
    ///
    /// - Parameter suppliers: the part of the refund's S that the suppliers will not get or have given back.
    package static func refunded(
        _ refund: RefundID, order: OrderID, store: TenantID, _ breakdown: RefundBreakdown,
        suppliers: [SupplierID: Money], at now: Date
    ) throws(CommerceError) -> LedgerTransaction {
        try LedgerTransaction(
            LedgerSource(.refund, refund, .refunded), at: now, order: order, note: breakdown.cause.rawValue,
            refundPostings(store: store, breakdown, suppliers))
    }

    /// The second refund of the fee, after the supplier's credit: the same entries with R = 0.
    package static func feeReturned(
        _ refund: RefundID, order: OrderID, store: TenantID, _ breakdown: RefundBreakdown,
        suppliers: [SupplierID: Money], at now: Date
    ) throws(CommerceError) -> LedgerTransaction {
        try LedgerTransaction(
            LedgerSource(.refund, refund, .feeReturned), at: now, order: order,
            note: breakdown.cause.rawValue,
            refundPostings(store: store, breakdown, suppliers))
    }

    /// The vendor could not deliver a refund: the money is on the platform's balance, and still the
    /// shopper's. The store's transfer and the fee stay as the refund left them.
    ///
    /// | account | amount |
    /// |---|---|
    /// | stripe:platform | + R |
    /// | clearing:failed_refunds | - R |
    package static func refundFailed(
        _ refund: RefundID, order: OrderID, amount: Money, at now: Date
    ) throws(CommerceError) -> LedgerTransaction {
        try LedgerTransaction(
            LedgerSource(.refund, refund, .failed), at: now, order: order,
            [Posting(.stripePlatform, amount), Posting(.clearing(.failedRefunds), -amount)])
    }

    /// The failed refund was paid out after all, from the platform's balance.
    ///
    /// | account | amount |
    /// |---|---|
    /// | clearing:failed_refunds | + R |
    /// | stripe:platform | - R |
    package static func refundRepeated(
        _ refund: RefundID, order: OrderID, amount: Money, at now: Date
    ) throws(CommerceError) -> LedgerTransaction {
        try LedgerTransaction(
            LedgerSource(.refund, refund, .repeated), at: now, order: order,
            [Posting(.clearing(.failedRefunds), amount), Posting(.stripePlatform, -amount)])
    }

    /// The platform gives something out of its own pocket.
    ///
    /// | account | to the shopper | to the store |
    /// |---|---|---|
    /// | expense:goodwill | + amount | + amount |
    /// | stripe:platform | - amount | - amount |
    /// | stripe:connected:{store} | | + amount |
    /// | merchant_funds:{store} | | - amount |
    package static func goodwill(
        _ id: String, amount: Money, to beneficiary: GoodwillBeneficiary, order: OrderID?, at now: Date
    ) throws(CommerceError) -> LedgerTransaction {
        var postings = [Posting(.expense(.goodwill), amount), Posting(.stripePlatform, -amount)]
        if case .store(let store) = beneficiary {
            postings += [Posting(.stripeConnected(store), amount), Posting(.merchantFunds(store), -amount)]
        }
        return try LedgerTransaction(LedgerSource(.goodwill, id, .given), at: now, order: order, postings)
    }

    private static func refundPostings(
        store: TenantID, _ refund: RefundBreakdown, _ suppliers: [SupplierID: Money]
    ) throws(CommerceError) -> [Posting] {
        for (_, part) in suppliers { _ = try part.required(in: refund.amount.currency) }
        let released = payables(suppliers)
        let lost = refund.supplier - released.map(\.amount).total(refund.amount.currency)
        guard !lost.isNegative else {
            throw .amountOutOfRange(
                what: "what the suppliers give up",
                reason: "it is \(lost.magnitude) more than the refund's \(refund.supplier)")
        }
        return [
            Posting(.revenue(.commission), refund.commission),
            Posting(.revenue(.markup), refund.markup),
            Posting(.revenue(.processing), refund.processing),
            Posting(.expense(.goodwill), lost),
            Posting(.stripePlatform, -refund.feeRefund),
            Posting(.merchantFunds(store), -refund.merchantChange),
            Posting(.stripeConnected(store), refund.merchantChange),
        ] + released
    }

    private static func payables(_ suppliers: [SupplierID: Money]) -> [Posting] {
        suppliers.sorted { $0.key < $1.key }.map { Posting(.supplierPayable($0.key), $0.value) }
    }
}

package enum GoodwillBeneficiary: Sendable, Hashable {
    case shopper
    case store(TenantID)
}
