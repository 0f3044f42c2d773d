// The account's side at Stripe: a customer, a price per plan, one subscription. Each call that may have
// happened before is looked up by the account's id before it is repeated.

import Commerce
import Durable
import FoundationEssentials
import Stripe

struct SubscriptionDesk: Sendable {
    /// The account on everything that is made for it.
    static let mark = "account_id"
    private static let pricePrefix = "cartflux_plan_"
    private static let ended: Set<String> = ["canceled", "incomplete_expired"]

    let stripe: StripeClient

    /// The plan that a price stands for; nil for a price that is not ours.
    static func plan(ofPrice lookupKey: String?) -> PlanID? {
        guard let lookupKey, lookupKey.hasPrefix(pricePrefix) else { return nil }
        return PlanID(rawValue: String(lookupKey.dropFirst(pricePrefix.count)))
    }

    func customer(_ payer: Payer, _ attempt: Attempt) async throws -> StripeCustomer.ID {
        if attempt.isAmbiguous {
            let known = try await stripe.customers(with: payer.email).last {
                $0.metadata[Self.mark] == "\(payer.account)"
            }
            if let known { return known.id }
        }
        try await attempt.announce()
        return try await stripe.createCustomer(
            email: payer.email, name: payer.name, metadata: [Self.mark: "\(payer.account)"],
            key: attempt.key
        ).id
    }

    /// The price is one for all accounts, so its key is too.
    func price(of plan: PlanID, _ attempt: Attempt) async throws -> StripeID<StripePrice> {
        let name = Self.pricePrefix + plan.rawValue
        if let known = try await stripe.price(named: name) { return known.id }
        return try await stripe.createPrice(
            named: name, product: "CartFlux \(plan.rawValue)", amount: .zero(.eur), key: "cf:price:\(name)"
        ).id
    }

    func checkout(
        _ customer: StripeCustomer.ID, _ price: StripeID<StripePrice>, _ account: UserID, _ page: String,
        _ attempt: Attempt
    ) async throws -> String {
        let session = try await stripe.createCheckout(
            customer: customer, price: price, metadata: [Self.mark: "\(account)"], returningTo: page,
            key: attempt.key)
        return session.url ?? page
    }

    /// Puts the customer's subscription at a price, or makes one. A repetition finds it there. One that is
    /// being cancelled does not count, and one to a larger plan stays: of two wishes at once the smaller one
    /// may come last.
    func subscribe(
        _ customer: StripeCustomer.ID, to price: StripeID<StripePrice>, _ account: UserID,
        except ending: String?, keeping larger: Set<PlanID>, _ attempt: Attempt
    ) async throws -> String {
        let living = try await stripe.subscriptions(of: customer).first {
            !Self.ended.contains($0.status) && $0.id.rawValue != ending
        }
        if let living {
            let isLarger = Self.plan(ofPrice: living.priceLookupKey).map(larger.contains) ?? false
            if living.priceID != price.rawValue, !isLarger {
                _ = try await stripe.changePrice(of: living, to: price, key: attempt.key)
            }
            return living.id.rawValue
        }
        return try await stripe.createSubscription(
            customer: customer, price: price, metadata: [Self.mark: "\(account)"], key: attempt.key
        ).id.rawValue
    }

    /// Whether a subscription is at a price, or without one has ended.
    func isChanged(_ subscription: String, to price: StripeID<StripePrice>?) async throws -> Bool {
        let known = try await stripe.subscription(StripeID(rawValue: subscription))
        guard let price else { return Self.ended.contains(known.status) }
        return known.priceID == price.rawValue
    }

    func move(
        _ subscription: String, to price: StripeID<StripePrice>, _ attempt: Attempt
    ) async throws -> String {
        let known = try await stripe.subscription(StripeID(rawValue: subscription))
        guard !Self.ended.contains(known.status), known.priceID != price.rawValue else { return subscription }
        try await attempt.announce()
        _ = try await stripe.changePrice(of: known, to: price, key: attempt.key)
        return subscription
    }
}
