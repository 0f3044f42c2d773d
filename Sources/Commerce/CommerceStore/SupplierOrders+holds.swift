package import Commerce
package import Foundation
internal import Postgres

// A supplier order that waits for a person, with what is asked. A hold is known by its open attention item:
// the run closes it when it goes on and opens another one when it has to stop again, so an answer that names
// the item is given once per hold, whoever presses a button and how often.

package struct SupplierHolding: Sendable, Equatable {
    package let supplierOrder: SupplierOrderID
    package let supplier: String
    package let run: UUID
    package let item: AttentionItemID
    package let kind: AttentionKind
    /// In words for the merchant.
    package let message: String
    package let state: SupplierOrderState

    /// What can be answered. The raw value travels in forms.
    package enum Answer: String, Sendable, CaseIterable {
        case retry
        case cancel
    }

    /// A higher price is not a merchant's to accept: what it costs above the sale would be the platform's.
    package var answers: [Answer] {
        // The supplier may have the order: it is only looked up again, which cannot order it twice.
        state.mayBeAtSupplier ? [.retry] : [.retry, .cancel]
    }
}

extension SupplierOrders {
    /// The supplier orders of an order that wait for an answer.
    package func waiting(
        of order: OrderID, in tx: Transaction<OneTenant>
    ) async throws -> [SupplierHolding] {
        try await tx.execute(
            """
            select distinct on (s.id) s.id, s.run_id, s.state, p.name, a.id as item, a.kind, a.message
            from shop.supplier_order s
            join shop.supplier p on p.tenant_id = s.tenant_id and p.id = s.supplier_id
            join shop.attention_item a on a.tenant_id = s.tenant_id and a.order_id = s.order_id
                and a.subject = s.id::text and a.resolved_at is null
                and a.kind in ('supplier_unknown', 'supplier_price_up', 'address')
            where s.tenant_id = \(tx.tenantUUID) and s.order_id = \(order.rawValue)
                and s.run_id is not null and s.given_to_merchant_at is null
                and s.state in ('on_hold', 'submitting', 'unknown')
            order by s.id, a.opened_at desc
            """
        ).rows.map { row in
            SupplierHolding(
                supplierOrder: try row.id("id"), supplier: try row.decode("name"),
                run: try row.decode("run_id"), item: try row.id("item"), kind: try row.raw("kind"),
                message: try row.decode("message"), state: try row.raw("state"))
        }
    }
}
