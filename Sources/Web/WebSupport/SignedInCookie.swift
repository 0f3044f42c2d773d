// The cookie that says who is signed in: nothing but a long random token, whose hash stands in the database.
// It is apart from the anonymous session's cookie, so that signing in hands out a new one. With TLS it
// carries the `__Host-` prefix, so that no sibling host can plant one.

import CommerceStore
import Foundation

package struct SignedInCookie: Sendable {
    private let plainName: String

    /// - Parameter name: what tells a face's cookie from another's, such as `merchant`.
    package init(_ name: String) {
        plainName = "cartflux-\(name)"
    }

    package func token(of request: WebRequest) -> SecretToken? {
        let name = name(isSecure: request.isSecure)
        for pair in (request.headers["cookie"] ?? "").split(separator: ";") {
            let halves = pair.split(separator: "=", maxSplits: 1)
            guard halves.count == 2, halves[0].trimmed == name else { continue }
            return SecretToken(presented: halves[1].trimmed)
        }
        return nil
    }

    package func set(_ token: SecretToken, for lifetime: TimeInterval, on request: WebRequest) -> String {
        line(token.text, maxAge: Int(lifetime), isSecure: request.isSecure)
    }

    package func cleared(on request: WebRequest) -> String {
        line("", maxAge: 0, isSecure: request.isSecure)
    }

    /// What a browser sends back for the token, for programs that stand in for one.
    package func pair(_ token: SecretToken, isSecure: Bool) -> String {
        "\(name(isSecure: isSecure))=\(token.text)"
    }

    private func name(isSecure: Bool) -> String { isSecure ? "__Host-\(plainName)" : plainName }

    private func line(_ value: String, maxAge: Int, isSecure: Bool) -> String {
        "\(name(isSecure: isSecure))=\(value); Path=/; Max-Age=\(maxAge); HttpOnly; SameSite=Lax"
            + (isSecure ? "; Secure" : "")
    }
}
