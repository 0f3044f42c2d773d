/// What remains of a sale for the merchant once the tax office has had its share, beside N, which is what
/// lands in the account.
///
/// G holds the shopper's VAT, which is owed; VAT on what the merchant buys (the supplier's bill, the
/// platform's fees) is deducted where the merchant is registered. One who is not owes none and deducts none.
package struct TaxedMargin: Sendable, Hashable {
    /// N.
    package let cash: Money
    /// VAT inside G, owed to the state of the buyer.
    package let owed: Money
    /// VAT on what was bought, as far as it may be deducted.
    package let deducted: Money

    package var margin: Money { cash - owed + deducted }

    /// - Parameters:
    ///   - rate: of the goods where the buyer is; zero for an export or a reverse charge.
    ///   - supplierRate: VAT that the supplier adds to S and the merchant pays on top; nil where it charges
    /// none (intra-Community supply), so that nothing is paid and nothing deducted.
    ///   - feesRate: VAT inside the platform's fees; nil where they are billed under the reverse charge.
    ///   - isRegistered: whether the merchant owes and deducts VAT at all.
    package init(
        _ sale: MarginBreakdown, rate: BasisPoints, supplierRate: BasisPoints? = nil,
        feesRate: BasisPoints? = nil, isRegistered: Bool = true
    ) {
        let supplierVAT = supplierRate.map { TaxedAmount(net: sale.supplier, rate: $0).vat }
        // The supplier's VAT is paid out of what landed in the account.
        cash = sale.margin - (supplierVAT ?? .zero(sale.currency))
        guard isRegistered else {
            (owed, deducted) = (.zero(sale.currency), .zero(sale.currency))
            return
        }
        owed = TaxedAmount(gross: sale.gross, rate: rate).vat
        let fees = feesRate.map { TaxedAmount(gross: sale.platformFees, rate: $0).vat }
        deducted = (supplierVAT ?? .zero(sale.currency)) + (fees ?? .zero(sale.currency))
    }
}
