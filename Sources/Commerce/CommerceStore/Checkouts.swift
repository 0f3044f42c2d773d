package import Commerce
package import Foundation
internal import Postgres

// A shopper said yes to one quote. The row is unique on the quote, so a double click and a reload are the
// same checkout; and a basket is bought once, so a second tab that shows it at a quote of its own is the
// same checkout too. Whoever made the row starts the workflow in the same transaction. The browser follows
// by the token.

package struct Checkout: Sendable, Equatable {
    package let id: CheckoutID
    /// Unguessable: the address of the status page, before and after there is an order.
    package let token: StatusToken
    package let quote: QuoteID
    package let email: EmailAddress
    package let phone: String
    package let address: Address
    package let language: Language
    /// What the page showed as the total when the button was pressed.
    package let seenTotal: Money
    package let run: UUID?
    package let outcome: Outcome?
    package let createdAt: Date

    /// Why no order came of it, or that one did. Nil while it is being worked on.
    package enum Outcome: String, Sendable, CaseIterable {
        case placed
        case unavailable
        case totalChanged = "total_changed"
        case quoteExpired = "quote_expired"
        case paymentsClosed = "payments_closed"
    }
}

package struct Checkouts: Sendable {
    private let quotes = Quotes()

    package init() {}

    /// What the form sent, beside the quote.
    package struct Request: Sendable {
        package let quote: QuoteID
        package let email: EmailAddress
        package let phone: String
        package let address: Address
        package let language: Language
        package let seenTotal: Money

        package init(
            quote: QuoteID, email: EmailAddress, phone: String, address: Address, language: Language,
            seenTotal: Money
        ) {
            self.quote = quote
            self.email = email
            self.phone = phone
            self.address = address
            self.language = language
            self.seenTotal = seenTotal
        }
    }

    /// Makes the checkout of a valid quote, or finds the one there is, also where the same basket was bought
    /// at another quote since this one was made. `first` is true for the one who made it.
    package func create(
        _ request: Request, at now: Date, in tx: Transaction<OneTenant>
    ) async throws -> (checkout: Checkout, first: Bool) {
        try await lockBasket(of: request.quote, in: tx)
        if let known = try await find(quote: request.quote, in: tx) { return (known, false) }
        if let known = try await find(basketOf: request.quote, in: tx) { return (known, false) }
        let quote = try await quotes.loadValid(request.quote, at: now, in: tx)
        _ = try request.seenTotal.required(in: quote.currency)
        if case .changed(let seen, let current) = quote.drift(fromSeen: request.seenTotal) {
            throw StoreError.totalChanged(seen: seen, now: current)
        }
        let inserted = try await tx.execute(
            """
            insert into shop.checkout (tenant_id, id, token, quote_id, email, phone, address, locale,
                seen_total_minor,
                currency, created_at)
            values (\(tx.tenantUUID), \(CheckoutID().rawValue), \(StatusToken().rawValue),
                \(request.quote.rawValue),
                \(request.email.rawValue), \(request.phone), \(JSONB(encoding: request.address)),
                \(request.language.rawValue), \(request.seenTotal.minorUnits),
                    \(request.seenTotal.currency.rawValue),
                \(now))
            on conflict (tenant_id, quote_id) do nothing
            """)
        guard let checkout = try await find(quote: request.quote, in: tx) else {
            throw StoreError.notFound(.checkout, "\(request.quote)")
        }
        return (checkout, inserted.affected == 1)
    }

    package func load(_ id: CheckoutID, in tx: Transaction<OneTenant>) async throws -> Checkout {
        try await tx.execute(
            "select * from shop.checkout where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)"
        ).only(orThrow: .notFound(.checkout, "\(id)")).checkout()
    }

    package func find(token: StatusToken, in tx: Transaction<OneTenant>) async throws -> Checkout? {
        try await tx.first(
            "select * from shop.checkout where tenant_id = \(tx.tenantUUID) and token = \(token.rawValue)"
        )
        .map { try $0.checkout() }
    }

    package func find(quote: QuoteID, in tx: Transaction<OneTenant>) async throws -> Checkout? {
        try await tx.first(
            "select * from shop.checkout where tenant_id = \(tx.tenantUUID) and quote_id = \(quote.rawValue)"
        ).map { try $0.checkout() }
    }

    /// Two tabs take turns; the second finds what the first made.
    private func lockBasket(of quote: QuoteID, in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            """
            select c.id from shop.cart c
            join shop.quote q on q.tenant_id = c.tenant_id and q.cart_id = c.id
            where q.tenant_id = \(tx.tenantUUID) and q.id = \(quote.rawValue) for no key update of c
            """)
    }

    /// The purchase of the same basket since the quote was made, unless nothing came of it. What came first
    /// is told by the turns that both have drawn under the basket's lock, never by the clocks of whoever
    /// stamped them; only rows of before there were turns are told apart by their times.
    private func find(basketOf quote: QuoteID, in tx: Transaction<OneTenant>) async throws -> Checkout? {
        try await tx.first(
            """
            select k.* from shop.quote mine
            join shop.quote other on other.tenant_id = mine.tenant_id and other.cart_id = mine.cart_id
            join shop.checkout k on k.tenant_id = other.tenant_id and k.quote_id = other.id
            left join shop.orders o on o.tenant_id = k.tenant_id and o.checkout_id = k.id
            where mine.tenant_id = \(tx.tenantUUID) and mine.id = \(quote.rawValue)
                and coalesce(k.turn > mine.turn,
                    k.turn is not null or mine.turn is null and k.created_at >= mine.created_at)
                and (k.outcome is null or k.outcome = 'placed')
                and o.expired_at is null
            order by k.created_at limit 1
            """
        ).map { try $0.checkout() }
    }

    /// Which run works on it, for the page that follows its progress.
    package func recordRun(_ run: UUID, of id: CheckoutID, in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            """
            update shop.checkout set run_id = \(run)
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue) and run_id is null
            """)
    }

    /// The first outcome stays.
    package func recordOutcome(
        _ outcome: Checkout.Outcome, of id: CheckoutID, in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.execute(
            """
            update shop.checkout set outcome = \(outcome.rawValue)
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue) and outcome is null
            """)
    }
}

extension Row {
    fileprivate func checkout() throws -> Checkout {
        Checkout(
            id: try id("id"), token: try raw("token"), quote: try id("quote_id"), email: try raw("email"),
            phone: try decode("phone"), address: try json("address"), language: try raw("locale"),
            seenTotal: try money("seen_total_minor", in: "currency"), run: try decode("run_id"),
            outcome: try rawOrNil("outcome"), createdAt: try decode("created_at"))
    }
}
