package import Commerce
package import Foundation
internal import Postgres

// Units that an unpaid order holds for a while. The counter of what is left is shared by all stores that
// sell from the same supplier, and is moved by the database itself under the counter's row lock: of many
// buyers of the last unit one is served, the others get `Problem.unitsNotAvailable` before they pay. The
// rows are written in one fixed order, so two orders that hold the same things cannot deadlock.

package struct Reservations: Sendable {
    package init() {}

    /// How long the payment may take, and a little for the way.
    package static let defaultHold: TimeInterval = 70 * 60

    /// What one order wants of one supplier's reference.
    package struct Want: Sendable, Hashable {
        package let pool: String
        package let reference: SKU
        package let quantity: Int

        package init(pool: String, reference: SKU, quantity: Int) {
            self.pool = pool
            self.reference = reference
            self.quantity = quantity
        }
    }

    /// Holds everything or throws. Asking again for the same order changes nothing.
    package func take(
        _ wants: [Want], for order: OrderID, until expiry: Date, in tx: Transaction<OneTenant>
    ) async throws {
        let merged = Dictionary(grouping: wants) { [$0.pool, $0.reference.rawValue] }
            .map {
                (pool: $0.key[0], reference: $0.key[1], quantity: $0.value.reduce(0) { $0 + $1.quantity })
            }
            .sorted { ($0.pool, $0.reference) < ($1.pool, $1.reference) }
        for want in merged {
            try await tx.execute(
                """
                insert into shop.reservation (tenant_id, id, order_id, stock_pool, reference, quantity,
                    expires_at)
                values (\(tx.tenantUUID), \(ReservationID().rawValue), \(order.rawValue), \(want.pool),
                    \(want.reference), \(Int32(want.quantity)), \(expiry))
                on conflict (tenant_id, order_id, stock_pool, reference) do nothing
                """)
        }
    }

    /// The supplier has taken the order: the units left its shelf.
    package func commit(_ order: OrderID, in tx: Transaction<OneTenant>) async throws {
        try await end(order, as: "committed", in: tx)
    }

    /// The order will not be served: the units are free again.
    package func release(_ order: OrderID, in tx: Transaction<OneTenant>) async throws {
        try await end(order, as: "released", in: tx)
    }

    /// Frees what was held too long for orders that nobody paid. Returns how many rows it freed.
    @discardableResult
    package func expireDue(at now: Date, in tx: Transaction<OneTenant>) async throws -> Int {
        try await tx.execute(
            """
            update shop.reservation set state = 'expired'
            where tenant_id = \(tx.tenantUUID) and id in (
                select r.id from shop.reservation r
                join shop.orders o on o.tenant_id = r.tenant_id and o.id = r.order_id
                where r.tenant_id = \(tx.tenantUUID) and r.state = 'held' and r.expires_at <= \(now)
                    and o.paid_at is null
                order by r.stock_pool, r.reference limit 500 for update of r skip locked)
            """
        ).affected
    }

    private func end(_ order: OrderID, as state: String, in tx: Transaction<OneTenant>) async throws {
        let held = try await tx.execute(
            """
            select id from shop.reservation
            where tenant_id = \(tx.tenantUUID) and order_id = \(order.rawValue) and state = 'held'
            order by stock_pool, reference for update
            """
        ).rows
        for row in held {
            try await tx.execute(
                """
                update shop.reservation set state = \(state)
                where tenant_id = \(tx.tenantUUID) and id = \(row.decode("id", as: UUID.self))
                    and state = 'held'
                """)
        }
    }
}
