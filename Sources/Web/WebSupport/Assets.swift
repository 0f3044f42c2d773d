// Styles and scripts live in the program and are served from an address that contains a hash of their
// bytes: they may be cached for ever, and a deploy is never half old and half new.

import Crypto
import Foundation

package struct Asset: Sendable {
    package let path: String
    let type: String
    let bytes: [UInt8]

    package init(name: String, extension suffix: String, type: String, text: String) {
        bytes = Array(text.utf8)
        let digest = SHA256.hash(data: Data(bytes)).prefix(6)
            .map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
        path = "/assets/\(name).\(digest).\(suffix)"
        self.type = type
    }

    package static func stylesheet(_ name: String, _ text: String) -> Asset {
        Asset(name: name, extension: "css", type: "text/css; charset=utf-8", text: text)
    }

    package static func script(_ name: String, _ text: String) -> Asset {
        Asset(name: name, extension: "js", type: "text/javascript; charset=utf-8", text: text)
    }

    package static func image(_ name: String, svg: String) -> Asset {
        Asset(name: name, extension: "svg", type: "image/svg+xml", text: svg)
    }

    package var endpoint: Endpoint {
        Endpoint("GET", path, scope: .anywhere, kind: .plain) { _ in
            WebResponse(
                status: 200,
                headers: ["Content-Type": type, "Cache-Control": "public, max-age=31536000, immutable"],
                body: .bytes(bytes))
        }
    }
}
