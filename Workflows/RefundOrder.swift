// Money goes back in four moves: our row first, which reserves the amount; then the shopper's refund, which
// takes the whole of it from the merchant; then exactly F of our fee back to the merchant; and when Stripe
// says that the refund stands, the books. A crash between any two of them continues with the next. What was
// reserved is free again only when it is certain that the shopper did not get it: else it could go out twice.
//
// What the bank sent back is made again from the platform's balance, where it lies: of the four moves only
// the shopper's is left. It comes before the rest of what was asked for, so one run may make several
// refunds.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials
import Stripe

/// Refunds units that will not arrive, or all that is left of a payment.
package struct RefundOrder: Workflow {
    package static let name: WorkflowName = "refund_order"

    package enum Step: String, WorkflowStep {
        case reserve
        case refund
        case noteRefund = "note_refund"
        case releaseFee = "release_fee"
        case noteFee = "note_fee"
        case readRefund = "read_refund"
        case book
        case fail
    }

    package struct Input: Codable, Sendable {
        package let order: OrderID
        package let payment: PaymentID
        package let cause: RefundCause
        /// Nil for everything that is left.
        package let units: [UnitID]?
        /// Whether the shopper gets a letter about it. Nothing where whoever asked writes one.
        package var isTold: Bool?

        package init(
            order: OrderID, payment: PaymentID, cause: RefundCause, units: [UnitID]?, isTold: Bool? = nil
        ) {
            self.order = order
            self.payment = payment
            self.cause = cause
            self.units = units
            self.isTold = isTold
        }
    }

    package struct Output: Codable, Sendable {
        package enum End: String, Codable, Sendable { case nothingLeft = "nothing_left", settled, failed }
        package let end: End
        package let refund: RefundID?
    }

    /// More of one payment are not sent back.
    private static let rounds = 20

    let shop: Shop

    package func run(_ input: Input, _ flow: Flow<Self>) async throws -> Output {
        var last = Output(end: .nothingLeft, refund: nil)
        for round in 1...Self.rounds {
            guard let plan = try await plan(input, round, flow) else { return last }
            last = Output(end: try await carryOut(plan, of: input, flow), refund: plan.id)
            guard plan.isRepetition, last.end == .settled else { return last }
        }
        return last
    }

    private func plan(_ input: Input, _ round: Int, _ flow: Flow<Self>) async throws -> RefundPlan? {
        do {
            return try await reserve(input, round, flow)
        } catch let failure as StepFailed {
            throw try await refuse(input, failure, flow)
        }
    }

    private func carryOut(_ plan: RefundPlan, of input: Input, _ flow: Flow<Self>) async throws -> Output.End
    {
        let refund: StripeRefund.ID
        do {
            refund = try await self.refund(plan, flow)
        } catch let failure as StepFailed {
            guard failure.code != RefundUnaccounted.code else {
                throw try await leave(plan, of: input, failure, flow)
            }
            try await fail(plan, failure.failure.message, flow)
            return .failed
        }
        do {
            return try await finish(refund, plan, of: input, flow)
        } catch let failure as StepFailed {
            throw try await leave(plan, of: input, failure, flow)
        }
    }

    /// Everything after the shopper's money is on its way.
    private func finish(
        _ refund: StripeRefund.ID, _ plan: RefundPlan, of input: Input, _ flow: Flow<Self>
    ) async throws -> Output.End {
        try await noteRefund(refund, of: plan, flow)
        if plan.fee.isPositive { try await releaseFee(plan, flow) }
        guard try await stands(refund, plan, flow) else {
            try await fail(plan, "the bank did not take the refund", flow)
            return .failed
        }
        return try await settle(plan, of: input, flow) ? .settled : .failed
    }

    private func reserve(_ input: Input, _ round: Int, _ flow: Flow<Self>) async throws -> RefundPlan? {
        let item = round == 1 ? "" : "\(round)"
        let key = round == 1 ? Self.key(of: flow.id) : "\(Self.key(of: flow.id)):\(round)"
        return try await flow.transaction(.reserve, for: item, on: shop.transactions) { tx in
            let refund = try await Self.reserve(input, key: key, in: tx)
            let payment = try await Payments().load(input.payment, in: tx)
            guard let refund else { return nil }
            guard let intent = payment.intent, let charge = payment.charge else {
                throw NothingToRefundFrom(payment: payment.id)
            }
            return RefundPlan(
                id: refund.id, intent: PaymentIntent.ID(rawValue: intent),
                charge: StripeCharge.ID(rawValue: charge),
                amount: refund.breakdown.amount,
                fee: refund.replaces == nil ? refund.breakdown.feeRefund : .zero(payment.amount.currency),
                run: flow.id, item: item, repeats: refund.replaces)
        }
    }

    /// The row of the first refund that a run makes.
    static func key(of run: RunID) -> String { "run:\(run)" }

    /// Nil where nothing of it is left.
    static func reserve(
        _ input: Input, key: String, in tx: Transaction<OneTenant>
    ) async throws -> Refund? {
        guard let units = input.units else {
            return try await Refunds().reserveAll(
                of: input.order, paidBy: input.payment, cause: input.cause, key: key, in: tx)
        }
        return try await Refunds().reserve(
            units, of: input.order, paidBy: input.payment, cause: input.cause, key: key, in: tx)
    }

    /// Stripe forgets keys after a day and this step may take longer, so an earlier call is looked for by our
    /// mark.
    private func refund(_ plan: RefundPlan, _ flow: Flow<Self>) async throws -> StripeRefund.ID {
        try await flow.step(.refund, for: plan.item ?? "", retry: .patient) { attempt in
            if attempt.isAmbiguous, let known = try await earlierRefund(of: plan) { return known.id }
            try await attempt.announce()
            let request = StripeRefundRequest(
                paymentIntent: plan.intent, amount: plan.amount, reverseTransfer: !plan.isRepetition,
                refundApplicationFee: false, metadata: plan.marks)
            do throws(StripeFailure) {
                return try await shop.stripe.refund(request, key: "cf:refund:\(plan.id)").id
            } catch {
                // Of a key that was used with other parameters, what became of that use is not known either.
                guard error.mayHaveHappened || error.reason == .idempotencyMismatch else { throw error }
                throw RefundUnaccounted.orSame(error)
            }
        }
    }

    private func earlierRefund(of plan: RefundPlan) async throws -> StripeRefund? {
        do throws(StripeFailure) {
            return try await shop.stripe.refunds(of: plan.intent).first {
                $0.metadata[PaymentCourier.refundMark] == "\(plan.id)"
            }
        } catch {
            throw RefundUnaccounted.orSame(error)
        }
    }

    private func noteRefund(_ refund: StripeRefund.ID, of plan: RefundPlan, _ flow: Flow<Self>) async throws {
        try await flow.write(.noteRefund, for: plan.item ?? "", in: shop) { tx in
            try await Refunds().markSent(plan.id, stripeRefund: refund.rawValue, in: tx)
        }
    }

    private func releaseFee(_ plan: RefundPlan, _ flow: Flow<Self>) async throws {
        let returned = try await flow.step(.releaseFee, for: plan.item ?? "", retry: .patient) { attempt in
            try await FeeReturn(refund: plan.id, charge: plan.charge, amount: plan.fee, marks: plan.marks)
                .make(with: shop.stripe, attempt)
        }
        try await flow.write(.noteFee, for: plan.item ?? "", in: shop) { tx in
            try await Refunds().recordFeeRefund(plan.id, stripeFeeRefund: returned.rawValue, in: tx)
        }
    }

    /// Waits for Stripe's word, and asks for it where no event comes.
    private func stands(_ refund: StripeRefund.ID, _ plan: RefundPlan, _ flow: Flow<Self>) async throws
        -> Bool
    {
        var look = 0
        while true {
            look += 1
            let item = plan.isRepetition ? "\(plan.id)-\(look)" : "\(look)"
            let state = try await flow.step(.readRefund, for: item, retry: .patient) { _ in
                RefundState(try await shop.stripe.refund(refund).status)
            }
            switch state {
            case .stands: return true
            case .failed: return false
            case .open: _ = try await flow.wait(.refund, upTo: shop.patience.refund)
            }
        }
    }

    /// False when Stripe's event of a failure was faster: between our look and this step it may have come.
    private func settle(_ plan: RefundPlan, of input: Input, _ flow: Flow<Self>) async throws -> Bool {
        try await flow.transaction(.book, for: plan.item ?? "", on: shop.transactions) { tx in
            let isSettled = try await RefundBook(tx: tx).settle(plan.id, at: shop.clock.now)
            if isSettled {
                try await shop.starter.start(
                    CreditOrder.self, CreditOrder.Input(refund: plan.origin), once: "\(plan.origin)", with: tx
                )
                if input.isTold == true {
                    try await OrderNews(input.order, shop, in: tx)
                        .tellRefunded(plan.origin, plan.amount, because: input.cause)
                }
            }
            return isSettled
        }
    }

    private func fail(_ plan: RefundPlan, _ reason: String, _ flow: Flow<Self>) async throws {
        try await flow.write(.fail, for: plan.item ?? "", in: shop) { tx in
            try await RefundBook(tx: tx).fail(
                plan.id, because: reason, message: "the refund of \(plan.amount) failed: \(reason)",
                at: shop.clock.now)
        }
    }

    /// Our own books refuse the refund, which nobody else will notice. Returns what the run ends with.
    private func refuse(_ input: Input, _ failure: StepFailed, _ flow: Flow<Self>) async throws
        -> RefundUnfinished
    {
        try await flow.write(.fail, for: "refused", in: shop) { tx in
            try await Attention().open(
                .order(.refundFailed), subject: "\(input.payment)", order: input.order,
                message: "the shopper was not refunded: \(failure.failure.message)", in: tx)
            try await Orders().refreshStatus(input.order, in: tx)
        }
        return RefundUnfinished(refund: nil, reason: failure.failure.message)
    }

    /// Stripe has the refund, or may have it: the amount stays reserved, and a person looks. Returns what the
    /// run ends with.
    private func leave(
        _ plan: RefundPlan, of input: Input, _ failure: StepFailed, _ flow: Flow<Self>
    ) async throws -> RefundUnfinished {
        try await flow.write(.fail, for: "unfinished", in: shop) { tx in
            try await Attention().open(
                .order(.refundFailed), subject: "\(plan.id)", order: input.order,
                message: "the refund of \(plan.amount) may have reached the shopper and was not finished; "
                    + "look at Stripe before refunding it again: \(failure.failure.message)", in: tx)
            try await Orders().refreshStatus(input.order, in: tx)
        }
        return RefundUnfinished(refund: plan.id, reason: failure.failure.message)
    }
}

