// Pages that are the same for every visitor without a session: such a page may be kept by a cache in front of
// us for a moment, and by a browser for as long as its tag holds. The tag is a hash of what would be sent, so
// it follows the store, the path, the language, the theme and everything on the page by itself; no list of
// reasons to forget a page can be incomplete. What a shared cache keeps is found by the host, which is the
// store's own, and by the cookie, so that one visitor's page is never another's.

import Crypto
import Foundation

extension WebResponse {
    /// How long a cache in front may answer by itself. A price that changed is told in the basket and again
    /// before the payment, so a page may be this old.
    package static let sharedSeconds = 30

    /// Lets the page be kept, where this visitor is nobody in particular. A page with a form of this session
    /// is never shared, whatever its author thought, nor is a page of a store that is not open yet.
    ///
    /// - Parameter tag: of these very bytes, where it is known already.
    package func shared(for request: WebRequest, tag: String? = nil) -> WebResponse {
        guard case .store(let store) = request.site, store.isPublic,
            status == 200, request.session.isNew, case .bytes(let bytes) = body,
            !request.formToken.isEmpty,
            Data(bytes).range(of: Data(request.formToken.utf8)) == nil
        else { return self }
        var response = self
        response.keepsNoSession = true
        response.headers["Vary"] = "Cookie"
        return response.tagged(
            for: request,
            cache: "public, max-age=0, s-maxage=\(Self.sharedSeconds), must-revalidate", tag: tag)
    }

    /// Answers 304 to whoever has these bytes already.
    package func tagged(for request: WebRequest, cache: String, tag known: String? = nil) -> WebResponse {
        guard case .bytes(let bytes) = body else { return self }
        let tag = known ?? Self.tag(of: bytes)
        var response = self
        response.headers["ETag"] = tag
        response.headers["Cache-Control"] = cache
        let held = (request.headers["if-none-match"] ?? "").split(separator: ",").map(\.trimmed)
        guard held.contains(where: { $0 == tag || $0 == "W/\(tag)" || $0 == "*" }) else { return response }
        response.status = 304
        response.body = .none
        response.headers["Content-Type"] = nil
        return response
    }

    /// The entity tag of these bytes.
    static func tag(of bytes: [UInt8]) -> String {
        "\""
            + SHA256.hash(data: Data(bytes)).prefix(12)
            .map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined() + "\""
    }
}
