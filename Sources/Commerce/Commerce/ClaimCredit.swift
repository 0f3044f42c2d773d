import FoundationEssentials

/// What a supplier's credit is worth to the merchant.
///
/// The merchant had S withheld for the units, so S is the most that can go back to it of that; a part of the
/// cost brings the same part of S, in the store's currency as the quote exchanged it. What the supplier gives
/// beyond the cost that the quote froze goes to those who paid it: the merchant the part of a higher price
/// that was accepted, and the platform the rest.
package struct ClaimCredit: Codable, Sendable, Hashable {
    /// In the supplier's currency.
    package let credit: Money
    /// What the merchant gets, in the store's currency.
    package let worth: Money
    /// What is beyond the cost, in the supplier's currency.
    package let surplus: Money
    /// Of that, what the merchant had accepted to pay, and owes no more. Nothing in journals of before.
    package let accepted: Money?
    /// The units of the platform's catalogue whose markup goes back too: those that are credited whole.
    package let markedUpUnits: Int

    /// - Parameters:
    ///   - withheld: S of the units, in the store's currency.
    ///   - cost: the same as the quote froze it, in the supplier's.
    ///   - markedUpUnits: how many of the units bear the markup.
    ///   - overrun: what the supplier charged above the cost, where the merchant has accepted a part of it.
    package init(
        credit: Money, withheld: Money, cost: Money, markedUpUnits: Int, overrun: SharedOverrun? = nil
    ) throws(CommerceError) {
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
        if let overrun {
            accepted = try overrun.share(of: surplus)
        } else {
            accepted = nil
        }
    }
}

/// What a supplier charged above the frozen cost of its order, and whose it was to pay. In its currency.
package struct SharedOverrun: Sendable, Hashable {
    /// All of it.
    package let whole: Money
    /// What the merchant has accepted of it.
    package let accepted: Money
    /// Of that, what earlier credits have not brought back.
    package let left: Money

    package init(whole: Money, accepted: Money, left: Money) {
        self.whole = whole
        self.accepted = accepted
        self.left = left
    }

    /// The merchant's part of what comes back, in the proportion in which it was paid.
    package func share(of surplus: Money) throws(CommerceError) -> Money {
        _ = try surplus.required(in: whole.currency)
        guard whole.isPositive, accepted.isPositive, surplus.isPositive else { return .zero(whole.currency) }
        let part = surplus.scaled(by: accepted.minorUnits, over: whole.minorUnits, rounding: .halfUp)
        return min(part, left, surplus)
    }
}

extension LedgerTransaction {
    /// A supplier made a claim good. What it is worth to the merchant stands as a payable until the fee is
    /// refunded.
    ///
    /// | account | currency | amount |
    /// |---|---|---|
    /// | supplier_wallet:{supplier} | supplier's | + credit |
    /// | expense:supplier_variance | supplier's | - what is neither handed on nor the merchant's |
    /// | merchant_receivable:{store} | supplier's | - what the merchant had accepted of it |
    /// | clearing:exchange | supplier's | - the rest of the credit |
    /// | clearing:exchange | store's | + handed on |
    /// | supplier_payable:{supplier} | store's | - handed on |
    ///
    /// - Parameter handedOn: what the merchant gets of the credit's worth; less where earlier refunds gave
    ///   back a part of S already.
    package static func claimCredited(
        _ claim: OrderClaimID, supplier: SupplierID, order: OrderID, store: TenantID, _ credit: ClaimCredit,
        handedOn: Money, at now: Date
    ) throws(CommerceError) -> LedgerTransaction {
        let accepted = credit.accepted ?? .zero(credit.credit.currency)
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
                Posting(.expense(.supplierVariance), part + accepted - credit.credit),
                Posting(.merchantReceivable(store), -accepted),
                Posting(.clearing(.exchange), -part),
                Posting(.clearing(.exchange), handedOn),
                Posting(.supplierPayable(supplier), -handedOn),
            ])
    }
}
