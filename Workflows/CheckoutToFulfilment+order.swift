// The offer is looked at twice under the products' locks: once before the supplier is asked, to refuse
// cheaply, and once in the transaction that reserves and places, because only that one counts.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials
import Stripe

extension CheckoutToFulfilment {
    /// Whether what the shopper saw can still be sold at that price, by our own books and by the supplier's.
    func isStillOffered(_ checkout: CheckoutID, _ flow: Flow<Self>) async throws -> Bool {
        try await flow.progress(CheckoutProgress(.pricing))
        guard try await reprice(checkout, flow) else { return false }
        try await flow.progress(CheckoutProgress(.askingSupplier))
        switch try await askSupplier(about: checkout, flow) {
        case .available, .unanswered: return true
        case .soldOut, .tooDear, .undeliverable: break
        }
        try await decline(checkout, .unavailable, flow)
        return false
    }

    private func reprice(_ checkout: CheckoutID, _ flow: Flow<Self>) async throws -> Bool {
        try await flow.transaction(.reprice, on: shop.transactions) { tx in
            let accepted = try await Checkouts().load(checkout, in: tx)
            do {
                _ = try await Quotes().confirm(accepted, holding: .changing, in: tx)
                return true
            } catch StoreError.saleRefused(let refusal, let products) {
                try await Products().takeOffSale(products, after: refusal, in: tx)
                try await Checkouts().recordOutcome(.unavailable, of: checkout, in: tx)
            } catch let refusal as StoreError {
                guard let outcome = refusal.checkoutOutcome else { throw refusal }
                try await Checkouts().recordOutcome(outcome, of: checkout, in: tx)
            }
            return false
        }
    }

    /// Asks the supplier whether it would take the order. A supplier that does not answer stops no sale: the
    /// stock of the last sync stands, and an article that proves to be gone is refunded.
    private func askSupplier(about checkout: CheckoutID, _ flow: Flow<Self>) async throws
        -> SupplierAvailability
    {
        do {
            return try await flow.step(.askSupplier, retry: .brief) { _ in
                try await shop.availability(of: checkout, for: flow.tenant)
            }
        } catch let failure as StepFailed where failure.code.hasPrefix("bigbuy.") {
            return .unanswered
        }
    }

    /// The same question for an order whose reservation has lapsed; here silence is no yes.
    func canStillBeDelivered(_ order: PlacedOrder, _ flow: Flow<Self>) async throws -> Bool {
        do {
            return try await flow.step(.askSupplierAgain) { _ in
                try await shop.availability(of: order.checkout, for: flow.tenant)
            } == .available
        } catch let failure as StepFailed where failure.code.hasPrefix("bigbuy.") {
            return false
        }
    }

    /// Reserves the units and places the order and its payment, all or nothing. Nil when the shopper has to
    /// be told no.
    func place(_ checkout: CheckoutID, _ flow: Flow<Self>) async throws -> PlacedOrder? {
        let run = flow.id.rawValue
        do {
            return try await flow.transaction(.place, on: shop.transactions) { tx -> PlacedOrder? in
                let accepted = try await Checkouts().load(checkout, in: tx)
                let store = try await Stores().load(in: tx)
                guard store.takesPayments, let account = store.stripeAccount else {
                    try await Checkouts().recordOutcome(.paymentsClosed, of: checkout, in: tx)
                    return nil
                }
                let now = shop.clock.now
                let quote = try await Quotes().confirm(accepted, in: tx)
                let order = try await Orders().place(
                    accepted, quote: quote, run: run, at: now,
                    holding: (shop.patience.payment + .seconds(600)).seconds, in: tx)
                let payment = try await Payments().open(
                    for: order.id, amount: order.total.gross, fee: order.total.withheld, in: tx)
                return PlacedOrder(
                    id: order.id, number: order.number, payment: payment.id, paymentVersion: payment.version,
                    amount: payment.amount, fee: payment.fee, account: StripeAccount.ID(rawValue: account),
                    checkout: checkout, tenant: tx.tenant, placedAt: now)
            }
        } catch let failure as StepFailed {
            guard let outcome = Checkout.Outcome(refusedWith: failure.code) else { throw failure }
            try await decline(checkout, outcome, flow)
            return nil
        }
    }

    private func decline(_ checkout: CheckoutID, _ outcome: Checkout.Outcome, _ flow: Flow<Self>) async throws
    {
        try await flow.write(.decline, in: shop) { tx in
            try await Checkouts().recordOutcome(outcome, of: checkout, in: tx)
        }
    }
}

extension RetryPolicy {
    /// For a question whose asker is waiting at a screen.
    fileprivate static let brief = RetryPolicy(
        attempts: 4, within: .seconds(15), base: .milliseconds(250), cap: .seconds(2))
}

extension StoreError {
    /// What the shopper is told; nil for what is no answer to a shopper.
    fileprivate var checkoutOutcome: Checkout.Outcome? {
        switch self {
        case .quoteExpired: .quoteExpired
        // Another order took the coupon's last use: without it the total is another.
        case .totalChanged, .refused(.couponUsedUp): .totalChanged
        case .notForSale, .notEnoughUnits, .saleRefused, .refused(.unitsNotAvailable): .unavailable
        default: nil
        }
    }
}

extension Checkout.Outcome {
    /// The same for a refusal that was met while placing, by its recorded word.
    fileprivate init?(refusedWith code: String) {
        switch code {
        case "store.quote_expired": self = .quoteExpired
        case "store.total_changed", "store.\(Problem.couponUsedUp.rawValue)": self = .totalChanged
        case "store.not_for_sale", "store.not_enough_units", "store.sale_refused",
            "store.\(Problem.unitsNotAvailable.rawValue)":
            self = .unavailable
        default: return nil
        }
    }
}
