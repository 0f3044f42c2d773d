import Crypto
import Foundation
import Synchronization

// `Stripe-Signature`: HMAC-SHA256 over "<t>.<body>" with the whole secret, prefix included, as the key.
// While a secret is being rolled there is one `v1` per secret.

/// Makes the signature header of a webhook.
package enum StripeSignature {
    /// The header's name.
    package static let header = "Stripe-Signature"

    /// The header's value for a body, signed with each secret at one moment.
    package static func value(body: [UInt8], secrets: [String], at seconds: Int64) -> String {
        let signatures = secrets.map { "v1=\(signature(body: body, secret: $0, at: seconds))" }
        return (["t=\(seconds)"] + signatures).joined(separator: ",")
    }

    /// One signature in hexadecimal.
    package static func signature(body: [UInt8], secret: String, at seconds: Int64) -> String {
        let signed = Array("\(seconds).".utf8) + body
        let code = HMAC<SHA256>.authenticationCode(
            for: signed, using: SymmetricKey(data: Data(secret.utf8)))
        return code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

/// The secrets of one endpoint. Shared with deliveries under way, so that a roll counts for their retries.
final class WebhookSecrets: Sendable {
    private struct Secret {
        let text: String
        var expires: Date?
    }

    private let secrets: Mutex<[Secret]>

    init(_ secret: String) { secrets = Mutex([Secret(text: secret)]) }

    /// The secrets that sign at a moment, the newest first.
    func active(at moment: Date) -> [String] {
        secrets.withLock { secrets in
            secrets.filter { $0.expires.map { $0 > moment } ?? true }.map(\.text)
        }
    }

    /// Makes a new secret the first; the old ones sign until they expire.
    func roll(to secret: String, oldExpire expiry: Date) {
        secrets.withLock { secrets in
            for position in secrets.indices where secrets[position].expires == nil {
                secrets[position].expires = expiry
            }
            secrets.insert(Secret(text: secret), at: 0)
        }
    }
}
