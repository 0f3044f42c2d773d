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

/// A merchant's or operator's answer about a supplier order that is on hold.
package enum SupplierReview: String, Codable, Sendable, CaseIterable {
    case retry
    case acceptPrice = "accept_price"
    case cancel
}

extension Signal where Payload == PaymentSignal {
    package static var payment: Signal<PaymentSignal> { "payment" }
}

extension Signal where Payload == RefundSignal {
    package static var refund: Signal<RefundSignal> { "refund" }
}

extension Signal where Payload == SupplierReview {
    package static var supplierReview: Signal<SupplierReview> { "supplier_review" }
}

/// Puts a signal into a run's mailbox, once per key. False where the run has ended, or had it before.
package protocol SignalSender: Sendable {
    func send<P: Codable & Sendable>(_ signal: Signal<P>, _ payload: P, to run: RunID, once key: String)
        async throws
        -> Bool
}

/// Brings Stripe's events to the runs they are about.
package struct PaymentCourier: Sendable {
    package enum Delivery: Sendable, Equatable {
        case delivered
        /// No run waits for events of this kind.
        case nothingToDo
        /// The order has no run yet: our own commit is still on its way.
        case notYet(String)
    }

    /// Stripe shows and returns it; it tells which run made the refund.
    static let refundRun = "run_id"
    /// And this, which of our rows it is.
    static let refundMark = "refund_id"

    private let signals: any SignalSender

    package init(_ signals: any SignalSender) { self.signals = signals }

    /// Hands `event` on to the run that serves the order of `payment`.
    package func deliver(
        _ event: StripeEvent, about payment: Payment, in tx: Transaction<OneTenant>
    ) async throws -> Delivery {
        if case .refund(let refund) = event.subject {
            return try await deliver(event, about: refund, of: payment, in: tx)
        }
        guard let signal = PaymentSignal(event) else { return .nothingToDo }
        guard let run = try await Orders().load(payment.order, in: tx).run else {
            return .notYet("the order \(payment.order) has no run")
        }
        // Noted before it is sent, and under the order's lock until both are done: a run that is about to end
        // finds either the note or the signal.
        let isPaid = signal.kind == .succeeded
        let isAttended = isPaid ? try await Payments().reportPaid(payment.id, at: signal.at, in: tx) : true
        let isAwaited = try await signals.send(
            .payment, signal, to: RunID(rawValue: run), once: event.id.rawValue)
        if isPaid, !isAwaited || !isAttended { try await setAside(payment, in: tx) }
        return .delivered
    }

    /// The run has ended and took no money, so nobody else will tell that the shopper was charged.
    private func setAside(_ payment: Payment, in tx: Transaction<OneTenant>) async throws {
        let known = try await Payments().load(payment.id, in: tx)
        guard known.paidAt == nil else { return }
        try await Attention().openUnmatched(known, in: tx)
        try await Orders().refreshStatus(known.order, in: tx)
    }

    /// A refund can fail when its run has looked for the last time, or days later. So a failure is written
    /// down here in any case, and the run, should it still be there, finds it written.
    private func deliver(
        _ event: StripeEvent, about refund: StripeRefund, of payment: Payment, in tx: Transaction<OneTenant>
    ) async throws -> Delivery {
        guard let run = refund.metadata[Self.refundRun].flatMap({ RunID($0) }) else { return .nothingToDo }
        if refund.status == .failed || refund.status == .canceled {
            guard let known = try await row(of: refund, in: tx), known.payment == payment.id else {
                return .notYet("no refund of ours is \(refund.id)")
            }
            // The answer to our own call may still be on its way to this row.
            try await Refunds().markSent(known.id, stripeRefund: refund.id.rawValue, in: tx)
            try await RefundBook(tx: tx).fail(
                known.id, because: refund.failureReason ?? "the bank sent it back",
                message: "the bank sent the refund of \(known.breakdown.amount) back; refund the shopper "
                    + "another way", at: event.createdAt)
        }
        let news = RefundSignal(refund: refund.id, at: event.createdAt)
        _ = try await signals.send(.refund, news, to: run, once: event.id.rawValue)
        return .delivered
    }

    private func row(of refund: StripeRefund, in tx: Transaction<OneTenant>) async throws -> Refund? {
        if let known = try await Refunds().find(stripeRefund: refund.id.rawValue, in: tx) { return known }
        guard let mark = refund.metadata[Self.refundMark] else { return nil }
        return try await Refunds().find(RefundID(parsing: mark), in: tx)
    }
}
