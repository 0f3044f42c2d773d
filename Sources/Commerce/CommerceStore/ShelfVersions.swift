internal import Foundation
internal import Postgres

// How a store's shelf stands, as a number: whoever knows it also knows whether a page that was made before
// would still be made the same. Triggers count (migration 0038), so nothing here writes. A reader asks for
// the number first and reads the page afterwards: a change in between makes the page newer than its number,
// and it is only made once more than was needed.

package struct ShelfVersions: Sendable {
    package init() {}

    /// Rises with every committed change of what the store's pages show, stock and the store's own row apart.
    package func current(in tx: Transaction<OneTenant>) async throws -> Int64 {
        try await tx.first(
            """
            select coalesce(sum(changes), 0)::bigint as version from shop.shelf_version
            where tenant_id = \(tx.tenantUUID)
            """
        )?.decode("version") ?? 0
    }
}
