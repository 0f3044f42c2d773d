internal import Commerce
internal import Crypto
internal import Foundation
internal import Postgres

// A store's secrets with its vendors (SmartBill token, own suppliers) are sealed with AES-GCM. Tenant and
// kind are authenticated with the ciphertext, so a row copied to another store or another vendor does not
// open. The key id is kept beside the row, so that keys can be rotated one row at a time: write with the
// newest, read with any that is known.

package struct Credentials: Sendable {
    private let current: String
    private let keys: [String: SymmetricKey]

    /// Throws when `CREDENTIALS_KEY` is not the base64 of 32 bytes.
    package init(base64Key: String, id: String = "k1", retired: [String: String] = [:]) throws {
        var keys = [id: try Self.key(base64Key)]
        for (id, key) in retired { keys[id] = try Self.key(key) }
        self.keys = keys
        current = id
    }

    /// Stores the secret, replacing an older one of the same kind.
    package func save(_ secret: String, kind: String, in tx: Transaction<OneTenant>) async throws {
        let sealed = try seal(secret, kind: kind, tenant: tx.tenant)
        try await tx.execute(
            """
            insert into shop.vendor_credential (tenant_id, id, kind, key_id, sealed)
            values (\(tx.tenantUUID), \(UUID()), \(kind), \(current), \(sealed))
            on conflict (tenant_id, kind) do update set key_id = excluded.key_id, sealed = excluded.sealed
            """)
    }

    package func load(kind: String, in tx: Transaction<OneTenant>) async throws -> String? {
        let found = try await tx.first(
            """
            select key_id, sealed from shop.vendor_credential
            where tenant_id = \(tx.tenantUUID) and kind = \(kind)
            """)
        guard let row = found else { return nil }
        return try open(
            row.decode("sealed", as: Data.self), keyID: row.decode("key_id", as: String.self), kind: kind,
            tenant: tx.tenant)
    }

    package func remove(kind: String, in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            "delete from shop.vendor_credential where tenant_id = \(tx.tenantUUID) and kind = \(kind)")
    }

    /// A code over `text` that only a holder of the current key can make: for secrets that are derived and
    /// never stored.
    func code(over text: String) throws -> Data {
        guard let key = keys[current] else { throw StoreError.credentialUnreadable(kind: "code") }
        return Data(HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: key))
    }

    /// The code by every key that is known: for secrets that are compared with what was made long ago.
    func codes(over text: String) -> [Data] {
        keys.values.map { Data(HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: $0)) }
    }

    /// Seals something that belongs to no store, such as an administrator's second factor.
    func seal(_ secret: Data, for subject: String) throws -> (keyID: String, sealed: Data) {
        guard let key = keys[current],
            let combined = try AES.GCM.seal(secret, using: key, authenticating: Data(subject.utf8)).combined
        else { throw StoreError.credentialUnreadable(kind: subject) }
        return (current, combined)
    }

    func open(_ sealed: Data, keyID: String, for subject: String) throws -> Data {
        guard let key = keys[keyID] else { throw StoreError.credentialUnreadable(kind: subject) }
        do {
            let box = try AES.GCM.SealedBox(combined: sealed)
            return try AES.GCM.open(box, using: key, authenticating: Data(subject.utf8))
        } catch is CryptoKitError {
            throw StoreError.credentialUnreadable(kind: subject)
        }
    }

    func seal(_ secret: String, kind: String, tenant: TenantID) throws -> Data {
        guard let key = keys[current] else { throw StoreError.credentialUnreadable(kind: kind) }
        let box = try AES.GCM.seal(Data(secret.utf8), using: key, authenticating: Self.binding(kind, tenant))
        guard let combined = box.combined else { throw StoreError.credentialUnreadable(kind: kind) }
        return combined
    }

    func open(_ sealed: Data, keyID: String, kind: String, tenant: TenantID) throws -> String {
        guard let key = keys[keyID] else { throw StoreError.credentialUnreadable(kind: kind) }
        do {
            let box = try AES.GCM.SealedBox(combined: sealed)
            let plain = try AES.GCM.open(box, using: key, authenticating: Self.binding(kind, tenant))
            return String(decoding: plain, as: UTF8.self)
        } catch is CryptoKitError {
            throw StoreError.credentialUnreadable(kind: kind)
        }
    }

    private static func binding(_ kind: String, _ tenant: TenantID) -> Data {
        Data("\(tenant)/\(kind)".utf8)
    }

    private static func key(_ base64: String) throws -> SymmetricKey {
        guard let bytes = Data(base64Encoded: base64), bytes.count == 32 else {
            throw CredentialsKeyError()
        }
        return SymmetricKey(data: bytes)
    }
}

package struct CredentialsKeyError: Error, CustomStringConvertible {
    package var description: String {
        "CREDENTIALS_KEY must be 32 bytes in base64; make one with `openssl rand -base64 32`"
    }
}
