package import Commerce
package import Foundation
internal import Postgres

// The store's own invoices to its shoppers, page by page, newest first.

extension Invoices {
    /// One paper as a list shows it.
    package struct Listed: Sendable, Equatable {
        package let id: InvoiceID
        package let order: OrderID
        package let orderNumber: OrderNumber
        /// As it is stored: `invoice`, `storno` or `credit:` and a refund.
        package let kind: String
        package let status: Status
        package let series: String?
        package let number: String?
        package let problem: String?
        package let attempts: Int
        package let hasDocument: Bool
        package let createdAt: Date
        package let issuedAt: Date?

        /// The refund that a credit is for.
        package var refund: RefundID? {
            guard kind.hasPrefix("credit:") else { return nil }
            return UUID(uuidString: String(kind.dropFirst(7))).map(RefundID.init(rawValue:))
        }
    }

    /// Which of them.
    package enum View: String, Sendable, CaseIterable {
        case all
        case waiting
        case manual
        case issued
        case storno

        fileprivate var statuses: [String] {
            let these: [Status] =
                switch self {
                case .all: [.pending, .retrying, .manual, .issued, .storno]
                case .waiting: [.pending, .retrying]
                case .manual: [.manual]
                case .issued: [.issued]
                case .storno: [.storno]
                }
            return these.map(\.rawValue)
        }
    }

    package static let pageSize = 50

    package func page(
        _ view: View, after mark: PageMark?, in tx: Transaction<OneTenant>
    ) async throws -> ListPage<Listed> {
        let place: Query = mark.map { "and (i.created_at, i.id) < (\($0.moment), \($0.id))" } ?? ""
        let rows = try await tx.execute(
            """
            select \(Self.columns), \(PageMark.column("i.created_at"))
            from shop.invoice i join shop.orders o on o.tenant_id = i.tenant_id and o.id = i.order_id
            where i.tenant_id = \(tx.tenantUUID) and i.status = any(\(view.statuses)) \(place)
            order by i.created_at desc, i.id desc limit \(Self.pageSize + 1)
            """
        ).rows
        return ListPage(
            try rows.map { (try Listed(row: $0), try PageMark(row: $0)) }, limit: Self.pageSize)
    }

    /// Throws `StoreError.notFound` for another store's.
    package func listed(_ id: InvoiceID, in tx: Transaction<OneTenant>) async throws -> Listed {
        let found = try await tx.first(
            """
            select \(Self.columns)
            from shop.invoice i join shop.orders o on o.tenant_id = i.tenant_id and o.id = i.order_id
            where i.tenant_id = \(tx.tenantUUID) and i.id = \(id.rawValue)
            """)
        guard let row = found else { throw StoreError.notFound(.invoice, "\(id)") }
        return try Listed(row: row)
    }

    /// Those of an order that wait for a person.
    package func waitingForPerson(
        of order: OrderID, in tx: Transaction<OneTenant>
    ) async throws -> [Listed] {
        try await tx.execute(
            """
            select \(Self.columns)
            from shop.invoice i join shop.orders o on o.tenant_id = i.tenant_id and o.id = i.order_id
            where i.tenant_id = \(tx.tenantUUID) and i.order_id = \(order.rawValue) and i.status = 'manual'
            order by i.created_at, i.id
            """
        ).rows.map(Listed.init(row:))
    }

    private static let columns: Query = """
        i.*, o.number as order_number, exists (select from shop.invoice_document d
            where d.tenant_id = i.tenant_id and d.invoice_id = i.id) as has_document
        """
}

extension Invoices.Listed {
    fileprivate init(row: Row) throws {
        id = try row.id("id")
        order = try row.id("order_id")
        let digits = try row.decode("order_number", as: Int64.self)
        guard let placed = OrderNumber(rawValue: digits) else {
            throw StoreError.unexpectedValue(column: "order_number", value: "\(digits)")
        }
        orderNumber = placed
        kind = try row.decode("kind")
        status = try row.raw("status")
        series = try row.decode("series")
        number = try row.decode("number")
        problem = try row.decode("problem")
        attempts = try row.int("attempts")
        hasDocument = try row.decode("has_document")
        createdAt = try row.decode("created_at")
        issuedAt = try row.decode("issued_at")
    }
}
