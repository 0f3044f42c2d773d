// A merchant's wish for another plan. A larger one is in force as soon as Stripe has it; a smaller one waits
// for the end of the month. Stripe's subscription says which plan the account has and holds the card, at a
// price of nothing: what a plan costs is on the month's invoice, where its days are counted in Bucharest and
// its number follows the last one, neither of which Stripe can do. So nothing is ever charged twice, and
// cancelling at Stripe ends the plan here as it should.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials
import Stripe

/// Moves an account to another plan, at once or at the month's end.
package struct ChangePlan: Workflow {
    package static let name: WorkflowName = "change_plan"

    package enum Step: String, WorkflowStep {
        case decide
        case customer
        case noteCustomer = "note_customer"
        case card
        case price
        case openCheckout = "open_checkout"
        case subscribe
        case upgrade
        case recheck
        case noteRefusal = "note_refusal"
        case downgrade
        case restore
        case noteRestored = "note_restored"
    }

    package struct Input: Codable, Sendable {
        package let plan: PlanID
        /// Where Stripe sends the merchant back to, once a card is given.
        package let page: String
        /// Who asked: the merchant here, or on Stripe's own pages.
        package let cause: AccountPlans.Cause

        package init(plan: PlanID, page: String, cause: AccountPlans.Cause = .merchant) {
            self.plan = plan
            self.page = page
            self.cause = cause
        }
    }

    package enum Output: Codable, Sendable, Equatable {
        /// The account has the plan; a change that waited was withdrawn.
        case kept
        case upgraded
        /// The merchant gives a card there; Stripe's news then brings the plan.
        case needsCard(page: String)
        case refused(reason: String)
        case downgraded
        /// Another wish came before the month's end.
        case withdrawn
    }

    let shop: Shop

    package func run(_ input: Input, _ flow: Flow<Self>) async throws -> Output {
        let change = PlanChangeID(rawValue: flow.uuid("change"))
        switch try await decide(input, change, flow) {
        case .stay: return .kept
        case .wait(let scheduled, let customer):
            return try await downgrade(scheduled, customer, input, flow)
        case .upgrade(let account): return try await upgrade(account, input, flow)
        }
    }

    private func decide(
        _ input: Input, _ change: PlanChangeID, _ flow: Flow<Self>
    ) async throws -> Decision {
        try await flow.transaction(.decide, on: shop.transactions) { tx in
            let now = shop.clock.now
            let account = try await BillingAccounts().lock(in: tx)
            let plans = AccountPlans()
            let calendar = try await plans.calendar(at: now, in: tx)
            let move = try PlanMove(
                from: try await plans.current(at: now, in: tx),
                to: try await plans.plan(input.plan, in: tx), daysLeft: calendar.daysLeft,
                daysInMonth: calendar.daysInMonth)
            switch move {
            case .stay:
                try await plans.withdraw(in: tx)
                return .stay
            case .downgrade:
                let scheduled = try await plans.schedule(
                    input.plan, at: now, because: input.cause, id: change, in: tx)
                return .wait(scheduled, customer: account.stripeCustomer)
            case .upgrade:
                let owner = try await BillingAccounts().owner(in: tx)
                return .upgrade(
                    Payer(
                        account: account.account, email: owner.email, name: account.name,
                        customer: account.stripeCustomer,
                        waiting: try await plans.scheduled(in: tx).map { [$0.id] } ?? []))
            }
        }
    }

    private func upgrade(_ payer: Payer, _ input: Input, _ flow: Flow<Self>) async throws -> Output {
        let desk = SubscriptionDesk(stripe: shop.stripe)
        let customer = try await customer(payer, desk, flow)
        let price = try await price(of: input.plan, desk, flow)
        let hasCard = try await flow.step(.card, retry: .patient) { _ in
            try await shop.stripe.customer(customer).defaultPaymentMethod != nil
        }
        guard hasCard else {
            let page = try await flow.step(.openCheckout, retry: .patient) { attempt in
                try await desk.checkout(customer, price, payer.account, input.page, attempt)
            }
            return .needsCard(page: page)
        }
        let subscription: String
        do {
            subscription = try await flow.step(.subscribe, retry: .patient) { attempt in
                let (ending, larger) = try await shop.inStore(flow.tenant) { tx in
                    (
                        try await BillingAccounts().load(in: tx).endingSubscription,
                        try await AccountPlans().larger(than: input.plan, in: tx)
                    )
                }
                return try await desk.subscribe(
                    customer, to: price, payer.account, except: ending, keeping: larger, attempt)
            }
        } catch let failure as StepFailed {
            return .refused(reason: failure.failure.message)
        }
        try await flow.write(.upgrade, in: shop) { tx in
            _ = try await BillingAccounts().lock(in: tx)
            try await BillingAccounts().note(subscription: subscription, in: tx)
            try await AccountPlans().upgrade(
                to: input.plan, at: shop.clock.now, because: input.cause, replacing: payer.waiting, in: tx)
        }
        return .upgraded
    }

    private func customer(
        _ payer: Payer, _ desk: SubscriptionDesk, _ flow: Flow<Self>
    ) async throws -> StripeCustomer.ID {
        if let known = payer.customer { return StripeID(rawValue: known) }
        let made = try await flow.step(.customer, retry: .patient) { attempt in
            try await desk.customer(payer, attempt)
        }
        // Two wishes at once each make one; the first that is noted is the account's.
        let noted = try await flow.transaction(.noteCustomer, on: shop.transactions) { tx in
            let account = try await BillingAccounts().lock(in: tx)
            if let other = account.stripeCustomer { return other }
            try await BillingAccounts().note(customer: made.rawValue, in: tx)
            return made.rawValue
        }
        return StripeID(rawValue: noted)
    }

    private func price(
        of plan: PlanID, _ desk: SubscriptionDesk, _ flow: Flow<Self>
    ) async throws -> StripeID<StripePrice> {
        try await flow.step(.price, retry: .patient) { attempt in try await desk.price(of: plan, attempt) }
    }

    // MARK: - Downgrades

    private func downgrade(
        _ change: AccountPlans.Scheduled, _ customer: String?, _ input: Input, _ flow: Flow<Self>
    ) async throws -> Output {
        try await flow.sleep(until: change.effectiveAt, as: "month_end")
        let found = try await flow.transaction(.recheck, on: shop.transactions) { tx in
            let account = try await BillingAccounts().lock(in: tx)
            guard try await AccountPlans().isWaiting(change.id, in: tx) else { return String?.none }
            if input.plan == .free, let subscription = account.stripeSubscription {
                try await BillingAccounts().note(endingSubscription: subscription, in: tx)
            }
            return account.stripeSubscription ?? ""
        }
        guard let subscription = found else { return .withdrawn }
        var isChanged = false
        if !subscription.isEmpty {
            do {
                isChanged = try await changeAtStripe(subscription, change, input, flow)
            } catch let failure as StepFailed {
                try await noteRefusal(subscription, input, failure, flow)
            }
        }
        let end = try await settle(change, subscription, isChanged: isChanged, input, flow)
        if end == .withdrawnLate, let customer {
            try await restore(StripeID(rawValue: customer), flow)
        }
        return end == .done ? .downgraded : .withdrawn
    }

    /// False where the merchant has taken the wish back. Asked on every attempt: Stripe may have been away
    /// for days.
    private func changeAtStripe(
        _ subscription: String, _ change: AccountPlans.Scheduled, _ input: Input, _ flow: Flow<Self>
    ) async throws -> Bool {
        let desk = SubscriptionDesk(stripe: shop.stripe)
        let price: StripeID<StripePrice>? =
            if input.plan == .free { nil } else { try await price(of: input.plan, desk, flow) }
        return try await flow.step(.subscribe, retry: .patient) { attempt in
            let isWaiting = try await shop.inStore(flow.tenant) {
                try await AccountPlans().isWaiting(change.id, in: $0)
            }
            guard isWaiting else {
                // Of an earlier attempt no answer may have come.
                return attempt.isAmbiguous ? try await desk.isChanged(subscription, to: price) : false
            }
            if let price {
                _ = try await desk.move(subscription, to: price, attempt)
            } else {
                _ = try await PlatformCashier(stripe: shop.stripe).cancel(subscription, attempt)
            }
            return true
        }
    }

    /// The month has ended, whatever Stripe says: our own change stands, and a subscription that cannot be
    /// moved has no say any more.
    private func noteRefusal(
        _ subscription: String, _ input: Input, _ failure: StepFailed, _ flow: Flow<Self>
    ) async throws {
        try await flow.write(.noteRefusal, in: shop) { tx in
            _ = try await BillingAccounts().lock(in: tx)
            try await BillingAccounts().note(endingSubscription: subscription, in: tx)
            try await Attention().open(
                .platformInvoice, subject: "subscription:\(subscription)",
                message: "the plan is \(input.plan) from this month on, but the subscription at Stripe could "
                    + "not be changed: \(failure.failure.message)", in: tx)
        }
    }

    /// Puts the smaller plan into force where the wish still stands.
    private func settle(
        _ change: AccountPlans.Scheduled, _ subscription: String, isChanged: Bool, _ input: Input,
        _ flow: Flow<Self>
    ) async throws -> DowngradeEnd {
        try await flow.transaction(.downgrade, on: shop.transactions) { tx in
            let account = try await BillingAccounts().lock(in: tx)
            // Stripe's own news of it may have been faster.
            _ = try await AccountPlans().apply(change.id, in: tx)
            let plan = try await AccountPlans().current(at: shop.clock.now, in: tx).id
            let isEnding = account.endingSubscription == subscription
            guard plan == input.plan else {
                // It goes on as it was, unless it was cancelled before the wish was taken back.
                if isEnding, !isChanged {
                    try await BillingAccounts().note(endingSubscription: nil, in: tx)
                }
                return isChanged && plan != .free ? .withdrawnLate : .withdrawn
            }
            if isEnding, account.stripeSubscription == subscription {
                try await BillingAccounts().note(subscription: nil, in: tx)
            }
            return .done
        }
    }

    /// Subscribes again to the plan that the account has kept: Stripe was changed before the wish was taken
    /// back.
    private func restore(_ customer: StripeCustomer.ID, _ flow: Flow<Self>) async throws {
        let desk = SubscriptionDesk(stripe: shop.stripe)
        let subscription = try await flow.step(.restore, retry: .patient) { attempt in
            let (account, plan) = try await shop.inStore(flow.tenant) { tx in
                (
                    try await BillingAccounts().load(in: tx),
                    try await AccountPlans().current(at: shop.clock.now, in: tx).id
                )
            }
            return try await desk.subscribe(
                customer, to: try await desk.price(of: plan, attempt), account.account,
                except: account.endingSubscription, keeping: [], attempt)
        }
        try await flow.write(.noteRestored, in: shop) { tx in
            _ = try await BillingAccounts().lock(in: tx)
            try await BillingAccounts().note(subscription: subscription, in: tx)
        }
    }
}

private enum DowngradeEnd: String, Codable, Sendable {
    case done, withdrawn
    /// After Stripe was changed.
    case withdrawnLate = "withdrawn_late"
}

/// Who pays for an account.
struct Payer: Codable, Sendable {
    let account: UserID
    let email: EmailAddress
    let name: String
    let customer: String?
    /// The change that waited when the wish was made. Nothing in journals of before it was noted.
    let waiting: [PlanChangeID]?
}

private enum Decision: Codable, Sendable {
    case stay
    case upgrade(Payer)
    case wait(AccountPlans.Scheduled, customer: String?)
}
