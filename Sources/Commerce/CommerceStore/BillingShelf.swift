package import Commerce
package import Foundation
internal import Postgres

// What a merchant looks up among the platform's papers: which are paid, and the statements behind them.

package struct PaperStanding: Sendable, Equatable {
    package let status: Collection.Status
    package let stripeInvoice: String?
    package let problem: String?
    package let paidAt: Date?
}

extension Collections {
    /// What became of the amounts of this account's invoices, by invoice. Those with nothing due have none.
    package func standings(
        in tx: Transaction<OneTenant>
    ) async throws -> [PlatformInvoiceID: PaperStanding] {
        let rows = try await tx.execute(
            """
            select invoice_id, status, stripe_invoice, problem, paid_at from shop.platform_collection
            where tenant_id = \(tx.tenantUUID)
            """
        ).rows.map { row in
            (
                try row.id("invoice_id") as PlatformInvoiceID,
                PaperStanding(
                    status: try row.raw("status"), stripeInvoice: try row.decode("stripe_invoice"),
                    problem: try row.decode("problem"), paidAt: try row.decode("paid_at"))
            )
        }
        return Dictionary(rows) { first, _ in first }
    }
}

extension Statements {
    /// The months that have a statement, newest first.
    package func months(in tx: Transaction<OneTenant>) async throws -> [BillingMonth] {
        try await tx.execute(
            """
            select to_char(month, 'YYYY-MM') as month from shop.platform_statement
            where tenant_id = \(tx.tenantUUID) order by platform_statement.month desc limit 120
            """
        ).rows.map { try $0.raw("month") }
    }
}
