package import Commerce
internal import Foundation
internal import Postgres

// Who may enter which store, and as what. The questions by person run through functions; the rows of one
// store are that store's.

package struct Membership: Sendable, Equatable {
    package let tenant: TenantID
    package let role: StoreRole
}

package struct Memberships: Sendable {
    private let database: Database

    package init(_ database: Database) {
        self.database = database
    }

    /// The stores that a person may enter, oldest first.
    package func all(of user: UserID) async throws -> [Membership] {
        try await database.shared("select tenant, role from shop.stores_of_member(\(user.rawValue))").rows.map
        {
            Membership(tenant: try $0.id("tenant"), role: try $0.raw("role"))
        }
    }

    /// What the person is in this store; nil for a stranger.
    package func role(of user: UserID, in tx: Transaction<OneTenant>) async throws -> StoreRole? {
        try await tx.first(
            """
            select role from shop.store_member
            where tenant_id = \(tx.tenantUUID) and user_id = \(user.rawValue)
            """
        )?.raw("role")
    }

    /// Lets a person in, or changes what they may do. The owner's own row is the store's and never changes.
    package func set(_ role: StoreRole, for user: UserID, in tx: Transaction<OneTenant>) async throws {
        guard role != .owner else { throw StoreError.notFound(.user, "\(user)") }
        try await tx.execute(
            """
            insert into shop.store_member (tenant_id, user_id, role)
            values (\(tx.tenantUUID), \(user.rawValue), \(role.rawValue))
            on conflict (tenant_id, user_id) do update set role = excluded.role
                where store_member.role <> 'owner'
            """)
    }

    package func remove(_ user: UserID, in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            """
            delete from shop.store_member
            where tenant_id = \(tx.tenantUUID) and user_id = \(user.rawValue) and role <> 'owner'
            """)
    }
}
