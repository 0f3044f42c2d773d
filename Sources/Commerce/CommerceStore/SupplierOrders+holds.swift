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
    /// What the supplier asks for all of it, where the question is whether to pay that.
    package let asked: Money?
    package let state: SupplierOrderState

    /// What can be answered.
    package var answers: [SupplierReview.Word] {
        // The supplier may have the order: it is only looked up again, which cannot order it twice.
        if state.mayBeAtSupplier { return [.retry] }
        return asked == nil ? [.retry, .cancel] : [.acceptPrice, .retry, .cancel]
    }

    /// The answer as the run takes it, with the price that was shown; nil where it cannot be given.
    package func review(_ word: SupplierReview.Word) -> SupplierReview? {
        guard answers.contains(word) else { return nil }
        switch word {
        case .retry: return SupplierReview(.retry, to: item)
        case .cancel: return SupplierReview(.cancel, to: item)
        case .acceptPrice: return asked.map { SupplierReview(.acceptPrice(upTo: $0), to: item) }
        }
    }
}

extension SupplierReview {
    /// The key of its signal: however often a hold is answered, and by whom, the first answer counts.
    package var once: String { "answer:\(hold?.description ?? "")" }
}

extension SupplierOrders {
    /// The supplier orders of an order that wait for an answer.
    package func waiting(
        of order: OrderID, in tx: Transaction<OneTenant>
    ) async throws -> [SupplierHolding] {
        try await tx.execute(
            """
            select distinct on (s.id) s.id, s.run_id, s.state, p.name, a.id as item, a.kind, a.message,
                a.asked_minor, a.asked_currency
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
                message: try row.decode("message"),
                asked: try row.decode("asked_minor", as: Int64?.self) == nil
                    ? nil : row.money("asked_minor", in: "asked_currency"),
                state: try row.raw("state"))
        }
    }
}
