package import Commerce
package import Foundation
internal import Postgres

// News of money, and whether anybody still listens. Both are written under the order's lock: the run that
// stops listening learns of news that came before, and news that comes after learns that nobody listens.
// Without that, a success that arrives while its run is ending would be read by nobody.

extension Payments {
    /// Notes that the vendor told us of a success. False when no run waits for it any more.
    package func reportPaid(_ id: PaymentID, at reported: Date, in tx: Transaction<OneTenant>) async throws
        -> Bool
    {
        try await tx.lockOrder(load(id, in: tx).order)
        let row = try await tx.execute(
            """
            update shop.payment set reported_paid_at = coalesce(reported_paid_at, \(reported))
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)
            returning unattended_since is null as is_attended
            """
        ).only(orThrow: .notFound(.payment, "\(id)"))
        return try row.decode("is_attended")
    }

    /// The run waits for this payment no longer. True when a success was reported that was not taken yet:
    /// then the payment has to be looked at once more.
    package func stopAttending(_ id: PaymentID, at now: Date, in tx: Transaction<OneTenant>) async throws
        -> Bool
    {
        try await tx.lockOrder(load(id, in: tx).order)
        let row = try await tx.execute(
            """
            update shop.payment set unattended_since = coalesce(unattended_since, \(now))
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)
            returning reported_paid_at is not null and paid_at is null as has_news
            """
        ).only(orThrow: .notFound(.payment, "\(id)"))
        return try row.decode("has_news")
    }

    /// The shopper has paid and no run took the money. False when one did meanwhile, or a person was asked.
    func askAboutUnserved(_ id: PaymentID, at now: Date, in tx: Transaction<OneTenant>) async throws -> Bool {
        let payment = try await load(id, in: tx)
        try await tx.lockOrder(payment.order)
        let left = try await tx.execute(
            """
            update shop.payment set unattended_since = \(now)
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)
                and paid_at is null and unattended_since is null
            """)
        guard left.affected == 1 else { return false }
        try await Attention().openUnmatched(payment, in: tx)
        try await Orders().refreshStatus(payment.order, in: tx)
        return true
    }
}

extension Attention {
    /// Money has come that no run will take.
    package func openUnmatched(_ payment: Payment, in tx: Transaction<OneTenant>) async throws {
        try await open(
            .order(.unmatchedPayment), subject: payment.intent ?? "\(payment.id)", order: payment.order,
            message: "the shopper has paid an order that is served no more; refund it or serve it by hand",
            in: tx)
    }
}
