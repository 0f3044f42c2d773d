/// Just enough of Swift's lexer to tell code from comments and from text in quotes. A parser would be exact,
/// and would cost minutes of building for rules that read words and count braces.
struct SwiftText {
    /// `text` with comments and the contents of string literals turned to spaces. Lines keep their
    /// numbers, and code inside an interpolation is kept.
    static func code(in text: String) -> String {
        var scanner = SwiftText(input: Array(text.utf8))
        scanner.scan()
        return String(decoding: scanner.output, as: UTF8.self)
    }

    private enum Mode {
        case lineComment
        case blockComment(depth: Int)
        case string(hashes: Int, isMultiline: Bool)
        case interpolation(parentheses: Int)
    }

    private let input: [UInt8]
    private var output: [UInt8] = []
    private var position = 0
    /// What encloses the current position; empty in plain code.
    private var modes: [Mode] = []

    private init(input: [UInt8]) {
        self.input = input
        output.reserveCapacity(input.count)
    }

    private mutating func scan() {
        while position < input.count {
            switch modes.last {
            case nil: scanCode()
            case .interpolation(let depth): scanInterpolation(depth)
            case .lineComment: scanLineComment()
            case .blockComment(let depth): scanBlockComment(depth)
            case .string(let hashes, let isMultiline): scanString(hashes, isMultiline)
            }
        }
    }

    private mutating func scanCode() {
        if at("//") {
            modes.append(.lineComment)
        } else if at("/*") {
            blank(2)
            modes.append(.blockComment(depth: 1))
        } else if let hashes = hashesBeforeQuote() {
            let isMultiline = at("\"\"\"", offset: hashes)
            keep(hashes + (isMultiline ? 3 : 1))
            modes.append(.string(hashes: hashes, isMultiline: isMultiline))
        } else {
            keep(1)
        }
    }

    private mutating func scanInterpolation(_ depth: Int) {
        switch input[position] {
        case UInt8(ascii: "("):
            modes[modes.count - 1] = .interpolation(parentheses: depth + 1)
            keep(1)
        case UInt8(ascii: ")"):
            if depth == 1 {
                modes.removeLast()
            } else {
                modes[modes.count - 1] = .interpolation(parentheses: depth - 1)
            }
            keep(1)
        default:
            scanCode()
        }
    }

    private mutating func scanLineComment() {
        if input[position] == UInt8(ascii: "\n") { modes.removeLast() }
        blank(1)
    }

    private mutating func scanBlockComment(_ depth: Int) {
        if at("/*") {
            modes[modes.count - 1] = .blockComment(depth: depth + 1)
            blank(2)
        } else if at("*/") {
            if depth == 1 {
                modes.removeLast()
            } else {
                modes[modes.count - 1] = .blockComment(depth: depth - 1)
            }
            blank(2)
        } else {
            blank(1)
        }
    }

    private mutating func scanString(_ hashes: Int, _ isMultiline: Bool) {
        let fence = String(repeating: "#", count: hashes)
        let quotes = isMultiline ? "\"\"\"" : "\""
        if at(quotes + fence) {
            keep(quotes.utf8.count + hashes)
            modes.removeLast()
        } else if at("\\" + fence + "(") {
            keep(2 + hashes)
            modes.append(.interpolation(parentheses: 1))
        } else if at("\\" + fence) {
            // The escaped character, a quote perhaps, ends nothing.
            blank(2 + hashes)
        } else if !isMultiline, input[position] == UInt8(ascii: "\n") {
            // Not valid Swift, or a regex literal that looked like a string: recover on the next line.
            modes.removeLast()
            keep(1)
        } else {
            blank(1)
        }
    }

    /// The number of `#` before a quote at the current position, or nil when no string starts here.
    private func hashesBeforeQuote() -> Int? {
        var end = position
        while end < input.count, input[end] == UInt8(ascii: "#") { end += 1 }
        guard end < input.count, input[end] == UInt8(ascii: "\"") else { return nil }
        return end - position
    }

    private func at(_ text: String, offset: Int = 0) -> Bool {
        var index = position + offset
        for byte in text.utf8 {
            guard index < input.count, input[index] == byte else { return false }
            index += 1
        }
        return true
    }

    private mutating func keep(_ count: Int) {
        for _ in 0..<count where position < input.count {
            output.append(input[position])
            position += 1
        }
    }

    private mutating func blank(_ count: Int) {
        for _ in 0..<count where position < input.count {
            output.append(input[position] == UInt8(ascii: "\n") ? UInt8(ascii: "\n") : UInt8(ascii: " "))
            position += 1
        }
    }
}

extension String {
    /// The identifiers and keywords of a line of code, in order.
    var words: [Substring] { split { !($0.isLetter || $0.isNumber || $0 == "_") } }

    var trimmed: String { String(trimmingPrefix { $0 == " " || $0 == "\t" }) }

    /// Whether the line holds nothing but a comment.
    var isComment: Bool { trimmed.hasPrefix("//") || trimmed.hasPrefix("*/") || trimmed.hasPrefix("* ") }
}
