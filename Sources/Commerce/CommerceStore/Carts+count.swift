internal import Foundation
internal import Postgres

extension Carts {
    /// Units in the basket of this token; none where there is no such basket. For a page's header, which
    /// needs nothing else of it.
    package func unitCount(token: String, in tx: Transaction<OneTenant>) async throws -> Int {
        try await tx.first(
            """
            select coalesce(sum(l.quantity), 0)::integer as units from shop.cart c
            join shop.cart_line l on l.tenant_id = c.tenant_id and l.cart_id = c.id
            where c.tenant_id = \(tx.tenantUUID) and c.token = \(token)
            """
        )?.int("units") ?? 0
    }
}
