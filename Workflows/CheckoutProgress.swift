import Commerce

/// Where a checkout stands, for pages that follow it live. It names no person and no price.
package struct CheckoutProgress: Codable, Sendable, Hashable {
    package enum Stage: String, Codable, Sendable, CaseIterable {
        case pricing
        case askingSupplier = "asking_supplier"
        case declined
        case openingPayment = "opening_payment"
        case awaitingPayment = "awaiting_payment"
        case attemptFailed = "attempt_failed"
        case cancelingPayment = "canceling_payment"
        case expired
        case onHold = "on_hold"
        case forwarding
        case underWay = "under_way"
        case delivered
        case refunded
        case closed
    }

    package let stage: Stage
    package let order: OrderID?

    package init(_ stage: Stage, order: OrderID? = nil) {
        self.stage = stage
        self.order = order
    }
}
