package import Commerce
package import Foundation
internal import Postgres

/// Everything on record of one order, for a person who must find out where it stands.
package struct OrderFile: Sendable {
    package let line: PlatformOrders.Line
    package let storeName: String
    package let plan: String
    /// G, S, M, C, P, W and N.
    package let amounts: MarginBreakdown
    package let country: String
    /// The buyer's address, all but its first letter and domain hidden.
    package let maskedEmail: String
    package let units: [(state: String, count: Int)]
    package let suppliers: [SupplierPart]
    package let payments: [PaymentPart]
    package let refunds: [RefundPart]
    package let invoices: [InvoicePart]
    package let attention: [AttentionPart]
    package let entries: [PostedEntry]

    package struct SupplierPart: Sendable {
        package let supplier: String
        package let warehouse: String
        package let reference: String
        package let state: String
        package let externalIDs: [String]
        package let problem: String?
        package let run: UUID?
        package let updatedAt: Date
    }

    package struct PaymentPart: Sendable {
        package let intent: String?
        package let status: String
        package let amount: Money
        package let fee: Money
        package let captured: Money
        package let stripeFee: Money?
        package let createdAt: Date
    }

    package struct RefundPart: Sendable {
        package let id: UUID
        package let key: String
        package let cause: String
        package let status: String
        package let amount: Money
        package let fee: Money
        package let problem: String?
        package let createdAt: Date
    }

    package struct InvoicePart: Sendable {
        package let kind: String
        package let status: String
        package let number: String?
        package let attempts: Int
        package let problem: String?
    }

    package struct AttentionPart: Sendable {
        package let kind: String
        package let message: String
        package let openedAt: Date
        package let resolvedAt: Date?
        package let resolvedBy: String?
    }

    /// Runs that serve it, beside those that descend from them.
    package var runs: [UUID] { [line.run].compactMap(\.self) + suppliers.compactMap(\.run) }

    /// Keys under which further runs about it may have been started.
    package let runKeys: [String]

    /// What the platform keeps of it after Stripe's actual fee; nil while that is not known.
    package var platformResult: Money? {
        let fees = payments.compactMap(\.stripeFee)
        guard !fees.isEmpty, fees.allSatisfy({ $0.currency == amounts.currency }) else { return nil }
        return fees.reduce(amounts.platformFees) { $0 - $1 }
    }
}

extension PlatformOrders {
    /// One order with everything that hangs from it; nil where there is no such order.
    package func file(_ id: OrderID, of tenant: TenantID) async throws -> OrderFile? {
        try await database.platformTransaction { tx in
            let results = try await tx.pipeline(Self.parts(tenant.rawValue, id.rawValue))
            guard let row = results[0].rows.first else { return nil }
            return try OrderFile(row, results, entries: try await Self.entries(tenant, id, in: tx))
        }
    }

    private static func entries(
        _ tenant: TenantID, _ order: OrderID, in tx: Transaction<EveryTenant>
    ) async throws -> [PostedEntry] {
        try await Ledger().entries(of: order, at: tenant, in: tx)
    }

