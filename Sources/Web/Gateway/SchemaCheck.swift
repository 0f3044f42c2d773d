// Holds a body or a parameter against its schema, and gathers everything that is wrong. Texts are counted as
// they are stored, without the space around them; a field that is null counts as missing, as everywhere here.

import Foundation
import WebSupport

struct SchemaCheck {
    private(set) var unknown: [FieldError] = []
    private(set) var invalid: [FieldError] = []

    /// Throws what is wrong with a body.
    static func body(_ bytes: [UInt8], _ schema: Schema) throws(WebProblem) {
        let value = try JSONValue(parsing: bytes)
        guard case .object = value else { throw WebProblem(.malformedJSON, "the body must be an object") }
        var check = SchemaCheck()
        check.check(value, schema, at: "")
        guard check.unknown.isEmpty else { throw WebProblem(.unknownFields, fields: check.unknown) }
        guard check.invalid.isEmpty else { throw WebProblem(.invalidFields, fields: check.invalid) }
    }

    private mutating func check(_ value: JSONValue, _ schema: Schema, at place: String) {
        switch (schema, value) {
        case (.named(_, let inner), _): check(value, inner, at: place)
        case (.text(let rule), .string(let text)): refuse(place, rule.problem(in: text))
        case (.choice(let words), .string(let text)):
            if !words.contains(text.trimmed) {
                refuse(place, "must be one of \(words.joined(separator: ", "))")
            }
        case (.whole(let range), .number(let digits)):
            // Digits only: 1e6 and 2.0 are numbers in JSON, but not an amount that anybody means.
            if Int64(digits).map(range.contains) != true {
                refuse(place, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
        case (.list(let element, let count), .array(let elements)):
            guard count.contains(elements.count) else {
                refuse(place, "must have from \(count.lowerBound) to \(count.upperBound) elements")
                return
            }
            for (index, value) in elements.enumerated() { check(value, element, at: "\(place)[\(index)]") }
        case (.object(let fields), .object(let given)): check(given, fields, at: place)
        case (.map(let element), .object(let given)):
            for field in given { check(field.value, element, at: Self.path(place, field.name)) }
        case (.truth, .bool), (.anything, .object): break
        default: refuse(place, schema.wanted)
        }
    }

    private mutating func check(_ given: [JSONValue.Field], _ fields: [SchemaField], at place: String) {
        for field in given where !fields.contains(where: { $0.name == field.name }) {
            unknown.append(FieldError(Self.path(place, field.name), "is not known"))
        }
        for field in fields {
            let path = Self.path(place, field.name)
            if let value = given.first(where: { $0.name == field.name })?.value, value != .null {
                check(value, field.schema, at: path)
            } else if field.isRequired {
                refuse(path, "is required")
            }
        }
    }

    private mutating func refuse(_ place: String, _ message: String?) {
        if let message { invalid.append(FieldError(place, message)) }
    }

    private static func path(_ place: String, _ name: String) -> String {
        place.isEmpty ? name : "\(place).\(name)"
    }
}

extension Schema {
    fileprivate var wanted: String {
        switch self {
        case .text, .choice: "must be a text"
        case .whole: "must be a whole number"
        case .truth: "must be true or false"
        case .list: "must be a list"
        case .object, .map, .anything: "must be an object"
        case .named(_, let schema): schema.wanted
        }
    }

    /// Why a parameter of the address is refused, or nil. It has no type: what should be a number must read
    /// like one.
    func problem(inParameter text: String) -> String? {
        switch self {
        case .text(let rule): rule.problem(in: text)
        case .choice(let words):
            words.contains(text) ? nil : "must be one of \(words.joined(separator: ", "))"
        case .whole(let range):
            Int64(text).map(range.contains) == true
                ? nil : "must be from \(range.lowerBound) to \(range.upperBound)"
        case .named(_, let schema): schema.problem(inParameter: text)
        case .truth, .list, .object, .map, .anything: "cannot be read"
        }
    }
}

extension Schema.TextRule {
    fileprivate func problem(in text: String) -> String? {
        // As the database and JSON Schema count: a letter with its marks is several.
        let count = text.trimmed.unicodeScalars.count
        guard count <= lengths.upperBound else { return "is longer than \(lengths.upperBound) characters" }
        guard count >= lengths.lowerBound else {
            return count == 0 ? "is required" : "is shorter than \(lengths.lowerBound) characters"
        }
        guard !text.utf8.contains(0) else { return "contains a character that is not allowed" }
        switch format {
        case .uuid: return UUID(uuidString: text.trimmed) == nil ? "must be a UUID" : nil
        // What else a text must be is for the rules of the shop to say.
        case .moment, .address, .email, nil: return nil
        }
    }
}
