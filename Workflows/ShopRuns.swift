// The shop's side of the engine's client: how a face of the shop starts a checkout, and how Stripe's events
// find their run.

import Commerce
import CommerceStore
import Durable
import Fleet
import FoundationEssentials

extension Runs {
    /// Starts the run of a checkout in the transaction that writes the checkout: both or neither.
    package func start(_ checkout: Checkout, in tx: Transaction<OneTenant>) async throws -> UUID {
        try await start(
            CheckoutToFulfilment.self, CheckoutToFulfilment.Input(checkout: checkout.id),
            once: "\(checkout.id)",
            for: Tenant(tx.tenant), in: tx.postgres
        ).id.rawValue
    }
}

extension Runs: SignalSender {}

/// Starts a run in the transaction that writes its reason: both or neither, and once per key.
package protocol RunStarter: Sendable {
    func start<W: Workflow>(
        _ workflow: W.Type, _ input: W.Input, once key: String, with tx: Transaction<OneTenant>
    ) async throws
}

extension Runs: RunStarter {
    package func start<W: Workflow>(
        _ workflow: W.Type, _ input: W.Input, once key: String, with tx: Transaction<OneTenant>
    ) async throws {
        _ = try await start(W.self, input, once: key, for: Tenant(tx.tenant), in: tx.postgres)
    }
}
