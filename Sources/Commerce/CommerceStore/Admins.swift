package import Commerce
internal import Crypto
package import Foundation
internal import Postgres

// The platform's administrators. Their rows are open to the platform's role alone, so a fault in a storefront
// or in the merchants' pages cannot reach them. Signing in takes a password and a one-time code, asked for
// together: whoever has only one of them does not learn whether it was right.

package struct Admin: Sendable, Equatable {
    package let id: AdminID
    package let email: EmailAddress
    package let name: String
    package let role: AdminRole
}

package struct Admins: Sendable {
    package static let idle: TimeInterval = 30 * 60
    package static let lifetime: TimeInterval = 12 * 3_600
    private static let recoveryCodes = 10
    private static let noteEvery: TimeInterval = 60

    let database: Database
    private let credentials: Credentials
    private let passwords: Passwords

    /// The database needs the platform's pool.
    package init(_ database: Database, credentials: Credentials, passwords: Passwords) {
        self.database = database
        self.credentials = credentials
        self.passwords = passwords
    }

    /// What a new administrator is told once.
    package struct Welcome: Sendable {
        package let id: AdminID
        package let secret: TOTP
        package let recoveryCodes: [String]
    }

    /// Makes an administrator. Throws `Problem.adminTaken` when the address has one.
    package func add(
        _ email: EmailAddress, name: String, password: String, role: AdminRole = .admin
    ) async throws -> Welcome {
        let hash = try await passwords.hash(password)
        let id = AdminID()
        let secret = TOTP.random()
        let (keyID, sealed) = try credentials.seal(secret.secret, for: Self.subject(id))
        return try await database.platformTransaction { tx in
            try await tx.execute(
                """
                insert into shop.admin (id, email, name, password_hash, totp_sealed, totp_key_id, role)
                values (\(id.rawValue), \(email.canonical), \(name), \(hash), \(sealed), \(keyID),
                    \(role.rawValue))
                """)
            return Welcome(id: id, secret: secret, recoveryCodes: try await issueCodes(id, in: tx))
        }
    }

    /// Gives somebody a new password, second factor and recovery codes, and ends their sessions: for a lost
    /// phone. Nil where nobody has the address.
    package func renew(_ email: EmailAddress, password: String) async throws -> Welcome? {
        let hash = try await passwords.hash(password)
        let secret = TOTP.random()
        return try await database.platformTransaction { tx in
            let found = try await tx.first(
                "select id from shop.admin where email = \(email.canonical) for update")
            guard let id = try found?.id("id") as AdminID? else { return nil }
            let (keyID, sealed) = try credentials.seal(secret.secret, for: Self.subject(id))
            try await tx.pipeline([
                """
                update shop.admin set password_hash = \(hash), totp_sealed = \(sealed),
                    totp_key_id = \(keyID), totp_last_step = 0
                where id = \(id.rawValue)
                """,
                "delete from shop.admin_session where admin_id = \(id.rawValue)",
                "delete from shop.admin_recovery_code where admin_id = \(id.rawValue)",
            ])
            return Welcome(id: id, secret: secret, recoveryCodes: try await issueCodes(id, in: tx))
        }
    }

    private func issueCodes(_ id: AdminID, in tx: Transaction<EveryTenant>) async throws -> [String] {
        let codes = (0..<Self.recoveryCodes).map { _ in Self.recoveryCode() }
        let marks = codes.map { credentials.code(over: Self.recovery($0, of: id)) }
        try await tx.execute(
            """
            insert into shop.admin_recovery_code (admin_id, code_hash)
            select \(id.rawValue), unnest(\(marks))
            """)
        return codes
    }

    /// Signs in with both factors; the second is a one-time code or a recovery code. Nil whatever was wrong.
    package func signIn(
        _ email: EmailAddress, password: String, code: String, at now: Date
    ) async throws -> SecretToken? {
        let found = try await database.platformTransaction { tx in
            try await tx.first(
                "select * from shop.admin where email = \(email.canonical) and disabled_at is null"
            ).map(Candidate.init(row:))
        }
        let isRight = try await passwords.isRight(password, for: found?.passwordHash)
        guard isRight, let found else { return nil }
        let secret = TOTP(
            secret: try credentials.open(found.sealed, keyID: found.keyID, for: Self.subject(found.id)))
        return try await database.platformTransaction { tx in
            guard try await accept(code, of: found.id, secret, at: now, in: tx) else { return nil }
            return try await open(found.id, at: now, in: tx)
        }
    }

    /// Who shows this token, if the session still runs. A visit puts off its end.
    ///
    /// - Parameter isVisit: false for what a page asks by itself: nobody need be sitting there.
    package func find(_ token: SecretToken, at now: Date, isVisit: Bool = true) async throws -> Admin? {
        try await database.platformTransaction { tx in
            let found = try await tx.first(
                """
                select a.id, a.email, a.name, a.role, s.id as session, s.seen_at, s.ends_at
                from shop.admin_session s join shop.admin a on a.id = s.admin_id
                where s.token_hash = \(token.hash) and s.idle_until > \(now) and s.ends_at > \(now)
                    and a.disabled_at is null
                """)
            guard let row = found else { return nil }
            if isVisit, now.timeIntervalSince(try row.decode("seen_at")) > Self.noteEvery {
                let idleUntil = min(
                    now.addingTimeInterval(Self.idle), try row.decode("ends_at", as: Date.self))
                try await tx.execute(
                    """
                    update shop.admin_session set seen_at = \(now), idle_until = \(idleUntil)
                    where id = \(row.decode("session", as: UUID.self))
                    """)
            }
            return Admin(
                id: try row.id("id"), email: EmailAddress(unchecked: try row.decode("email")),
                name: try row.decode("name"), role: try row.raw("role"))
        }
    }

    package func signOut(_ token: SecretToken) async throws {
        try await database.platformTransaction { tx in
            _ = try await tx.execute("delete from shop.admin_session where token_hash = \(token.hash)")
        }
    }

    private struct Candidate: Sendable {
        let id: AdminID
        let passwordHash: String
        let sealed: Data
        let keyID: String

        init(row: Row) throws {
            id = try row.id("id")
            passwordHash = try row.decode("password_hash")
            sealed = try row.decode("totp_sealed")
            keyID = try row.decode("totp_key_id")
        }
    }

    /// Spends the code. Under the administrator's row lock, so that one code opens one session.
    private func accept(
        _ code: String, of id: AdminID, _ secret: TOTP, at now: Date, in tx: Transaction<EveryTenant>
    ) async throws -> Bool {
        let held = try await tx.first(
            "select totp_last_step from shop.admin where id = \(id.rawValue) for update")
        let floor = try held?.decode("totp_last_step", as: Int64.self) ?? .max
        if let step = secret.step(of: code, at: now, after: floor) {
            try await tx.execute(
                "update shop.admin set totp_last_step = \(step) where id = \(id.rawValue)")
            return true
        }
        return try await tx.execute(
            """
            update shop.admin_recovery_code set used_at = \(now)
            where admin_id = \(id.rawValue) and used_at is null
                and code_hash = \(credentials.code(over: Self.recovery(code, of: id)))
            """
        ).affected == 1
    }

    private func open(
        _ id: AdminID, at now: Date, in tx: Transaction<EveryTenant>
    ) async throws -> SecretToken {
        let token = SecretToken()
        try await tx.execute("delete from shop.admin_session where ends_at <= \(now) or idle_until <= \(now)")
        try await tx.execute(
            """
            insert into shop.admin_session (id, admin_id, token_hash, created_at, seen_at, idle_until,
                ends_at)
            values (\(UUID()), \(id.rawValue), \(token.hash), \(now), \(now),
                \(now.addingTimeInterval(Self.idle)), \(now.addingTimeInterval(Self.lifetime)))
            """)
        return token
    }

    static func subject(_ id: AdminID) -> String { "admin/\(id)/totp" }

    /// Fifty bits, in letters that cannot be mistaken for one another.
    private static func recoveryCode() -> String {
        let letters = Array("abcdefghjkmnpqrstuvwxyz23456789")
        var generator = SystemRandomNumberGenerator()
        let code = (0..<10).map { _ in letters[Int.random(in: 0..<letters.count, using: &generator)] }
        return String(code[..<5]) + "-" + String(code[5...])
    }

    /// What a recovery code's mark is made over.
    private static func recovery(_ code: String, of id: AdminID) -> String {
        "recovery \(id) \(code.lowercased().filter { $0.isLetter || $0.isNumber })"
    }
}
