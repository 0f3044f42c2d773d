package import Commerce
package import Foundation
internal import Postgres

// Units that an order holds until its suppliers have them. The counter of what is left is shared by all
// stores that sell from the same supplier, and is moved by the database itself under the counter's row lock:
// of many buyers of the last unit one is served, the others get `Problem.unitsNotAvailable` before they pay.
// Groups of one order end differently, so units are held per supplier and warehouse. Rows are always moved in
// one fixed order, pool and reference, so that two orders that hold the same things cannot deadlock.

package struct Reservations: Sendable {
    package init() {}

    /// How long the payment may take, and a little for the way.
    package static let defaultHold: TimeInterval = 70 * 60
    /// A bank may think for days about a payment that the shopper has made, and a run may be kept from
    /// reading one that was reported. Units are held that much longer for either, and no longer: a payment
    /// that comes later still is served if they are there.
    static let bankPatience: TimeInterval = 7 * 86_400

    /// What one order wants of one supplier's reference.
    package struct Want: Sendable, Hashable {
        package let group: SupplierGroupKey
        package let pool: String
        package let reference: SKU
        package let quantity: Int

        package init(group: SupplierGroupKey, pool: String, reference: SKU, quantity: Int) {
            self.group = group
            self.pool = pool
            self.reference = reference
            self.quantity = quantity
        }

        fileprivate var place: (String, String, SupplierID, String) {
            (pool, reference.rawValue, group.supplier, group.warehouse.rawValue)
        }
    }

    /// Holds everything or throws. Asking again for the same order changes nothing.
    package func take(
        _ wants: [Want], for order: OrderID, until expiry: Date, in tx: Transaction<OneTenant>
    ) async throws {
        let merged = Dictionary(grouping: wants) {
            Want(group: $0.group, pool: $0.pool, reference: $0.reference, quantity: 0)
        }
        for (want, parts) in merged.sorted(by: { $0.key.place < $1.key.place }) {
            let quantity = parts.reduce(0) { $0 + $1.quantity }
            try await tx.execute(
                """
                insert into shop.reservation (tenant_id, id, order_id, supplier_id, warehouse, stock_pool,
                    reference, quantity, expires_at)
                values (\(tx.tenantUUID), \(ReservationID().rawValue), \(order.rawValue),
                    \(want.group.supplier.rawValue), \(want.group.warehouse.rawValue), \(want.pool),
                    \(want.reference.rawValue), \(Int32(quantity)), \(expiry))
                on conflict (tenant_id, order_id, supplier_id, warehouse, stock_pool, reference) do nothing
                """)
        }
    }

    /// A supplier has answered: of the references it took the units left its shelf, of the others they are
    /// free again. What the order holds of other suppliers is not touched.
    package func settle(
        _ supplierOrder: SupplierOrder, accepted: [SKU], in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.lockOrder(supplierOrder.order)
        let rows = try await tx.execute(
            """
            select id, reference, state from shop.reservation
            where tenant_id = \(tx.tenantUUID) and order_id = \(supplierOrder.order.rawValue)
                and supplier_id = \(supplierOrder.supplier.rawValue)
                and warehouse = \(supplierOrder.warehouse.rawValue) and state <> 'committed'
            order by stock_pool collate "C", reference collate "C" for update
            """
        ).rows
        for row in rows {
            let reference: SKU = try row.raw("reference")
            // Units that were given up before the money came leave the shelf all the same.
            if accepted.contains(reference) {
                try await move(row.id("id"), to: "committed", in: tx)
            } else if try row.decode("state", as: String.self) == "held" {
                try await move(row.id("id"), to: "released", in: tx)
            }
        }
    }

    /// The order will not be served: all its units that no supplier has taken are free again.
    package func release(_ order: OrderID, in tx: Transaction<OneTenant>) async throws {
        try await giveUp(order, as: "released", in: tx)
    }

    /// Holds again what was given up before the money came, as far as it is still there. What is gone stays
    /// given up; the supplier has the last word about it.
    package func regain(_ order: OrderID, in tx: Transaction<OneTenant>) async throws {
        try await tx.lockOrder(order)
        let rows = try await tx.execute(
            """
            select id, stock_pool, reference, quantity from shop.reservation
            where tenant_id = \(tx.tenantUUID) and order_id = \(order.rawValue)
                and state in ('released', 'expired')
            order by stock_pool collate "C", reference collate "C" for update
            """
        ).rows
        for row in rows {
            let pool = try row.decode("stock_pool", as: String.self)
            let reference = try row.decode("reference", as: String.self)
            // The counter's row is locked by the question, so the answer stands until the commit.
            let left = try await tx.first("select shop.units_left(\(pool), \(reference)) as left")?.int(
                "left")
            guard let left, left >= (try row.int("quantity")) else { continue }
            try await move(row.id("id"), to: "held", in: tx)
        }
    }

    /// Frees what an order has held for too long, unless it was paid, is said to be, or the bank is still
    /// deciding. True when there was something to free.
    @discardableResult
    package func expire(_ order: OrderID, at now: Date, in tx: Transaction<OneTenant>) async throws -> Bool {
        // A payment is recorded under this lock, so it is either seen here or finds the units given up.
        try await tx.lockOrder(order)
        let due = try await tx.first(
            """
            select r.id from shop.reservation r
            join shop.orders o on o.tenant_id = r.tenant_id and o.id = r.order_id
            where r.tenant_id = \(tx.tenantUUID) and r.order_id = \(order.rawValue)
                and \(Self.isLapsed(at: now)) limit 1
            """)
        guard due != nil else { return false }
        try await giveUp(order, as: "expired", in: tx)
        return true
    }

    /// Of a reservation `r` and its order `o`.
    static func isLapsed(at now: Date) -> Query {
        """
        r.state = 'held' and r.expires_at <= \(now) and o.paid_at is null
            and (r.expires_at <= \(now.addingTimeInterval(-bankPatience))
                or not exists (select from shop.payment p where p.tenant_id = o.tenant_id
                    and p.order_id = o.id
                    and (p.status = 'processing' or p.reported_paid_at is not null)))
        """
    }

    private func giveUp(_ order: OrderID, as state: String, in tx: Transaction<OneTenant>) async throws {
        let held = try await tx.execute(
            """
            select id from shop.reservation
            where tenant_id = \(tx.tenantUUID) and order_id = \(order.rawValue) and state = 'held'
            order by stock_pool collate "C", reference collate "C" for update
            """
        ).rows
        for row in held { try await move(row.id("id"), to: state, in: tx) }
    }

    private func move(_ id: ReservationID, to state: String, in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            """
            update shop.reservation set state = \(state)
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)
            """)
    }
}
