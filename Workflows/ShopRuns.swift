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
