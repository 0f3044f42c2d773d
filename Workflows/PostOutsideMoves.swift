// Money of a payment can be moved in Stripe's own pages: a refund, a part of our fee, the store's transfer.
// Such a move has no row of ours. Its event starts this run, which does not believe the event but compares
// Stripe's lists with our rows and posts what is missing; so events that come twice, late or out of order
// end in the same books. A move that does not fit beside what we have reserved waits: a refund of ours is
// on its way, which Stripe will refuse or has made.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials
import Stripe

/// Posts what others moved of one payment.
package struct PostOutsideMoves: Workflow {
    package static let name: WorkflowName = "post_outside_moves"

    package enum Step: String, WorkflowStep {
        case read, post
        case askPerson = "ask_person"
    }

    package struct Input: Codable, Sendable {
        package let payment: PaymentID
        package init(payment: PaymentID) { self.payment = payment }
    }

    package enum Output: String, Codable, Sendable {
        case posted
        case withPerson = "with_person"
    }

    /// About a day of waiting for what we have reserved ourselves.
    private static let looks = 48
    private static let pause: Duration = .seconds(1_800)

    let shop: Shop

    package func run(_ input: Input, _ flow: Flow<Self>) async throws -> Output {
        for round in 1...Self.looks {
            let moves = try await read(input.payment, round, flow)
            if try await post(moves, of: input.payment, round, flow) { return .posted }
            try await flow.sleep(for: Self.pause, as: "our own refunds")
        }
        try await flow.write(.askPerson, in: shop) { tx in
            let payment = try await Payments().load(input.payment, in: tx)
            try await Attention().open(
                .order(.refundFailed), subject: "\(payment.id)", order: payment.order,
                message: "money of this order was moved in Stripe that does not fit our books; compare the "
                    + "payment's refunds there with those here", in: tx)
            try await Orders().refreshStatus(payment.order, in: tx)
        }
        return .withPerson
    }

    private func read(_ id: PaymentID, _ round: Int, _ flow: Flow<Self>) async throws -> OutsideMoves {
        try await flow.step(.read, for: round, retry: .patient) { _ in
            let payment = try await shop.inStore(flow.tenant) { try await Payments().load(id, in: $0) }
            guard let intent = payment.intent, let charge = payment.charge else {
                return OutsideMoves(isEarly: true)
            }
            return try await moves(
                of: PaymentIntent.ID(rawValue: intent), StripeCharge.ID(rawValue: charge))
        }
    }

    private func moves(
        of intent: PaymentIntent.ID, _ charge: StripeCharge.ID
    ) async throws -> OutsideMoves {
        let charge = try await shop.stripe.charge(charge)
        var moves = OutsideMoves()
        // The refunds first: one that is made between the two lists is then not seen at all, instead of being
        // seen without what it took back from the store. It has news of its own.
        let refunds = try await shop.stripe.refunds(of: intent)
        var reversals: [StripeTransferReversal] = []
        if let transfer = charge.transfer { reversals = try await shop.stripe.reversals(of: transfer) }
        for refund in refunds
        where refund.metadata[PaymentCourier.refundMark] == nil {
            let reversed = reversals.filter { $0.refund == refund.id }.map(\.amount)
            let move = OutsideRefund(
                stripeRefund: refund.id.rawValue, amount: refund.amount,
                reversed: reversed.total(refund.amount.currency))
            switch refund.status {
            case .succeeded: moves.refunds.append(move)
            case .failed, .canceled: moves.failed.append(move)
            case .pending, .requiresAction, .unknown: moves.isEarly = true
            }
        }
        if let fee = charge.applicationFee {
            moves.fees = try await shop.stripe.applicationFeeRefunds(of: fee)
                .filter { $0.metadata[PaymentCourier.refundMark] == nil }
                .map { OutsideShare(id: $0.id.rawValue, amount: $0.amount) }
        }
        moves.reversals = reversals.filter {
            $0.refund == nil && $0.metadata[PaymentCourier.disputeMark] == nil
        }.map { OutsideShare(id: $0.id.rawValue, amount: $0.amount) }
        return moves
    }

    /// False where something does not fit yet; what fits is posted all the same.
    private func post(
        _ moves: OutsideMoves, of id: PaymentID, _ round: Int, _ flow: Flow<Self>
    ) async throws -> Bool {
        try await flow.transaction(.post, for: round, on: shop.transactions) { tx in
            let payment = try await Payments().load(id, in: tx)
            try await tx.lockOrder(payment.order)
            let book = OutsideBook(payment: payment, now: shop.clock.now, starter: shop.starter, tx: tx)
            var isComplete = !moves.isEarly
            for refund in moves.refunds {
                isComplete = try await book.post(refund, hasFailed: false) && isComplete
            }
            for refund in moves.failed {
                isComplete = try await book.post(refund, hasFailed: true) && isComplete
            }
            for fee in moves.fees { isComplete = try await book.post(fee: fee) && isComplete }
            for reversal in moves.reversals { try await book.post(reversal: reversal) }
            try await Orders().refreshStatus(payment.order, in: tx)
            return isComplete
        }
    }
}

