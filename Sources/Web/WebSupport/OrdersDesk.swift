// What a merchant does to an order: give money back, answer what a supplier order waits for, send the
// confirmation again. Rows, audit and the run that carries it are written in one transaction under the
// order's lock. Each form bears a key of its own, kept with the audit's row, so that pressing twice does it
// once.

import Commerce
import CommerceStore
import Foundation

/// The runs behind the desk.
package struct OrderRuns: Sendable {
    package typealias Refund =
        @Sendable (_ refund: OrdersDesk.RefundStart, _ tx: Transaction<OneTenant>) async throws -> Void
    /// False where the hold has been answered before.
    package typealias Answer =
        @Sendable (_ answer: SupplierReview, _ run: UUID) async throws -> Bool
    /// False where the address wants no more letters.
    package typealias Confirm =
        @Sendable (_ order: OrderID, _ key: UUID, _ tx: Transaction<OneTenant>) async throws -> Bool

    package let refund: Refund
    package let answer: Answer
    package let confirm: Confirm

    package init(
        refund: @escaping Refund, answer: @escaping Answer, confirm: @escaping Confirm
    ) {
        self.refund = refund
        self.answer = answer
        self.confirm = confirm
    }
}

/// Who asks for something, and by which form.
package struct OrderAsk: Sendable {
    /// The form's own key.
    package let key: UUID
    package let actor: String
    package let reason: String?

    package init(key: UUID, actor: String, reason: String?) {
        self.key = key
        self.actor = actor
        self.reason = reason
    }
}

package struct OrdersDesk: Sendable {
    /// What a merchant may call a refund. The other causes come from what has happened, or cost the platform.
    package static let causes: [RefundCause] = [.goodwill, .withdrawal]
    /// Letters that confirm one order, the first not counted.
    package static let confirmationLimit = 5

    /// A refund whose run is to be started.
    package struct RefundStart: Sendable {
        package let order: OrderID
        package let payment: PaymentID
        package let cause: RefundCause
        /// Nil for all that is left.
        package let units: [UnitID]?
        package let key: UUID
    }

    /// What of an order goes back to the shopper.
    package struct RefundWish: Sendable, Equatable {
        /// Pieces by line; nil for all that is left of the payment.
        package let pieces: [OrderLineID: Int]?
        package let cause: RefundCause

        package init(pieces: [OrderLineID: Int]?, cause: RefundCause) {
            self.pieces = pieces
            self.cause = cause
        }
    }

    package enum RefundOutcome: Sendable, Equatable {
        case started
        /// It would come to something else than what was agreed to; nil where nothing can be refunded.
        case changed(RefundPreview?)
    }

    package enum Confirmation: Sendable, Equatable {
        case sent, unwanted, tooMany
    }

    /// An answer that is written down, and the run that waits for it.
    package struct HoldDecision: Sendable {
        package let review: SupplierReview
        package let run: UUID
        /// The same form was sent before, and its first word may have been lost.
        package let isRepeated: Bool
    }

    private let runs: OrderRuns

    package init(runs: OrderRuns) {
        self.runs = runs
    }

    /// Starts the refund, if it still comes to what the merchant has seen.
    package func refund(
        _ wish: RefundWish, of order: OrderID, seen: (shopper: Money, account: Money), _ ask: OrderAsk,
        in tx: Transaction<OneTenant>
    ) async throws -> RefundOutcome {
        guard Self.causes.contains(wish.cause) else {
            throw WebProblem(.malformedRequest, "\(wish.cause.rawValue) is no cause that a merchant can name")
        }
        try await tx.lockOrder(order)
        if try await isRepeated(ask, of: order, in: tx) { return .started }
        let preview = try await Refunds().preview(wish.pieces, of: order, cause: wish.cause, in: tx)
        guard let preview, preview.amount == seen.shopper, preview.merchantChange == seen.account else {
            return .changed(preview)
        }
        try await runs.refund(
            RefundStart(
                order: order, payment: preview.payment, cause: wish.cause, units: preview.units,
                key: ask.key), tx)
        try await note("order.refund_asked", of: order, ask, in: tx)
        return .started
    }

    /// Notes the answer to a hold, and returns it with the run to tell once that is committed. Nil where
    /// nobody waits for it any more.
    package func decide(
        _ answer: SupplierReview.Word, to item: AttentionItemID, of order: OrderID, _ ask: OrderAsk,
        in tx: Transaction<OneTenant>
    ) async throws -> HoldDecision? {
        try await tx.lockOrder(order)
        let holds = try await SupplierOrders().waiting(of: order, in: tx)
        guard let hold = holds.first(where: { $0.item == item }), let review = hold.review(answer) else {
            return nil
        }
        let isRepeated = try await isRepeated(ask, of: order, in: tx)
        if !isRepeated { try await note("order.hold_\(answer.rawValue)", of: order, ask, in: tx) }
        return HoldDecision(review: review, run: hold.run, isRepeated: isRepeated)
    }

    /// Tells the run. However often a hold is answered, the first answer counts: false for any other.
    package func tell(_ decision: HoldDecision) async throws -> Bool {
        try await runs.answer(decision.review, decision.run)
    }

    package func confirmAgain(
        _ order: OrderID, _ ask: OrderAsk, in tx: Transaction<OneTenant>
    ) async throws -> Confirmation {
        try await tx.lockOrder(order)
        if try await isRepeated(ask, of: order, in: tx) { return .sent }
        let sent = try await Emails().count(about: order, causedBy: "confirmation-again:", in: tx)
        guard sent < Self.confirmationLimit else { return .tooMany }
        guard try await runs.confirm(order, ask.key, tx) else { return .unwanted }
        try await note("order.confirmation_repeated", of: order, ask, in: tx)
        return .sent
    }

    private func isRepeated(
        _ ask: OrderAsk, of order: OrderID, in tx: Transaction<OneTenant>
    ) async throws -> Bool {
        try await StoreOrders().wasAsked("\(ask.key)", of: order, in: tx)
    }

    private func note(
        _ action: String, of order: OrderID, _ ask: OrderAsk, in tx: Transaction<OneTenant>
    ) async throws {
        try await Audit().record(
            actor: ask.actor, action: action, target: "order:\(order)", reason: ask.reason,
            requestID: "\(ask.key)", in: tx)
    }
}
