package import Commerce
internal import Foundation
internal import Postgres

// Refunds that somebody made in the vendor's own pages. They are rows like any other, so that they count
// against what was captured; what they moved is told by the vendor. One that pays exactly what the bank had
// sent back, from the platform's own money, is that refund made again.

/// A refund as the vendor shows it.
package struct OutsideRefund: Codable, Sendable, Equatable {
    package let stripeRefund: String
    package let amount: Money
    /// What it took back from the store.
    package let reversed: Money

    package init(stripeRefund: String, amount: Money, reversed: Money) {
        self.stripeRefund = stripeRefund
        self.amount = amount
        self.reversed = reversed
    }
}

extension Refunds {
    /// Whether a refund of this much fits beside what is reserved. Where it does not, a refund of ours is
    /// on its way that the vendor will refuse, or our own record of the payment is not written yet.
    package func fits(
        _ amount: Money, fee: Money, of payment: Payment, in tx: Transaction<OneTenant>
    ) async throws -> Bool {
        let standing = try await totals(of: payment.id, currency: amount.currency, in: tx)
        return standing.amount + amount <= payment.captured
            && standing.feeRefund + fee <= payment.fee && payment.captured.isPositive
    }

    /// Writes the row of a refund that we did not make. Nil where it is known.
    package func recordOutside(
        _ found: OutsideRefund, of payment: Payment, in tx: Transaction<OneTenant>
    ) async throws -> Refund? {
        guard try await find(stripeRefund: found.stripeRefund, in: tx) == nil else { return nil }
        let nothing = Money.zero(found.amount.currency)
        let owed = found.reversed.isZero ? try await owed(of: payment.id, in: tx) : nil
        let repeated = owed?.breakdown.amount == found.amount ? owed : nil
        let breakdown =
            repeated?.breakdown
            ?? RefundBreakdown(
                cause: .madeOutside, amount: found.amount, commission: nothing, markup: nothing,
                supplier: nothing, processing: nothing, markedUpUnits: 0)
        let refund = try await reserve(
            Draft(
                order: payment.order, payment: payment.id, key: "stripe:\(found.stripeRefund)",
                breakdown: breakdown, replaces: repeated?.id), in: tx)
        try await tx.execute(
            """
            update shop.refund set made_outside = \(repeated == nil), stripe_refund = \(found.stripeRefund),
                reversed_minor = \(found.reversed.minorUnits)
            where tenant_id = \(tx.tenantUUID) and id = \(refund.id.rawValue)
            """)
        return try await load(refund.id, in: tx)
    }

    /// Writes the row of a part of our fee that somebody gave back to the merchant: of each component in
    /// proportion to what is left of it. Nil where it is known.
    package func recordOutside(
        feeRefund: String, amount: Money, of payment: Payment, in tx: Transaction<OneTenant>
    ) async throws -> Refund? {
        let known = try await tx.first(
            """
            select id from shop.refund
            where tenant_id = \(tx.tenantUUID) and stripe_fee_refund = \(feeRefund)
            """)
        guard known == nil else { return nil }
        let sold = try await Orders().load(payment.order, in: tx).total
        let given = try await totals(of: payment.id, currency: amount.currency, in: tx)
        let parts = amount.split(by: [
            sold.commission - given.commission, sold.markup - given.markup, sold.supplier - given.supplier,
            sold.processing - given.processing,
        ])
        let refund = try await reserve(
            Draft(
                order: payment.order, payment: payment.id, key: "stripe:\(feeRefund)",
                breakdown: RefundBreakdown(
                    cause: .madeOutside, amount: .zero(amount.currency), commission: parts[0],
                    markup: parts[1], supplier: parts[2], processing: parts[3], markedUpUnits: 0)), in: tx)
        try await tx.execute(
            """
            update shop.refund set made_outside = true, reversed_minor = 0, status = 'settled',
                stripe_fee_refund = \(feeRefund), settled_at = now()
            where tenant_id = \(tx.tenantUUID) and id = \(refund.id.rawValue)
            """)
        return try await load(refund.id, in: tx)
    }

    /// Notes a transfer reversal that is nobody's. False where it is known.
    package func recordReversal(
        _ reversal: String, amount: Money, of payment: PaymentID, in tx: Transaction<OneTenant>
    ) async throws -> Bool {
        try await tx.execute(
            """
            insert into shop.transfer_reversal (tenant_id, stripe_reversal, payment_id, currency,
                amount_minor)
            values (\(tx.tenantUUID), \(reversal), \(payment.rawValue), \(amount.currency.rawValue),
                \(amount.minorUnits))
            on conflict do nothing
            """
        ).affected == 1
    }
}
