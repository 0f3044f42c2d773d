package import Commerce
package import Foundation
internal import Postgres

// The platform's invoices. The database numbers one in the transaction that writes it and refuses every
// change afterwards, so what can still change (whether it is paid) lies beside it.

package struct PlatformInvoice: Sendable, Equatable {
    package let id: PlatformInvoiceID
    package let month: BillingMonth
    package let kind: PlatformInvoiceDraft.Kind
    package let series: String
    package let number: Int
    package let net: Money
    package let vat: Money
    package let total: Money
    package let withheld: Money
    package let due: Money
    package let rate: BasisPoints
    package let rule: PlatformVAT.Rule
    package let issuedAt: Date
    /// The day of it in the zone of the platform's books, `2026-11-01`.
    package let issuedOn: String

    /// `CFX-000123`.
    package var reference: String {
        let digits = "\(number)"
        return "\(series)-\(String(repeating: "0", count: max(0, 6 - digits.count)))\(digits)"
    }
}

package struct PlatformInvoices: Sendable {
    private static let calendar: Query = """
        to_char(month, 'YYYY-MM') as of_month,
        to_char(issued_at at time zone 'Europe/Bucharest', 'YYYY-MM-DD') as issued_on
        """

    package init() {}

    package func find(
        _ kind: PlatformInvoiceDraft.Kind, of month: BillingMonth, in tx: Transaction<OneTenant>
    ) async throws -> PlatformInvoice? {
        try await tx.first(
            """
            select *, \(Self.calendar) from shop.platform_invoice
            where tenant_id = \(tx.tenantUUID) and month = \(month.firstDay)::date
                and kind = \(kind.rawValue)
            """
        ).map(PlatformInvoice.init(row:))
    }

    package func load(_ id: PlatformInvoiceID, in tx: Transaction<OneTenant>) async throws
        -> PlatformInvoice
    {
        let found = try await tx.first(
            """
            select *, \(Self.calendar) from shop.platform_invoice
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)
            """)
        guard let row = found else { throw StoreError.notFound(.platformInvoice, "\(id)") }
        return try PlatformInvoice(row: row)
    }

    /// Every paper of the account, newest first.
    package func all(in tx: Transaction<OneTenant>) async throws -> [PlatformInvoice] {
        try await tx.execute(
            """
            select *, \(Self.calendar) from shop.platform_invoice
            where tenant_id = \(tx.tenantUUID) order by month desc, kind desc limit 500
            """
        ).rows.map(PlatformInvoice.init(row:))
    }

    /// Writes the paper with its lines under the next number of the series. The caller holds the account's
    /// lock and has looked that there is none yet.
    package func issue(
        _ draft: PlatformInvoiceDraft, to buyer: BillingAccount, from seller: PlatformIdentity,
        id: PlatformInvoiceID, at now: Date, in tx: Transaction<OneTenant>
    ) async throws -> PlatformInvoice {
        let lines = draft.lines
        // One statement: the series is locked from here to the commit.
        let row = try await tx.execute(
            """
            with issued as (
                insert into shop.platform_invoice (tenant_id, id, account_id, month, kind, series, currency,
                    net_minor, vat_minor, total_minor, withheld_minor, due_minor, vat_bp, vat_rule, seller,
                    buyer, issued_at)
                values (\(tx.tenantUUID), \(id.rawValue), \(buyer.account.rawValue),
                    \(draft.month.firstDay)::date, \(draft.kind.rawValue), \(seller.series),
                    \(draft.currency.rawValue), \(draft.net.minorUnits), \(draft.taxes.minorUnits),
                    \(draft.total.minorUnits), \(draft.withheld.minorUnits), \(draft.due.minorUnits),
                    \(draft.vat.rate.value), \(draft.vat.rule.rawValue), \(try JSONB(encoding: seller)),
                    \(try JSONB(encoding: InvoiceParty(buyer))), \(now))
                returning *
            ), itemized as (
                insert into shop.platform_invoice_line (tenant_id, invoice_id, position, kind, title,
                    net_minor, vat_minor, gross_minor, is_withheld)
                select i.tenant_id, i.id, line.position, line.kind, line.title, line.net, line.vat,
                    line.net + line.vat, line.kind not in ('subscription', 'overrun')
                from issued i, unnest(\(lines.map(\.kind.rawValue)), \(lines.map(\.title)),
                    \(lines.map(\.net.minorUnits)), \(lines.map(\.vat.minorUnits))) with ordinality
                    as line (kind, title, net, vat, position)
            )
            select *, \(Self.calendar) from issued
            """
        ).only(orThrow: .notFound(.platformInvoice, "\(id)"))
        return try PlatformInvoice(row: row)
    }

    /// Kept with the commit: others wait for the next number of the series until then.
    package func keep(_ html: String, of invoice: PlatformInvoiceID, in tx: Transaction<OneTenant>) {
        tx.withCommit(
            """
            insert into shop.platform_invoice_document (tenant_id, invoice_id, html)
            values (\(tx.tenantUUID), \(invoice.rawValue), \(html))
            """)
    }

    package func document(
        of invoice: PlatformInvoiceID, in tx: Transaction<OneTenant>
    ) async throws -> String? {
        try await tx.first(
            """
            select html from shop.platform_invoice_document
            where tenant_id = \(tx.tenantUUID) and invoice_id = \(invoice.rawValue)
            """
        )?.decode("html")
    }

    package func lines(
        of invoice: PlatformInvoiceID, in tx: Transaction<OneTenant>
    ) async throws -> [PlatformInvoiceDraft.Line] {
        try await tx.execute(
            """
            select l.*, i.currency from shop.platform_invoice_line l
            join shop.platform_invoice i on i.tenant_id = l.tenant_id and i.id = l.invoice_id
            where l.tenant_id = \(tx.tenantUUID) and l.invoice_id = \(invoice.rawValue) order by l.position
            """
        ).rows.map { row in
            let currency = try row.currency()
            return PlatformInvoiceDraft.Line(
                kind: try row.raw("kind"), title: try row.decode("title"),
                net: try row.money("net_minor", currency), vat: try row.money("vat_minor", currency),
                isWithheld: try row.decode("is_withheld"))
        }
    }
}

extension PlatformInvoice {
    init(row: Row) throws {
        let currency = try row.currency()
        self.init(
            id: try row.id("id"), month: try row.raw("of_month"), kind: try row.raw("kind"),
            series: try row.decode("series"), number: try row.int("number"),
            net: try row.money("net_minor", currency), vat: try row.money("vat_minor", currency),
            total: try row.money("total_minor", currency),
            withheld: try row.money("withheld_minor", currency),
            due: try row.money("due_minor", currency), rate: try row.basisPoints("vat_bp"),
            rule: try row.raw("vat_rule"), issuedAt: try row.decode("issued_at"),
            issuedOn: try row.decode("issued_on"))
    }
}
