package import Commerce
package import Foundation
internal import Postgres

// Row first. A refund reserves its amount under the payment's row lock before Stripe is asked, so two
// refunds at once cannot promise the same money; the database refuses more than was captured. One that
// fails frees what it reserved.

package struct Refund: Sendable, Equatable {
    package let id: RefundID
    package let order: OrderID
    package let payment: PaymentID
    package let key: String
    /// R for the shopper, F and its parts for the merchant.
    package let breakdown: RefundBreakdown
    package let status: Status
    package let stripeRefund: String?
    package let stripeFeeRefund: String?
    /// The refund that failed and that this one repeats; of several that failed, the first.
    package let replaces: RefundID?
    /// Set once it was confirmed, also when it failed afterwards.
    package let settledAt: Date?
    /// What it took back from the store, where somebody made it in the vendor's own pages; nil for ours,
    /// which take back the whole of it.
    package let reversedOutside: Money?

    package enum Status: String, Sendable {
        case reserved, sent, settled, failed
    }

    /// What its paper is kept under: a refund that is made again has its credit from the first time.
    package var origin: RefundID { replaces ?? id }
}

package struct Refunds: Sendable {
    package init() {}

    /// A refund to make. The key is the caller's and makes it one refund, however often it is asked for.
    package struct Draft: Sendable {
        package let order: OrderID
        package let payment: PaymentID
        package let key: String
        package let breakdown: RefundBreakdown
        package let units: [UnitID]
        /// The failed refund that this one repeats; of several, the first.
        package let replaces: RefundID?

        package init(
            order: OrderID, payment: PaymentID, key: String, breakdown: RefundBreakdown, units: [UnitID] = [],
            replaces: RefundID? = nil
        ) {
            self.order = order
            self.payment = payment
            self.key = key
            self.breakdown = breakdown
            self.units = units
            self.replaces = replaces
        }
    }

    /// Reserves the amount, or finds the refund of the same key.
    package func reserve(_ draft: Draft, in tx: Transaction<OneTenant>) async throws -> Refund {
        // Locked before we look: of two callers with the same key the second must find the first one's row.
        let locked = try await tx.first(
            """
            select id from shop.payment
            where tenant_id = \(tx.tenantUUID) and id = \(draft.payment.rawValue) for update
            """)
        guard locked != nil else { throw StoreError.notFound(.payment, "\(draft.payment)") }
        if let known = try await find(key: draft.key, in: tx) { return known }
        let id = RefundID()
        let sums = draft.breakdown
        try await tx.execute(
            """
            insert into shop.refund (tenant_id, id, order_id, payment_id, key, cause, currency, amount_minor,
                fee_minor, c_minor, m_minor, s_minor, p_minor, marked_up_units, replaces)
            values (\(tx.tenantUUID), \(id.rawValue), \(draft.order.rawValue), \(draft.payment.rawValue),
                \(draft.key), \(sums.cause.rawValue), \(sums.amount.currency.rawValue),
                    \(sums.amount.minorUnits),
                \(sums.feeRefund.minorUnits), \(sums.commission.minorUnits), \(sums.markup.minorUnits),
                \(sums.supplier.minorUnits), \(sums.processing.minorUnits), \(sums.markedUpUnits),
                \(draft.replaces?.rawValue))
            """)
        try await tx.execute(
            """
            insert into shop.refund_unit (tenant_id, refund_id, unit_id)
            select \(tx.tenantUUID), \(id.rawValue), unit from unnest(\(draft.units.map(\.rawValue))) as unit
            """)
        return try await load(id, in: tx)
    }

    package func markSent(
        _ id: RefundID, stripeRefund: String, in tx: Transaction<OneTenant>
    ) async throws {
        try await change(id, tx) {
            """
            set stripe_refund = coalesce(stripe_refund, \(stripeRefund)),
                status = case when status = 'reserved' then 'sent' else status end
            """
        }
    }

    package func recordFeeRefund(
        _ id: RefundID, stripeFeeRefund: String, in tx: Transaction<OneTenant>
    ) async throws {
        try await change(id, tx) { "set stripe_fee_refund = coalesce(stripe_fee_refund, \(stripeFeeRefund))" }
    }

    /// The webhook confirmed it. True when this is the first time, for the caller who writes the ledger.
    package func settle(_ id: RefundID, in tx: Transaction<OneTenant>) async throws -> Bool {
        try await tx.execute(
            """
            update shop.refund set status = 'settled', settled_at = now()
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue) and status in ('reserved', 'sent')
            """
        ).affected == 1
    }

    /// Stripe refused it, or took it back later. What it reserved is free again.
    package func fail(_ id: RefundID, problem: String, in tx: Transaction<OneTenant>) async throws {
        try await change(id, tx) { "set status = 'failed', problem = \(problem)" }
    }

    package func load(_ id: RefundID, in tx: Transaction<OneTenant>) async throws -> Refund {
        try await tx.execute(
            "select * from shop.refund where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)"
        ).only(orThrow: .notFound(.refund, "\(id)")).refund()
    }

    package func find(_ id: RefundID, in tx: Transaction<OneTenant>) async throws -> Refund? {
        try await tx.first(
            "select * from shop.refund where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)"
        ).map { try $0.refund() }
    }

    package func find(key: String, in tx: Transaction<OneTenant>) async throws -> Refund? {
        try await tx.first("select * from shop.refund where tenant_id = \(tx.tenantUUID) and key = \(key)")
            .map { try $0.refund() }
    }

    package func find(stripeRefund: String, in tx: Transaction<OneTenant>) async throws -> Refund? {
        try await tx.first(
            "select * from shop.refund where tenant_id = \(tx.tenantUUID) and stripe_refund = \(stripeRefund)"
        ).map { try $0.refund() }
    }

    package func all(of order: OrderID, in tx: Transaction<OneTenant>) async throws -> [Refund] {
        try await tx.execute(
            """
            select * from shop.refund
            where tenant_id = \(tx.tenantUUID) and order_id = \(order.rawValue) order by created_at, id
            """
        ).rows.map { try $0.refund() }
    }

    /// What was refunded of a payment so far, those that failed left out: what the next refund is worked
    /// out from.
    package func totals(
        of payment: PaymentID, currency: Currency, in tx: Transaction<OneTenant>
    ) async throws -> RefundTotals {
        let standing = try await tx.execute(
            """
            select * from shop.refund
            where tenant_id = \(tx.tenantUUID) and payment_id = \(payment.rawValue) and status <> 'failed'
            order by created_at, id
            """
        ).rows.map { try $0.refund() }
        return RefundTotals(standing.map(\.breakdown), currency)
    }

    private func change(
        _ id: RefundID, _ tx: Transaction<OneTenant>, _ assignments: () -> Query
    ) async throws {
        let changed = try await tx.execute(
            "update shop.refund " + assignments()
                + " where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)")
        guard changed.affected == 1 else { throw StoreError.notFound(.refund, "\(id)") }
    }
}

extension Row {
    func refund() throws -> Refund {
        let currency = try currency()
        return Refund(
            id: try id("id"), order: try id("order_id"), payment: try id("payment_id"),
            key: try decode("key"),
            breakdown: RefundBreakdown(
                cause: try raw("cause"), amount: try money("amount_minor", currency),
                commission: try money("c_minor", currency), markup: try money("m_minor", currency),
                supplier: try money("s_minor", currency), processing: try money("p_minor", currency),
                markedUpUnits: try int("marked_up_units")),
            status: try raw("status"),
            stripeRefund: try decode("stripe_refund"), stripeFeeRefund: try decode("stripe_fee_refund"),
            replaces: try idOrNil("replaces"), settledAt: try decode("settled_at"),
            reversedOutside: try decode("made_outside", as: Bool.self)
                ? money("reversed_minor", currency) : nil)
    }
}
