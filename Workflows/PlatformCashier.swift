// How the platform is paid through Stripe. A call that may have happened on an earlier attempt is looked up
// by our own mark before it is repeated: collecting goes on for weeks, and Stripe forgets a key in a day.

import Commerce
import Durable
import FoundationEssentials
import Stripe

struct PlatformCashier: Sendable {
    /// The mark of our invoice on Stripe's.
    static let mark = "platform_invoice"

    let stripe: StripeClient

    func draft(
        _ claim: Claim, for customer: StripeCustomer.ID, _ attempt: Attempt
    ) async throws -> StripeInvoice.ID {
        // Also on a first attempt: an earlier round may have made it and not come to know.
        let known = try await stripe.invoices(of: customer).first {
            $0.metadata[Self.mark] == "\(claim.invoice)"
        }
        if let known { return known.id }
        try await attempt.announce()
        return try await stripe.createInvoice(
            for: customer, currency: claim.due.currency, description: claim.title,
            metadata: [Self.mark: "\(claim.invoice)", "number": claim.reference], key: attempt.key
        ).id
    }

    /// The item that makes the invoice's amount. One is there where the amount is.
    func addItem(of claim: Claim, to id: StripeInvoice.ID, _ attempt: Attempt) async throws -> Nothing {
        let invoice = try await stripe.invoice(id)
        guard invoice.status == .draft, invoice.due.isZero else { return Nothing() }
        try await attempt.announce()
        try await stripe.addItem(claim.due, claim.title, to: invoice, key: attempt.key)
        return Nothing()
    }

    func finalize(_ id: StripeInvoice.ID, _ attempt: Attempt) async throws -> Nothing {
        guard try await stripe.invoice(id).status == .draft else { return Nothing() }
        try await attempt.announce()
        _ = try await stripe.finalizeInvoice(id, key: attempt.key)
        return Nothing()
    }

    /// A card that does not pay is an outcome. A refusal may also mean that it is paid already.
    func pay(_ id: StripeInvoice.ID, _ attempt: Attempt) async throws -> PayOutcome {
        if try await stripe.invoice(id).status == .paid { return .paid }
        // Also the fence: a worker that was away for days must not ask a card again after its successor.
        try await attempt.announce()
        do throws(StripeFailure) {
            let paid = try await stripe.payInvoice(id, key: attempt.key)
            return paid.status == .paid ? .paid : .atBank
        } catch {
            guard case .permanent = error.disposition else { throw error }
            if try await stripe.invoice(id).status == .paid { return .paid }
            return .declined(error.message ?? "the card was declined")
        }
    }

    /// Ends a subscription; one that has ended already stays so.
    func cancel(_ subscription: String, _ attempt: Attempt) async throws -> Nothing {
        try await attempt.announce()
        do throws(StripeFailure) {
            _ = try await stripe.cancelSubscription(StripeID(rawValue: subscription))
        } catch {
            guard case .resourceMissing = error.reason else { throw error }
        }
        return Nothing()
    }
}
