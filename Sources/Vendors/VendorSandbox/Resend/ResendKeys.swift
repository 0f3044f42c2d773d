import Crypto
import Foundation

// Idempotency as Resend does it: a key holds the payload and its answer for a day. The same payload gets the
// old answer, another one is refused, and while the first is running everybody waits outside.

/// The idempotency keys in use.
struct ResendKeys: Sendable {
    private static let lifetime: TimeInterval = 86_400

    private struct Entry {
        let payload: SHA256.Digest
        let at: Date
        var answer: JSON?
    }

    enum Verdict {
        case run
        case replay(JSON)
        case refuse(ResendProblem)
    }

    private var entries: [String: Entry] = [:]

    /// Takes a key for a payload, or says what else to do.
    mutating func begin(_ key: String, payload: [UInt8], now: Date) -> Verdict {
        let digest = SHA256.hash(data: payload)
        guard let entry = entries[key], now < entry.at.addingTimeInterval(Self.lifetime) else {
            entries[key] = Entry(payload: digest, at: now)
            return .run
        }
        guard entry.payload == digest else {
            return .refuse(
                ResendProblem(
                    409, "invalid_idempotent_request",
                    "This idempotency key was used with a different payload."))
        }
        guard let answer = entry.answer else {
            return .refuse(
                ResendProblem(
                    409, "concurrent_idempotent_requests",
                    "The same idempotency key is being used by a request in progress."))
        }
        return .replay(answer)
    }

    mutating func finish(_ key: String, _ answer: JSON) { entries[key]?.answer = answer }

    /// A refused request leaves its key free.
    mutating func release(_ key: String) { entries[key] = nil }
}

/// `svix-signature`: HMAC-SHA256 over id, time and body with the decoded secret.
package enum ResendSignature {
    /// A new secret as an endpoint gets it.
    static func newSecret() -> String {
        "whsec_" + Data((0..<32).map { _ in UInt8.random(in: 0...255) }).base64EncodedString()
    }

    /// The header's value.
    package static func value(id: String, seconds: Int64, body: [UInt8], secret: String) -> String {
        let key = Data(base64Encoded: String(secret.dropFirst("whsec_".count))) ?? Data()
        let code = HMAC<SHA256>.authenticationCode(
            for: Array("\(id).\(seconds).".utf8) + body, using: SymmetricKey(data: key))
        return "v1," + Data(code).base64EncodedString()
    }
}
