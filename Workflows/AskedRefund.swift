// A refund that a person or a program asks for takes its pieces in the transaction that starts its run. Of
// two who ask at once the second is told that nothing is left, and not that its refund is on its way.

import CommerceStore
import Durable
import Fleet

extension Runs {
    /// Starts the refund and reserves what it gives back, once per key. False where nothing of it is left:
    /// then the transaction must not be committed, since it holds the start of a run that has nothing to do.
    package func refund(
        _ input: RefundOrder.Input, once key: String, with tx: Transaction<OneTenant>
    ) async throws -> Bool {
        guard try await !takesCanceled(input, in: tx) else { return false }
        let run = try await start(RefundOrder.self, input, once: key, for: Tenant(tx.tenant), in: tx.postgres)
        return try await RefundOrder.reserve(input, key: RefundOrder.key(of: run.id), in: tx) != nil
    }

    /// Canceled pieces are refunded by themselves, and at the supplier's cost: whoever asks for all, or for
    /// one of them, waits for that.
    private func takesCanceled(
        _ input: RefundOrder.Input, in tx: Transaction<OneTenant>
    ) async throws -> Bool {
        try await tx.lockOrder(input.order)
        let refunded = try await Refunds().refundedUnits(of: input.order, in: tx)
        return try await SupplierOrders().units(ofOrder: input.order, in: tx).contains { unit in
            unit.state == .canceled && !refunded.contains(unit.id) && input.units?.contains(unit.id) != false
        }
    }
}
