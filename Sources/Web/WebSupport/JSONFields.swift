// Reads the fields of a JSON object and gathers what is wrong with all of them, so that a client learns
// everything in one answer. What was never asked for is unknown, and an unknown field is refused: a
// misspelt "quantitty" must not silently order one.

/// The fields of one object while they are being read.
package struct JSONFields {
    private let fields: [String: JSONValue]
    private let order: [String]
    private let prefix: String
    private var asked: Set<String> = []
    package private(set) var problems: [FieldError] = []
    package private(set) var unknown: [FieldError] = []

    /// Parses a body that must be an object.
    package init(body: [UInt8]) throws(WebProblem) {
        let value = try JSONValue(parsing: body)
        guard case .object(let fields) = value else {
            throw WebProblem(.malformedJSON, "the body must be an object")
        }
        self.init(fields, prefix: "")
    }

    private init(_ fields: [JSONValue.Field], prefix: String) {
        self.fields = Dictionary(fields.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        self.order = fields.map(\.name)
        self.prefix = prefix
    }

    /// Throws what was found wrong. Call it after the last field was read and before anything is done.
    package func finish() throws(WebProblem) {
        let strangers = unknown + strangersHere
        guard strangers.isEmpty else { throw WebProblem(.unknownFields, fields: strangers) }
        guard problems.isEmpty else { throw WebProblem(.invalidFields, fields: problems) }
    }

    package mutating func refuse(_ name: String, _ message: String) {
        problems.append(FieldError(prefix + name, message))
    }

    /// A text of at most `limit` characters, without surrounding space. Empty counts as missing.
    package mutating func text(_ name: String, limit: Int = 200) -> String {
        guard let text = optionalText(name, limit: limit) else {
            if !problems.contains(where: { $0.field == prefix + name }) { refuse(name, "is required") }
            return ""
        }
        return text
    }

    package mutating func optionalText(_ name: String, limit: Int = 200) -> String? {
        switch take(name) {
        case nil, .null: return nil
        case .string(let text):
            let trimmed = text.trimmed
            guard trimmed.count <= limit else {
                refuse(name, "is longer than \(limit) characters")
                return nil
            }
            guard !trimmed.utf8.contains(0) else {
                refuse(name, "contains a character that is not allowed")
                return nil
            }
            return trimmed.isEmpty ? nil : trimmed
        default:
            refuse(name, "must be a text")
            return nil
        }
    }

    /// A whole number inside `range`. Returns the lower bound when the field is refused.
    package mutating func integer(_ name: String, in range: ClosedRange<Int>) -> Int {
        switch take(name) {
        case .number(let digits):
            // Digits only: 1e6 and 2.0 are numbers in JSON, but not a quantity that anybody means.
            if let number = Int(digits), range.contains(number) { return number }
            refuse(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        case nil, .null: refuse(name, "is required")
        default: refuse(name, "must be a whole number")
        }
        return range.lowerBound
    }

    /// Reads a nested object; what is wrong inside is reported with its path.
    package mutating func object<Value>(_ name: String, _ read: (inout JSONFields) -> Value) -> Value {
        switch take(name) {
        case .object(let nested): return absorb(nested, at: "\(prefix)\(name).", read)
        case nil, .null: refuse(name, "is required")
        default: refuse(name, "must be an object")
        }
        // The value is read from nothing only to have one; its complaints are not repeated.
        var nothing = JSONFields([], prefix: "")
        return read(&nothing)
    }

    /// Reads a list of objects, at most `limit` of them.
    package mutating func objects<Value>(
        _ name: String, limit: Int, _ read: (inout JSONFields) -> Value
    ) -> [Value] {
        guard case .array(let elements) = take(name) else {
            refuse(name, "must be a list")
            return []
        }
        guard elements.count <= limit else {
            refuse(name, "has more than \(limit) elements")
            return []
        }
        var values: [Value] = []
        for (index, element) in elements.enumerated() {
            guard case .object(let nested) = element else {
                refuse("\(name)[\(index)]", "must be an object")
                continue
            }
            values.append(absorb(nested, at: "\(prefix)\(name)[\(index)].", read))
        }
        return values
    }

    /// The same where the list may be missing.
    package mutating func optionalObjects<Value>(
        _ name: String, limit: Int, _ read: (inout JSONFields) -> Value
    ) -> [Value]? {
        switch take(name) {
        case nil, .null: nil
        default: objects(name, limit: limit, read)
        }
    }

    private mutating func absorb<Value>(
        _ nested: [JSONValue.Field], at path: String, _ read: (inout JSONFields) -> Value
    ) -> Value {
        var inner = JSONFields(nested, prefix: path)
        let value = read(&inner)
        problems += inner.problems
        unknown += inner.unknown + inner.strangersHere
        return value
    }

    private mutating func take(_ name: String) -> JSONValue? {
        asked.insert(name)
        return fields[name]
    }

    private var strangersHere: [FieldError] {
        order.filter { !asked.contains($0) }.map { FieldError(prefix + $0, "is not known") }
    }
}

extension StringProtocol {
    /// Without white space at either end.
    package var trimmed: String {
        guard let first = firstIndex(where: { !$0.isWhitespace }),
            let last = lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(self[first...last])
    }
}
