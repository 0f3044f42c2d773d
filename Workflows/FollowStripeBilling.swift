// What Stripe's events about a merchant's own subscription and invoices change here. An event is a picture of
// the past and they come in any order, so it only says where to look: the object is read as it is now, and
// what was read counts only if the account's plan has not changed meanwhile. So any order, number and delay
// of the events ends in the same plan and the same books.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials
import Stripe

/// Brings the account in line with what Stripe says about a subscription or an invoice.
package struct FollowStripeBilling: Workflow {
    package static let name: WorkflowName = "follow_stripe_billing"

    package enum Step: String, WorkflowStep {
        case look
        case read
        case apply
    }

    package enum Input: Codable, Sendable {
        case subscription(String)
        case invoice(String)
    }

    package enum Output: String, Codable, Sendable {
        /// It is as it should be, or is not ours.
        case nothingToDo = "nothing_to_do"
        case planChanged = "plan_changed"
        case paid
    }

    private static let rounds = 20

    let shop: Shop

    package func run(_ input: Input, _ flow: Flow<Self>) async throws -> Output {
        switch input {
        case .subscription(let id): try await follow(subscription: StripeID(rawValue: id), flow)
        case .invoice(let id): try await follow(invoice: StripeID(rawValue: id), flow)
        }
    }

    // Subscriptions ---------------------------------------------------------------------------------------

    private func follow(
        subscription id: StripeID<StripeSubscription>, _ flow: Flow<Self>
    ) async throws -> Output {
        for round in 1...Self.rounds {
            let epoch = try await flow.transaction(.look, for: round, on: shop.transactions) { tx in
                try await BillingAccounts().load(in: tx).epoch
            }
            let news = try await flow.step(.read, for: round, retry: .patient) { _ in
                SubscriptionNews(try await shop.stripe.subscription(id))
            }
            let verdict = try await flow.transaction(.apply, for: round, on: shop.transactions) { tx in
                try await apply(news, readAt: epoch, flow.id, in: tx)
            }
            if let output = verdict.output { return output }
        }
        throw NeedsAttention("the plan of \(flow.tenant) changes too often to be compared with Stripe's")
    }

    private func apply(
        _ news: SubscriptionNews, readAt epoch: Int, _ run: RunID, in tx: Transaction<OneTenant>
    ) async throws -> Verdict {
        let account = try await BillingAccounts().lock(in: tx)
        guard account.epoch == epoch else { return .readAgain }
        guard account.stripeCustomer == news.customer else { return .nothingToDo }
        let now = shop.clock.now
        let plans = AccountPlans()
        let current = try await plans.current(at: now, in: tx)
        if news.hasEnded {
            // One that was replaced has no say any more.
            guard account.stripeSubscription == news.id else { return .nothingToDo }
            try await BillingAccounts().note(subscription: nil, in: tx)
            if try await applyDue(.free, at: now, in: tx) { return .planChanged }
            return try await plans.fall(at: now, because: .stripe, in: tx) ? .planChanged : .nothingToDo
        }
        guard news.isEntitled, let wanted = news.plan else { return .nothingToDo }
        try await BillingAccounts().note(subscription: news.id, in: tx)
        guard wanted != current.id else { return .nothingToDo }
        if try await plans.plan(wanted, in: tx).monthlyPrice > current.monthlyPrice {
            try await plans.upgrade(to: wanted, at: now, because: .stripe, in: tx)
            return .planChanged
        }
        if try await applyDue(wanted, at: now, in: tx) { return .planChanged }
        guard try await plans.scheduled(in: tx)?.plan != wanted else { return .nothingToDo }
        // Asked for on Stripe's own pages: it waits for the month's end like any other.
        try await shop.starter.start(
            ChangePlan.self, .init(plan: wanted, page: "", cause: .stripe), once: "stripe:\(run)", with: tx)
        return .nothingToDo
    }

    /// The change that this is the news of may be waiting for us: its run asks Stripe first.
    private func applyDue(
        _ plan: PlanID, at now: Date, in tx: Transaction<OneTenant>
    ) async throws -> Bool {
        guard let waiting = try await AccountPlans().scheduled(in: tx), waiting.plan == plan,
            waiting.effectiveAt <= now
        else { return false }
        return try await AccountPlans().apply(waiting.id, in: tx)
    }

    // Invoices --------------------------------------------------------------------------------------------

    private func follow(invoice id: StripeInvoice.ID, _ flow: Flow<Self>) async throws -> Output {
        let news = try await flow.step(.read, retry: .patient) { _ in
            let invoice = try await shop.stripe.invoice(id)
            return InvoiceNews(
                isPaid: invoice.status == .paid, mark: invoice.metadata[PlatformCashier.mark])
        }
        guard news.isPaid, let mark = news.mark else { return .nothingToDo }
        return try await flow.transaction(.apply, on: shop.transactions) { tx in
            let invoice = try PlatformInvoiceID(parsing: mark)
            guard let collection = try await Collections().find(invoice, in: tx) else {
                return .nothingToDo
            }
            try await BillingDesk(shop: shop, tx: tx).notePaid(invoice)
            if let run = collection.run {
                _ = try await shop.signals.send(
                    .platformInvoicePaid, PlatformInvoicePaid(invoice: invoice),
                    to: RunID(rawValue: run), once: "paid:\(invoice)")
            }
            return .paid
        }
    }
}

/// What counts of a subscription.
private struct SubscriptionNews: Codable, Sendable {
    let id: String
    let customer: String?
    let status: String
    let plan: PlanID?

    init(_ subscription: StripeSubscription) {
        id = subscription.id.rawValue
        customer = subscription.customer
        status = subscription.status
        plan = SubscriptionDesk.plan(ofPrice: subscription.priceLookupKey)
    }

    /// A payment that is late has its own course here, so `past_due` keeps the plan.
    var isEntitled: Bool { ["active", "trialing", "past_due"].contains(status) }
    var hasEnded: Bool { ["canceled", "unpaid", "incomplete_expired"].contains(status) }
}

private struct InvoiceNews: Codable, Sendable {
    let isPaid: Bool
    let mark: String?
}

private enum Verdict: String, Codable, Sendable {
    case readAgain, nothingToDo, planChanged

    var output: FollowStripeBilling.Output? {
        switch self {
        case .readAgain: nil
        case .nothingToDo: .nothingToDo
        case .planChanged: .planChanged
        }
    }
}

/// Takes Stripe's events about the platform's own billing from the inbox to the runs that follow them.
package struct BillingCourier: Sendable {
    private let starter: any RunStarter

    package init(_ starter: any RunStarter) { self.starter = starter }

    /// The customer of ours whose billing an event is about; nil for other events.
    package static func customer(of event: StripeEvent) -> String? {
        switch event.subject {
        case .subscription(let subscription): subscription.customer
        case .invoice(let invoice): invoice.customer?.rawValue
        default: nil
        }
    }

    /// Starts the run that looks, in the transaction that marks the event as processed.
    package func deliver(_ event: StripeEvent, in tx: Transaction<OneTenant>) async throws {
        let input: FollowStripeBilling.Input
        switch event.subject {
        case .subscription(let subscription): input = .subscription(subscription.id.rawValue)
        case .invoice(let invoice): input = .invoice(invoice.id.rawValue)
        default: return
        }
        try await starter.start(FollowStripeBilling.self, input, once: event.id.rawValue, with: tx)
    }
}
