import Foundation

// A JSON value that can be taken apart and put together without a type per document. The vendors'
// documents are wide and mostly constant, and a fake has to store, patch and compare them whole, so a
// tree is shorter and more honest than several hundred Codable properties. Numbers with a fraction are
// Decimal: suppliers and invoicing send prices that way, and money never passes through binary fractions.

/// One JSON value. Reading what is not there gives `null`, so paths can be followed without unwrapping.
package enum JSON: Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int64)
    case decimal(Decimal)
    case string(String)
    case array([JSON])
    case object([String: JSON])

    /// The member of an object. Setting a member of anything else makes it an object first.
    package subscript(_ key: String) -> JSON {
        get {
            guard case .object(let members) = self else { return .null }
            return members[key] ?? .null
        }
        set {
            guard case .object(var members) = self else {
                self = .object([key: newValue])
                return
            }
            // Leave one owner before changing, or every change would copy the whole object.
            self = .null
            members[key] = newValue
            self = .object(members)
        }
    }

    /// The element of an array, `null` when there is none.
    package subscript(_ index: Int) -> JSON {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return .null }
        return elements[index]
    }

    /// The text, when this is a string.
    package var string: String? { if case .string(let value) = self { value } else { nil } }
    /// The number, when this is a whole number.
    package var integer: Int64? { if case .integer(let value) = self { value } else { nil } }
    /// The truth value, when this is one.
    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    /// The elements; empty when this is not an array.
    package var array: [JSON] { if case .array(let value) = self { value } else { [] } }
    /// The members; empty when this is not an object.
    package var object: [String: JSON] { if case .object(let value) = self { value } else { [:] } }
    /// Whether there is nothing here.
    package var isNull: Bool { self == .null }

    /// Any number, whole or not.
    package var decimal: Decimal? {
        switch self {
        case .integer(let value): Decimal(value)
        case .decimal(let value): value
        default: nil
        }
    }

    /// Makes an object by removing a member, which is not the same as setting it to `null`.
    package mutating func remove(_ key: String) {
        guard case .object(var members) = self else { return }
        members[key] = nil
        self = .object(members)
    }

    /// A string, or `null` for nil.
    package init(_ text: String?) { self = text.map(JSON.string) ?? .null }
    /// A whole number, or `null` for nil.
    package init(_ number: Int64?) { self = number.map(JSON.integer) ?? .null }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(nilLiteral: ()) { self = .null }
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(Dictionary(elements, uniquingKeysWith: { _, last in last }))
    }
}

extension JSON: Decodable {
    package init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let bool = try? value.decode(Bool.self) {  // try?: a miss means "try the next kind"
            self = .bool(bool)
        } else if let number = try? value.decode(Int64.self) {  // as above
            self = .integer(number)
        } else if let number = try? value.decode(Decimal.self) {  // as above
            self = .decimal(number)
        } else if let text = try? value.decode(String.self) {  // as above
            self = .string(text)
        } else if let elements = try? value.decode([JSON].self) {  // as above
            self = .array(elements)
        } else {
            self = .object(try value.decode([String: JSON].self))
        }
    }

    /// Reads a document. Throws what the decoder says when the bytes are not JSON.
    package static func parse(_ bytes: some Sequence<UInt8>) throws -> JSON {
        try JSONDecoder().decode(JSON.self, from: Data(bytes))
    }
}

extension JSON {
    /// The document as UTF-8. Members are in a fixed order: `id` and `object` first, then by name, so
    /// that two equal values are equal bytes.
    package var bytes: [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(512)
        write(to: &output)
        return output
    }

    /// The document as text.
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    private func write(to output: inout [UInt8]) {
        switch self {
        case .null: output += "null".utf8
        case .bool(let value): output += (value ? "true" : "false").utf8
        case .integer(let value): output += String(value).utf8
        case .decimal(let value): output += value.description.utf8
        case .string(let value): Self.write(value, to: &output)
        case .array(let elements):
            output.append(UInt8(ascii: "["))
            for (position, element) in elements.enumerated() {
                if position > 0 { output.append(UInt8(ascii: ",")) }
                element.write(to: &output)
            }
            output.append(UInt8(ascii: "]"))
        case .object(let members):
            output.append(UInt8(ascii: "{"))
            for (position, member) in members.sorted(by: Self.precedes).enumerated() {
                if position > 0 { output.append(UInt8(ascii: ",")) }
                Self.write(member.key, to: &output)
                output.append(UInt8(ascii: ":"))
                member.value.write(to: &output)
            }
            output.append(UInt8(ascii: "}"))
        }
    }

    private static func precedes(_ left: (key: String, value: JSON), _ right: (key: String, value: JSON))
        -> Bool
    {
        (rank(left.key), left.key) < (rank(right.key), right.key)
    }

    private static func rank(_ key: String) -> Int {
        switch key {
        case "id": 0
        case "object": 1
        default: 2
        }
    }

    private static func write(_ text: String, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): output += "\\\"".utf8
            case UInt8(ascii: "\\"): output += "\\\\".utf8
            case 0x0A: output += "\\n".utf8
            case 0x0D: output += "\\r".utf8
            case 0x09: output += "\\t".utf8
            case 0..<0x20: output += "\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8
            default: output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }
}
