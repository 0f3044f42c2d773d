import Foundation

// What a vendor is handed and what it hands back. Nothing of the HTTP library is visible here, so that a
// vendor's file reads as a description of that vendor and of nothing else.

/// One request as it arrived, body included.
package struct SandboxRequest: Sendable {
    package let method: String
    /// The path as sent, still percent-encoded, without the query.
    package let path: String
    /// The query as sent, without the question mark.
    package let query: String
    /// Header values by lower-case name; repeated headers are joined with a comma.
    package let headers: [String: String]
    package let body: [UInt8]
    /// How long a latency fault wants this answer to take; the server has waited it out already, unless
    /// the vendor asked to do so itself.
    package let delay: Duration

    package init(
        method: String, path: String, query: String = "", headers: [String: String] = [:],
        body: [UInt8] = [],
        delay: Duration = .zero
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.delay = delay
    }

    /// A header by name, in any case.
    package func header(_ name: String) -> String? { headers[name.lowercased()] }

    /// The body as text.
    package var text: String { String(decoding: body, as: UTF8.self) }

    /// The body as JSON. Throws when it is not.
    package func json() throws -> JSON { try JSON.parse(body) }

    /// The decoded query, in order, repeated names included.
    package var queryItems: [FormItem] { FormItem.decode(query) }

    /// The first query value of a name.
    package func query(_ name: String) -> String? { queryItems.first { $0.name == name }?.value }

    /// Where the caller reached this server, for links to hosted pages.
    package var origin: String { "http://" + (header("host") ?? "127.0.0.1") }
}

/// What a request changed, in the words a test asserts: `refund.create` on `re_123`.
///
/// A request that changed nothing (a read, a refusal, a replay of a stored answer) has no effect.
package struct SandboxEffect: Sendable, Equatable {
    package let name: String
    package let subject: String

    package init(_ name: String, on subject: String) {
        self.name = name
        self.subject = subject
    }
}

/// The answer to one request.
package struct SandboxResponse: Sendable {
    package var status: Int
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    package var effect: SandboxEffect?

    package init(
        status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
        effect: SandboxEffect? = nil
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.effect = effect
    }

    /// An answer in JSON.
    package static func json(
        _ value: JSON, status: Int = 200, headers: [(name: String, value: String)] = [],
        effect: SandboxEffect? = nil
    ) -> SandboxResponse {
        let type = [(name: "Content-Type", value: "application/json")]
        return SandboxResponse(status: status, headers: type + headers, body: value.bytes, effect: effect)
    }

    /// An answer in plain text, or in another type when given.
    package static func text(
        _ value: String, status: Int = 200, type: String = "text/plain; charset=utf-8",
        effect: SandboxEffect? = nil
    ) -> SandboxResponse {
        let headers = [(name: "Content-Type", value: type)]
        return SandboxResponse(status: status, headers: headers, body: Array(value.utf8), effect: effect)
    }

    /// Sends a browser elsewhere with a GET.
    package static func redirect(to location: String, effect: SandboxEffect? = nil) -> SandboxResponse {
        SandboxResponse(status: 303, headers: [(name: "Location", value: location)], effect: effect)
    }
}

/// One `name=value` of a query or a form.
package struct FormItem: Sendable, Equatable {
    package let name: String
    package let value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    /// Takes `application/x-www-form-urlencoded` text apart, in order.
    package static func decode(_ text: String) -> [FormItem] {
        text.split(separator: "&").map { item in
            let halves = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return FormItem(plain(halves[0]), halves.count > 1 ? plain(halves[1]) : "")
        }
    }

    /// Puts items together as `application/x-www-form-urlencoded` text.
    package static func encode(_ items: [FormItem]) -> String {
        items.map { "\(escape($0.name))=\(escape($0.value))" }.joined(separator: "&")
    }

    /// Percent-encodes everything but unreserved characters.
    package static func escape(_ text: String) -> String {
        var output = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "."),
                UInt8(ascii: "~"):
                output.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                output += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return output
    }

    private static func plain(_ text: Substring) -> String {
        let spaced = String(text.replacing("+", with: " "))
        // A stray percent sign is taken literally, as browsers and vendors do.
        return spaced.removingPercentEncoding ?? spaced
    }
}
