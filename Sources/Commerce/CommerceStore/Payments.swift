package import Commerce
package import Foundation
internal import Postgres

// A row per PaymentIntent. It is written before Stripe is asked, so an intent that we do not know of is an
// accident and not a race; one may be open per order, which a partial unique index holds. What webhooks
// report only ever raises the status: a repeated, late or shuffled one changes nothing.

package struct Payment: Sendable, Equatable {
    package let id: PaymentID
    package let order: OrderID
    /// Counts the attempts of one order; with the order's id it is the idempotency key towards Stripe.
    package let version: Int
    package let intent: String?
    package let clientSecret: String?
    package let charge: String?
    package let status: Status
    package let statusAt: Date?
    package let amount: Money
    /// W: what is withheld for supplier and platform.
    package let fee: Money
    package let captured: Money
    /// In the currency of the platform's balance, which may be another than the shopper's.
    package let stripeFee: Money?
    package let paidAt: Date?

    /// As Stripe calls them; `created` is ours, before Stripe has answered.
    package enum Status: String, Sendable, CaseIterable {
        case created
        case requiresPaymentMethod = "requires_payment_method"
        case requiresConfirmation = "requires_confirmation"
        case requiresAction = "requires_action"
        case failed, processing, canceled, succeeded
    }

    package var isOpen: Bool { status != .canceled && status != .succeeded }
}

