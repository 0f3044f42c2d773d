// How Stripe's events reach the runs that they are about. An event can come before our own commit, after its
// run has ended, twice, or out of order, so whatever must not be lost is written to rows here, under the
// order's lock; the signal only wakes somebody who looks for himself.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials
import Stripe

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

    /// What the idempotency keys of our own calls begin with.
    private static let keyPrefix = "cf:"
    /// Marks what was taken from a store, or given back to it, because of a dispute.
    static let disputeMark = "dispute_id"

    private let signals: any SignalSender
    private let starter: any RunStarter

    package init(_ signals: any SignalSender, starter: any RunStarter) {
        self.signals = signals
        self.starter = starter
    }

    /// Hands `event` on to the run that serves the order of `payment`.
    package func deliver(
        _ event: StripeEvent, about payment: Payment, in tx: Transaction<OneTenant>
    ) async throws -> Delivery {
        switch event.subject {
        case .refund(let refund): return try await deliver(event, about: refund, of: payment, in: tx)
        case .charge where event.kind == .chargeRefunded, .shareOfCharge where event.takesShareBack:
            return try await lookOutside(event, payment, in: tx)
        case .dispute(let dispute): return try await deliver(event, about: dispute, of: payment, in: tx)
        default: break
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
        let run = refund.metadata[Self.refundRun].flatMap { RunID($0) }
        let known = try await row(of: refund, in: tx)
        if run == nil, known == nil { return try await lookOutside(event, payment, in: tx) }
        if refund.status == .failed || refund.status == .canceled {
            guard let known, known.payment == payment.id else {
                return .notYet("no refund of ours is \(refund.id)")
            }
            // The answer to our own call may still be on its way to this row.
            try await Refunds().markSent(known.id, stripeRefund: refund.id.rawValue, in: tx)
            try await RefundBook(tx: tx).fail(
                known.id, because: refund.failureReason ?? "the bank sent it back",
                message: "the bank sent the refund of \(known.breakdown.amount) back; refund the shopper "
                    + "another way", at: event.createdAt)
        }
        guard let run else { return .delivered }
        let news = RefundSignal(refund: refund.id, at: event.createdAt)
        _ = try await signals.send(.refund, news, to: run, once: event.id.rawValue)
        return .delivered
    }

    /// Something moved that no call of ours has caused, as far as the event tells: a run compares Stripe's
    /// lists with our rows.
    private func lookOutside(
        _ event: StripeEvent, _ payment: Payment, in tx: Transaction<OneTenant>
    ) async throws -> Delivery {
        guard event.causedByKey?.hasPrefix(Self.keyPrefix) != true else { return .nothingToDo }
        try await starter.start(
            PostOutsideMoves.self, PostOutsideMoves.Input(payment: payment.id),
            once: "outside:\(event.id)", with: tx)
        return .delivered
    }

    private func row(of refund: StripeRefund, in tx: Transaction<OneTenant>) async throws -> Refund? {
        if let known = try await Refunds().find(stripeRefund: refund.id.rawValue, in: tx) { return known }
        guard let mark = refund.metadata[Self.refundMark] else { return nil }
        return try await Refunds().find(RefundID(parsing: mark), in: tx)
    }

    /// What the event shows is noted at once, for the order's flag; its run, which the first event starts,
    /// asks Stripe itself before it touches money or books.
    private func deliver(
        _ event: StripeEvent, about dispute: StripeDispute, of payment: Payment, in tx: Transaction<OneTenant>
    ) async throws -> Delivery {
        guard let report = DisputeReport(dispute) else {
            return .notYet("no such status of a dispute: \(dispute.status)")
        }
        try await tx.lockOrder(payment.order)
        let known = try await Disputes().record(report, of: payment.id, at: event.createdAt, in: tx)
        if !known.status.isClosed {
            try await Attention().open(
                .order(.dispute), subject: report.stripeDispute, order: payment.order,
                message: "the shopper's bank disputes \(report.amount) (\(report.reason)); the answer is "
                    + "put together from the order's history and handed in before it is due", in: tx)
        }
        try await Orders().refreshStatus(payment.order, in: tx)
        try await starter.start(
            HandleDispute.self, HandleDispute.Input(dispute: dispute.id, payment: payment.id),
            once: "dispute:\(dispute.id)", with: tx)
        if let run = known.run {
            _ = try await signals.send(
                .dispute, DisputeSignal(at: event.createdAt), to: RunID(rawValue: run),
                once: event.id.rawValue)
        }
        return .delivered
    }
}

extension StripeEvent {
    /// Every sale makes a fee and a transfer; only what is taken back of them is news.
    fileprivate var takesShareBack: Bool { kind == .feeRefunded || kind == .transferReversed }
}

extension DisputeReport {
    /// Nil for a status that nobody knows yet.
    init?(_ dispute: StripeDispute) {
        guard let status = DisputeStatus(rawValue: dispute.status) else { return nil }
        self.init(
            stripeDispute: dispute.id.rawValue, status: status, amount: dispute.amount,
            reason: dispute.reason, evidenceDueBy: dispute.evidenceDueBy)
    }
}
