package import Commerce
package import Foundation
internal import Postgres

// A store's keys for the API. A key is told once and kept as a hash; it opens its own store and no other.

package struct APIKey: Sendable, Equatable {
    package let id: UUID
    package let name: String
    /// Its first letters, by which the merchant knows it again.
    package let hint: String
    package let createdAt: Date
    package let isRevoked: Bool
}

package struct APIKeys: Sendable {
    /// What every key begins with: it tells a key from a token, and lets a leaked one be found.
    package static let prefix = "cfk_"
    private static let hintLength = 8

    private let database: Database

    package init(_ database: Database) {
        self.database = database
    }

    /// Whose store this key opens.
    package func tenant(of key: SecretToken) async throws -> TenantID? {
        guard key.text.hasPrefix(Self.prefix) else { return nil }
        return try await database.shared("select shop.tenant_of_api_key(\(key.hash)) as tenant").rows.first?
            .idOrNil("tenant")
    }

    package func make(
        named name: String, by user: UserID, in tx: Transaction<OneTenant>
    ) async throws -> SecretToken {
        let key = SecretToken(prefix: Self.prefix)
        try await tx.execute(
            """
            insert into shop.api_key (tenant_id, id, name, hint, token_hash, created_by)
            values (\(tx.tenantUUID), \(UUID()), \(name), \(String(key.text.prefix(Self.hintLength))),
                \(key.hash), \(user.rawValue))
            """)
        return key
    }

    package func all(in tx: Transaction<OneTenant>) async throws -> [APIKey] {
        try await tx.execute(
            """
            select id, name, hint, created_at, revoked_at is not null as is_revoked from shop.api_key
            where tenant_id = \(tx.tenantUUID) order by created_at desc limit 100
            """
        ).rows.map { row in
            APIKey(
                id: try row.decode("id"), name: try row.decode("name"), hint: try row.decode("hint"),
                createdAt: try row.decode("created_at"), isRevoked: try row.decode("is_revoked"))
        }
    }

    /// From now on the key opens nothing. False when the store has no such key.
    package func revoke(_ id: UUID, at now: Date, in tx: Transaction<OneTenant>) async throws -> Bool {
        try await tx.execute(
            """
            update shop.api_key set revoked_at = coalesce(revoked_at, \(now))
            where tenant_id = \(tx.tenantUUID) and id = \(id)
            """
        ).affected == 1
    }
}
