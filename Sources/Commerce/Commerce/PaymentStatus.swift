/// What the shopper's payment has come to. Raw values are stored; ranks are those of the database.
package enum PaymentStatus: String, RankedStatus {
    case awaitingPayment = "awaiting_payment"
    case requiresAction = "requires_action"
    case processing
    case paid
    case partiallyRefunded = "partially_refunded"
    case refunded
    case failed
    case canceled
    /// Paid after the order had expired.
    case latePaid = "late_paid"

    package var rank: Int {
        switch self {
        case .awaitingPayment: 0
        case .requiresAction, .processing, .failed: 1
        case .canceled: 2
        case .paid, .latePaid: 3
        case .partiallyRefunded: 4
        case .refunded: 5
        }
    }

    /// Money has been taken, whatever became of it.
    package var hasBeenPaid: Bool { rank >= 3 }

    /// The shopper can still pay. A failed attempt does not end an order: the same payment may succeed
    /// later.
    package var isPayable: Bool { rank <= 1 }
}
