// Markup as a value. A string that is interpolated into `HTML` is text and is escaped; only another
// `HTML` value is taken as markup, so a product called "<script>" can never become one. Templates
// were rejected: the compiler checks these pages, and a page is an ordinary function.

/// Markup that is safe to send: literals written by us, plus interpolated values that were escaped.
package struct HTML: Sendable, Equatable {
    /// The markup itself.
    package private(set) var markup: String

    /// Nothing at all.
    package static let empty = HTML(trusted: "")

    /// Takes markup as it is. Only for markup that this program made; never for anything that was read.
    package init(trusted markup: String) {
        self.markup = markup
    }

    /// Text, escaped for element content and for quoted attribute values.
    package init(text: String) {
        self.markup = HTML.escape(text)
    }

    package static func + (left: HTML, right: HTML) -> HTML {
        HTML(trusted: left.markup + right.markup)
    }

    /// Escapes the five characters that mean something in content or in a quoted attribute.
    static func escape(_ text: String) -> String {
        var escaped: [UInt8] = []
        escaped.reserveCapacity(text.utf8.count + 16)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): escaped += "&amp;".utf8
            case UInt8(ascii: "<"): escaped += "&lt;".utf8
            case UInt8(ascii: ">"): escaped += "&gt;".utf8
            case UInt8(ascii: "\""): escaped += "&quot;".utf8
            case UInt8(ascii: "'"): escaped += "&#39;".utf8
            default: escaped.append(byte)
            }
        }
        return String(decoding: escaped, as: UTF8.self)
    }
}

extension HTML: ExpressibleByStringInterpolation {
    package init(stringLiteral value: String) {
        self.init(trusted: value)
    }

    package init(stringInterpolation: Interpolation) {
        self.init(trusted: stringInterpolation.markup)
    }

    package struct Interpolation: StringInterpolationProtocol {
        var markup = ""

        package init(literalCapacity: Int, interpolationCount: Int) {
            markup.reserveCapacity(literalCapacity + interpolationCount * 16)
        }

        package mutating func appendLiteral(_ literal: String) {
            markup += literal
        }

        package mutating func appendInterpolation(_ html: HTML) {
            markup += html.markup
        }

        package mutating func appendInterpolation(_ html: HTML?) {
            markup += html?.markup ?? ""
        }

        package mutating func appendInterpolation(_ parts: [HTML]) {
            for part in parts { markup += part.markup }
        }

        package mutating func appendInterpolation(_ text: String) {
            markup += HTML.escape(text)
        }

        package mutating func appendInterpolation(_ number: Int) {
            markup += String(number)
        }

        /// An address for `href` or `src`: relative, or https (http only on loopback, where sandboxes live).
        /// Anything else, such as `javascript:`, becomes `#`.
        package mutating func appendInterpolation(link address: String) {
            markup += HTML.escape(HTML.isSafeLink(address) ? address : "#")
        }
    }

    private static func isSafeLink(_ address: String) -> Bool {
        let lowered = address.lowercased()
        if lowered.hasPrefix("/") { return !lowered.hasPrefix("//") && !lowered.hasPrefix("/\\") }
        return lowered.hasPrefix("https://") || lowered.hasPrefix("#") || lowered.hasPrefix("?")
            || leadsToLoopback(lowered)
    }

    private static func leadsToLoopback(_ lowered: String) -> Bool {
        let scheme = "http://"
        guard lowered.hasPrefix(scheme) else { return false }
        let authority = lowered.dropFirst(scheme.count).prefix { !"/?#\\".contains($0) }
        // A name before an at sign is no host.
        guard !authority.contains("@") else { return false }
        let host = authority.prefix { $0 != ":" }
        return host == "localhost" || host.hasSuffix(".localhost") || host == "127.0.0.1"
    }
}
