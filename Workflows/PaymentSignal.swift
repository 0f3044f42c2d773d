// What Stripe's events mean to the runs that wait for them. An event is a picture of the past, so a signal
// carries what happened and to which payment, and never an amount: before money moves, the run reads the
// payment itself.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials
import Stripe

/// News about the payment of an order.
package struct PaymentSignal: Codable, Sendable, Hashable {
    package enum Kind: String, Codable, Sendable, CaseIterable {
        case succeeded
        /// One attempt failed; the order stays payable.
        case attemptFailed = "attempt_failed"
        case requiresAction = "requires_action"
        case processing
        case canceled
    }

    package let kind: Kind
    package let intent: PaymentIntent.ID
    /// Stripe's time of it.
    package let at: Date

    package init(_ kind: Kind, intent: PaymentIntent.ID, at: Date) {
        self.kind = kind
        self.intent = intent
        self.at = at
    }

    /// Nil for an event that no payment waits for.
    package init?(_ event: StripeEvent) {
        guard case .paymentIntent(let intent) = event.subject else { return nil }
        let kind: Kind
        switch event.kind {
        case .paymentSucceeded: kind = .succeeded
        case .paymentFailed: kind = .attemptFailed
        case .paymentRequiresAction: kind = .requiresAction
        case .paymentProcessing: kind = .processing
        case .paymentCanceled: kind = .canceled
        default: return nil
        }
        self.init(kind, intent: intent.id, at: event.createdAt)
    }

    /// What the order's page shows meanwhile; nil for what only reading the payment can tell.
    var attempt: Payment.Status? {
        switch kind {
        case .attemptFailed: .failed
        case .requiresAction: .requiresAction
        case .processing: .processing
        case .succeeded, .canceled: nil
        }
    }
}

/// News about a refund: look at it again.
package struct RefundSignal: Codable, Sendable, Hashable {
    package let refund: StripeRefund.ID
    package let at: Date

    package init(refund: StripeRefund.ID, at: Date) {
        self.refund = refund
        self.at = at
    }
}

/// News about a dispute: look at it again.
package struct DisputeSignal: Codable, Sendable, Hashable {
    package let at: Date
    package init(at: Date) { self.at = at }
}

extension Signal where Payload == PaymentSignal {
    package static var payment: Signal<PaymentSignal> { "payment" }
}

extension Signal where Payload == RefundSignal {
    package static var refund: Signal<RefundSignal> { "refund" }
}

extension Signal where Payload == DisputeSignal {
    package static var dispute: Signal<DisputeSignal> { "dispute" }
}

extension Signal where Payload == SupplierReview {
    package static var supplierReview: Signal<SupplierReview> { Signal(SupplierReview.signal) }
}

/// Puts a signal into a run's mailbox, once per key. False where the run has ended, or had it before.
package protocol SignalSender: Sendable {
    func send<P: Codable & Sendable>(_ signal: Signal<P>, _ payload: P, to run: RunID, once key: String)
        async throws
        -> Bool
}
