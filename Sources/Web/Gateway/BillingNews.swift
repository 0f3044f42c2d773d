// Events about what merchants pay the platform: their subscription, its invoices. They belong to the account
// whose customer they name; a customer that is not ours yet may be on its way from our own call, so the event
// is kept and tried again.

import CommerceStore
import Stripe

/// Hands an event about the platform's own billing on. It joins the transaction that marks the event as
/// processed, so that both happen or neither.
package typealias DeliverBillingNews =
    @Sendable (_ event: StripeEvent, _ tx: Transaction<OneTenant>) async throws -> Void

extension StripeEvent {
    /// Who pays for what the event is about, where that is the platform's own billing.
    var payer: String? {
        switch subject {
        case .subscription(let subscription): subscription.customer
        case .invoice(let invoice): invoice.customer?.rawValue
        default: nil
        }
    }
}
