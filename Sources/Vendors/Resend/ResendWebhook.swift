// Proof that a webhook came from Resend (the Svix scheme), and what it says. Facts: the signed content is
// the id, the time and the raw body, joined by dots; the key is the decoded part of the secret behind
// `whsec_`; the header lists several signatures, of which only version `v1` counts; `svix-id` stays the
// same on retries: deduplicate on it.

import Crypto
import FoundationEssentials
import VendorHTTP

/// Why a webhook was refused. The sender is told none of it: answer 400.
package enum ResendWebhookError: Error, Sendable, Equatable {
    case headerMissing
    case headerMalformed
    case signatureMismatch
    case outsideTolerance(seconds: Int64)
    /// The configured secret is no `whsec_` and base64; check RESEND_WEBHOOK_SECRET.
    case secretMalformed
}

package enum ResendWebhook {
    package static let tolerance: Duration = .seconds(300)
    private static let candidateLimit = 16

    /// Passes when any secret matches any `v1` signature and the time is near enough.
    package static func verify(
        rawBody: [UInt8], id: String?, timestamp: String?, signature: String?, secrets: [Secret], now: Date,
        tolerance: Duration = tolerance
    ) throws(ResendWebhookError) {
        guard let id, let timestamp, let signature, !id.isEmpty else { throw .headerMissing }
        guard timestamp.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let sentAt = Int64(timestamp) else {
            throw .headerMalformed
        }
        let candidates = signature.split(separator: " ").prefix(candidateLimit).compactMap { entry in
            entry.hasPrefix("v1,") ? Base64.bytes(entry.dropFirst(3)) : nil
        }
        let content = Array("\(id).\(timestamp).".utf8) + rawBody
        var matches = false
        for secret in secrets {
            let key = try key(secret)
            for candidate in candidates {
                // The comparison takes the same time wherever the bytes differ; no early exit either.
                let valid = HMAC<SHA256>.isValidAuthenticationCode(
                    candidate, authenticating: content, using: key)
                matches = matches || valid
            }
        }
        guard matches else { throw .signatureMismatch }
        let age = Int64(now.timeIntervalSince1970.rounded(.down)).subtractingReportingOverflow(sentAt)
        guard !age.overflow, age.partialValue.magnitude <= tolerance.components.seconds.magnitude else {
            throw .outsideTolerance(seconds: age.partialValue)
        }
    }

    private static func key(_ secret: Secret) throws(ResendWebhookError) -> SymmetricKey {
        let text = secret.reveal()
        guard text.hasPrefix("whsec_"), let bytes = Base64.bytes(text.dropFirst(6)), !bytes.isEmpty else {
            throw .secretMalformed
        }
        return SymmetricKey(data: bytes)
    }
}

/// One event about a message.
package struct ResendEvent: Sendable, Equatable {
    /// What happened; one that is not listed here is still carried.
    package enum Happening: Sendable, Equatable {
        case sent, delivered, deliveryDelayed, opened, clicked, scheduled, complained
        /// A permanent bounce means: do not write to this address again.
        case bounced(isPermanent: Bool, reason: String)
        case failed(reason: String)
        case suppressed(reason: String)
        case other(String)
    }

    package let happening: Happening
    package let message: ResendMessage.ID?
    package let recipients: [String]
    package let tags: [String: String]

    /// Reads a body whose signature was verified; nil when it is no event.
    package init?(parsing rawBody: [UInt8]) {
        // Whatever is not JSON is not an event; nothing more is to be known about it.
        guard let json = try? JSON(parsing: rawBody), let type = json["type"].string else { return nil }
        let data = json["data"]
        happening = Happening(type, data)
        message = data["email_id"].filledText.map(ResendMessage.ID.init(rawValue:))
        recipients = data["to"].elements.compactMap(\.string)
        // An object in events; an array of pairs in requests and in old events.
        let pairs = data["tags"].elements.compactMap { tag in
            tag["name"].string.flatMap { name in tag["value"].string.map { (name, $0) } }
        }
        tags = data["tags"].isObject ? data["tags"].textMembers : Dictionary(pairs) { $1 }
    }
}

extension ResendEvent.Happening {
    fileprivate init(_ type: String, _ data: JSON) {
        switch type {
        case "email.sent": self = .sent
        case "email.delivered": self = .delivered
        case "email.delivery_delayed": self = .deliveryDelayed
        case "email.opened": self = .opened
        case "email.clicked": self = .clicked
        case "email.scheduled": self = .scheduled
        case "email.complained": self = .complained
        case "email.bounced":
            let bounce = data["bounce"]
            self = .bounced(
                isPermanent: bounce["type"].string == "Permanent",
                reason: bounce["subType"].string ?? "Undetermined")
        case "email.failed": self = .failed(reason: data["failed"]["reason"].string ?? "")
        case "email.suppressed": self = .suppressed(reason: data["suppressed"]["reason"].string ?? "")
        default: self = .other(type)
        }
    }
}
