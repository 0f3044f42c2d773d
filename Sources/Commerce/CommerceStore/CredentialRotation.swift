package import Commerce
internal import Foundation
internal import Postgres

// Seals again under the newest key what an older one holds, so that the older one can go. Every row names its
// key and is its own progress: whoever is cut off goes on where it stood, and any number may do so at once.
// The rows of a store are changed in transactions of that store, a few at a time, each row locked first; so a
// merchant who enters a new login meanwhile comes before or after, and is never overwritten.
//
// What has a key of another name that is not known here is left as it is and said at the end.

package struct CredentialRotation: Sendable {
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
        let names: [String] = try await database.platformTransaction { tx in
            try await tx.execute("select key_id from shop.sealing_key_names()").column(0)
        }
        let missing = credentials.unknown(among: names)
        guard missing.isEmpty else { throw CredentialsKeyError.missing(missing) }
    }

    /// Seals everything again that can be. Returns how many rows were. What cannot be opened stops nothing
    /// else; the first such error is thrown at the end.
    package func run() async throws -> Int {
        var total = try await drain { left in
            try await database.platformTransaction { try await admins(except: left, in: $0) }
        }
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
            for store in found { total.add(try await rotate(store)) }
            last = end.rawValue
        }
        return try total.outcome()
    }

    /// Seals again what one store, or one person's room, has.
    package func run(_ store: TenantID) async throws -> Int {
        try await rotate(store).outcome()
    }

    // MARK: - Progress

    /// What some rows came to.
    private struct Batch: Sendable {
        var done = 0
        /// Rows that could not be opened, by their places.
        var left: [String] = []
        var failure: (any Error)?

        mutating func add(_ other: Batch) {
            done += other.done
            left += other.left
            failure = failure ?? other.failure
        }

        func outcome() throws -> Int {
            if let failure { throw failure }
            return done
        }
    }

    private func rotate(_ store: TenantID) async throws -> Batch {
        var total = Batch()
        for part in [logins, contacts, documents, answers] {
            total.add(
                try await drain { left in
                    try await database.transaction(for: store) { try await part(left, $0) }
                })
        }
        return total
    }

    /// Goes on until nothing is left but what could not be opened.
    private func drain(_ next: ([String]) async throws -> Batch) async throws -> Batch {
        var total = Batch()
        while true {
            let batch = try await next(total.left)
            guard batch.done > 0 || !batch.left.isEmpty else { return total }
            total.add(batch)
        }
    }

    private func seal(
        _ rows: ResultSet.Rows, _ reseal: (Row) throws -> Data,
        _ keep: (Row, Data) async throws -> Void
    ) async throws -> Batch {
        var batch = Batch()
        for row in rows {
            let sealed: Data
            do {
                sealed = try reseal(row)
            } catch {
                batch.left.append(try row.decode("place"))
                batch.failure = batch.failure ?? error
                continue
            }
            try await keep(row, sealed)
            batch.done += 1
        }
        return batch
    }

    // MARK: - What is sealed

    private func logins(except left: [String], in tx: Transaction<OneTenant>) async throws -> Batch {
        let rows = try await tx.execute(
            """
            select id, id::text as place, kind, key_id, sealed from shop.vendor_credential
            where tenant_id = \(tx.tenantUUID) and key_id <> \(credentials.current)
                and id::text <> all(\(left))
            order by id limit \(Self.rows) for update
            """
        ).rows
        return try await seal(rows) { row in
            let kind: String = try row.decode("kind")
            let secret = try credentials.open(
                row.decode("sealed"), keyID: row.decode("key_id"), kind: kind, tenant: tx.tenant)
            return try credentials.seal(secret, kind: kind, tenant: tx.tenant)
        } _: { row, sealed in
            let id: UUID = try row.decode("id")
            try await tx.execute(
                """
                update shop.vendor_credential set key_id = \(credentials.current), sealed = \(sealed)
                where tenant_id = \(tx.tenantUUID) and id = \(id)
                """)
        }
    }

    private func contacts(except left: [String], in tx: Transaction<OneTenant>) async throws -> Batch {
        let rows = try await tx.execute(
            """
            select id, id::text as place, contact_key, contact from shop.personal_data_request
            where tenant_id = \(tx.tenantUUID) and contact is not null
                and contact_key <> \(credentials.current) and id::text <> all(\(left))
            order by id limit \(Self.rows) for update
            """
        ).rows
        return try await seal(rows) { row in
            try again(
                row.decode("contact"), row.decode("contact_key"),
                PersonalDataRequests.place(row.id("id"), tx.tenant))
        } _: { row, sealed in
            let id: PersonalDataRequestID = try row.id("id")
            try await tx.execute(
                """
                update shop.personal_data_request
                set contact_key = \(credentials.current), contact = \(sealed)
                where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)
                """)
        }
    }

    private func documents(except left: [String], in tx: Transaction<OneTenant>) async throws -> Batch {
        let rows = try await tx.execute(
            """
            select request_id, request_id::text as place, key_id, sealed from shop.personal_data_document
            where tenant_id = \(tx.tenantUUID) and key_id <> \(credentials.current)
                and request_id::text <> all(\(left))
            order by request_id limit \(Self.documents) for update
            """
        ).rows
        return try await seal(rows) { row in
            try again(
                row.decode("sealed"), row.decode("key_id"),
                PersonalDataDocuments.place(row.id("request_id"), tx.tenant))
        } _: { row, sealed in
            let request: PersonalDataRequestID = try row.id("request_id")
            try await tx.execute(
                """
                update shop.personal_data_document
                set key_id = \(credentials.current), sealed = \(sealed)
                where tenant_id = \(tx.tenantUUID) and request_id = \(request.rawValue)
                """)
        }
    }

    private func answers(except left: [String], in tx: Transaction<OneTenant>) async throws -> Batch {
        let rows = try await tx.execute(
            """
            select principal, key, principal || ' ' || key as place, key_id, sealed from shop.api_answer
            where tenant_id = \(tx.tenantUUID) and key_id <> \(credentials.current)
                and principal || ' ' || key <> all(\(left))
            order by principal, key limit \(Self.rows) for update
            """
        ).rows
        return try await seal(rows) { row in
            try again(
                row.decode("sealed"), row.decode("key_id"),
                APIAnswers.subject(row.decode("principal"), row.decode("key"), tx.tenant))
        } _: { row, sealed in
            let (principal, key): (String, String) = (try row.decode("principal"), try row.decode("key"))
            try await tx.execute(
                """
                update shop.api_answer set key_id = \(credentials.current), sealed = \(sealed)
                where tenant_id = \(tx.tenantUUID) and principal = \(principal) and key = \(key)
                """)
        }
    }

    /// Second factors.
    private func admins(except left: [String], in tx: Transaction<EveryTenant>) async throws -> Batch {
        let rows = try await tx.execute(
            """
            select id, id::text as place, totp_key_id, totp_sealed from shop.admin
            where totp_key_id <> \(credentials.current) and id::text <> all(\(left))
            order by id limit \(Self.rows) for update
            """
        ).rows
        return try await seal(rows) { row in
            try again(row.decode("totp_sealed"), row.decode("totp_key_id"), Admins.subject(row.id("id")))
        } _: { row, sealed in
            let id: AdminID = try row.id("id")
            try await tx.execute(
                """
                update shop.admin set totp_key_id = \(credentials.current), totp_sealed = \(sealed)
                where id = \(id.rawValue)
                """)
        }
    }

    private func again(_ sealed: Data, _ key: String, _ subject: String) throws -> Data {
        try credentials.seal(credentials.open(sealed, keyID: key, for: subject), for: subject).sealed
    }
}
