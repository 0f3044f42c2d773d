internal import Commerce
package import Foundation
internal import Postgres

// What requests with a key of their own were answered. The caller takes the key first, then works, then
// records the answer, all in one transaction: a crash in between leaves neither the work nor the answer, and
// the request may be sent again.
//
// Of two requests with one key at once the second is told so instead of being kept waiting. A row that says
// "in work" was rejected: it would outlive a process that died, and somebody would have to judge when it is
// stale. The lock of a transaction ends with its connection.

package struct APIAnswers: Sendable {
    /// How long a key is remembered.
    package static let lifetime: TimeInterval = 24 * 3_600

    private let credentials: Credentials

    package init(_ credentials: Credentials) {
        self.credentials = credentials
    }

    /// A request as its sender named it.
    package struct Request: Sendable {
        package let principal: String
        package let key: String
        /// SHA-256 of what was asked for.
        package let fingerprint: Data

        package init(principal: String, key: String, fingerprint: Data) {
            self.principal = principal
            self.key = key
            self.fingerprint = fingerprint
        }
    }

    package struct Answer: Sendable, Equatable {
        package let status: Int
        package let location: String?
        package let body: [UInt8]

        package init(status: Int, location: String?, body: [UInt8]) {
            self.status = status
            self.location = location
            self.body = body
        }
    }

    package enum Turn: Sendable, Equatable {
        /// Nobody else is at it until this transaction ends.
        case fresh
        case answered(Answer)
        case inFlight
        /// The key came with another request before.
        case reused
    }

    /// Takes the key for the rest of the transaction, or says why not.
    package func take(
        _ request: Request, at now: Date, in tx: Transaction<OneTenant>
    ) async throws -> Turn {
        let name = "\(tx.tenant)/\(request.principal)/\(request.key)"
        // Two statements: the second must see what was committed before the lock was free.
        let results = try await tx.pipeline([
            "select pg_try_advisory_xact_lock(hashtextextended(\(name), 33)) as is_mine",
            """
            select fingerprint, status, location, key_id, sealed from shop.api_answer
            where tenant_id = \(tx.tenantUUID) and principal = \(request.principal)
                and key = \(request.key) and expires_at > \(now)
            """,
        ])
        guard try results[0].rows.first?.decode("is_mine", as: Bool.self) == true else { return .inFlight }
        guard let row = results[1].rows.first else { return .fresh }
        guard try row.decode("fingerprint", as: Data.self) == request.fingerprint else { return .reused }
        let body = try credentials.open(
            row.decode("sealed", as: Data.self), keyID: row.decode("key_id", as: String.self),
            for: Self.subject(request, tx.tenant))
        return .answered(
            Answer(status: try row.int("status"), location: try row.decode("location"), body: [UInt8](body)))
    }

    /// Keeps the answer under the key that was taken in this transaction.
    package func record(
        _ answer: Answer, to request: Request, at now: Date, in tx: Transaction<OneTenant>
    ) async throws {
        let (keyID, sealed) = try credentials.seal(
            Data(answer.body), for: Self.subject(request, tx.tenant))
        try await tx.execute(
            """
            insert into shop.api_answer (tenant_id, principal, key, fingerprint, status, location, key_id,
                sealed, answered_at, expires_at)
            values (\(tx.tenantUUID), \(request.principal), \(request.key), \(request.fingerprint),
                \(Int16(clamping: answer.status)), \(answer.location), \(keyID), \(sealed), \(now),
                \(now.addingTimeInterval(Self.lifetime)))
            on conflict (tenant_id, principal, key) do update set fingerprint = excluded.fingerprint,
                status = excluded.status, location = excluded.location, key_id = excluded.key_id,
                sealed = excluded.sealed, answered_at = excluded.answered_at,
                expires_at = excluded.expires_at
            """)
    }

    private static func subject(_ request: Request, _ tenant: TenantID) -> String {
        subject(request.principal, request.key, tenant)
    }

    static func subject(_ principal: String, _ key: String, _ tenant: TenantID) -> String {
        "api answer/\(tenant)/\(principal)/\(key)"
    }

    /// Forgets what has expired by `now`, in all stores. Returns how many answers went.
    package static func forget(
        at now: Date, limit: Int = 5_000, in tx: Transaction<EveryTenant>
    ) async throws -> Int {
        try await tx.first(
            "select shop.forget_api_answers(\(now), \(Int32(clamping: limit))) as gone"
        )?.int("gone") ?? 0
    }
}
