// A strict reader for bodies that clients send. Foundation's decoder accepts repeated and unknown
// fields in silence and reports no position; here a broken body is answered with the line and column,
// a repeated field is an error, and numbers keep their digits so that no price passes through a Double.

/// A parsed JSON value. Objects keep the order in which their fields were written.
package enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    /// The digits as they were written.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([Field])

    package struct Field: Sendable, Equatable {
        package let name: String
        package let value: JSONValue
    }

    /// Nesting beyond this is refused before it can exhaust the stack.
    package static let depthLimit = 32

    /// Parses a whole body. Throws `.malformedJSON` with the position of the first error.
    package init(parsing bytes: [UInt8]) throws(WebProblem) {
        var parser = JSONParser(bytes: bytes)
        self = try parser.parseDocument()
    }
}

struct JSONParser {
    let bytes: [UInt8]
    private var position = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func parseDocument() throws(WebProblem) -> JSONValue {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw WebProblem(.malformedJSON, "the body is not valid UTF-8")
        }
        skipSpace()
        let value = try parseValue(depth: 0)
        skipSpace()
        guard position == bytes.count else { throw failure("unexpected text after the value") }
        return value
    }

    private mutating func parseValue(depth: Int) throws(WebProblem) -> JSONValue {
        guard depth <= JSONValue.depthLimit else { throw failure("nested too deeply") }
        guard let next = peek else { throw failure("the body ends too early") }
        switch next {
        case UInt8(ascii: "{"): return try parseObject(depth: depth)
        case UInt8(ascii: "["): return try parseArray(depth: depth)
        case UInt8(ascii: "\""): return .string(try parseString())
        case UInt8(ascii: "t"): return try parseWord("true", as: .bool(true))
        case UInt8(ascii: "f"): return try parseWord("false", as: .bool(false))
        case UInt8(ascii: "n"): return try parseWord("null", as: .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try parseNumber()
        default: throw failure("expected a value")
        }
    }

    private mutating func parseObject(depth: Int) throws(WebProblem) -> JSONValue {
        position += 1
        var fields: [JSONValue.Field] = []
        var names: Set<String> = []
        skipSpace()
        if take("}") { return .object(fields) }
        while true {
            skipSpace()
            guard peek == UInt8(ascii: "\"") else { throw failure("expected a field name in quotes") }
            let name = try parseString()
            guard names.insert(name).inserted else { throw failure("the field \"\(name)\" is repeated") }
            skipSpace()
            guard take(":") else { throw failure("expected a colon after the field name") }
            skipSpace()
            fields.append(.init(name: name, value: try parseValue(depth: depth + 1)))
            skipSpace()
            if take("}") { return .object(fields) }
            guard take(",") else { throw failure("expected a comma or the end of the object") }
        }
    }

    private mutating func parseArray(depth: Int) throws(WebProblem) -> JSONValue {
        position += 1
        var values: [JSONValue] = []
        skipSpace()
        if take("]") { return .array(values) }
        while true {
            skipSpace()
            values.append(try parseValue(depth: depth + 1))
            skipSpace()
            if take("]") { return .array(values) }
            guard take(",") else { throw failure("expected a comma or the end of the array") }
        }
    }

    private mutating func parseString() throws(WebProblem) -> String {
        position += 1
        var text: [UInt8] = []
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                position += 1
                text += try parseEscape()
            case 0..<0x20:
                throw failure("a control character inside a string")
            default:
                text.append(byte)
                position += 1
            }
        }
        throw failure("the string does not end")
    }

    private mutating func parseEscape() throws(WebProblem) -> [UInt8] {
        guard let byte = peek else { throw failure("the string does not end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"): return Array(String(try parseScalar()).utf8)
        default: throw failure("an unknown escape")
        }
    }

    private mutating func parseScalar() throws(WebProblem) -> Character {
        let first = try parseHex()
        var code = UInt32(first)
        if (0xD800..<0xDC00).contains(first) {
            guard take("\\"), take("u") else { throw failure("half of a surrogate pair") }
            let second = try parseHex()
            guard (0xDC00..<0xE000).contains(second) else { throw failure("half of a surrogate pair") }
            code = 0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00)
        }
        // Postgres text cannot hold NUL, and no honest field contains one.
        guard code != 0, let scalar = Unicode.Scalar(code) else {
            throw failure("a character that is not allowed")
        }
        return Character(scalar)
    }

    private mutating func parseHex() throws(WebProblem) -> UInt16 {
        guard position + 4 <= bytes.count,
            let text = String(validating: bytes[position..<position + 4], as: UTF8.self),
            text.allSatisfy(\.isHexDigit), let code = UInt16(text, radix: 16)
        else { throw failure("expected four hexadecimal digits") }
        position += 4
        return code
    }

    private mutating func parseNumber() throws(WebProblem) -> JSONValue {
        let start = position
        _ = take("-")
        if !take("0") { try takeDigits() }
        if take(".") { try takeDigits() }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            position += 1
            if !take("+") { _ = take("-") }
            try takeDigits()
        }
        return .number(String(decoding: bytes[start..<position], as: UTF8.self))
    }

    private mutating func takeDigits() throws(WebProblem) {
        let start = position
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        guard position > start else { throw failure("expected a digit") }
    }

    private mutating func parseWord(_ word: StaticString, as value: JSONValue) throws(WebProblem) -> JSONValue
    {
        let expected = Array(word.description.utf8)
        guard bytes[position...].starts(with: expected) else { throw failure("expected a value") }
        position += expected.count
        return value
    }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private func failure(_ reason: String) -> WebProblem {
        let before = bytes[..<min(position, bytes.count)]
        let line = before.count { $0 == 0x0A } + 1
        let column = before.count - ((before.lastIndex(of: 0x0A) ?? -1) + 1) + 1
        return WebProblem(.malformedJSON, "\(reason) at line \(line), column \(column)")
    }
}