package struct Payments: Sendable {
    package init() {}

    /// Makes the next payment of an order, or finds the one that is open.
    package func open(
        for order: OrderID, amount: Money, fee: Money, in tx: Transaction<OneTenant>
    ) async throws -> Payment {
        // The order's row lock makes two tabs take turns; the second finds what the first made.
        try await tx.lockOrder(order)
        let known = try await all(of: order, in: tx)
        if let open = known.last(where: \.isOpen) { return open }
        let version = (known.last?.version ?? 0) + 1
        return try await tx.execute(
            """
            insert into shop.payment (tenant_id, id, order_id, version, currency, amount_minor, fee_minor)
            values (\(tx.tenantUUID), \(PaymentID().rawValue), \(order.rawValue), \(Int32(version)),
                \(amount.currency.rawValue), \(amount.minorUnits), \(fee.minorUnits))
            returning *
            """
        ).only(orThrow: .notFound(.payment, "\(order)")).payment()
    }

    /// Notes what Stripe answered to the creation. Again with the same intent changes nothing. An answer that
    /// comes after its run has given the payment up is refused: nobody may be given the means to pay it.
    package func recordIntent(
        _ intent: String, clientSecret: String?, of id: PaymentID, in tx: Transaction<OneTenant>
    ) async throws -> Payment {
        try await tx.execute(
            """
            update shop.payment
            set payment_intent = \(intent), client_secret = coalesce(\(clientSecret), client_secret),
                status = case when status = 'created' then 'requires_payment_method' else status end
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue) and unattended_since is null
            returning *
            """
        ).only(orThrow: .notFound(.payment, "\(id)")).payment()
    }

    /// Raises the status to what Stripe reports, at Stripe's time of it. What is lower, or of the same rank
    /// and older, changes nothing.
    @discardableResult
    package func recordStatus(
        _ status: Payment.Status, ofIntent intent: String, at reported: Date, in tx: Transaction<OneTenant>
    ) async throws -> Payment {
        let word = status.rawValue
        try await lockOrder(paidBy: intent, tx)
        try await tx.execute(
            """
            update shop.payment
            set status = \(word), status_at = \(reported),
                canceled_at = case when \(word) = 'canceled' then coalesce(canceled_at, \(reported)) end
            where tenant_id = \(tx.tenantUUID) and payment_intent = \(intent) and status <> 'succeeded'
                and (shop.payment_intent_rank(\(word)) > shop.payment_intent_rank(status)
                    or shop.payment_intent_rank(\(word)) = shop.payment_intent_rank(status)
                        and (status_at is null or status_at <= \(reported)))
            """)
        guard let payment = try await find(intent: intent, in: tx) else {
            throw StoreError.notFound(.payment, intent)
        }
        return payment
    }

    /// Notes the capture. `first` is true exactly once, for the caller who writes the ledger.
    package func markPaid(
        intent: String, captured: Money, charge: String?, stripeFee: Money?, at paidAt: Date,
        in tx: Transaction<OneTenant>
    ) async throws -> (payment: Payment, first: Bool) {
        try await lockOrder(paidBy: intent, tx)
        let fresh = try await tx.first(
            """
            update shop.payment
            set status = 'succeeded', status_at = \(paidAt), captured_minor = \(captured.minorUnits),
                charge = \(charge),
                stripe_fee_minor = \(stripeFee?.minorUnits),
                stripe_fee_currency = \(stripeFee?.currency.rawValue), paid_at = \(paidAt)
            where tenant_id = \(tx.tenantUUID) and payment_intent = \(intent) and status <> 'succeeded'
                and currency = \(captured.currency.rawValue)
            returning *
            """)
        if let fresh {
            let payment = try fresh.payment()
            try await tx.execute(
                """
                update shop.orders set paid_at = coalesce(paid_at, \(paidAt))
                where tenant_id = \(tx.tenantUUID) and id = \(payment.order.rawValue)
                """)
            return (payment, true)
        }
        guard let payment = try await find(intent: intent, in: tx) else {
            throw StoreError.notFound(.payment, intent)
        }
        guard payment.amount.currency == captured.currency else {
            throw StoreError.currencyDiffers(expected: payment.amount.currency, found: captured.currency)
        }
        return (payment, false)
    }

    /// The order first and the payment after it, as everyone who needs both does, so that nobody deadlocks.
    private func lockOrder(paidBy intent: String, _ tx: Transaction<OneTenant>) async throws {
        guard let payment = try await find(intent: intent, in: tx) else {
            throw StoreError.notFound(.payment, intent)
        }
        try await tx.lockOrder(payment.order)
    }

    package func find(intent: String, in tx: Transaction<OneTenant>) async throws -> Payment? {
        try await tx.first(
            "select * from shop.payment where tenant_id = \(tx.tenantUUID) and payment_intent = \(intent)"
        ).map { try $0.payment() }
    }

    package func find(charge: String, in tx: Transaction<OneTenant>) async throws -> Payment? {
        try await tx.first(
            "select * from shop.payment where tenant_id = \(tx.tenantUUID) and charge = \(charge)"
        ).map { try $0.payment() }
    }

    package func load(_ id: PaymentID, in tx: Transaction<OneTenant>) async throws -> Payment {
        try await tx.execute(
            "select * from shop.payment where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)"
        ).only(orThrow: .notFound(.payment, "\(id)")).payment()
    }

    /// Every payment of an order, oldest first.
    package func all(of order: OrderID, in tx: Transaction<OneTenant>) async throws -> [Payment] {
        try await tx.execute(
            """
            select * from shop.payment
            where tenant_id = \(tx.tenantUUID) and order_id = \(order.rawValue) order by version
            """
        ).rows.map { try $0.payment() }
    }
}

extension Row {
    fileprivate func payment() throws -> Payment {
        let currency = try currency()
        return Payment(
            id: try id("id"), order: try id("order_id"), version: try int("version"),
            intent: try decode("payment_intent"), clientSecret: try decode("client_secret"),
            charge: try decode("charge"), status: try raw("status"), statusAt: try decode("status_at"),
            amount: try money("amount_minor", currency), fee: try money("fee_minor", currency),
            captured: try money("captured_minor", currency),
            stripeFee: try decode("stripe_fee_minor", as: Int64?.self) == nil
                ? nil : money("stripe_fee_minor", in: "stripe_fee_currency"),
            paidAt: try decode("paid_at"))
    }
}
