// Tokens of the API, as a Supabase project issues them. Which algorithm a key is for is decided by the key
// and never by the token: with a shared secret only HS256 passes, with published keys only what each of them
// is made for. Everything is read by our own strict reader first (one value per name, exact base64, a bound
// on the size); the library sees a token only to check its signature. Nothing that the user may edit is read.

import Commerce
import Crypto
import Foundation
import JWTKit

package actor AccessTokens {
    package struct Settings: Sendable {
        /// `https://<project>.supabase.co/auth/v1`
        package var issuer: String
        package var audience: String
        package var keys: Keys

        package init(issuer: String, audience: String = "authenticated", keys: Keys) {
            self.issuer = issuer
            self.audience = audience
            self.keys = keys
        }
    }

    package enum Keys: Sendable {
        /// A project's shared secret: HS256.
        case secret(String)
        /// A project's published keys; they are fetched when needed and again when an unknown one is named.
        case published(fetch: @Sendable () async throws -> [UInt8])
    }

    private static let sizeLimit = 8_192
    /// By how much clocks may differ.
    private static let tolerance: TimeInterval = 60
    private static let keyLifetime: TimeInterval = 600
    /// Tokens with made-up key ids must not make us ask all the time.
    private static let fetchPause: TimeInterval = 30

    private let settings: Settings
    private var known: [String: PublishedKey] = [:]
    private var fetchedAt = Date.distantPast
    private var askedAt = Date.distantPast

    package init(_ settings: Settings) {
        self.settings = settings
    }

    /// Whose token it is. Throws `.notSignedIn` for every token that does not hold, without saying why.
    package func user(of token: String, at now: Date) async throws -> UserID {
        guard token.utf8.count <= Self.sizeLimit else { throw Self.refusal }
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Self.object(parts[0]), let claims = Self.object(parts[1]),
            let signature = Self.bytes(parts[2])
        else { throw Self.refusal }
        guard
            try await isSigned(
                token, header, Data(parts[0].utf8) + [0x2E] + Data(parts[1].utf8), signature, now)
        else { throw Self.refusal }
        return try subject(of: claims, at: now)
    }

    // MARK: - Signatures

    private func isSigned(
        _ token: String, _ header: [String: JSONValue], _ signed: Data, _ signature: Data, _ now: Date
    ) async throws -> Bool {
        // A token that names its own key, or asks for an extension, is none of ours.
        guard header["crit"] == nil, header["jku"] == nil, header["jwk"] == nil, header["x5u"] == nil,
            case .string(let algorithm)? = header["alg"]
        else { return false }
        switch settings.keys {
        case .secret(let secret):
            guard algorithm == "HS256" else { return false }
            return HMAC<SHA256>.isValidAuthenticationCode(
                signature, authenticating: signed, using: SymmetricKey(data: Data(secret.utf8)))
        case .published(let fetch):
            guard case .string(let name)? = header["kid"],
                let key = try await key(named: name, fetch, at: now), key.algorithm == algorithm
            else { return false }
            do {
                _ = try await key.keys.verify(token, as: Unread.self)
                return true
            } catch {
                // Why it does not fit is of use to nobody but an attacker.
                return false
            }
        }
    }

    private func key(
        named name: String, _ fetch: @Sendable () async throws -> [UInt8], at now: Date
    ) async throws -> PublishedKey? {
        let isFresh = now.timeIntervalSince(fetchedAt) < Self.keyLifetime
        if isFresh, let key = known[name] { return key }
        guard
            now.timeIntervalSince(askedAt) >= Self.fetchPause || (!isFresh && known.isEmpty && askedAt != now)
        else { return isFresh ? nil : known[name] }
        askedAt = now
        do {
            known = try await PublishedKey.all(in: try await fetch())
            fetchedAt = now
        } catch {
            // The old keys go on until the new ones can be read; with none, the caller is told to come back.
            guard !known.isEmpty else { throw WebProblem(.unavailable, headers: ["Retry-After": "5"]) }
        }
        return known[name]
    }

    // MARK: - Claims

    private func subject(of claims: [String: JSONValue], at now: Date) throws -> UserID {
        guard case .string(settings.issuer)? = claims["iss"], hasAudience(claims["aud"]),
            case .string("authenticated")? = claims["role"],
            let expiry = Self.instant(claims["exp"]), expiry > now.addingTimeInterval(-Self.tolerance),
            case .string(let subject)? = claims["sub"], let user = try? UserID(parsing: subject)
        else { throw Self.refusal }
        for name in ["nbf", "iat"] where claims[name] != nil {
            guard let instant = Self.instant(claims[name]), instant < now.addingTimeInterval(Self.tolerance)
            else { throw Self.refusal }
        }
        return user
    }

    private func hasAudience(_ claim: JSONValue?) -> Bool {
        switch claim {
        case .string(let one)?: one == settings.audience
        case .array(let several)?: several.contains(.string(settings.audience))
        default: false
        }
    }

    private static func instant(_ claim: JSONValue?) -> Date? {
        guard case .number(let digits)? = claim, let seconds = Int64(digits), seconds >= 0 else { return nil }
        return Date(timeIntervalSince1970: TimeInterval(seconds))
    }

    private static let refusal = WebProblem(.notSignedIn, headers: ["WWW-Authenticate": "Bearer"])

    private static func object(_ part: Substring) -> [String: JSONValue]? {
        // The reader refuses what is no JSON and names that stand twice; here all of that is one answer.
        guard let bytes = bytes(part), let value = try? JSONValue(parsing: [UInt8](bytes)),
            case .object(let fields) = value
        else { return nil }
        return Dictionary(fields.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    /// Exact base64url: no padding, no other alphabet, no stray bits.
    static func bytes(_ part: Substring) -> Data? {
        let padded =
            String(part).replacing("-", with: "+").replacing("_", with: "/")
            + String(repeating: "=", count: (4 - part.utf8.count % 4) % 4)
        guard !part.contains(where: { "+/=".contains($0) }), let data = Data(base64Encoded: padded),
            data.base64EncodedString() == padded
        else { return nil }
        return data
    }

    /// The library decodes a payload; ours was read already.
    private struct Unread: JWTPayload {
        func verify(using algorithm: some JWTAlgorithm) {}
    }
}

/// One key of a project, with the one algorithm that it is for.
private struct PublishedKey: Sendable {
    let algorithm: String
    let keys: JWTKeyCollection

    static func all(in document: [UInt8]) async throws -> [String: PublishedKey] {
        var found: [String: PublishedKey] = [:]
        for key in try JSONDecoder().decode(JWKS.self, from: Data(document)).keys.prefix(20) {
            guard let name = key.keyIdentifier, let algorithm = algorithm(of: key) else { continue }
            let keys = JWTKeyCollection()
            _ = try await keys.add(jwk: key)
            found[name.string] = PublishedKey(algorithm: algorithm, keys: keys)
        }
        return found
    }

    private static func algorithm(of key: JWK) -> String? {
        let fitting: String
        switch key.keyType {
        case .ecdsa: fitting = "ES256"
        case .rsa: fitting = "RS256"
        case .octetKeyPair: fitting = "EdDSA"
        default: return nil
        }
        guard let said = key.algorithm?.rawValue else { return fitting }
        return said == fitting ? fitting : nil
    }
}
