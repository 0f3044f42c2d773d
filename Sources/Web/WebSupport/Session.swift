// A session is an unguessable id in a signed cookie; nothing about the visitor is stored in it. The
// signature lets us refuse ids that a client made up without asking the database. With TLS the cookie
// carries the `__Host-` prefix, so that no sibling host can plant one.

import Crypto
import Foundation

/// Whose browser this is, as far as one host knows.
package struct Session: Sendable, Equatable {
    package let id: UUID
    /// True when the visitor came without a valid cookie, so that one has to be set.
    package let isNew: Bool

    package init(id: UUID = UUID(), isNew: Bool = true) {
        self.id = id
        self.isNew = isNew
    }
}

/// Makes and checks everything that is signed for a browser: the session cookie and the form tokens.
package struct SessionSigner: Sendable {
    private let cookieKey: SymmetricKey
    private let formKey: SymmetricKey
    let previews: PreviewPass
    package let isSecure: Bool

    /// Half a year: a cart outlives a holiday.
    private static let lifetimeSeconds = 180 * 24 * 3600

    package init(secret: String, isSecure: Bool) {
        // One secret in the environment, one derived key for each use.
        let root = SymmetricKey(data: Data(secret.utf8))
        func derived(_ use: String) -> SymmetricKey {
            SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Data(use.utf8), using: root))
        }
        cookieKey = derived("cartflux session cookie v1")
        formKey = derived("cartflux form token v1")
        previews = PreviewPass(key: derived("cartflux preview pass v1"))
        self.isSecure = isSecure
    }

    private var cookieName: String { isSecure ? "__Host-cartflux" : "cartflux" }

    /// The session named by a `Cookie` header, or a new one when there is none or its signature is wrong.
    package func session(cookieHeader: String?) -> Session {
        for pair in (cookieHeader ?? "").split(separator: ";") {
            let halves = pair.split(separator: "=", maxSplits: 1)
            guard halves.count == 2, halves[0].trimmed == cookieName else { continue }
            let parts = halves[1].trimmed.split(separator: ".")
            guard parts.count == 2, let id = UUID(uuidString: String(parts[0])),
                isSignature(String(parts[1]), of: id.uuidString, with: cookieKey)
            else { continue }
            return Session(id: id, isNew: false)
        }
        return Session()
    }

    /// The `Set-Cookie` header that keeps this session.
    package func cookie(for session: Session) -> String {
        let value = "\(session.id.uuidString).\(signature(of: session.id.uuidString, with: cookieKey))"
        let secure = isSecure ? "; Secure" : ""
        return
            "\(cookieName)=\(value); Path=/; Max-Age=\(Self.lifetimeSeconds); HttpOnly; SameSite=Lax\(secure)"
    }

    /// A token for the forms of this session. Different on each page, so that compression cannot leak it.
    package func formToken(for session: Session) -> String {
        let nonce = UUID().uuidString
        return "\(nonce).\(signature(of: "\(session.id.uuidString)|\(nonce)", with: formKey))"
    }

    /// Compared in constant time.
    package func isFormToken(_ token: String, for session: Session) -> Bool {
        let parts = token.split(separator: ".")
        guard parts.count == 2, parts[0].utf8.count <= 64 else { return false }
        return isSignature(String(parts[1]), of: "\(session.id.uuidString)|\(parts[0])", with: formKey)
    }

    private func signature(of text: String, with key: SymmetricKey) -> String {
        HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: key)
            .map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    private func isSignature(_ hex: String, of text: String, with key: SymmetricKey) -> Bool {
        guard let code = Data(hexadecimal: hex) else { return false }
        return HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: Data(text.utf8), using: key)
    }
}

extension Data {
    fileprivate init?(hexadecimal text: String) {
        var bytes: [UInt8] = []
        var high: UInt8?
        for character in text {
            guard let value = character.hexDigitValue else { return nil }
            if let digit = high {
                bytes.append(digit << 4 | UInt8(value))
                high = nil
            } else {
                high = UInt8(value)
            }
        }
        guard high == nil else { return nil }
        self.init(bytes)
    }
}
