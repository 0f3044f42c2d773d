/// What a person must look at. Raw values are stored.
///
/// An order can have several reasons open at once and shows the most urgent one: money that is in the
/// wrong place first, then goods that will not arrive, then paper.
package enum AttentionKind: String, Codable, Sendable, Hashable, CaseIterable, Comparable {
    case none
    case supplierOutOfStock = "supplier_out_of_stock"
    case supplierPriceUp = "supplier_price_up"
    case supplierUnknown = "supplier_unknown"
    case address
    case invoice
    case dispute
    case refundFailed = "refund_failed"
    case unmatchedPayment = "unmatched_payment"
    case merchantRestricted = "merchant_restricted"

    /// Higher is more urgent.
    package var urgency: Int {
        switch self {
        case .none: 0
        case .invoice: 1
        case .merchantRestricted: 2
        case .address: 3
        case .supplierPriceUp: 4
        case .supplierOutOfStock: 5
        case .supplierUnknown: 6
        case .dispute: 7
        case .refundFailed: 8
        case .unmatchedPayment: 9
        }
    }

    package static func < (left: AttentionKind, right: AttentionKind) -> Bool {
        left.urgency < right.urgency
    }

    /// What an order with these open reasons shows.
    package static func headline(_ open: some Sequence<AttentionKind>) -> AttentionKind {
        open.max() ?? .none
    }
}
