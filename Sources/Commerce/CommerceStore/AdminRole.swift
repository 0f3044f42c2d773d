package import Commerce
package import Foundation
internal import Postgres

// What an administrator of the platform may do. The roles rise: each may do what the one before it may.
// What a page offers and what its handler accepts ask the same table.

/// The text forms are stored.
package enum AdminRole: String, Sendable, Codable, CaseIterable {
    case viewer, `operator`, finance, admin

    /// What somebody does at the console.
    package enum Act: Sendable, CaseIterable {
        case look
        /// Goes on with runs, ends waits, cancels with undo, tells a run something, pauses, runs a schedule.
        case operate
        /// Acts in bulk on runs that move money, together with a second person.
        case moveMoney
        /// Puts a result or an input in the place of what was recorded, ends runs where they stand, starts
        /// their effects anew, takes a record out of the system, opens what is sealed.
        case rewrite
    }

    package func may(_ act: Act) -> Bool {
        switch act {
        case .look: true
        case .operate: self != .viewer
        case .moveMoney: self == .finance || self == .admin
        case .rewrite: self == .admin
        }
    }

    /// The least role that may do it, to be named where somebody may not.
    package static func least(for act: Act) -> AdminRole {
        allCases.first { $0.may(act) } ?? .admin
    }
}

extension Admins {
    /// An administrator as a list shows one.
    package struct Line: Sendable {
        package let admin: Admin
        package let disabledAt: Date?
        package let sessions: Int
    }

    /// Everybody, by address.
    package func all() async throws -> [Line] {
        try await database.platformTransaction { tx in
            try await tx.execute(
                """
                select a.id, a.email, a.name, a.role, a.disabled_at,
                    (select count(*) from shop.admin_session s
                        where s.admin_id = a.id and s.ends_at > now() and s.idle_until > now()) as sessions
                from shop.admin a order by a.email
                """
            ).rows.map { row in
                Line(
                    admin: Admin(
                        id: try row.id("id"), email: EmailAddress(unchecked: try row.decode("email")),
                        name: try row.decode("name"), role: try row.raw("role")),
                    disabledAt: try row.decode("disabled_at"), sessions: try row.int("sessions"))
            }
        }
    }

    /// Gives somebody another role, from their next request on. False where nobody has the address.
    package func setRole(_ role: AdminRole, of email: EmailAddress) async throws -> Bool {
        try await database.platformTransaction { tx in
            try await tx.execute(
                "update shop.admin set role = \(role.rawValue) where email = \(email.canonical)"
            ).affected == 1
        }
    }

    /// Lets somebody in again who was disabled, with the password and second factor they had. False where
    /// nobody has the address, or may sign in as it is.
    package func enable(_ email: EmailAddress) async throws -> Bool {
        try await database.platformTransaction { tx in
            try await tx.execute(
                """
                update shop.admin set disabled_at = null
                where email = \(email.canonical) and disabled_at is not null
                """
            ).affected == 1
        }
    }

    /// Lets somebody in no more, and ends their sessions at once. False where nobody has the address.
    package func disable(_ email: EmailAddress) async throws -> Bool {
        try await database.platformTransaction { tx in
            let done = try await tx.execute(
                """
                update shop.admin set disabled_at = coalesce(disabled_at, now())
                where email = \(email.canonical)
                """)
            try await tx.execute(
                """
                delete from shop.admin_session
                where admin_id in (select id from shop.admin where email = \(email.canonical))
                """)
            return done.affected == 1
        }
    }
}
