import FoundationEssentials

// What suppliers do to the books. A payable is in the store's currency, because it was withheld there; a
// supplier's wallet is in the supplier's. Where the two differ, `clearing:exchange` carries one amount
// out and the other in, and each currency balances for itself.

/// What a supplier order was expected to cost and what it did cost.
package struct SupplierBill: Sendable, Hashable, Codable {
    package var supplier: SupplierID
    /// S of the group as it was withheld, in the store's currency.
    package var withheld: Money
    /// The same as the quote froze it, in the supplier's currency.
    package var snapshot: Money
    /// What the supplier charges, in its currency.
    package var charged: Money
    /// What the merchant has accepted to owe of the difference, in the supplier's currency.
    package var merchantPart: Money

    package init(
        supplier: SupplierID, withheld: Money, snapshot: Money, charged: Money, merchantPart: Money? = nil
    ) {
        self.supplier = supplier
        self.withheld = withheld
        self.snapshot = snapshot
        self.charged = charged
        self.merchantPart = merchantPart ?? .zero(charged.currency)
    }
}

extension LedgerTransaction {
    /// A supplier accepted an order and took its price from the wallet.
    ///
    /// | account | currency | amount |
    /// |---|---|---|
    /// | supplier_payable:{supplier} | store's | + withheld |
    /// | clearing:exchange | store's | - withheld |
    /// | clearing:exchange | supplier's | + snapshot |
    /// | merchant_receivable:{store} | supplier's | + what the merchant accepted |
    /// | expense:supplier_variance | supplier's | + charged - snapshot - what the merchant accepted |
    /// | supplier_wallet:{supplier} | supplier's | - charged |
    ///
    /// In one currency the two lines of `clearing:exchange` are one amount and vanish. A supplier that
    /// charges less than the snapshot leaves a credit on the variance.
    package static func supplierOrderPaid(
        _ supplierOrder: SupplierOrderID, order: OrderID, store: TenantID, _ bill: SupplierBill, at now: Date
    ) throws(CommerceError) -> LedgerTransaction {
        let currency = bill.snapshot.currency
        _ = try bill.charged.required(in: currency)
        _ = try bill.merchantPart.required(in: currency)
        return try LedgerTransaction(
            LedgerSource(.supplierOrder, supplierOrder, .paid), at: now, order: order,
            [
                Posting(.supplierPayable(bill.supplier), bill.withheld),
                Posting(.clearing(.exchange), -bill.withheld),
                Posting(.clearing(.exchange), bill.snapshot),
                Posting(.merchantReceivable(store), bill.merchantPart),
                Posting(.expense(.supplierVariance), bill.charged - bill.snapshot - bill.merchantPart),
                Posting(.supplierWallet(bill.supplier), -bill.charged),
            ])
    }

    /// A supplier gave money back to the wallet, for goods it took back or could not deliver. It is owed
    /// to the merchant, and stands as a payable until the fee is refunded.
    ///
    /// | account | currency | amount |
    /// |---|---|---|
    /// | supplier_wallet:{supplier} | supplier's | + credit |
    /// | clearing:exchange | supplier's | - credit |
    /// | clearing:exchange | store's | + its worth |
    /// | supplier_payable:{supplier} | store's | - its worth |
    package static func supplierCredited(
        _ id: String, supplier: SupplierID, order: OrderID?, credit: Money, worth: Money, at now: Date
    ) throws(CommerceError) -> LedgerTransaction {
        try LedgerTransaction(
            LedgerSource(.supplierCredit, id, .credited), at: now, order: order,
            [
                Posting(.supplierWallet(supplier), credit),
                Posting(.clearing(.exchange), -credit),
                Posting(.clearing(.exchange), worth),
                Posting(.supplierPayable(supplier), -worth),
            ])
    }

    /// The platform paid into a supplier's wallet.
    ///
    /// | account | amount |
    /// |---|---|
    /// | supplier_wallet:{supplier} | + amount |
    /// | clearing:bank | - amount |
    package static func walletToppedUp(
        _ id: String, supplier: SupplierID, amount: Money, at now: Date
    ) throws(CommerceError) -> LedgerTransaction {
        try LedgerTransaction(
            LedgerSource(.walletTopUp, id, .toppedUp), at: now,
            [Posting(.supplierWallet(supplier), amount), Posting(.clearing(.bank), -amount)])
    }
}
