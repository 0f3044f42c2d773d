package import Commerce
package import Foundation
internal import Postgres

// One invoice per order and kind, in the merchant's own series at the invoicing vendor. The row with our
// reference exists before the vendor is asked, because the vendor has no idempotency key: whoever retries
// looks up by reference first. Which run may ask is the affair of `Invoices+series.swift`.

package struct Invoices: Sendable {
    package init() {}

    /// What every reference of ours begins with.
    package static let referencePrefix = "CFX-"

    package enum Kind: Sendable, Equatable {
        case invoice
        case storno
        case credit(RefundID)

        package var stored: String {
            switch self {
            case .invoice: "invoice"
            case .storno: "storno"
            case .credit(let refund): "credit:\(refund)"
            }
        }
    }

    package enum Status: String, Sendable {
        case pending, retrying, manual, issued, storno
    }

    package struct Invoice: Sendable {
        package let id: InvoiceID
        package let order: OrderID
        /// Ours, sent with the invoice and looked up before any retry.
        package let reference: String
        package let status: Status
        package let attempts: Int
        package let series: String?
        package let number: String?
        package let url: String?
        /// Numbers from here on may be this invoice, which nobody could tell so far.
        package let inDoubtFrom: Int?
    }

    /// Makes the pending row, or finds the one there is. A document that the vendor makes out of another one
    /// bears the reference of that one.
    package func open(
        _ kind: Kind, for order: OrderID, reference known: String? = nil, in tx: Transaction<OneTenant>
    ) async throws -> Invoice {
        let id = InvoiceID()
        let reference = known ?? "\(Self.referencePrefix)\(id)"
        try await tx.execute(
            """
            insert into shop.invoice (tenant_id, id, order_id, kind, reference)
            values (\(tx.tenantUUID), \(id.rawValue), \(order.rawValue), \(kind.stored), \(reference))
            on conflict (tenant_id, order_id, kind) do nothing
            """)
        guard let invoice = try await find(kind, for: order, in: tx) else {
            throw StoreError.notFound(.invoice, "\(order)")
        }
        return invoice
    }

    package func find(_ kind: Kind, for order: OrderID, in tx: Transaction<OneTenant>) async throws
        -> Invoice?
    {
        try await tx.first(
            """
            select * from shop.invoice
            where tenant_id = \(tx.tenantUUID) and order_id = \(order.rawValue) and kind = \(kind.stored)
            """
        ).map(Invoice.init(row:))
    }

    package func load(_ id: InvoiceID, in tx: Transaction<OneTenant>) async throws -> Invoice {
        let found = try await tx.first(
            "select * from shop.invoice where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)")
        guard let row = found else { throw StoreError.notFound(.invoice, "\(id)") }
        return try Invoice(row: row)
    }

    /// Nobody else issues it, asks for it again or marks it before the transaction ends. Whoever also takes a
    /// turn in its series does this first.
    package func hold(_ id: InvoiceID, in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            """
            select from shop.invoice where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)
            for no key update
            """)
    }

    /// Issued is final: the same number again changes nothing, another number is refused by the database. A
    /// storno also marks the invoice that it takes back.
    package func markIssued(
        _ id: InvoiceID, series: String, number: String, url: String?, at now: Date,
        in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.execute(
            """
            update shop.invoice
            set status = case when status = 'storno' then status else 'issued' end, series = \(series),
                number = \(number), url = coalesce(\(url), url), issued_at = coalesce(issued_at, \(now)),
                    problem = null, in_doubt_from = null
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)
                and (number is null or (series, number) is distinct from (\(series), \(number)))
            """)
        try await tx.execute(
            """
            update shop.invoice reversed set status = 'storno' from shop.invoice storno
            where storno.tenant_id = \(tx.tenantUUID) and storno.id = \(id.rawValue)
                and storno.kind = 'storno' and reversed.tenant_id = storno.tenant_id
                and reversed.order_id = storno.order_id and reversed.kind = 'invoice'
                and reversed.status = 'issued'
            """)
    }

    /// Not issued yet; `manual` when a person has to do something first.
    package func markWaiting(
        _ id: InvoiceID, _ status: Status, problem: String, in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.execute(
            """
            update shop.invoice
            set status = \(status.rawValue), problem = \(problem), attempts = attempts + 1
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue) and status in ('pending', 'retrying',
                'manual')
            """)
    }

    /// What became of it at the vendor cannot be told: a person finds out, and it is not issued anew before.
    package func leaveInDoubt(
        _ id: InvoiceID, from number: Int, problem: String, in tx: Transaction<OneTenant>
    ) async throws {
        try await markWaiting(id, .manual, problem: problem, in: tx)
        try await tx.execute(
            """
            update shop.invoice set in_doubt_from = least(in_doubt_from, \(Int32(clamping: number)))
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue) and number is null
            """)
    }

    package func markReversed(_ id: InvoiceID, in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            """
            update shop.invoice set status = 'storno'
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue) and status = 'issued'
            """)
    }

    package func storeDocument(_ pdf: Data, of id: InvoiceID, in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            """
            insert into shop.invoice_document (tenant_id, invoice_id, pdf)
            values (\(tx.tenantUUID), \(id.rawValue), \(pdf)) on conflict do nothing
            """)
    }

    package func document(of id: InvoiceID, in tx: Transaction<OneTenant>) async throws -> Data? {
        try await tx.first(
            """
            select pdf from shop.invoice_document
            where tenant_id = \(tx.tenantUUID) and invoice_id = \(id.rawValue)
            """
        ).map { try $0.decode("pdf") }
    }
}

extension Invoices.Invoice {
    fileprivate init(row: Row) throws {
        id = try row.id("id")
        order = try row.id("order_id")
        reference = try row.decode("reference")
        status = try row.raw("status", as: Invoices.Status.self)
        attempts = try row.int("attempts")
        series = try row.decode("series")
        number = try row.decode("number")
        url = try row.decode("url")
        inDoubtFrom = try row.decode("in_doubt_from", as: Int32?.self).map(Int.init)
    }
}
