// From a basket to a checkout that is being worked on. Both the pages and the API buy through this desk, so
// they cannot differ in what they refuse. A checkout row and the run that works on it are made in one
// transaction; the row is unique on the quote, so however often the button is pressed there is one of each.

import Commerce
import CommerceStore
import Foundation

/// Starts the run that turns a checkout into an order, inside the transaction that writes its row. Returns
/// the run's id.
package typealias StartCheckout =
    @Sendable (_ checkout: Checkout, _ tx: Transaction<OneTenant>) async throws -> UUID

package struct CheckoutDesk: Sendable {
    package let database: Database
    private let start: StartCheckout

    package init(database: Database, start: @escaping StartCheckout) {
        self.database = database
        self.start = start
    }

    /// Freezes the price of a basket. A sale that would lose money is refused, and what is sold at a loss is
    /// taken off the shelf before anybody else meets it.
    package func quote(
        cart token: String, shippingTo country: CountryCode? = nil, for store: StoreSite, at now: Date
    ) async throws -> Quote {
        try await guardingSales(of: store) {
            try await database.transaction(for: store.tenant) { tx in
                try await quote(cart: token, for: store, at: now, in: tx)
            }
        }
    }

    /// The same in a transaction of the caller's, who runs it inside `guardingSales`.
    package func quote(
        cart token: String, for store: StoreSite, at now: Date, in tx: Transaction<OneTenant>
    ) async throws -> Quote {
        guard store.takesOrders else { throw WebProblem(.checkoutClosed, headers: ["Retry-After": "3600"]) }
        guard let cart = try await Carts().find(token: token, in: tx) else { throw StoreError.cartEmpty }
        return try await Quotes().freeze(cart.id, at: now, in: tx)
    }

    /// Runs the body, and takes off the shelf what it was refused for losing money. The body's own
    /// transaction must have ended when it throws.
    package func guardingSales<Value>(
        of store: StoreSite, _ body: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await body()
        } catch StoreError.saleRefused(let refusal, let products) {
            try await takeOffSale(products, refusal, in: store)
            throw StoreError.saleRefused(refusal, products: products)
        }
    }

    /// The quote that a page showed.
    package func quote(_ id: QuoteID, for store: StoreSite) async throws -> Quote {
        try await database.transaction(for: store.tenant) { try await Quotes().load(id, in: $0) }
    }

    /// The checkout of a quote, when the button was pressed before.
    package func checkout(of quote: QuoteID, for store: StoreSite) async throws -> Checkout? {
        try await database.transaction(for: store.tenant) { try await Checkouts().find(quote: quote, in: $0) }
    }

    /// Accepts a quote: makes the checkout, starts its run and empties the basket, all or nothing. Accepting
    /// the same quote again finds the same checkout and starts nothing.
    package func accept(
        _ quote: QuoteID, seenTotal: Money, by buyer: BuyerDetails, language: Language, cart token: String?,
        for store: StoreSite, at now: Date
    ) async throws -> Checkout {
        try await database.transaction(for: store.tenant) { tx in
            try await accept(
                quote, seenTotal: seenTotal, by: buyer, language: language, cart: token, for: store,
                at: now, in: tx)
        }
    }

    /// The same in a transaction of the caller's.
    package func accept(
        _ quote: QuoteID, seenTotal: Money, by buyer: BuyerDetails, language: Language, cart token: String?,
        for store: StoreSite, at now: Date, in tx: Transaction<OneTenant>
    ) async throws -> Checkout {
        let request = Checkouts.Request(
            quote: quote, email: buyer.email, phone: buyer.phone, address: buyer.address,
            language: language, seenTotal: seenTotal)
        let (checkout, isFirst) = try await Checkouts().create(request, at: now, in: tx)
        guard isFirst else { return checkout }
        guard store.takesOrders else {
            throw WebProblem(.checkoutClosed, headers: ["Retry-After": "3600"])
        }
        let run = try await start(checkout, tx)
        try await Checkouts().recordRun(run, of: checkout.id, in: tx)
        if let token, let cart = try await Carts().find(token: token, in: tx) {
            try await Carts().empty(cart.id, in: tx)
        }
        return checkout
    }

    /// In a transaction of its own: the one that met the loss was rolled back.
    private func takeOffSale(_ products: [ProductID], _ refusal: SaleRefusal, in store: StoreSite)
        async throws
    {
        guard refusal.pausesProduct, products.count == 1 else { return }
        try await database.transaction(for: store.tenant) { tx in
            for product in products {
                try await Products().pause(product, reason: refusal.merchantReason, in: tx)
            }
        }
    }
}
