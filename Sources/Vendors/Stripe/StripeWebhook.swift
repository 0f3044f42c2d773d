// Proof that a webhook came from Stripe. The signature covers the raw bytes, so nothing may parse, trim
// or re-encode the body before this. Facts: items in any order; one `v1` per active secret while a secret
// is rolled; `v0` is a decoy; the whole secret, prefix included, is the key. Stripe's own client accepts
// times in the future; here they are bounded too, because a signature should not be good for longer than
// the tolerance in either direction.

import Crypto
import FoundationEssentials
import VendorHTTP

/// Why a webhook was refused. The sender is told none of it: answer 400.
package enum StripeWebhookError: Error, Sendable, Equatable {
    case headerMissing
    case headerMalformed
    /// No signature of the only scheme that counts.
    case signatureMissing
    case signatureMismatch
    case outsideTolerance(seconds: Int64)
}

package enum StripeWebhook {
    package static let tolerance: Duration = .seconds(300)

    /// More items than a rolled secret can explain are not worth an HMAC each.
    private static let candidateLimit = 16

    /// Passes when any secret matches any `v1` and the time is near enough.
    package static func verify(
        rawBody: [UInt8], header: String?, secrets: [Secret], now: Date, tolerance: Duration = tolerance
    ) throws(StripeWebhookError) {
        guard let header, !header.isEmpty else { throw .headerMissing }
        let (timestamp, candidates) = try parse(header)

        var content = Array("\(timestamp.text).".utf8)
        content.append(contentsOf: rawBody)
        var matches = false
        for secret in secrets where !secret.isEmpty {
            let key = SymmetricKey(data: Array(secret.reveal().utf8))
            for candidate in candidates {
                // The comparison takes the same time wherever the bytes differ; no early exit either.
                let valid = HMAC<SHA256>.isValidAuthenticationCode(
                    candidate, authenticating: content, using: key)
                matches = matches || valid
            }
        }
        guard matches else { throw .signatureMismatch }

        let age = Int64(now.timeIntervalSince1970.rounded(.down)).subtractingReportingOverflow(
            timestamp.seconds)
        guard !age.overflow, age.partialValue.magnitude <= tolerance.components.seconds.magnitude else {
            throw .outsideTolerance(seconds: age.partialValue)
        }
    }

    private static func parse(
        _ header: String
    ) throws(StripeWebhookError) -> (timestamp: (text: String, seconds: Int64), candidates: [[UInt8]]) {
        var timestamps: [String] = []
        var candidates: [[UInt8]] = []
        for item in header.split(separator: ",") {
            let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2 else { throw .headerMalformed }
            switch pair[0].drop(while: { $0 == " " }) {
            case "t": timestamps.append(String(pair[1]))
            case "v1": candidates += [hexadecimal(pair[1])].compactMap { $0 }
            default: continue
            }
        }
        guard timestamps.count == 1, timestamps[0].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let seconds = Int64(timestamps[0])
        else { throw .headerMalformed }
        guard !candidates.isEmpty, candidates.count <= candidateLimit else { throw .signatureMissing }
        return ((timestamps[0], seconds), candidates)
    }

    /// The 32 bytes of an HMAC-SHA256, or nil.
    private static func hexadecimal(_ text: Substring) -> [UInt8]? {
        let digits = text.utf8.map { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count == 64, !digits.contains(nil) else { return nil }
        return stride(from: 0, to: 64, by: 2).map { UInt8(digits[$0]! << 4 | digits[$0 + 1]!) }
    }
}
