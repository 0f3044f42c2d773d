internal import Commerce
internal import Foundation
internal import Postgres

// Numbers of a series follow each other, and the vendor tells nobody which call took which. While one run
// issues, no other of ours may, so that the number it finds afterwards can only be its own.

extension Invoices {
    /// Takes the series until the transaction ends. False while another transaction has it.
    package func takeTurn(in series: String, in tx: Transaction<OneTenant>) async throws -> Bool {
        let name = "invoice/\(tx.tenant)/\(series)"
        return try await tx.execute(
            "select pg_try_advisory_xact_lock(hashtextextended(\(name), 0)) as is_ours"
        ).rows.first?.decode("is_ours", as: Bool.self) ?? false
    }

    /// The numbers of a series that are known to belong to our invoices.
    package func numbers(in series: String, in tx: Transaction<OneTenant>) async throws -> Set<String> {
        let rows = try await tx.execute(
            """
            select number from shop.invoice
            where tenant_id = \(tx.tenantUUID) and series = \(series) and number is not null
            """
        ).rows
        return Set(try rows.map { try $0.decode("number", as: String.self) })
    }
}
