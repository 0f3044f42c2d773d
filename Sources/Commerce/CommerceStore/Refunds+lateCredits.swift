package import Commerce
internal import Foundation
internal import Postgres

// The second refund of our fee, when what a supplier gives back comes after the shopper was paid. It is a
// refund like any other, of nothing to the shopper, so that its part of the fee counts against what was
// withheld. It names no units: theirs is the refund that paid the shopper.

extension Refunds {
    /// Reserves what a credit gives back to the merchant, or finds the reservation of the same key. Nil when
    /// nothing of it is left: then the fee was given back before, in full.
    package func reserveLateCredit(
        _ credit: SupplierCredit, of order: OrderID, paidBy payment: PaymentID, key: String,
        in tx: Transaction<OneTenant>
    ) async throws -> Refund? {
        try await tx.lockOrder(order)
        if let known = try await find(key: key, in: tx) { return known }
        let sold = try await Orders().load(order, in: tx)
        let quote = try await Quotes().load(sold.quote, in: tx)
        let earlier = try await totals(of: payment, currency: sold.currency, in: tx)
        var credit = credit
        credit.markedUpUnits = min(credit.markedUpUnits, quote.markedUpUnits - earlier.markedUpUnits)
        let breakdown = try RefundComputation(
            order: sold.total, markedUpUnits: quote.markedUpUnits, earlier: earlier
        ).lateCredit(credit, cause: .withdrawal)
        guard breakdown.feeRefund.isPositive else { return nil }
        return try await reserve(
            Draft(order: order, payment: payment, key: key, breakdown: breakdown), in: tx)
    }
}
