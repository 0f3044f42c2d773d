package import Commerce
package import Foundation
internal import Postgres

// A store's keys for the API. A key is told once and kept as a hash; it opens its own store and no other, and
// there only what it was made for.

package struct APIKey: Sendable, Equatable {
    package let id: UUID
    package let name: String
    /// Its first letters, by which the merchant knows it again.
    package let hint: String
    package let scopes: Set<APIScope>
    package let createdAt: Date
    /// To the minute.
    package let lastUsedAt: Date?
    package let isRevoked: Bool
}

/// What a key that was presented opens.
package struct OpenedKey: Sendable, Equatable {
    package let id: UUID
    package let tenant: TenantID
    package let scopes: Set<APIScope>
}

package struct APIKeys: Sendable {
    /// What every key begins with: it tells a key from a token, and lets a leaked one be found.
    package static let prefix = "cfk_"
    private static let hintLength = 8

    private let database: Database

    package init(_ database: Database) {
        self.database = database
    }

    /// Whose store this key opens, and what of it; notes that it was used. Nil for a key that opens nothing.
    package func open(_ key: SecretToken, at now: Date) async throws -> OpenedKey? {
        guard key.text.hasPrefix(Self.prefix) else { return nil }
        return try await database.shared(
            "select tenant, scopes, key from shop.use_api_key(\(key.hash), \(now))"
        ).rows.first.map {
            OpenedKey(id: try $0.decode("key"), tenant: try $0.id("tenant"), scopes: try $0.scopes())
        }
    }

    package func make(
        named name: String, for scopes: Set<APIScope>, by user: UserID, in tx: Transaction<OneTenant>
    ) async throws -> SecretToken {
        let key = SecretToken(prefix: Self.prefix)
        try await tx.execute(
            """
            insert into shop.api_key (tenant_id, id, name, hint, token_hash, created_by, scopes)
            values (\(tx.tenantUUID), \(UUID()), \(name), \(String(key.text.prefix(Self.hintLength))),
                \(key.hash), \(user.rawValue), \(scopes.map(\.rawValue).sorted()))
            """)
        return key
    }

    package func all(in tx: Transaction<OneTenant>) async throws -> [APIKey] {
        try await tx.execute(
            """
            select id, name, hint, scopes, created_at, last_used_at, revoked_at is not null as is_revoked
            from shop.api_key where tenant_id = \(tx.tenantUUID) order by created_at desc limit 100
            """
        ).rows.map { row in
            APIKey(
                id: try row.decode("id"), name: try row.decode("name"), hint: try row.decode("hint"),
                scopes: try row.scopes(), createdAt: try row.decode("created_at"),
                lastUsedAt: try row.decode("last_used_at"), isRevoked: try row.decode("is_revoked"))
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

extension Row {
    fileprivate func scopes() throws -> Set<APIScope> {
        // A scope that only a newer program knows allows nothing here.
        Set(try decode("scopes", as: [String].self).compactMap(APIScope.init(rawValue:)))
    }
}