/// What Stripe's lists show of a payment that bears no mark of ours.
private struct OutsideMoves: Codable, Sendable {
    var refunds: [OutsideRefund] = []
    var failed: [OutsideRefund] = []
    var fees: [OutsideShare] = []
    var reversals: [OutsideShare] = []
    /// Something is not decided yet, at Stripe or in our own rows.
    var isEarly = false
}

private struct OutsideShare: Codable, Sendable {
    let id: String
    let amount: Money
}

/// Writes rows and books of what was moved without us. Each verb may be repeated.
private struct OutsideBook {
    let payment: Payment
    let now: Date
    let starter: any RunStarter
    let tx: Transaction<OneTenant>

    /// False where it does not fit beside what is reserved.
    func post(_ found: OutsideRefund, hasFailed: Bool) async throws -> Bool {
        if try await Refunds().find(stripeRefund: found.stripeRefund, in: tx) != nil { return true }
        let nothing = Money.zero(found.amount.currency)
        guard try await Refunds().fits(found.amount, fee: nothing, of: payment, in: tx) else { return false }
        guard let refund = try await Refunds().recordOutside(found, of: payment, in: tx) else { return true }
        if try await RefundBook(tx: tx).settleOutside(refund, hasFailed: hasFailed, at: now) {
            try await starter.start(
                CreditOrder.self, CreditOrder.Input(refund: refund.origin), once: "\(refund.origin)", with: tx
            )
        }
        return true
    }

    func post(fee: OutsideShare) async throws -> Bool {
        let nothing = Money.zero(fee.amount.currency)
        if try await Refunds().find(key: "stripe:\(fee.id)", in: tx) != nil { return true }
        guard try await Refunds().fits(nothing, fee: fee.amount, of: payment, in: tx) else { return false }
        let refund = try await Refunds().recordOutside(
            feeRefund: fee.id, amount: fee.amount, of: payment, in: tx)
        guard let refund else { return true }
        try await Ledger().post(
            .feeReturned(
                refund.id, order: payment.order, store: tx.tenant, refund.breakdown, suppliers: [:], at: now),
            in: tx)
        return true
    }

    func post(reversal: OutsideShare) async throws {
        guard
            try await Refunds().recordReversal(
                reversal.id, amount: reversal.amount, of: payment.id, in: tx)
        else { return }
        try await Ledger().post(
            .transferReversed(
                reversal.id, order: payment.order, store: tx.tenant, amount: reversal.amount, at: now), in: tx
        )
        try await askAboutDebt(reversal)
    }

    /// The month sets what was taken against the order's debt only where both are in one currency. Where they
    /// are not, the merchant would pay twice, and how much of it was meant for the debt is known to whoever
    /// took it.
    private func askAboutDebt(_ reversal: OutsideShare) async throws {
        guard let debt = try await Overruns().accepted(for: payment.order, in: tx), debt.isPositive,
            debt.currency != reversal.amount.currency
        else { return }
        try await Attention().open(
            .order(.refundFailed), subject: reversal.id, order: payment.order,
            message:
                "\(reversal.amount) was taken back from the store in Stripe, and the next invoice asks for "
                + "the \(debt) that were accepted for this order all the same; if it was meant for them, "
                + "send it back to the store in Stripe", in: tx)
    }
}
