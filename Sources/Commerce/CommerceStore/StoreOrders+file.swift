package import Commerce
package import Foundation
internal import Postgres

// What a merchant sees of an order beside the order itself: its suppliers, papers, open questions and who did
// what. One round trip, however many of each there are.

package struct OrderAnnex: Sendable {
    package let suppliers: [SupplierPart]
    package let papers: [Paper]
    package let questions: [Question]
    package let acts: [Act]
    /// C as a rate, when it was sold.
    package let commission: BasisPoints

    package struct SupplierPart: Sendable {
        package let id: SupplierOrderID
        package let name: String
        package let state: SupplierOrderState
        package let reference: String
        package let externalIDs: [String]
        package let problem: String?
        package let submittedAt: Date?
        package let shippedAt: Date?
        package let deliveredAt: Date?
        package let givenToMerchantAt: Date?
    }

    package struct Paper: Sendable {
        package let id: InvoiceID
        package let isCredit: Bool
        package let status: Invoices.Status
        /// Series and number, once it has them.
        package let number: String?
        package let problem: String?
        package let issuedAt: Date?
        package let hasDocument: Bool
    }

    package struct Question: Sendable {
        package let item: AttentionItemID
        package let kind: String
        package let message: String
        package let openedAt: Date
    }

    package struct Act: Sendable {
        package let at: Date
        package let actor: String
        package let action: String
        package let reason: String?
    }
}

extension StoreOrders {
    package func annex(of order: Order, in tx: Transaction<OneTenant>) async throws -> OrderAnnex {
        let results = try await tx.pipeline(
            Self.annex(tx.tenantUUID, order.id.rawValue, target: "order:\(order.id)")
                + [
                    "select commission_bp from shop.quote where tenant_id = \(tx.tenantUUID)"
                        + " and id = \(order.quote.rawValue)"
                ])
        return OrderAnnex(
            suppliers: try results[0].rows.map(OrderAnnex.SupplierPart.init(row:)),
            papers: try results[1].rows.map(OrderAnnex.Paper.init(row:)),
            questions: try results[2].rows.map { row in
                OrderAnnex.Question(
                    item: try row.id("id"), kind: try row.decode("kind"), message: try row.decode("message"),
                    openedAt: try row.decode("opened_at"))
            },
            acts: try results[3].rows.map { row in
                OrderAnnex.Act(
                    at: try row.decode("at"), actor: try row.decode("actor"),
                    action: try row.decode("action"), reason: try row.decode("reason"))
            },
            commission: try results[4].rows.first?.basisPoints("commission_bp") ?? .zero)
    }

    /// Whether a form with this key was carried out before, for whoever holds the order's lock.
    package func wasAsked(
        _ key: String, of order: OrderID, in tx: Transaction<OneTenant>
    ) async throws -> Bool {
        try await tx.first(
            """
            select id from shop.audit where tenant_id = \(tx.tenantUUID) and target = \("order:\(order)")
                and request_id = \(key) limit 1
            """) != nil
    }

    private static func annex(_ tenant: UUID, _ order: UUID, target: String) -> [Query] {
        [
            """
            select s.*, p.name from shop.supplier_order s
            join shop.supplier p on p.tenant_id = s.tenant_id and p.id = s.supplier_id
            where s.tenant_id = \(tenant) and s.order_id = \(order) order by s.created_at, s.id
            """,
            """
            select i.*, exists (select from shop.invoice_document d
                where d.tenant_id = i.tenant_id and d.invoice_id = i.id) as has_document
            from shop.invoice i where i.tenant_id = \(tenant) and i.order_id = \(order)
            order by i.created_at, i.id
            """,
            """
            select id, kind, message, opened_at from shop.attention_item
            where tenant_id = \(tenant) and order_id = \(order) and resolved_at is null order by opened_at
            """,
            """
            select at, actor, action, reason from shop.audit
            where tenant_id = \(tenant) and target = \(target) order by at, id limit 100
            """,
        ]
    }
}

extension OrderAnnex.SupplierPart {
    fileprivate init(row: Row) throws {
        id = try row.id("id")
        name = try row.decode("name")
        state = try row.raw("state")
        reference = try row.decode("reference")
        externalIDs = try row.decode("external_ids")
        problem = try row.decode("problem")
        submittedAt = try row.decode("submitted_at")
        shippedAt = try row.decode("shipped_at")
        deliveredAt = try row.decode("delivered_at")
        givenToMerchantAt = try row.decode("given_to_merchant_at")
    }
}

extension OrderAnnex.Paper {
    fileprivate init(row: Row) throws {
        id = try row.id("id")
        isCredit = try row.decode("kind", as: String.self) != "invoice"
        status = try row.raw("status")
        let series = try row.decode("series", as: String?.self)
        number = try row.decode("number", as: String?.self).map { "\(series ?? "") \($0)" }
        problem = try row.decode("problem")
        issuedAt = try row.decode("issued_at")
        hasDocument = try row.decode("has_document")
    }
}
