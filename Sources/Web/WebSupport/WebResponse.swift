// What a handler gives back: a status that tells the truth, headers, and bytes or a stream of events.

import Foundation

package struct WebResponse: Sendable {
    package enum Body: Sendable {
        case none
        case bytes([UInt8])
        case events(EventFeed)
    }

    package var status: Int
    package var headers: [String: String]
    package var body: Body
    /// Each is a `Set-Cookie` header of its own.
    package var cookies: [String] = []
    /// Gives the browser a new anonymous session: what was planted before somebody signed in or out, and
    /// every form token made until then, is worth nothing afterwards.
    package var renewsSession = false
    /// Says the same to everybody: a visitor without a session is given none, so that it may be kept.
    package var keepsNoSession = false

    package init(status: Int, headers: [String: String] = [:], body: Body = .none) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A page. Pages hold forms and carts, so nobody may store them unless the handler says otherwise.
    package static func html(_ html: HTML, status: Int = 200, cache: String = "no-store") -> WebResponse {
        WebResponse(
            status: status,
            headers: ["Content-Type": "text/html; charset=utf-8", "Cache-Control": cache],
            body: .bytes(Array(html.markup.utf8)))
    }

    package static func json(
        _ value: some Encodable, status: Int = 200, type: String = "application/json",
        headers: [String: String] = [:]
    ) throws -> WebResponse {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.dateEncodingStrategy = .iso8601
        var all = headers
        all["Content-Type"] = type
        all["Cache-Control"] = all["Cache-Control"] ?? "no-store"
        return WebResponse(status: status, headers: all, body: .bytes([UInt8](try encoder.encode(value))))
    }

    package static func text(_ text: String, status: Int = 200, type: String = "text/plain; charset=utf-8")
        -> WebResponse
    {
        WebResponse(
            status: status, headers: ["Content-Type": type, "Cache-Control": "no-store"],
            body: .bytes(Array(text.utf8)))
    }

    /// After a form: the next page is fetched with GET, so reloading it repeats nothing.
    package static func seeOther(_ location: String) -> WebResponse {
        WebResponse(status: 303, headers: ["Location": location, "Cache-Control": "no-store"])
    }
}
