// Suppliers' words are hostile until proven otherwise: descriptions hold scripts, styles and boilerplate
// markup, and a cell that begins like a formula is run by the spreadsheet of whoever opens an export of it.

package enum PlainText {
    /// Elements whose content is no text for people.
    private static let unseen = ["script", "style", "iframe", "object", "template"]
    private static let breaks = ["br", "p", "/p", "div", "/div", "li", "/li", "tr", "/tr", "h1", "h2", "h3"]

    /// The words of a piece of HTML, without any markup.
    package static func ofHTML(_ html: String) -> String {
        guard html.contains("<") || html.contains("&") else { return html.trimmingSpace }
        var output = ""
        var rest = html[...]
        while let open = rest.firstIndex(of: "<") {
            output += rest[..<open]
            let inside = rest[rest.index(after: open)...]
            guard let mark = inside.first, mark.isLetter || "/!?".contains(mark) else {
                // "5 < 6" is no markup.
                output += "<"
                rest = inside
                continue
            }
            guard let close = inside.firstIndex(of: ">") else {
                rest = ""
                break
            }
            let tag = rest[rest.index(after: open)..<close].lowercased()
            let name = String(tag.prefix { !$0.isWhitespace && $0 != ">" })
            rest = rest[rest.index(after: close)...]
            if breaks.contains(name.hasSuffix("/") ? String(name.dropLast()) : name) { output += "\n" }
            if unseen.contains(name), !tag.hasSuffix("/") { rest = afterEnd(of: name, in: rest) }
        }
        output += rest
        return tidied(unescaped(output))
    }

    private static func afterEnd(of name: String, in text: Substring) -> Substring {
        let lower = text.lowercased()
        guard let end = lower.firstRange(of: "</\(name)"), lower.count == text.count else { return "" }
        let offset = lower.distance(from: lower.startIndex, to: end.lowerBound)
        let tail = text.dropFirst(offset)
        return tail.firstIndex(of: ">").map { tail[tail.index(after: $0)...] } ?? ""
    }

    private static let entities = [
        ("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&apos;", "'"),
        ("&amp;", "&"),
    ]

    private static func unescaped(_ text: String) -> String {
        guard text.contains("&") else { return text }
        return entities.reduce(text) { $0.replacing($1.0, with: $1.1) }
    }

    /// No blank lines and no runs of spaces.
    private static func tidied(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).map { line in
            line.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        }.filter { !$0.isEmpty }.joined(separator: "\n")
    }

    /// Whether a spreadsheet would run the text. A sign before a number or a word is an honest beginning
    /// (`+39`, `-20 degrees`), one before a call is not.
    static func isFormula(_ text: String) -> Bool {
        switch text.first {
        case "=", "@", "\t", "\r": true
        case "+", "-": text.contains { "(|!=".contains($0) }
        default: false
        }
    }
}
