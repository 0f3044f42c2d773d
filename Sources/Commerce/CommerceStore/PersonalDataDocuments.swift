package import Commerce
package import Foundation
internal import Postgres

// The copies that people asked for. A copy is sealed like a credential, because it is everything about a
// person in one place, and goes by itself when it expires.

package struct PersonalDataDocuments: Sendable {
    /// How long a copy can be fetched.
    package static let daysKept = 7
    package static let lifetime: Duration = .seconds(Int64(daysKept) * 86_400)

    private let credentials: Credentials

    package init(_ credentials: Credentials) {
        self.credentials = credentials
    }

    /// Keeps a copy. Returns the id whose `LetterTokens.mark(of:)` is its link; once kept it stays as it is.
    package func keep(
        _ document: String, for request: PersonalDataRequestID, at now: Date,
        in room: Transaction<OneTenant>
    ) async throws -> (link: UUID, expiresAt: Date) {
        let link = UUID()
        let expiry = now.addingTimeInterval(Self.lifetime.timeInterval)
        let sealed = try credentials.seal(Data(document.utf8), for: Self.place(request, room.tenant))
        try await room.execute(
            """
            insert into shop.personal_data_document (tenant_id, request_id, link_id, link_hash, sealed,
                key_id, made_at, expires_at)
            values (\(room.tenantUUID), \(request.rawValue), \(link),
                \(try LetterTokens(credentials).token(of: link).hash), \(sealed.sealed), \(sealed.keyID),
                \(now), \(expiry))
            on conflict (tenant_id, request_id) do nothing
            """)
        let found = try await room.first(
            """
            select link_id, expires_at from shop.personal_data_document
            where tenant_id = \(room.tenantUUID) and request_id = \(request.rawValue)
            """)
        guard let row = found else { throw StoreError.notFound(.personalDataRequest, "\(request)") }
        return (try row.decode("link_id"), try row.decode("expires_at"))
    }

    /// The copy that a link in a letter leads to, while it lasts.
    package func find(
        _ token: SecretToken, at now: Date, in room: Transaction<OneTenant>
    ) async throws -> String? {
        try await open("link_hash = \(token.hash)", now, room)
    }

    package func find(
        _ request: PersonalDataRequestID, at now: Date, in room: Transaction<OneTenant>
    ) async throws -> String? {
        try await open("request_id = \(request.rawValue)", now, room)
    }

    package func remove(_ request: PersonalDataRequestID, in room: Transaction<OneTenant>) async throws {
        try await room.execute(
            """
            delete from shop.personal_data_document
            where tenant_id = \(room.tenantUUID) and request_id = \(request.rawValue)
            """)
    }

    private func open(_ condition: Query, _ now: Date, _ room: Transaction<OneTenant>) async throws -> String?
    {
        let found = try await room.first(
            "select request_id, sealed, key_id from shop.personal_data_document where tenant_id = "
                + "\(room.tenantUUID) and expires_at > \(now) and " + condition)
        guard let row = found else { return nil }
        let plain = try credentials.open(
            row.decode("sealed"), keyID: row.decode("key_id"),
            for: Self.place(row.id("request_id"), room.tenant))
        return String(decoding: plain, as: UTF8.self)
    }

    static func place(_ request: PersonalDataRequestID, _ tenant: TenantID) -> String {
        "personal data copy \(tenant) \(request)"
    }
}
