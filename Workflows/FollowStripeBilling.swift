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
        case cancelSurplus = "cancel_surplus"
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
            let news = try await flow.step(.read, for: round, retry: .patient) { _ in try await read(id) }
            let verdict = try await flow.transaction(.apply, for: round, on: shop.transactions) { tx in
                try await apply(news, readAt: epoch, flow.id, in: tx)
            }
            guard let output = verdict.output else { continue }
            for surplus in verdict.surplus {
                _ = try await flow.step(.cancelSurplus, for: surplus, retry: .patient) { attempt in
                    try await PlatformCashier(stripe: shop.stripe).cancel(surplus, attempt)
                }
            }
            return output
        }
        throw NeedsAttention("the plan of \(flow.tenant) changes too often to be compared with Stripe's")
    }

    /// The subscription, and what else its customer is subscribed to: two pages of Stripe's that were open
    /// side by side make two subscriptions, and each sends news of its own.
    private func read(_ id: StripeID<StripeSubscription>) async throws -> SubscriptionNews {
        let subscription = try await shop.stripe.subscription(id)
        guard let customer = subscription.customer else {
            return SubscriptionNews(about: subscription, living: [])
        }
        return SubscriptionNews(
            about: subscription, living: try await shop.stripe.subscriptions(of: StripeID(rawValue: customer))
        )
    }

    private func apply(
        _ news: SubscriptionNews, readAt epoch: Int, _ run: RunID, in tx: Transaction<OneTenant>
    ) async throws -> Verdict {
        let account = try await BillingAccounts().lock(in: tx)
        guard account.epoch == epoch else { return .readAgain }
        guard account.stripeCustomer == news.customer else { return .nothingToDo }
        let now = shop.clock.now
        let offers = try await offers(in: news, of: account, tx)
        guard let best = offers.first else { return try await end(news, of: account, at: now, in: tx) }
        let surplus = offers.dropFirst().map(\.id)
        try await BillingAccounts().note(subscription: best.id, in: tx)
        let plans = AccountPlans()
        let current = try await plans.current(at: now, in: tx)
        guard best.plan.id != current.id else { return Verdict(.nothingToDo, surplus) }
        if best.plan.monthlyPrice > current.monthlyPrice {
            try await plans.upgrade(to: best.plan.id, at: now, because: .stripe, in: tx)
            return Verdict(.planChanged, surplus)
        }
        if try await applyDue(best.plan.id, at: now, in: tx) { return Verdict(.planChanged, surplus) }
        guard try await plans.scheduled(in: tx)?.plan != best.plan.id else {
            return Verdict(.nothingToDo, surplus)
        }
        // Asked for on Stripe's own pages: it waits for the month's end like any other.
        try await shop.starter.start(
            ChangePlan.self, .init(plan: best.plan.id, page: "", cause: .stripe), once: "stripe:\(run)",
            with: tx)
        return Verdict(.nothingToDo, surplus)
    }

    /// What the customer is entitled to by now, the largest plan first; of two with the same, the one that
    /// the account has. The choice depends on what is there alone, never on whose news came first.
    private func offers(
        in news: SubscriptionNews, of account: BillingAccount, _ tx: Transaction<OneTenant>
    ) async throws -> [Offer] {
        var offers: [Offer] = []
        for one in news.living where one.id != account.endingSubscription {
            offers.append(Offer(id: one.id, plan: try await AccountPlans().plan(one.plan, in: tx)))
        }
        return offers.sorted { left, right in
            let (mine, theirs) = (left.plan.monthlyPrice, right.plan.monthlyPrice)
            guard mine == theirs else { return mine > theirs }
            let own = account.stripeSubscription
            guard left.id == own || right.id == own else { return left.id < right.id }
            return left.id == own
        }
    }

    /// Nothing is subscribed to any more.
    private func end(
        _ news: SubscriptionNews, of account: BillingAccount, at now: Date, in tx: Transaction<OneTenant>
    ) async throws -> Verdict {
        // One that was replaced has no say any more.
        guard news.hasEnded, account.stripeSubscription == news.id else { return .nothingToDo }
        try await BillingAccounts().note(subscription: nil, in: tx)
        if try await applyDue(.free, at: now, in: tx) { return Verdict(.planChanged) }
        // Whoever ended it here also says what comes after it.
        guard account.endingSubscription != news.id else { return .nothingToDo }
        return try await AccountPlans().fall(at: now, because: .stripe, in: tx)
            ? Verdict(.planChanged) : .nothingToDo
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

/// What counts of a subscription and of what else its customer has.
private struct SubscriptionNews: Codable, Sendable {
    /// A subscription that entitles to a plan.
    struct Living: Codable, Sendable {
        let id: String
        let plan: PlanID
    }

    let id: String
    let customer: String?
    let hasEnded: Bool
    let living: [Living]

    init(about subscription: StripeSubscription, living all: [StripeSubscription]) {
        id = subscription.id.rawValue
        customer = subscription.customer
        hasEnded = ["canceled", "unpaid", "incomplete_expired"].contains(subscription.status)
        // A payment that is late has its own course here, so `past_due` keeps the plan.
        living = all.filter { ["active", "trialing", "past_due"].contains($0.status) }.compactMap { one in
            SubscriptionDesk.plan(ofPrice: one.priceLookupKey).map { Living(id: one.id.rawValue, plan: $0) }
        }
    }
}

private struct Offer {
    let id: String
    let plan: Plan
}

private struct InvoiceNews: Codable, Sendable {
    let isPaid: Bool
    let mark: String?
}

private struct Verdict: Codable, Sendable {
    /// Nil where it has to be read again.
    let output: FollowStripeBilling.Output?
    /// Subscriptions beside the one that counts.
    let surplus: [String]

    init(_ output: FollowStripeBilling.Output?, _ surplus: [String] = []) {
        self.output = output
        self.surplus = surplus
    }

    static let readAgain = Verdict(nil)
    static let nothingToDo = Verdict(.nothingToDo)
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
