package import Commerce
package import Foundation
internal import Postgres

extension Emails {
    /// A letter that went out, as somebody who tells the order's story needs it.
    package struct Sent: Sendable {
        package let subject: String
        package let at: Date
        package let status: Status
    }

    /// How many letters about an order have a cause that begins like this.
    package func count(
        about order: OrderID, causedBy prefix: String, in tx: Transaction<OneTenant>
    ) async throws -> Int {
        try await tx.first(
            """
            select count(*) as found from shop.email
            where tenant_id = \(tx.tenantUUID) and order_id = \(order.rawValue)
                and starts_with(cause, \(prefix))
            """
        )?.int("found") ?? 0
    }

    /// What the shopper was written about an order, oldest first.
    package func sent(about order: OrderID, in tx: Transaction<OneTenant>) async throws -> [Sent] {
        try await tx.execute(
            """
            select subject, sent_at, status from shop.email
            where tenant_id = \(tx.tenantUUID) and order_id = \(order.rawValue) and sent_at is not null
            order by sent_at, id
            """
        ).rows.map { row in
            Sent(
                subject: try row.decode("subject"), at: try row.decode("sent_at"),
                status: try row.raw("status"))
        }
    }
}
