// The shopper's bank takes the money back first and asks afterwards. The run takes the amount back from the
// store's transfer, because the store is the seller; answers with what was recorded while the order was
// served; and when the bank has decided, posts what it meant. Events only wake it: every look is at Stripe
// itself, so news that come twice, late or out of order end in the same books.
//
// An answer cannot be changed once it is submitted. So it waits while a parcel that could prove the
// delivery is still on its way, but never beyond two days before it is due.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials
import Stripe

/// Answers one dispute and books what becomes of it.
package struct HandleDispute: Workflow {
    package static let name: WorkflowName = "handle_dispute"

    package enum Step: String, WorkflowStep {
        case attend
        case read
        case note
        case recover
        case bookRecovery = "book_recovery"
        case weigh
        case recall
        case assemble
        case submit
        case noteSubmitted = "note_submitted"
        case giveBack = "give_back"
        case close
    }

    package struct Input: Codable, Sendable {
        package let dispute: StripeDispute.ID
        package let payment: PaymentID
        package init(dispute: StripeDispute.ID, payment: PaymentID) {
            self.dispute = dispute
            self.payment = payment
        }
    }

    package enum Output: String, Codable, Sendable {
        /// The money is back, or was never taken.
        case won
        case lost
    }

    /// How long before its time the answer is handed in at the latest.
    static let margin: Duration = .seconds(2 * 86_400)

    let shop: Shop

    package func run(_ input: Input, _ flow: Flow<Self>) async throws -> Output {
        let subject = try await attend(input, flow)
        var recovered: Money?
        var isAnswered = false
        var round = 0
        while true {
            round += 1
            let seen = try await look(subject, round, flow)
            if seen.withdrawn.isPositive, recovered == nil {
                recovered = try await recover(seen, subject, round, flow)
            }
            if seen.isOver {
                guard let taken = seen.withdrawn.isPositive ? recovered : seen.withdrawn else {
                    throw Self.unaccounted("the reversal of the store's transfer", subject)
                }
                return try await close(seen, taken, subject, flow)
            }
            if seen.report.status.wantsEvidence, !isAnswered,
                try await isTimeToAnswer(seen, subject, round, flow)
            {
                try await answer(subject, flow)
                isAnswered = true
                continue
            }
            _ = try await flow.wait(.dispute, upTo: try await pause(seen, isAnswered: isAnswered, flow))
        }
    }

    /// From here on the run hears of news, and what came before it finds when it looks.
    private func attend(_ input: Input, _ flow: Flow<Self>) async throws -> DisputedPayment {
        try await flow.transaction(.attend, on: shop.transactions) { tx in
            let payment = try await Payments().load(input.payment, in: tx)
            try await tx.lockOrder(payment.order)
            try await Disputes().attend(input.dispute.rawValue, run: flow.id.rawValue, in: tx)
            return DisputedPayment(
                dispute: input.dispute, payment: payment.id, order: payment.order,
                charge: payment.charge.map { StripeCharge.ID(rawValue: $0) },
                run: try await Orders().load(payment.order, in: tx).run.map { RunID(rawValue: $0) })
        }
    }

    private func look(
        _ subject: DisputedPayment, _ round: Int, _ flow: Flow<Self>
    ) async throws -> DisputeReading {
        let seen = try await flow.step(.read, for: round, retry: .patient) { _ in
            try DisputeReading(try await shop.stripe.dispute(subject.dispute))
        }
        try await flow.write(.note, for: round, in: shop) { tx in
            try await tx.lockOrder(subject.order)
            let now = shop.clock.now
            let known = try await Disputes().record(seen.report, of: subject.payment, at: now, in: tx)
            if seen.withdrawn.isPositive {
                try await Ledger().post(
                    .disputeOpened(
                        known.stripeDispute, order: subject.order, amount: seen.withdrawn, fee: seen.fee,
                        at: now), in: tx)
            }
            try await Orders().refreshStatus(subject.order, in: tx)
        }
        return seen
    }

    // MARK: - The end

    private func close(
        _ seen: DisputeReading, _ recovered: Money, _ subject: DisputedPayment, _ flow: Flow<Self>
    ) async throws -> Output {
        let isWon = seen.report.status.fact == .won
        let returned = isWon ? try await giveBack(recovered, subject, flow) : .zero(recovered.currency)
        try await flow.write(.close, in: shop) { tx in
            try await tx.lockOrder(subject.order)
            try await post(seen, recovered: recovered, returned: returned, subject, in: tx)
            if isWon, returned == recovered {
                try await Attention().resolve(
                    .order(.dispute), subject: subject.dispute.rawValue, by: "workflow", in: tx)
            } else if isWon {
                try await Attention().open(
                    .order(.dispute), subject: "\(subject.dispute):owed", order: subject.order,
                    message: "the dispute was won, and \(recovered) could not be given back to the store; "
                        + "transfer it by hand", in: tx)
            }
            try await Orders().refreshStatus(subject.order, in: tx)
        }
        return isWon ? .won : .lost
    }

    private func post(
        _ seen: DisputeReading, recovered: Money, returned: Money, _ subject: DisputedPayment,
        in tx: Transaction<OneTenant>
    ) async throws {
        guard seen.withdrawn.isPositive else { return }
        let (name, now) = (subject.dispute.rawValue, shop.clock.now)
        if seen.report.status.fact == .won {
            try await Ledger().post(
                .disputeWon(
                    name, order: subject.order, store: tx.tenant, amount: seen.reinstated,
                    recovered: returned, fee: seen.feeReturned, at: now), in: tx)
        } else if (seen.withdrawn - recovered).isPositive {
            try await Ledger().post(
                .disputeLost(name, order: subject.order, loss: seen.withdrawn - recovered, at: now), in: tx)
        }
    }
}

/// What a dispute is about, in our own records.
struct DisputedPayment: Codable, Sendable {
    let dispute: StripeDispute.ID
    let payment: PaymentID
    let order: OrderID
    let charge: StripeCharge.ID?
    /// The run that served the order.
    let run: RunID?

    var marks: [String: String] { [PaymentCourier.disputeMark: dispute.rawValue] }

    func isMarked(_ metadata: [String: String]) -> Bool {
        metadata[PaymentCourier.disputeMark] == dispute.rawValue
    }
}

/// A dispute as Stripe shows it, with what it has moved so far.
struct DisputeReading: Codable, Sendable, Equatable {
    let report: DisputeReport
    let withdrawn: Money
    let fee: Money
    let reinstated: Money
    let feeReturned: Money

    init(_ dispute: StripeDispute) throws {
        guard let report = DisputeReport(dispute) else { throw UnknownDisputeStatus(status: dispute.status) }
        self.report = report
        let currency = dispute.movements.first?.amount.currency ?? dispute.amount.currency
        let out = dispute.movements.filter(\.amount.isNegative)
        let back = dispute.movements.filter(\.amount.isPositive)
        withdrawn = -out.map(\.amount).total(currency)
        fee = out.map(\.fee).total(currency)
        reinstated = back.map(\.amount).total(currency)
        feeReturned = -back.map(\.fee).total(currency)
    }

    /// Decided, and the money is where the decision puts it.
    var isOver: Bool {
        switch report.status.fact {
        case .open: false
        case .lost: true
        case .won: withdrawn == reinstated
        }
    }
}

private struct UnknownDisputeStatus: Classified, CustomStringConvertible {
    let status: String
    var code: String { "dispute.unknown_status" }
    var disposition: Disposition { .transient() }
    var description: String { "Stripe names a status of a dispute that nobody here knows: \(status)" }
}
