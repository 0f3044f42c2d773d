/// Why money goes back to a shopper. Raw values are stored.
package enum RefundCause: String, Codable, Sendable, Hashable, CaseIterable {
    /// The supplier cannot deliver or has canceled; goods from the platform's catalogue.
    case supplierUnavailable = "supplier_unavailable"
    /// The same, with the merchant's own supplier.
    case ownSupplierUnavailable = "own_supplier_unavailable"
    /// The shopper withdrew from the contract or returned the goods.
    case withdrawal
    /// The merchant gives something back without having to.
    case goodwill
    case platformError = "platform_error"
    case duplicatePayment = "duplicate_payment"
    /// A payment that arrived after the order had expired and is not served.
    case latePaymentNotServed = "late_payment_not_served"
    /// Somebody made it in the vendor's own pages: what it moved is read there, and nothing is worked out.
    case madeOutside = "made_outside"

    /// Who gives up what: the table of the rule book.
    package var rule: RefundRule {
        switch self {
        case .supplierUnavailable:
            RefundRule(commission: .proRata, markup: .units, supplier: .snapshot, processing: .proRata)
        case .ownSupplierUnavailable:
            RefundRule(commission: .proRata, markup: .nothing, supplier: .credited, processing: .nothing)
        case .withdrawal:
            RefundRule(commission: .proRata, markup: .credited, supplier: .credited, processing: .nothing)
        case .goodwill:
            RefundRule(commission: .proRata, markup: .nothing, supplier: .nothing, processing: .nothing)
        case .platformError, .duplicatePayment, .latePaymentNotServed:
            RefundRule(commission: .proRata, markup: .proRata, supplier: .proRata, processing: .proRata)
        case .madeOutside:
            RefundRule(commission: .nothing, markup: .nothing, supplier: .nothing, processing: .nothing)
        }
    }

    /// The payment should never have been kept: every component goes back, so nothing depends on what was
    /// sold.
    package var undoesThePayment: Bool { rule.supplier == .proRata }
}

/// How much of each withheld component a refund gives back to the merchant.
package struct RefundRule: Sendable, Hashable {
    package enum Share: Sendable, Hashable {
        case nothing
        /// In proportion to the amount refunded, on the running total.
        case proRata
        /// For the units that are refunded.
        case units
        /// What the order's snapshot holds for the units: it is no longer payable.
        case snapshot
        /// What the supplier has credited, when it does.
        case credited
    }

    package let commission: Share
    package let markup: Share
    package let supplier: Share
    package let processing: Share
}
