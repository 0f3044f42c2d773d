import Commerce
import Crypto
import Foundation
import Testing

@testable import WebSupport

/// Tokens written by hand, so that each can be wrong in one place.
struct HandmadeToken {
    static let now = Date(timeIntervalSince1970: 1_795_000_000)
    static let issuer = "https://project.example.test/auth/v1"
    static let secret = "a project's shared secret of enough characters"

    var header: [String: Any] = ["alg": "HS256", "typ": "JWT"]
    var claims: [String: Any]
    var secret = Self.secret

    init(_ user: UserID, at now: Date = Self.now, issuer: String = Self.issuer) {
        let seconds = Int(now.timeIntervalSince1970)
        claims = [
            "iss": issuer, "aud": "authenticated", "role": "authenticated", "sub": "\(user)",
            "iat": seconds - 10, "exp": seconds + 600,
        ]
    }

    var text: String {
        get throws {
            let head = Self.encode(try JSONSerialization.data(withJSONObject: header))
            let body = Self.encode(try JSONSerialization.data(withJSONObject: claims))
            let code = HMAC<SHA256>.authenticationCode(
                for: Data("\(head).\(body)".utf8), using: SymmetricKey(data: Data(secret.utf8)))
            return "\(head).\(body).\(Self.encode(Data(code)))"
        }
    }

    static func encode(_ data: Data) -> String {
        data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
            .replacing("=", with: "")
    }
}

@Suite("Tokens of the API") struct AccessTokenTests {
    private let user = UserID()

    private var tokens: AccessTokens {
        AccessTokens(.init(issuer: HandmadeToken.issuer, keys: .secret(HandmadeToken.secret)))
    }

    private func isRefused(_ change: (inout HandmadeToken) -> Void) async throws -> Bool {
        var token = HandmadeToken(user)
        change(&token)
        do {
            _ = try await tokens.user(of: try token.text, at: HandmadeToken.now)
            return false
        } catch let problem as WebProblem {
            return problem.name == .notSignedIn
        }
    }

    @Test("a sound token says whose it is, for one audience or several")
    func sound() async throws {
        var several = HandmadeToken(user)
        several.claims["aud"] = ["other", "authenticated"]

        #expect(try await tokens.user(of: HandmadeToken(user).text, at: HandmadeToken.now) == user)
        #expect(try await tokens.user(of: several.text, at: HandmadeToken.now) == user)
    }

    @Test("a token that is wrong in any claim is refused")
    func claims() async throws {
        let seconds = Int(HandmadeToken.now.timeIntervalSince1970)
        let wrong: [(String, Any?)] = [
            ("iss", "https://other.example.test/auth/v1"), ("iss", nil), ("aud", "anon"), ("aud", nil),
            ("role", "service_role"), ("role", nil), ("sub", "nobody"), ("sub", nil),
            ("exp", seconds - 61), ("exp", nil), ("exp", "\(seconds + 600)"), ("nbf", seconds + 120),
            ("iat", seconds + 120),
        ]
        for (name, value) in wrong {
            #expect(try await isRefused { $0.claims[name] = value }, "\(name): \(value as Any)")
        }
        // Clocks may differ by a minute.
        #expect(try await !isRefused { $0.claims["exp"] = seconds - 59 })
    }

    @Test("a token that chooses its own key or algorithm is refused")
    func headers() async throws {
        let wrong: [(String, Any?)] = [
            ("alg", "none"), ("alg", "HS512"), ("alg", "RS256"), ("alg", nil), ("crit", ["exp"]),
            ("jku", "https://keys.example.test"), ("jwk", ["kty": "oct"]), ("x5u", "https://x.example.test"),
        ]
        for (name, value) in wrong {
            #expect(try await isRefused { $0.header[name] = value }, "\(name): \(value as Any)")
        }
        #expect(try await isRefused { $0.secret = "another secret" })
    }

    @Test(
        "what is no token is refused",
        arguments: [
            "", ".", "..", "a.b.c", "eyJhbGciOiJIUzI1NiJ9.e30.", String(repeating: "a", count: 9_000),
            "eyJhbGciOiJIUzI1NiIsImFsZyI6Im5vbmUifQ.e30.AAAA",
        ])
    func nonsense(text: String) async throws {
        await #expect(throws: WebProblem.self) {
            try await tokens.user(of: text, at: HandmadeToken.now)
        }
    }

    @Test("a signature whose last letter says the same in other bits is refused")
    func strayBits() async throws {
        let sound = try HandmadeToken(user).text
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        let last = try #require(sound.last)
        let place = try #require(letters.firstIndex(of: last))
        // 32 bytes leave two bits of the last letter unused.
        let twin = String(sound.dropLast()) + String(letters[place ^ 1])

        await #expect(throws: WebProblem.self) {
            try await tokens.user(of: twin, at: HandmadeToken.now)
        }
    }
}
