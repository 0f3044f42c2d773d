// What the books and the merchant are told about a refund that did not reach the shopper. Stripe's event and
// the run that made the refund learn of it independently and in any order, also while the run is ending, so
// both write it here: the first one writes, the second finds it written.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials
import Stripe

/// Writes down how refunds ended. Each verb takes the order's lock first and may be repeated.
struct RefundBook: Sendable {
    let tx: Transaction<OneTenant>

    /// Stripe has returned the money. False when it was learned already that the bank sent it back.
    func settle(_ id: RefundID, at now: Date) async throws -> Bool {
        let refund = try await locked(id)
        guard refund.status != .failed else { return false }
        if try await Refunds().settle(id, in: tx) { try await postRefunded(refund, at: now) }
        if let repeated = refund.replaces {
            for failed in try await Refunds().all(of: refund.order, in: tx) where failed.origin == repeated {
                try await Attention().resolve(
                    .order(.refundFailed), subject: "\(failed.id)", by: "workflow", in: tx)
            }
        }
        try await Orders().refreshStatus(refund.order, in: tx)
        return true
    }

    /// The shopper did not get it. What Stripe had moved for it stays moved: the money is the platform's to
    /// pay out another way.
    func fail(_ id: RefundID, because reason: String, message: String, at now: Date) async throws {
        let refund = try await locked(id)
        guard refund.status != .failed else { return }
        if refund.stripeRefund != nil {
            try await postRefunded(refund, at: now)
            try await Ledger().post(
                .refundFailed(id, order: refund.order, amount: refund.breakdown.amount, at: now), in: tx)
        }
        try await Refunds().fail(id, problem: reason, in: tx)
        try await Attention().open(
            .order(.refundFailed), subject: "\(id)", order: refund.order, message: message, in: tx)
        try await Orders().refreshStatus(refund.order, in: tx)
    }

    private func locked(_ id: RefundID) async throws -> Refund {
        try await tx.lockOrder(Refunds().load(id, in: tx).order)
        return try await Refunds().load(id, in: tx)
    }

    /// A refund that was made in Stripe's own pages: its row is written, now its books. False where Stripe
    /// shows that it failed; then it is owed as any other.
    func settleOutside(_ refund: Refund, hasFailed: Bool, at now: Date) async throws -> Bool {
        guard hasFailed else { return try await settle(refund.id, at: now) }
        try await fail(
            refund.id, because: "the bank sent it back",
            message:
                "the bank sent a refund of \(refund.breakdown.amount) back that was made in Stripe; refund "
                + "the shopper another way", at: now)
        return false
    }

    /// Of a refund that is made again only the shopper's money moves; the rest stayed as the first one left
    /// it.
    private func postRefunded(_ refund: Refund, at now: Date) async throws {
        if refund.replaces != nil {
            try await Ledger().post(
                .refundRepeated(refund.id, order: refund.order, amount: refund.breakdown.amount, at: now),
                in: tx)
            return
        }
        if let reversed = refund.reversedOutside {
            try await Ledger().post(
                .refundedOutside(
                    refund.id, order: refund.order, store: tx.tenant, amount: refund.breakdown.amount,
                    reversed: reversed, at: now), in: tx)
            return
        }
        try await Ledger().post(
            .refunded(
                refund.id, order: refund.order, store: tx.tenant, refund.breakdown,
                suppliers: try await Refunds().supplierShares(of: refund, in: tx), at: now),
            in: tx)
    }
}
