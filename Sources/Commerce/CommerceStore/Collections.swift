package import Commerce
package import Foundation
internal import Postgres

// What became of the amount an invoice asks for. Stripe's news and the run that collects both write it, in
// any order; what is paid stays paid.

package struct Collection: Sendable, Equatable {
    package enum Status: String, Sendable, Codable {
        case due, paid
        /// Nobody asks any more; it stays owed.
        case givenUp = "given_up"
    }

    package let invoice: PlatformInvoiceID
    package let status: Status
    /// The run that collects it.
    package let run: UUID?
    package let stripeInvoice: String?
    package let attempts: Int
    package let problem: String?
    package let paidAt: Date?
}

package struct Collections: Sendable {
    package init() {}

    package func open(
        _ invoice: PlatformInvoiceID, run: UUID, in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.execute(
            """
            insert into shop.platform_collection (tenant_id, invoice_id, run_id)
            values (\(tx.tenantUUID), \(invoice.rawValue), \(run)) on conflict do nothing
            """)
    }

    package func find(_ invoice: PlatformInvoiceID, in tx: Transaction<OneTenant>) async throws
        -> Collection?
    {
        try await tx.first(
            """
            select * from shop.platform_collection
            where tenant_id = \(tx.tenantUUID) and invoice_id = \(invoice.rawValue)
            """
        ).map { row in
            Collection(
                invoice: invoice, status: try row.raw("status"), run: try row.decode("run_id"),
                stripeInvoice: try row.decode("stripe_invoice"), attempts: try row.int("attempts"),
                problem: try row.decode("problem"), paidAt: try row.decode("paid_at"))
        }
    }

    package func note(
        stripeInvoice: String, of invoice: PlatformInvoiceID, in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.execute(
            """
            update shop.platform_collection set stripe_invoice = \(stripeInvoice)
            where tenant_id = \(tx.tenantUUID) and invoice_id = \(invoice.rawValue)
            """)
    }

    /// False where the invoice is paid, or nobody asks for it any more.
    package func noteFailure(
        _ problem: String, of invoice: PlatformInvoiceID, in tx: Transaction<OneTenant>
    ) async throws -> Bool {
        try await tx.execute(
            """
            update shop.platform_collection set attempts = attempts + 1, problem = \(problem)
            where tenant_id = \(tx.tenantUUID) and invoice_id = \(invoice.rawValue) and status = 'due'
            """
        ).affected == 1
    }

    /// The money is here. False where that was known.
    package func markPaid(
        _ invoice: PlatformInvoiceID, at now: Date, in tx: Transaction<OneTenant>
    ) async throws -> Bool {
        try await tx.execute(
            """
            update shop.platform_collection set status = 'paid', paid_at = \(now), problem = null
            where tenant_id = \(tx.tenantUUID) and invoice_id = \(invoice.rawValue) and status <> 'paid'
            """
        ).affected == 1
    }

    /// False where it was paid meanwhile.
    package func giveUp(_ invoice: PlatformInvoiceID, in tx: Transaction<OneTenant>) async throws -> Bool {
        try await tx.execute(
            """
            update shop.platform_collection set status = 'given_up'
            where tenant_id = \(tx.tenantUUID) and invoice_id = \(invoice.rawValue) and status = 'due'
            """
        ).affected == 1
    }
}
