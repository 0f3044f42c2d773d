package import Commerce
internal import Foundation
internal import Postgres

// Claims of all stores that a supplier has not answered, for the operators' console: the platform's account
// is the one that suppliers know, so it is they who ask. Read with the platform's own role, which writes
// none of a store's rows; an answer is written in the store's name.

package struct PlatformClaims: Sendable {
    let database: Database

    /// The database needs the platform's pool.
    package init(_ database: Database) {
        self.database = database
    }

    /// One claim in a list.
    package struct Line: Sendable {
        package let tenant: TenantID
        package let store: String
        package let order: OrderID
        package let number: Int64
        package let claim: OrderClaim
        package let contents: String
        package let supplier: String
        /// Ours at the supplier, and the supplier's own.
        package let reference: String
        package let externalIDs: [String]
        package let cost: Money
        /// What it has credited for other claims on the same order.
        package let credited: Money
    }

    /// Those that wait, the oldest first.
    package func open(limit: Int = 100) async throws -> [Line] {
        try await lines("where k.closed_at is null order by k.reported_at, k.id limit \(min(limit, 500))")
    }

    package func find(_ id: OrderClaimID, of tenant: TenantID) async throws -> Line? {
        try await lines("where k.tenant_id = \(tenant.rawValue) and k.id = \(id.rawValue)").first
    }

    private func lines(_ condition: Query) async throws -> [Line] {
        try await database.platformTransaction { tx in
            try await tx.execute(Self.rows + condition).rows.map { row in
                Line(
                    tenant: try row.id("tenant_id"), store: try row.decode("slug"),
                    order: try row.id("order_id"), number: try row.decode("number"),
                    claim: try OrderClaim(row: row),
                    contents: "\(try row.int("pieces")) x \(try row.decode("title", as: String.self))",
                    supplier: try row.decode("supplier"), reference: try row.decode("reference"),
                    externalIDs: try row.decode("external_ids"),
                    cost: try row.money("cost_minor", in: "cost_currency"),
                    credited: try row.money("credited_minor", in: "cost_currency"))
            }
        }
    }

    private static let rows: Query = """
        select k.*, t.slug, o.number, l.title, p.name as supplier, s.reference, s.external_ids,
            coalesce(s.cost_actual_minor, s.cost_snapshot_minor) as cost_minor, s.currency as cost_currency,
            (select count(*) from shop.order_claim_unit c
                where c.tenant_id = k.tenant_id and c.claim_id = k.id) as pieces,
            (select coalesce(sum(c.credit_minor), 0)::bigint from shop.order_claim c
                where c.tenant_id = k.tenant_id and c.supplier_order_id = k.supplier_order_id
                    and c.id <> k.id) as credited_minor
        from shop.order_claim k
        join shop.store t on t.tenant_id = k.tenant_id
        join shop.orders o on o.tenant_id = k.tenant_id and o.id = k.order_id
        join shop.order_line l on l.tenant_id = k.tenant_id and l.id = k.line_id
        join shop.supplier_order s on s.tenant_id = k.tenant_id and s.id = k.supplier_order_id
        join shop.supplier p on p.tenant_id = s.tenant_id and p.id = s.supplier_id

        """
}
