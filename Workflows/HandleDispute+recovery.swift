// The store's part of a dispute: the amount is taken back from its transfer while the bank decides, and
// given back after a win. Both are looked up by the dispute's mark before they are made. Only a certain
// refusal ends a move; of any other end it is not known whether the money moved, and then nothing is booked
// or moved again before somebody knows.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials
import Stripe

extension HandleDispute {
    /// Takes the amount back from the store. What its transfer does not cover, or Stripe refuses, is the
    /// platform's loss if the dispute is lost. Nil where it is not known whether the store's money moved:
    /// then nothing is booked, the answer to the bank is not held up, and the next round looks again.
    func recover(
        _ seen: DisputeReading, _ subject: DisputedPayment, _ round: Int, _ flow: Flow<Self>
    ) async throws -> Money? {
        let moved: Moved
        do {
            moved = try await flow.step(.recover, for: round, retry: .patient) { attempt in
                try await reverse(seen.withdrawn, subject, attempt)
            }
        } catch let failure as StepFailed {
            try await flow.write(.bookRecovery, for: "in doubt \(round)", in: shop) { tx in
                try await Attention().open(
                    .order(.dispute), subject: "\(subject.dispute):recovery", order: subject.order,
                    message:
                        "\(seen.withdrawn) may have been taken back from the store; look at the transfer "
                        + "in Stripe before moving anything: \(failure.failure.message)", in: tx)
            }
            return nil
        }
        let amount = moved.amount ?? .zero(seen.withdrawn.currency)
        try await flow.write(.bookRecovery, in: shop) { tx in
            try await Disputes().recordRecovery(amount, of: subject.dispute.rawValue, in: tx)
            if case .refused(let reason) = moved {
                try await Attention().open(
                    .order(.dispute), subject: "\(subject.dispute):recovery", order: subject.order,
                    message: "\(seen.withdrawn) could not be taken back from the store; look at the transfer "
                        + "in Stripe: \(reason)", in: tx)
            }
            guard amount.isPositive else { return }
            try await Ledger().post(
                .disputeRecovered(
                    subject.dispute.rawValue, order: subject.order, store: tx.tenant, amount: amount,
                    at: shop.clock.now), in: tx)
        }
        return amount
    }

    /// Looked for on a first attempt too: an earlier round may have made it and not come to know. The key
    /// names the amount, because what is left of the transfer can change between two attempts.
    private func reverse(
        _ amount: Money, _ subject: DisputedPayment, _ attempt: Attempt
    ) async throws -> Moved {
        guard let charge = subject.charge, let id = try await shop.stripe.charge(charge).transfer else {
            return .nothing
        }
        let known = try await shop.stripe.reversals(of: id).first { subject.isMarked($0.metadata) }
        if let known { return .moved(known.amount) }
        let part = min(amount, try await shop.stripe.transfer(id).left)
        guard part.isPositive else { return .nothing }
        try await attempt.announce()
        do throws(StripeFailure) {
            return .moved(
                try await shop.stripe.reverse(
                    id, amount: part, metadata: subject.marks,
                    key: "cf:dispute-recovery:\(subject.dispute):\(part.minorUnits)"
                ).amount)
        } catch {
            guard error.isRefusal else { throw error }
            return .refused(error.description)
        }
    }

    /// After a win the store has its money again. Nothing where Stripe does not let us: then it is still
    /// owed. Where it is not known, the run ends there: what may have been given must not be given again.
    func giveBack(
        _ amount: Money, _ subject: DisputedPayment, _ flow: Flow<Self>
    ) async throws -> Money {
        let nothing = Money.zero(amount.currency)
        guard amount.isPositive, let charge = subject.charge else { return nothing }
        do {
            let moved = try await flow.step(.giveBack, retry: .patient) { attempt in
                try await give(amount, from: charge, subject, attempt)
            }
            return moved.amount ?? nothing
        } catch let failure as StepFailed {
            try await flow.write(.giveBack, for: "in doubt", in: shop) { tx in
                try await Attention().open(
                    .order(.dispute), subject: "\(subject.dispute):owed", order: subject.order,
                    message: "the dispute was won, and \(amount) may have been given back to the store; look "
                        + "at Stripe before transferring it by hand: \(failure.failure.message)", in: tx)
            }
            throw Self.unaccounted("the transfer back to the store", subject)
        }
    }

    private func give(
        _ amount: Money, from charge: StripeCharge.ID, _ subject: DisputedPayment, _ attempt: Attempt
    ) async throws -> Moved {
        let group = "order_\(subject.order)"
        if attempt.isAmbiguous {
            let known = try await shop.stripe.transfers(inGroup: group)
                .first { subject.isMarked($0.metadata) }
            if let known { return .moved(known.amount) }
        }
        guard let id = try await shop.stripe.charge(charge).transfer,
            let account = try await shop.stripe.transfer(id).destination
        else { return .nothing }
        try await attempt.announce()
        let request = StripeTransferRequest(
            amount: amount, destination: account, charge: charge, group: group, metadata: subject.marks)
        do throws(StripeFailure) {
            return .moved(
                try await shop.stripe.transfer(request, key: "cf:dispute-return:\(subject.dispute)").amount)
        } catch {
            guard error.isRefusal else { throw error }
            return .refused(error.description)
        }
    }

    static func unaccounted(_ what: String, _ subject: DisputedPayment) -> NeedsAttention {
        NeedsAttention(
            "it is not known whether Stripe made \(what) of dispute \(subject.dispute); look there, then "
                + "retry the step", code: "dispute.unaccounted")
    }
}

/// What became of money that was to move at Stripe, where that is known.
private enum Moved: Codable, Sendable {
    case moved(Money)
    /// There was nothing to move it from.
    case nothing
    case refused(String)

    var amount: Money? {
        guard case .moved(let amount) = self else { return nil }
        return amount
    }
}
