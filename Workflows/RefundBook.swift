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

    private func postRefunded(_ refund: Refund, at now: Date) async throws {
        try await Ledger().post(
            .refunded(
                refund.id, order: refund.order, store: tx.tenant, refund.breakdown,
                suppliers: try await Refunds().supplierShares(of: refund, in: tx), at: now),
            in: tx)
    }
}
