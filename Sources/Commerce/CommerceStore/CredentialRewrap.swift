package import Commerce
internal import Foundation
internal import Postgres

// Seals again under the newest key what an older one holds, so that the older one can go. Every row names its
// key and is its own progress: whoever is cut off goes on where it stood, and any number may do so at once.
// The rows of a store are changed in transactions of that store, a few at a time, each row locked first; so a
// merchant who enters a new login meanwhile comes before or after, and is never overwritten.
//
// What has a key of another name that is not known here is left as it is and said at the end.

package struct CredentialRewrap: Sendable {
    /// Rows of one transaction. Copies of a person's data may be large.
    private static let rows = 100
    private static let documents = 5
    /// Stores of one look.
    private static let stores = 200

    private let database: Database
    private let credentials: Credentials

    /// The database needs the platform's pool: a store can only see its own rows.
    package init(_ database: Database, _ credentials: Credentials) {
        self.database = database
        self.credentials = credentials
    }

    /// How much is sealed under which key.
    package func usage() async throws -> [(key: String, sealed: Int)] {
        try await database.platformTransaction { tx in
            try await tx.execute("select key_id, sealed from shop.sealing_keys()").rows.map {
                (try $0.decode("key_id"), try $0.int("sealed"))
            }
        }
    }

    /// Throws `CredentialsKeyError.missing` where something is sealed under a key that this process lacks.
    package func check() async throws {
        let missing = credentials.unknown(among: try await usage().map { $0.key })
        guard missing.isEmpty else { throw CredentialsKeyError.missing(missing) }
    }

    /// Seals everything again that can be. Returns how many rows were. The first row that could not be opened
    /// is thrown at the end.
    package func run() async throws -> Int {
        var (done, failure) = (0, nil as (any Error)?)
        do { done += try await admins() } catch { failure = error }
        var last = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
        while true {
            let after = last
            let found: [TenantID] = try await database.platformTransaction { tx in
                try await tx.execute(
                    """
                    select tenant_id from shop.sealed_otherwise(\(credentials.current), \(after),
                        \(Int32(Self.stores)))
                    """
                ).rows.map { try $0.id("tenant_id") }
            }
            guard let end = found.last else { break }
            for store in found {
                do { done += try await run(store) } catch { failure = failure ?? error }
            }
            last = end.rawValue
        }
        if let failure { throw failure }
        return done
    }

    /// Seals again what one store, or one person's room, has.
    package func run(_ store: TenantID) async throws -> Int {
        var done = 0
        for part in [logins, contacts, documents, answers] {
            while case let count = try await database.transaction(for: store, part), count > 0 {
                done += count
            }
        }
        return done
    }

    // MARK: - What is sealed

    private func logins(in tx: Transaction<OneTenant>) async throws -> Int {
        let rows = try await tx.execute(
            """
            select id, kind, key_id, sealed from shop.vendor_credential
            where tenant_id = \(tx.tenantUUID) and key_id <> \(credentials.current)
            order by id limit \(Self.rows) for update
            """
        ).rows
        for row in rows {
            let (id, kind): (UUID, String) = (try row.decode("id"), try row.decode("kind"))
            let secret = try credentials.open(
                row.decode("sealed"), keyID: row.decode("key_id"), kind: kind, tenant: tx.tenant)
            let sealed = try credentials.seal(secret, kind: kind, tenant: tx.tenant)
            try await tx.execute(
                """
                update shop.vendor_credential set key_id = \(credentials.current), sealed = \(sealed)
                where tenant_id = \(tx.tenantUUID) and id = \(id)
                """)
        }
        return rows.count
    }

    private func contacts(in tx: Transaction<OneTenant>) async throws -> Int {
        let rows = try await tx.execute(
            """
            select id, contact_key, contact from shop.personal_data_request
            where tenant_id = \(tx.tenantUUID) and contact is not null
                and contact_key <> \(credentials.current)
            order by id limit \(Self.rows) for update
            """
        ).rows
        for row in rows {
            let id: PersonalDataRequestID = try row.id("id")
            let sealed = try again(
                row.decode("contact"), row.decode("contact_key"), PersonalDataRequests.place(id, tx.tenant))
            try await tx.execute(
                """
                update shop.personal_data_request
                set contact_key = \(credentials.current), contact = \(sealed)
                where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)
                """)
        }
        return rows.count
    }

    private func documents(in tx: Transaction<OneTenant>) async throws -> Int {
        let rows = try await tx.execute(
            """
            select request_id, key_id, sealed from shop.personal_data_document
            where tenant_id = \(tx.tenantUUID) and key_id <> \(credentials.current)
            order by request_id limit \(Self.documents) for update
            """
        ).rows
        for row in rows {
            let request: PersonalDataRequestID = try row.id("request_id")
            let sealed = try again(
                row.decode("sealed"), row.decode("key_id"), PersonalDataDocuments.place(request, tx.tenant))
            try await tx.execute(
                """
                update shop.personal_data_document
                set key_id = \(credentials.current), sealed = \(sealed)
                where tenant_id = \(tx.tenantUUID) and request_id = \(request.rawValue)
                """)
        }
        return rows.count
    }

    private func answers(in tx: Transaction<OneTenant>) async throws -> Int {
        let rows = try await tx.execute(
            """
            select principal, key, key_id, sealed from shop.api_answer
            where tenant_id = \(tx.tenantUUID) and key_id <> \(credentials.current)
            order by principal, key limit \(Self.rows) for update
            """
        ).rows
        for row in rows {
            let (principal, key): (String, String) = (try row.decode("principal"), try row.decode("key"))
            let sealed = try again(
                row.decode("sealed"), row.decode("key_id"), APIAnswers.subject(principal, key, tx.tenant))
            try await tx.execute(
                """
                update shop.api_answer set key_id = \(credentials.current), sealed = \(sealed)
                where tenant_id = \(tx.tenantUUID) and principal = \(principal) and key = \(key)
                """)
        }
        return rows.count
    }

    /// Second factors. There are few administrators.
    private func admins() async throws -> Int {
        try await database.platformTransaction { tx in
            let rows = try await tx.execute(
                """
                select id, totp_key_id, totp_sealed from shop.admin
                where totp_key_id <> \(credentials.current) order by id for update
                """
            ).rows
            for row in rows {
                let id: AdminID = try row.id("id")
                let sealed = try again(
                    row.decode("totp_sealed"), row.decode("totp_key_id"), Admins.subject(id))
                try await tx.execute(
                    """
                    update shop.admin set totp_key_id = \(credentials.current), totp_sealed = \(sealed)
                    where id = \(id.rawValue)
                    """)
            }
            return rows.count
        }
    }

    private func again(_ sealed: Data, _ key: String, _ subject: String) throws -> Data {
        try credentials.seal(credentials.open(sealed, keyID: key, for: subject), for: subject).sealed
    }
}
