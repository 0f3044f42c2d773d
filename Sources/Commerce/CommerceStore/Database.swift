package import Commerce
internal import Foundation
package import Postgres

// The only door to the shop's tables.
//
// A tenant is set per transaction and travels in the same pipeline as BEGIN. It is never set per session:
// pooled connections would carry it to the next borrower. What a transaction may see is part of its type,
// so a function that needs one store cannot be called with the right to see all of them, and the other way
// round.

/// What a transaction may see: one store, or every store through the platform's own policies.
package protocol Tenancy: Sendable {}

package struct OneTenant: Tenancy {
    package let tenant: TenantID
}

/// For admin pages and scheduled platform jobs. It reads the tables that are listed for it, and writes none
/// of a store's.
package struct EveryTenant: Tenancy {}

/// The shop's database, seen as the application and, where it was given a pool for that, as the platform.
package struct Database: Sendable {
    private let app: PostgresPool
    private let platform: PostgresPool?

    package init(app: PostgresPool, platform: PostgresPool? = nil) {
        self.app = app
        self.platform = platform
    }

    /// Runs `body` in one transaction that sees and writes only this tenant's rows.
    ///
    /// Refusals by named constraints arrive as `StoreError`, also those that the database checks at commit.
    package func transaction<Value: Sendable>(
        for tenant: TenantID, _ body: (Transaction<OneTenant>) async throws -> Value
    ) async throws -> Value {
        try await StoreError.naming {
            try await app.withTransaction([Self.choosing(tenant)]) { postgres in
                try await body(Transaction(postgres: postgres, scope: OneTenant(tenant: tenant)))
            }
        }
    }

    /// Joins a transaction that somebody else opened on the application's role, such as a workflow's
    /// transaction step, so that business rows and checkpoint commit together.
    package static func join(
        _ postgres: PostgresTransaction, for tenant: TenantID
    ) async throws -> Transaction<OneTenant> {
        _ = try await postgres.execute(choosing(tenant))
        return Transaction(postgres: postgres, scope: OneTenant(tenant: tenant))
    }

    /// Runs `body` with the platform's role. Traps when this process was given no such pool: a storefront
    /// has none.
    package func platformTransaction<Value: Sendable>(
        _ body: (Transaction<EveryTenant>) async throws -> Value
    ) async throws -> Value {
        guard let platform else {
            preconditionFailure("this process has no platform database; set PLATFORM_DATABASE_URL")
        }
        return try await StoreError.naming {
            try await platform.withTransaction { postgres in
                try await body(Transaction(postgres: postgres, scope: EveryTenant()))
            }
        }
    }

    /// Statements on tables that belong to no tenant: inbox, plans, people, routing. Each runs on its own.
    func shared(_ query: Query) async throws -> ResultSet {
        try await StoreError.naming { try await app.execute(query) }
    }

    private static func choosing(_ tenant: TenantID) -> Query {
        "select set_config('cartflux.tenant', \(tenant.description), true)"
    }
}

/// One database transaction and what it may see.
package struct Transaction<Scope: Tenancy>: Sendable {
    /// For those who must write in the same transaction with a library of their own, such as starting a
    /// run.
    package let postgres: PostgresTransaction
    package let scope: Scope

    @discardableResult
    func execute(_ query: Query) async throws -> ResultSet {
        try await StoreError.naming { try await postgres.execute(query) }
    }

    @discardableResult
    func pipeline(_ queries: [Query]) async throws -> [ResultSet] {
        try await StoreError.naming { try await postgres.pipeline(queries) }
    }

    func first(_ query: Query) async throws -> Row? {
        try await execute(query).rows.first
    }

    /// Runs a statement in the round trip of the commit; see `PostgresTransaction.withCommit`.
    func withCommit(_ query: Query) { postgres.withCommit(query) }

    /// Runs after the commit, and not at all when it fails: waking a worker, telling a page.
    package func afterCommit(_ action: @escaping @Sendable () async -> Void) {
        postgres.afterCommit(action)
    }
}

extension Transaction where Scope == OneTenant {
    package var tenant: TenantID { scope.tenant }
    var tenantUUID: UUID { scope.tenant.rawValue }
}
