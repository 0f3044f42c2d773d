internal import Commerce
internal import Foundation
internal import Postgres

/// A table whose rows are found by the store and an id, and what its rows are called where one is missing.
struct KeyedTable: Sendable {
    let name: Query
    let subject: StoreError.Subject

    init(_ name: Query, of subject: StoreError.Subject) {
        self.name = name
        self.subject = subject
    }

    func find<Kind>(_ id: Identifier<Kind>, in tx: Transaction<OneTenant>) async throws -> Row? {
        try await tx.first(
            "select * from \(name) where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)")
    }

    func load<Kind>(_ id: Identifier<Kind>, in tx: Transaction<OneTenant>) async throws -> Row {
        guard let row = try await find(id, in: tx) else { throw StoreError.notFound(subject, "\(id)") }
        return row
    }

    /// Runs `set ...` on one row that is known to be there.
    func change<Kind>(
        _ id: Identifier<Kind>, _ tx: Transaction<OneTenant>, _ assignments: () -> Query
    ) async throws {
        let changed = try await tx.execute(
            "update \(name) " + assignments()
                + " where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)")
        guard changed.affected == 1 else { throw StoreError.notFound(subject, "\(id)") }
    }
}
