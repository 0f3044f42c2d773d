// Something is wrong with what a shopper got. The run confirms the report, sees that the merchant decides,
// makes the refund, and afterwards follows what the supplier gives for it until that is handed on to the
// merchant, or nobody expects it any more. What to do next is worked out from the claim's row each time
// (`ClaimStanding`): the merchant's pages and the operators' console write there and wake the run.
//
// The shopper is refunded as for a return: the supplier keeps its price until it credits it. What it
// credits then goes to the merchant as a second refund of our fee, with the markup; so does what the
// platform makes good out of its own pocket. While a bank decides about the order's payment nothing is
// refunded, because the shopper could get the money twice.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials
import Stripe

/// Carries one claim to its end.
package struct SettleClaim: Workflow {
    package static let name: WorkflowName = "settle_claim"

    package enum Step: String, WorkflowStep {
        case acknowledge, look, remind, refund, settle
        case reserveCredit = "reserve_credit"
        case returnFee = "return_fee"
        case bookCredit = "book_credit"
        case close
    }

    package struct Input: Codable, Sendable {
        package let claim: OrderClaimID
        package init(claim: OrderClaimID) { self.claim = claim }
    }

    let shop: Shop

    package func run(_ input: Input, _ flow: Flow<Self>) async throws -> ClaimEnd {
        let brief = try await acknowledge(input.claim, flow)
        var memory = ClaimMemory()
        var round = 0
        while true {
            round += 1
            let standing = try await look(brief.id, round, flow)
            let now = try await flow.now()
            let move = standing.move(at: now, remembering: memory)
            memory.note(move)
            switch move {
            case .refund: try await refund(brief, flow)
            case .settle(let settlement): try await settle(brief, settlement, flow)
            case .handOn: try await handOn(brief, flow)
            case .remind(let phase, let round, let isLast):
                try await remind(brief, phase, round, isLast: isLast, flow)
            case .close(let end):
                if try await close(brief, end, round, flow) { return end }
            case .wait(let moment):
                _ = try await flow.wait(.claim, upTo: .seconds(max(1, moment.timeIntervalSince(now))))
            }
        }
    }

    private func acknowledge(_ id: OrderClaimID, _ flow: Flow<Self>) async throws -> ClaimBrief {
        try await flow.transaction(.acknowledge, on: shop.transactions) { tx in
            let claim = try await OrderClaims().load(id, in: tx)
            let payments = try await Payments().all(of: claim.order, in: tx)
            guard let payment = payments.first(where: { $0.status == .succeeded }) else {
                throw StoreError.notFound(.payment, "of \(claim.order)")
            }
            try await ClaimLetters(claim, shop, in: tx).acknowledge()
            return ClaimBrief(
                id: id, order: claim.order, payment: payment.id,
                units: try await OrderClaims().unrefunded(of: id, in: tx))
        }
    }

    private func look(_ id: OrderClaimID, _ round: Int, _ flow: Flow<Self>) async throws -> ClaimStanding {
        try await flow.transaction(.look, for: round, on: shop.transactions) { tx in
            try await OrderClaims().look(at: id, in: tx)
        }
    }

    private func remind(
        _ brief: ClaimBrief, _ phase: ClaimPhase, _ round: Int, isLast: Bool, _ flow: Flow<Self>
    ) async throws {
        try await flow.write(.remind, for: "\(phase.rawValue)-\(round)", in: shop) { tx in
            let claim = try await OrderClaims().load(brief.id, in: tx)
            try await ClaimLetters(claim, shop, in: tx).remind(phase, round)
            guard isLast || phase == .otherWay else { return }
            try await Attention().open(
                .claim, subject: "\(brief.id)", order: brief.order, message: phase.question, in: tx)
        }
    }

    // MARK: - The shopper's side

    /// A refund that is not finished has asked for attention; the claim then waits until somebody has made
    /// it, and makes none itself.
    private func refund(_ brief: ClaimBrief, _ flow: Flow<Self>) async throws {
        do {
            _ = try await flow.child(
                .refund, RefundOrder.self,
                RefundOrder.Input(
                    order: brief.order, payment: brief.payment, cause: .withdrawal, units: brief.units))
        } catch let failure as StepFailed where failure.code == RefundUnfinished.code {
            return
        }
    }

    private func settle(
        _ brief: ClaimBrief, _ settlement: ClaimSettlement, _ flow: Flow<Self>
    ) async throws {
        try await flow.write(.settle, in: shop) { tx in
            try await tx.lockOrder(brief.order)
            try await OrderClaims().settle(brief.id, as: settlement, at: shop.clock.now, in: tx)
            try await Attention().resolve(.claim, subject: "\(brief.id)", by: "workflow", in: tx)
            try await ClaimLetters(OrderClaims().load(brief.id, in: tx), shop, in: tx).tell(settlement)
        }
    }

    // MARK: - The supplier's side

    private func handOn(_ brief: ClaimBrief, _ flow: Flow<Self>) async throws {
        guard let plan = try await reserveCredit(brief, flow) else { return }
        let returned = try await returnFee(plan, brief, flow)
        try await flow.write(.bookCredit, in: shop) { tx in
            try await tx.lockOrder(brief.order)
            try await Refunds().recordFeeRefund(plan.refund, stripeFeeRefund: returned.rawValue, in: tx)
            if try await Refunds().settle(plan.refund, in: tx) {
                let refund = try await Refunds().load(plan.refund, in: tx)
                try await Ledger().post(
                    .feeReturned(
                        plan.refund, order: brief.order, store: tx.tenant, refund.breakdown,
                        suppliers: plan.releases.map { [$0: refund.breakdown.supplier] } ?? [:],
                        at: shop.clock.now), in: tx)
            }
            try await OrderClaims().markHandedOn(brief.id, by: plan.refund, at: shop.clock.now, in: tx)
            try await Orders().refreshStatus(brief.order, in: tx)
            try await ClaimLetters(OrderClaims().load(brief.id, in: tx), shop, in: tx).tellHandedOn(plan.fee)
        }
    }

    /// What the supplier gave is in our wallet from now on. Nil where nothing of the fee is left to return.
    private func reserveCredit(_ brief: ClaimBrief, _ flow: Flow<Self>) async throws -> CreditPlan? {
        try await flow.transaction(.reserveCredit, on: shop.transactions) { tx in
            try await tx.lockOrder(brief.order)
            let claim = try await OrderClaims().load(brief.id, in: tx)
            let grounds = try await OrderClaims().grounds(of: brief.id, in: tx)
            let credit = try claim.credit.map {
                try ClaimCredit(
                    credit: $0, withheld: grounds.withheld, cost: grounds.cost,
                    markedUpUnits: grounds.markedUpUnits, overrun: grounds.overrun)
            }
            let refund = try await Refunds().reserveLateCredit(
                SupplierCredit(
                    cost: min(credit?.worth ?? grounds.withheld, grounds.left),
                    markedUpUnits: min(
                        credit?.markedUpUnits ?? grounds.markedUpUnits, grounds.markedUpLeft)),
                of: brief.order, paidBy: brief.payment, key: OrderClaims.creditKey(of: brief.id), in: tx)
            if let credit, grounds.isPaidByPlatform {
                let nothing = Money.zero(credit.worth.currency)
                try await Ledger().post(
                    .claimCredited(
                        brief.id, supplier: grounds.supplier, order: brief.order, store: tx.tenant, credit,
                        handedOn: refund?.breakdown.supplier ?? nothing, at: shop.clock.now), in: tx)
            }
            guard let refund else {
                try await OrderClaims().markHandedOn(brief.id, by: nil, at: shop.clock.now, in: tx)
                return nil
            }
            guard let charge = try await Payments().load(brief.payment, in: tx).charge else {
                throw StoreError.notFound(.payment, "the charge of \(brief.payment)")
            }
            return CreditPlan(
                refund: refund.id, charge: StripeCharge.ID(rawValue: charge),
                fee: refund.breakdown.feeRefund, releases: credit == nil ? nil : grounds.supplier)
        }
    }

    /// Where it is not known whether the merchant has it, the run stays there: it must not be given again.
    private func returnFee(
        _ plan: CreditPlan, _ brief: ClaimBrief, _ flow: Flow<Self>
    ) async throws -> ApplicationFeeRefund.ID {
        let marks = [PaymentCourier.refundMark: "\(plan.refund)", PaymentCourier.refundRun: "\(flow.id)"]
        do {
            return try await flow.step(.returnFee, retry: .patient) { attempt in
                try await FeeReturn(refund: plan.refund, charge: plan.charge, amount: plan.fee, marks: marks)
                    .make(with: shop.stripe, attempt)
            }
        } catch let failure as StepFailed {
            try await flow.write(.returnFee, for: "unfinished", in: shop) { tx in
                try await Attention().open(
                    .claim, subject: "\(brief.id)", order: brief.order,
                    message: "\(plan.fee) of our fee is owed for this claim and was not given back: "
                        + failure.failure.message, in: tx)
            }
            throw NeedsAttention(
                "\(plan.fee) of the fee of claim \(brief.id) was not given back; look at Stripe, then retry "
                    + "the step", code: "claim.fee_unfinished")
        }
    }

    /// False where the supplier has answered since the last look: its answer is not overwritten by an end.
    private func close(
        _ brief: ClaimBrief, _ end: ClaimEnd, _ round: Int, _ flow: Flow<Self>
    ) async throws -> Bool {
        try await flow.transaction(.close, for: round, on: shop.transactions) { tx in
            guard try await OrderClaims().close(brief.id, as: end, at: shop.clock.now, in: tx) else {
                return false
            }
            try await Attention().resolve(.claim, subject: "\(brief.id)", by: "workflow", in: tx)
            try await ClaimLetters(OrderClaims().load(brief.id, in: tx), shop, in: tx).tellEnd(end)
            return true
        }
    }
}

private struct ClaimBrief: Codable, Sendable {
    let id: OrderClaimID
    let order: OrderID
    let payment: PaymentID
    let units: [UnitID]
}

/// What of our fee goes back to the merchant, and from where it comes.
private struct CreditPlan: Codable, Sendable {
    let refund: RefundID
    let charge: StripeCharge.ID
    let fee: Money
    /// Whose payable it is taken from; nil where the platform bears it.
    let releases: SupplierID?
}

extension ClaimPhase {
    /// What the merchant is asked, where letters alone did not help.
    fileprivate var question: String {
        switch self {
        case .decision: "a shopper reported a problem and has no answer: refund, replace or refuse it"
        case .replacement:
            "a shopper was promised a replacement that the supplier has not sent: send one yourself, or "
                + "refund"
        case .otherWay:
            "the supplier sends no replacement for what a shopper reported: send one yourself, or refund"
        case .supplier: "the supplier has not answered a claim for weeks; until it does the cost is yours"
        }
    }
}

extension Signal where Payload == Nothing {
    /// Something about a claim has changed: look at its row.
    package static var claim: Signal<Nothing> { "claim" }
}