private struct RefundPlan: Codable, Sendable {
    let id: RefundID
    let intent: PaymentIntent.ID
    let charge: StripeCharge.ID
    let amount: Money
    /// F: what of our fee goes back to the merchant.
    let fee: Money
    let run: RunID
    /// Nothing for the run's first refund, and in journals of before there were others.
    var item: String?
    /// The refund that the bank sent back.
    var repeats: RefundID?

    var isRepetition: Bool { repeats != nil }
    /// One paper for a refund, however often it is made.
    var origin: RefundID { repeats ?? id }

    /// What finds the refund again, and its events the run.
    var marks: [String: String] { [PaymentCourier.refundMark: "\(id)", PaymentCourier.refundRun: "\(run)"] }
}

private enum RefundState: String, Codable, Sendable {
    case stands, failed, open

    init(_ status: StripeRefund.Status) {
        switch status {
        case .succeeded: self = .stands
        case .failed, .canceled: self = .failed
        case .pending, .requiresAction, .unknown: self = .open
        }
    }
}

/// The refund could not be made, or went to Stripe, or may have gone there, and the rest could not be done.
/// It has asked for attention.
struct RefundUnfinished: Classified, CustomStringConvertible {
    static let code = "refund.unfinished"
    /// Nil when it was not even reserved.
    let refund: RefundID?
    let reason: String
    var code: String { Self.code }
    var disposition: Disposition { .permanent }
    var description: String {
        "the refund \(refund?.description ?? "that was asked for") was not finished: \(reason)"
    }
}

/// No more can be tried, and Stripe may have made the refund all the same.
private struct RefundUnaccounted: Classified, CustomStringConvertible {
    static let code = "refund.unaccounted"
    let failure: StripeFailure
    var code: String { Self.code }
    var disposition: Disposition { .permanent }
    var description: String { "it is not known whether Stripe made the refund: \(failure)" }

    /// What may be tried again keeps its own word.
    static func orSame(_ failure: StripeFailure) -> any Error {
        guard case .permanent = failure.disposition else { return failure }
        return RefundUnaccounted(failure: failure)
    }
}

/// There is money to give back and our row does not say from which charge: never "nothing left".
private struct NothingToRefundFrom: Classified, CustomStringConvertible {
    let payment: PaymentID
    var code: String { "refund.no_charge" }
    var disposition: Disposition { .permanent }
    var description: String {
        "the payment \(payment) names no charge to refund; compare it with Stripe"
    }
}
