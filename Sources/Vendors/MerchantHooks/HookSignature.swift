// Standard Webhooks (standardwebhooks.com), so that merchants can use the libraries that exist: the signed
// content is the id, the time and the raw body, joined by dots; the key is the decoded part of the secret
// behind `whsec_`; the header lists one signature per secret, and any of them will do, which is how a secret
// is changed without a gap.

import Crypto
import Foundation
package import VendorHTTP

package enum HookSignature {
    package static let idHeader = "webhook-id"
    package static let timestampHeader = "webhook-timestamp"
    package static let signatureHeader = "webhook-signature"
    package static let secretPrefix = "whsec_"

    /// The value of the signature's header. Secrets that are none are left out.
    package static func header(
        id: String, timestamp: Int64, body: [UInt8], secrets: [Secret]
    ) -> String {
        let content = Data("\(id).\(timestamp).".utf8) + Data(body)
        return secrets.compactMap { secret -> String? in
            let text = secret.reveal()
            guard text.hasPrefix(secretPrefix),
                let key = Data(base64Encoded: String(text.dropFirst(secretPrefix.count))), !key.isEmpty
            else { return nil }
            let code = HMAC<SHA256>.authenticationCode(for: content, using: SymmetricKey(data: key))
            return "v1," + Data(code).base64EncodedString()
        }.joined(separator: " ")
    }
}
