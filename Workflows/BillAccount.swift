// One account, one month. Everything the law cares about happens in one transaction: the number, the invoice,
// its lines and document, the credit note, the books, the affiliate's share. What follows may take three
// weeks: asking for the amount due on days 0, 3, 7 and 14, and on day 21 the end of the plan. Stripe holds
// the card and makes the payment; how much is owed and when it is asked for is decided here, so Stripe's own
// invoice is never advanced by Stripe.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials
import Stripe

/// Issues an account's invoice for a month and collects it.
package struct BillAccount: Workflow {
    package static let name: WorkflowName = "bill_account"

    package enum Step: String, WorkflowStep {
        case issue
        case look
        case draft
        case noteDraft = "note_draft"
        case addItem = "add_item"
        case finalize
        case pay
        case notePaid = "note_paid"
        case noteFailure = "note_failure"
        case giveUp = "give_up"
        case cancelSubscription = "cancel_subscription"
    }

    package struct Input: Codable, Sendable {
        package let month: BillingMonth
        package init(month: BillingMonth) { self.month = month }
    }

    package enum Output: String, Codable, Sendable {
        case nothingToBill = "nothing_to_bill"
        /// Another run has billed this month.
        case billedBefore = "billed_before"
        /// Everything was withheld at checkout.
        case settled
        case paid
        /// Nobody paid within three weeks; the account is on the free plan.
        case downgraded
    }

    let shop: Shop

    package func run(_ input: Input, _ flow: Flow<Self>) async throws -> Output {
        let run = flow.id
        let ids = PaperIDs(
            invoice: PlatformInvoiceID(rawValue: flow.uuid("invoice")),
            creditNote: PlatformInvoiceID(rawValue: flow.uuid("credit_note")))
        let issued = try await flow.transaction(.issue, on: shop.transactions) { tx in
            try await BillingDesk(shop: shop, tx: tx).issue(input.month, as: ids, by: run)
        }
        switch issued {
        case .nothing: return .nothingToBill
        case .before: return .billedBefore
        case .settled: return .settled
        case .owed(let claim): return try await collect(claim, flow)
        }
    }

    private func collect(_ claim: Claim, _ flow: Flow<Self>) async throws -> Output {
        for (round, day) in Dunning.days.enumerated() {
            if day > 0, try await isPaid(claim, byDay: day, flow) { return .paid }
            if try await ask(claim, round, flow) { return .paid }
        }
        if try await isPaid(claim, byDay: Dunning.lastDay, flow) { return .paid }
        return try await end(claim, flow)
    }

    /// Waits for a day after the invoice, or for the news that the merchant has paid by hand.
    private func isPaid(_ claim: Claim, byDay day: Int, _ flow: Flow<Self>) async throws -> Bool {
        let due = claim.issuedAt.adding(.seconds(day * 86_400))
        let now = try await flow.now()
        let left = Duration.seconds(max(0, Int64(due.timeIntervalSince(now).rounded(.up))))
        return try await flow.wait(.platformInvoicePaid, upTo: left) != nil
    }

    /// Asks for the amount once. True when it is paid, now or before.
    private func ask(_ claim: Claim, _ round: Int, _ flow: Flow<Self>) async throws -> Bool {
        let standing = try await flow.transaction(.look, for: round, on: shop.transactions) { tx in
            try await BillingDesk(shop: shop, tx: tx).standing(of: claim.invoice)
        }
        if standing.isPaid { return true }
        let outcome: PayOutcome
        if let customer = standing.customer {
            outcome = try await charge(claim, customer, standing.stripeInvoice, round, flow)
        } else {
            outcome = .declined("there is no card on the account yet")
        }
        switch outcome {
        case .paid:
            try await flow.write(.notePaid, for: round, in: shop) { tx in
                try await BillingDesk(shop: shop, tx: tx).notePaid(claim.invoice)
            }
            return true
        case .declined(let reason):
            try await flow.write(.noteFailure, for: round, in: shop) { tx in
                try await BillingDesk(shop: shop, tx: tx).noteFailure(
                    claim, round: round, because: reason)
            }
            return false
        }
    }

    private func charge(
        _ claim: Claim, _ customer: String, _ known: String?, _ round: Int, _ flow: Flow<Self>
    ) async throws -> PayOutcome {
        let cashier = PlatformCashier(stripe: shop.stripe)
        var invoice = known.map { StripeInvoice.ID(rawValue: $0) }
        if invoice == nil {
            let made = try await flow.step(.draft, retry: .patient) { attempt in
                try await cashier.draft(claim, for: StripeID(rawValue: customer), attempt)
            }
            try await flow.write(.noteDraft, in: shop) { tx in
                try await Collections().note(stripeInvoice: made.rawValue, of: claim.invoice, in: tx)
            }
            _ = try await flow.step(.addItem, retry: .patient) { attempt in
                try await cashier.addItem(of: claim, to: made, attempt)
            }
            _ = try await flow.step(.finalize, retry: .patient) { attempt in
                try await cashier.finalize(made, attempt)
            }
            invoice = made
        }
        guard let invoice else { return .declined("there is no invoice at Stripe") }
        return try await flow.step(.pay, for: round, retry: .patient) { attempt in
            try await cashier.pay(invoice, attempt)
        }
    }

    private func end(_ claim: Claim, _ flow: Flow<Self>) async throws -> Output {
        let subscription = try await flow.transaction(.giveUp, on: shop.transactions) { tx in
            try await BillingDesk(shop: shop, tx: tx).giveUp(claim)
        }
        guard let subscription else { return .paid }
        if !subscription.isEmpty {
            _ = try await flow.step(.cancelSubscription, retry: .patient) { attempt in
                try await PlatformCashier(stripe: shop.stripe).cancel(subscription, attempt)
            }
        }
        return .downgraded
    }
}

/// The merchant has paid an invoice, by whatever way.
package struct PlatformInvoicePaid: Codable, Sendable, Hashable {
    package let invoice: PlatformInvoiceID
    package init(invoice: PlatformInvoiceID) { self.invoice = invoice }
}

extension Signal where Payload == PlatformInvoicePaid {
    package static var platformInvoicePaid: Signal<PlatformInvoicePaid> { "platform_invoice_paid" }
}

/// What an account is asked for.
struct Claim: Codable, Sendable {
    let invoice: PlatformInvoiceID
    let reference: String
    let title: String
    let due: Money
    let issuedAt: Date
}

struct PaperIDs: Sendable {
    let invoice: PlatformInvoiceID
    let creditNote: PlatformInvoiceID
}

enum PayOutcome: Codable, Sendable {
    case paid
    case declined(String)
}
