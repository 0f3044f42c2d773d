/// Whether the merchant's invoice to the shopper exists. Raw values are stored; ranks are those of the
/// database.
package enum InvoiceStatus: String, RankedStatus {
    case notDue = "not_due"
    case pending
    case issued
    case retrying
    /// A person has to do something first, or invoices by hand.
    case manual
    case storno

    package var rank: Int {
        switch self {
        case .notDue: 0
        case .pending, .retrying, .manual: 1
        case .issued: 2
        case .storno: 3
        }
    }

    package init(_ facts: InvoiceFacts) {
        if facts.isReversed {
            self = .storno
        } else if facts.isIssued {
            self = .issued
        } else if !facts.isDue {
            self = .notDue
        } else if facts.needsPerson {
            self = .manual
        } else {
            self = facts.failedAttempts > 0 ? .retrying : .pending
        }
    }
}

/// What is known about the invoice of an order.
package struct InvoiceFacts: Sendable, Hashable, Codable {
    /// The order is paid, so an invoice is owed.
    package var isDue: Bool
    package var failedAttempts: Int
    package var needsPerson: Bool
    package var isIssued: Bool
    /// The whole of it was reversed by a storno.
    package var isReversed: Bool

    package init(
        isDue: Bool = false, failedAttempts: Int = 0, needsPerson: Bool = false, isIssued: Bool = false,
        isReversed: Bool = false
    ) {
        self.isDue = isDue
        self.failedAttempts = failedAttempts
        self.needsPerson = needsPerson
        self.isIssued = isIssued
        self.isReversed = isReversed
    }
}