    private static func parts(_ tenant: UUID, _ order: UUID) -> [Query] {
        [
            """
            select o.*, t.slug, t.name as store_name, o.address ->> 'country' as country,
                left(o.email, 1) || '…@' || split_part(o.email, '@', 2) as masked,
                array(select x.key from (
                    select o.checkout_id::text as key
                    union all select r.id::text from shop.refund r
                        where r.tenant_id = o.tenant_id and r.order_id = o.id
                    union all select r.key from shop.refund r
                        where r.tenant_id = o.tenant_id and r.order_id = o.id
                    union all select 'dispute:' || d.id from shop.dispute d join shop.payment p
                        on p.tenant_id = d.tenant_id and p.id = d.payment_id
                        where p.tenant_id = o.tenant_id and p.order_id = o.id) x) as run_keys
            from shop.orders o join shop.store t on t.tenant_id = o.tenant_id
            where o.tenant_id = \(tenant) and o.id = \(order)
            """,
            """
            select state, count(*) as count from shop.unit
            where tenant_id = \(tenant) and order_id = \(order) group by state order by state
            """,
            """
            select s.*, p.name as supplier from shop.supplier_order s
            join shop.supplier p on p.tenant_id = s.tenant_id and p.id = s.supplier_id
            where s.tenant_id = \(tenant) and s.order_id = \(order) order by s.created_at
            """,
            """
            select * from shop.payment where tenant_id = \(tenant) and order_id = \(order) order by version
            """,
            """
            select * from shop.refund where tenant_id = \(tenant) and order_id = \(order) order by created_at
            """,
            """
            select * from shop.invoice where tenant_id = \(tenant) and order_id = \(order) order by created_at
            """,
            """
            select * from shop.attention_item where tenant_id = \(tenant) and order_id = \(order)
            order by opened_at
            """,
        ]
    }
}

extension OrderFile {
    fileprivate init(_ row: Row, _ results: [ResultSet], entries: [PostedEntry]) throws {
        line = try PlatformOrders.Line(row: row)
        storeName = try row.decode("store_name")
        plan = try row.decode("plan")
        amounts = try MarginBreakdown(row: row, row.currency())
        country = try row.decode("country", as: String?.self) ?? ""
        maskedEmail = try row.decode("masked")
        runKeys = try row.decode("run_keys")
        units = try results[1].rows.map { (try $0.decode("state"), try $0.int("count")) }
        suppliers = try results[2].rows.map { try SupplierPart($0) }
        payments = try results[3].rows.map { try PaymentPart($0) }
        refunds = try results[4].rows.map { try RefundPart($0) }
        invoices = try results[5].rows.map { try InvoicePart($0) }
        attention = try results[6].rows.map { row in
            AttentionPart(
                kind: try row.decode("kind"), message: try row.decode("message"),
                openedAt: try row.decode("opened_at"), resolvedAt: try row.decode("resolved_at"),
                resolvedBy: try row.decode("resolved_by"))
        }
        self.entries = entries
    }
}

extension OrderFile.SupplierPart {
    fileprivate init(_ row: Row) throws {
        supplier = try row.decode("supplier")
        warehouse = try row.decode("warehouse")
        reference = try row.decode("reference")
        state = try row.decode("state")
        externalIDs = try row.decode("external_ids")
        problem = try row.decode("problem")
        run = try row.decode("run_id")
        updatedAt = try row.decode("updated_at")
    }
}

extension OrderFile.PaymentPart {
    fileprivate init(_ row: Row) throws {
        intent = try row.decode("payment_intent")
        status = try row.decode("status")
        amount = try row.money("amount_minor", in: "currency")
        fee = try row.money("fee_minor", in: "currency")
        captured = try row.money("captured_minor", in: "currency")
        stripeFee =
            try row.decode("stripe_fee_minor", as: Int64?.self) == nil
            ? nil : row.money("stripe_fee_minor", in: "stripe_fee_currency")
        createdAt = try row.decode("created_at")
    }
}

extension OrderFile.RefundPart {
    fileprivate init(_ row: Row) throws {
        id = try row.decode("id")
        key = try row.decode("key")
        cause = try row.decode("cause")
        status = try row.decode("status")
        amount = try row.money("amount_minor", in: "currency")
        fee = try row.money("fee_minor", in: "currency")
        problem = try row.decode("problem")
        createdAt = try row.decode("created_at")
    }
}

extension OrderFile.InvoicePart {
    fileprivate init(_ row: Row) throws {
        kind = try row.decode("kind")
        status = try row.decode("status")
        let series = try row.decode("series", as: String?.self)
        number = try row.decode("number", as: String?.self).map { "\(series ?? "") \($0)" }
        attempts = try row.int("attempts")
        problem = try row.decode("problem")
    }
}
