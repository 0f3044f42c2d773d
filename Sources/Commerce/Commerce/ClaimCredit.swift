import FoundationEssentials

/// What a supplier's credit is worth to the merchant.
///
/// The merchant had S withheld for the units, so S is the most that can go back to it; a part of the cost
/// brings the same part of S, in the store's currency as the quote exchanged it. What the supplier gives
/// beyond the cost that the quote froze was the platform's to pay, so it is the platform's to keep.
package struct ClaimCredit: Codable, Sendable, Hashable {
    /// In the supplier's currency.
    package let credit: Money
    /// What the merchant gets, in the store's currency.
    package let worth: Money
    /// What the platform keeps, in the supplier's currency.
    package let surplus: Money
    /// The units of the platform's catalogue whose markup goes back too: those that are credited whole.
    package let markedUpUnits: Int

    /// - Parameters:
    ///   - withheld: S of the units, in the store's currency.
    ///   - cost: the same as the quote froze it, in the supplier's.
    ///   - markedUpUnits: how many of the units bear the markup.
    package init(credit: Money, withheld: Money, cost: Money, markedUpUnits: Int) throws(CommerceError) {
        _ = try credit.required(in: cost.currency)
        guard credit.isPositive else {
            throw .amountOutOfRange(what: "the credit", reason: "\(credit) is nothing that was given back")
        }
        self.credit = credit
        if credit >= cost {
            worth = withheld
            surplus = credit - cost
            self.markedUpUnits = markedUpUnits
        } else {
            worth = withheld.scaled(by: credit.minorUnits, over: cost.minorUnits, rounding: .halfUp)
            surplus = .zero(cost.currency)
            self.markedUpUnits = Int(Int64(markedUpUnits) * credit.minorUnits / cost.minorUnits)
        }
    }
}

extension LedgerTransaction {
    /// A supplier made a claim good. What it is worth to the merchant stands as a payable until the fee is
    /// refunded.
    ///
    /// | account | currency | amount |
    /// |---|---|---|
    /// | supplier_wallet:{supplier} | supplier's | + credit |
    /// | expense:supplier_variance | supplier's | - what is not handed on |
    /// | clearing:exchange | supplier's | - the rest of the credit |
    /// | clearing:exchange | store's | + handed on |
    /// | supplier_payable:{supplier} | store's | - handed on |
    ///
    /// - Parameter handedOn: what the merchant gets of the credit's worth; less where earlier refunds gave
    ///   back a part of S already.
    package static func claimCredited(
        _ claim: OrderClaimID, supplier: SupplierID, order: OrderID, _ credit: ClaimCredit, handedOn: Money,
        at now: Date
    ) throws(CommerceError) -> LedgerTransaction {
        let exchanged = credit.credit - credit.surplus
        // Of what is not handed on, the platform keeps the same part in the supplier's currency.
        let part =
            credit.worth.isPositive
            ? exchanged.scaled(
                by: handedOn.minorUnits, over: credit.worth.minorUnits, rounding: .halfUp)
            : .zero(exchanged.currency)
        return try LedgerTransaction(
            LedgerSource(.supplierCredit, "claim:\(claim)", .credited), at: now, order: order,
            [
                Posting(.supplierWallet(supplier), credit.credit),
                Posting(.expense(.supplierVariance), part - credit.credit),
                Posting(.clearing(.exchange), -part),
                Posting(.clearing(.exchange), handedOn),
                Posting(.supplierPayable(supplier), -handedOn),
            ])
    }
}
