internal import Commerce
internal import Crypto
internal import Foundation
internal import Postgres

// A store's secrets with its vendors (SmartBill token, own suppliers) are sealed with AES-GCM. Tenant and
// kind are authenticated with the ciphertext, so a row copied to another store or another vendor does not
// open. The key id is kept beside the row, so that keys can be rotated one row at a time: write with the
// newest, read with any that is known (`CredentialRotation`).
//
// Codes are another matter: persons, links in letters and recovery codes are known by what a key makes of
// them, and nothing is there that could be made anew. So they have a key of their own which stays; it opens
// nothing that is sealed under a later one.

package struct Credentials: Sendable {
    /// The name of the key that seals.
    package let current: String
    private let keys: [String: SymmetricKey]
    private let codeKey: SymmetricKey

    /// What a key is called that was given without a name.
    private static let onlyName = "k1"

    /// Reads one key, or `name:base64` pairs with commas between them, the newest first. Each key is 32
    /// bytes. Of several it cannot be told which one made the codes, so that is given too.
    package init(_ text: String, codes: String? = nil) throws {
        var pairs: [(name: String, key: SymmetricKey)] = []
        if text.contains(":") {
            for part in text.split(separator: ",") {
                let pair = part.split(separator: ":", maxSplits: 1).map {
                    $0.trimmingCharacters(in: .whitespaces)
                }
                guard pair.count == 2, Self.isName(pair[0]) else { throw CredentialsKeyError.form }
                guard !pairs.contains(where: { $0.name == pair[0] }) else {
                    throw CredentialsKeyError.twice(pair[0])
                }
                pairs.append((pair[0], try Self.key(pair[1])))
            }
            guard codes != nil else { throw CredentialsKeyError.codesMissing }
        } else {
            pairs = [(Self.onlyName, try Self.key(text))]
        }
        guard let newest = pairs.first else { throw CredentialsKeyError.form }
        current = newest.name
        keys = Dictionary(pairs.map { ($0.name, $0.key) }) { first, _ in first }
        codeKey = try codes.map { try Self.key($0, else: .codesLength) } ?? newest.key
    }

    /// The names of those keys under which something is sealed and which are not known here.
    package func unknown(among names: some Sequence<String>) -> [String] {
        names.filter { keys[$0] == nil }
    }

    private static func isName(_ text: String) -> Bool {
        (1...40).contains(text.count)
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
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

    /// A code over `text` that only a holder of the key can make: for secrets that are derived and never
    /// stored.
    func code(over text: String) -> Data {
        Data(HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: codeKey))
    }

    /// Seals something that belongs to no store, such as an administrator's second factor.
    func seal(_ secret: Data, for subject: String) throws -> (keyID: String, sealed: Data) {
        (current, try seal(secret, bound: Data(subject.utf8), UnreadableCredential.Name(subject)))
    }

    func open(_ sealed: Data, keyID: String, for subject: String) throws -> Data {
        try open(sealed, keyID, bound: Data(subject.utf8), UnreadableCredential.Name(subject))
    }

    func seal(_ secret: String, kind: String, tenant: TenantID) throws -> Data {
        try seal(
            Data(secret.utf8), bound: Self.binding(kind, tenant), UnreadableCredential.Name(kind, of: tenant))
    }

    func open(_ sealed: Data, keyID: String, kind: String, tenant: TenantID) throws -> String {
        let plain = try open(
            sealed, keyID, bound: Self.binding(kind, tenant), UnreadableCredential.Name(kind, of: tenant))
        return String(decoding: plain, as: UTF8.self)
    }

    private func seal(_ secret: Data, bound: Data, _ name: UnreadableCredential.Name) throws -> Data {
        guard let key = keys[current] else {
            throw StoreError.credentialUnreadable(UnreadableCredential(name, .keyUnknown(current)))
        }
        guard let combined = try AES.GCM.seal(secret, using: key, authenticating: bound).combined else {
            preconditionFailure("a sealed box with a nonce of the usual size can be written as one")
        }
        return combined
    }

    private func open(
        _ sealed: Data, _ keyID: String, bound: Data, _ name: UnreadableCredential.Name
    ) throws -> Data {
        guard let key = keys[keyID] else {
            throw StoreError.credentialUnreadable(UnreadableCredential(name, .keyUnknown(keyID)))
        }
        do {
            let box = try AES.GCM.SealedBox(combined: sealed)
            return try AES.GCM.open(box, using: key, authenticating: bound)
        } catch is CryptoKitError {
            throw StoreError.credentialUnreadable(UnreadableCredential(name, .doesNotOpen(keyID)))
        }
    }

    private static func binding(_ kind: String, _ tenant: TenantID) -> Data {
        Data("\(tenant)/\(kind)".utf8)
    }

    private static func key(
        _ base64: String, else problem: CredentialsKeyError = .length
    ) throws -> SymmetricKey {
        guard let bytes = Data(base64Encoded: base64), bytes.count == 32 else { throw problem }
        return SymmetricKey(data: bytes)
    }
}

/// Why the keys could not be taken. Never holds a key.
package enum CredentialsKeyError: Error, Equatable, CustomStringConvertible {
    case form
    case length
    case codesLength
    case twice(String)
    case codesMissing
    /// Something is sealed under keys of these names.
    case missing([String])

    package var description: String {
        switch self {
        case .form: "must be one key, or name:base64 with commas between keys, the newest first"
        case .length: "must be 32 bytes in base64; make one with `openssl rand -base64 32`"
        case .codesLength:
            "is right, but CREDENTIALS_CODES_KEY must be 32 bytes in base64 too: the key that was here "
                + "before there were several"
        case .twice(let name): "names key \(name) twice"
        case .codesMissing:
            "names its keys, so CREDENTIALS_CODES_KEY must say which key makes codes: the one that was here "
                + "before there were several"
        case .missing(let names):
            "lacks a key under which rows are still sealed: \(names.joined(separator: ", ")). Put it back "
                + "behind the newest one, and take it out when `cartflux credentials rotate` has nothing left"
        }
    }
}
