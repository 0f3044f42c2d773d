internal import Crypto
package import Foundation

// What a browser, a letter or a program shows to prove itself. The database keeps its SHA-256 alone: a token
// is long and random, so a plain hash cannot be guessed back, and a stolen table opens nothing.

package struct SecretToken: Sendable, Equatable {
    /// As it travels: letters, digits, `-` and `_`.
    package let text: String

    /// 256 bits of chance.
    package init(prefix: String = "") {
        text = prefix + Passwords.random(32).base64URL
    }

    /// What somebody presented. Nil for what can be none: too short to be chance, or absurdly long.
    package init?(presented text: String) {
        guard (32...128).contains(text.utf8.count),
            text.utf8.allSatisfy({ byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || byte == 0x2D || byte == 0x5F
            })
        else { return nil }
        self.text = text
    }

    fileprivate init(trusted text: String) { self.text = text }

    package var hash: Data { Data(SHA256.hash(data: Data(text.utf8))) }
}

/// Tokens in letters are derived from the row they stand for and never stored: the letter waits in the
/// database with a mark in its place, and only the worker that sends it puts the token in. The same row gives
/// the same token, so a letter that is sent again says the same.
package struct LetterTokens: Sendable {
    private let credentials: Credentials

    package init(_ credentials: Credentials) {
        self.credentials = credentials
    }

    package func token(of id: UUID) throws -> SecretToken {
        SecretToken(
            trusted: credentials.code(over: "letter token \(id.uuidString.lowercased())").base64URL)
    }

    /// What stands in a letter until it is sent.
    package static func mark(of id: UUID) -> String { opening + id.uuidString.lowercased() + closing }

    /// The letter with its tokens.
    package func revealing(_ letter: String) throws -> String {
        var rest = letter[...]
        var whole = ""
        while let start = rest.firstRange(of: Self.opening) {
            whole += rest[..<start.lowerBound]
            rest = rest[start.upperBound...]
            guard let end = rest.firstRange(of: Self.closing),
                let id = UUID(uuidString: String(rest[..<end.lowerBound]))
            else { continue }
            whole += try token(of: id).text
            rest = rest[end.upperBound...]
        }
        return whole + rest
    }

    private static let opening = "cartflux-token("
    private static let closing = ")"
}

extension Data {
    /// Base64 for addresses, without padding.
    var base64URL: String {
        base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
