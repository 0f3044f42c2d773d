internal import Commerce
package import Foundation
internal import Postgres

// Who is signed in, as rows: signing out, or changing the password, ends a session at once and everywhere.
// A session ends by itself after a while without a visit, and in any case after a fixed time. A visit is
// noted every few minutes only, so that reading a page does not write.

package struct AccountSession: Sendable, Equatable {
    package let id: UUID
    package let account: Account
    package let endsAt: Date
}

package struct AccountSessions: Sendable {
    package static let idle: TimeInterval = 14 * 24 * 3_600
    package static let lifetime: TimeInterval = 90 * 24 * 3_600
    /// How many browsers one person may be signed in at; the one unseen for longest makes room.
    private static let limit = 20
    private static let noteEvery: TimeInterval = 300

    private let database: Database

    package init(_ database: Database) {
        self.database = database
    }

    /// Signs a browser in. The token is told once and kept by the browser alone.
    package func open(at now: Date, in room: Transaction<OneTenant>) async throws -> SecretToken {
        let token = SecretToken()
        try await room.execute(
            """
            delete from shop.account_session where tenant_id = \(room.tenantUUID) and (ends_at <= \(now)
                or idle_until <= \(now) or id in (select id from shop.account_session
                    where tenant_id = \(room.tenantUUID) order by seen_at desc offset \(Self.limit - 1)))
            """)
        try await room.execute(
            """
            insert into shop.account_session (tenant_id, id, token_hash, created_at, seen_at, idle_until,
                ends_at)
            values (\(room.tenantUUID), \(UUID()), \(token.hash), \(now), \(now),
                \(now.addingTimeInterval(Self.idle)), \(now.addingTimeInterval(Self.lifetime)))
            """)
        return token
    }

    /// Who shows this token, if the session still runs.
    ///
    /// - Parameter isVisit: false for what a page asks by itself: nobody need be sitting there.
    package func find(
        _ token: SecretToken, at now: Date, isVisit: Bool = true
    ) async throws -> AccountSession? {
        guard let owner = try await Accounts(database).owner(ofSession: token) else { return nil }
        return try await database.transaction(for: owner.room) { room in
            let found = try await room.first(
                """
                select id, seen_at, ends_at from shop.account_session
                where tenant_id = \(room.tenantUUID) and token_hash = \(token.hash)
                    and idle_until > \(now) and ends_at > \(now)
                """)
            guard let row = found else { return nil }
            let (id, endsAt) = (try row.decode("id", as: UUID.self), try row.decode("ends_at", as: Date.self))
            if isVisit, now.timeIntervalSince(try row.decode("seen_at")) > Self.noteEvery {
                try await note(id, at: now, endsAt: endsAt, in: room)
            }
            return AccountSession(
                id: id, account: try await Accounts(database).load(in: room), endsAt: endsAt)
        }
    }

    /// Signs the browser out; nothing happens for a token that is nobody's.
    package func close(_ token: SecretToken) async throws {
        guard let owner = try await Accounts(database).owner(ofSession: token) else { return }
        try await database.transaction(for: owner.room) { room in
            _ = try await room.execute(
                """
                delete from shop.account_session
                where tenant_id = \(room.tenantUUID) and token_hash = \(token.hash)
                """)
        }
    }

    private func note(
        _ id: UUID, at now: Date, endsAt: Date, in room: Transaction<OneTenant>
    ) async throws {
        let idleUntil = min(now.addingTimeInterval(Self.idle), endsAt)
        try await room.execute(
            """
            update shop.account_session set seen_at = \(now), idle_until = \(idleUntil)
            where tenant_id = \(room.tenantUUID) and id = \(id)
            """)
    }
}
