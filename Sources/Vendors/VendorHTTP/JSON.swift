// A JSON value that keeps the text of its numbers. Vendors write money as JSON numbers
// (32.452200000000005, 14.02, 109.2); a decoder that goes through binary floating point rounds before we
// can. Foundation's decoder reads `Decimal` exactly only on some paths, so the text is kept and `Money`
// reads it. The value is untyped on purpose: vendors send an id as a number here and as a string there,
// and swap fields in errors.

/// One JSON value; objects keep the order of their members, numbers keep their text.
package enum JSON: Sendable, Equatable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSON])
    case object([Member])

    package struct Member: Sendable, Equatable {
        package let name: String
        package let value: JSON

        package init(_ name: String, _ value: JSON) {
            self.name = name
            self.value = value
        }
    }
}

// MARK: - Reading

extension JSON {
    /// The member of that name, or `null` when there is none or this is no object; the last one wins.
    package subscript(name: String) -> JSON {
        guard case .object(let members) = self else { return .null }
        return members.last { $0.name == name }?.value ?? .null
    }

    package var isNull: Bool { self == .null }

    package var isObject: Bool {
        if case .object = self { true } else { false }
    }

    /// The characters of a string; nothing else.
    package var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// A string, or the text of a number: identifiers come either way.
    package var text: String? {
        switch self {
        case .string(let value), .number(let value): value
        default: nil
        }
    }

    /// Like `text`, with an empty string read as absent.
    package var filledText: String? { text.flatMap { $0.isEmpty ? nil : $0 } }

    package var int: Int? { text.flatMap(Int.init) }

    package var int64: Int64? { text.flatMap(Int64.init) }

    /// `true` and `false`, also written as 1, 0, "1", "0", "true", "false".
    package var bool: Bool? {
        if case .bool(let value) = self { return value }
        switch text {
        case "1", "true": return true
        case "0", "false": return false
        default: return nil
        }
    }

    package var elements: [JSON] {
        if case .array(let values) = self { values } else { [] }
    }

    package var members: [Member] {
        if case .object(let members) = self { members } else { [] }
    }

    /// An object whose values are all plain text, such as Stripe's metadata.
    package var textMembers: [String: String] {
        Dictionary(members.compactMap { member in member.value.text.map { (member.name, $0) } }) { $1 }
    }

    /// Reads a member that must be there in that form.
    package func need<Value>(
        _ name: String, _ read: (JSON) -> Value?
    ) throws(JSONMismatch) -> Value {
        guard let value = read(self[name]) else {
            throw JSONMismatch(member: name, found: self[name].kind)
        }
        return value
    }

    package func needText(_ name: String) throws(JSONMismatch) -> String { try need(name, \.filledText) }

    var kind: String {
        switch self {
        case .null: "nothing"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

/// An answer that parsed as JSON but lacks a member we need, or holds it in another form.
package struct JSONMismatch: Error, Equatable, CustomStringConvertible {
    package let member: String
    package let found: String

    package init(member: String, found: String) {
        self.member = member
        self.found = found
    }

    package var description: String { "member \"\(member)\" is missing or unusable: found \(found)" }
}

// MARK: - Building

extension JSON: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral {
    package init(stringLiteral value: String) { self = .string(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int) { self = .number(String(value)) }
}

extension JSON: ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }

    package init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(elements.map(Member.init))
    }
}

extension JSON {
    /// An object without the members that are nil, in the given order.
    package static func object(present members: [(String, JSON?)]) -> JSON {
        .object(members.compactMap { name, value in value.map { Member(name, $0) } })
    }

    package static func optional(_ value: String?) -> JSON? { value.map(JSON.string) }

    /// The compact text, always the same bytes for the same value.
    package var bytes: [UInt8] {
        var out: [UInt8] = []
        write(to: &out)
        return out
    }

    private func write(to out: inout [UInt8]) {
        switch self {
        case .null: out.append(contentsOf: "null".utf8)
        case .bool(let value): out.append(contentsOf: (value ? "true" : "false").utf8)
        case .number(let text): out.append(contentsOf: text.utf8)
        case .string(let text): Self.write(text, to: &out)
        case .array(let values):
            out.append(UInt8(ascii: "["))
            for (position, value) in values.enumerated() {
                if position > 0 { out.append(UInt8(ascii: ",")) }
                value.write(to: &out)
            }
            out.append(UInt8(ascii: "]"))
        case .object(let members):
            out.append(UInt8(ascii: "{"))
            for (position, member) in members.enumerated() {
                if position > 0 { out.append(UInt8(ascii: ",")) }
                Self.write(member.name, to: &out)
                out.append(UInt8(ascii: ":"))
                member.value.write(to: &out)
            }
            out.append(UInt8(ascii: "}"))
        }
    }

    private static func write(_ text: String, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): out.append(contentsOf: #"\""#.utf8)
            case UInt8(ascii: "\\"): out.append(contentsOf: #"\\"#.utf8)
            case 0x0A: out.append(contentsOf: #"\n"#.utf8)
            case 0x0D: out.append(contentsOf: #"\r"#.utf8)
            case 0x09: out.append(contentsOf: #"\t"#.utf8)
            case 0..<0x20:
                out.append(contentsOf: (byte < 0x10 ? #"\u000"# : #"\u00"#).utf8)
                out.append(contentsOf: String(byte, radix: 16).utf8)
            default: out.append(byte)
            }
        }
        out.append(UInt8(ascii: "\""))
    }
}
