// The shape of what goes in and out of the API. The same value refuses a body and describes it in the
// document, so the two cannot differ; what an answer looks like is described beside its type, and a test
// holds real answers against it. It knows what our routes need and no more of JSON Schema.

indirect enum Schema: Sendable {
    case text(TextRule)
    case choice([String])
    case whole(ClosedRange<Int64>)
    case truth
    case list(of: Schema, count: ClosedRange<Int>)
    /// Fields that are not listed are refused, and never sent.
    case object([SchemaField])
    /// Any names, each with such a value.
    case map(of: Schema)
    /// Described once and pointed at.
    case named(String, Schema)
    /// An object that somebody else describes.
    case anything

    /// What a text must be.
    struct TextRule: Sendable {
        var lengths: ClosedRange<Int> = 0...100_000
        var format: Format?

        enum Format: String, Sendable {
            case uuid
            case moment = "date-time"
            case address = "uri"
            case email
        }
    }
}

struct SchemaField: Sendable {
    let name: String
    let schema: Schema
    let isRequired: Bool
    let meaning: String?

    static func required(_ name: String, _ schema: Schema, _ meaning: String? = nil) -> SchemaField {
        SchemaField(name: name, schema: schema, isRequired: true, meaning: meaning)
    }

    static func optional(_ name: String, _ schema: Schema, _ meaning: String? = nil) -> SchemaField {
        SchemaField(name: name, schema: schema, isRequired: false, meaning: meaning)
    }
}

/// An answer that says what it looks like.
protocol Described: Encodable {
    static var schema: Schema { get }
}

extension Schema {
    static let uuid = Schema.text(TextRule(lengths: 36...36, format: .uuid))
    static let moment = Schema.text(TextRule(format: .moment))
    static let words = Schema.text(TextRule())

    /// So many characters.
    static func text(_ lengths: ClosedRange<Int>) -> Schema { .text(TextRule(lengths: lengths)) }

    static func list(of schema: Schema) -> Schema { .list(of: schema, count: 0...100_000) }

    static func choice<Value: CaseIterable & RawRepresentable>(of type: Value.Type) -> Schema
    where Value.RawValue == String {
        .choice(type.allCases.map(\.rawValue))
    }
}

// In the document ------------------------------------------------------------------------------------------

extension Schema {
    /// As JSON Schema (2020-12) writes it.
    var node: DocumentNode {
        switch self {
        case .text(let rule): rule.node
        case .choice(let words): ["type": "string", "enum": .list(words.map { .text($0) })]
        case .whole(let range):
            [
                "type": "integer", "minimum": .whole(range.lowerBound), "maximum": .whole(range.upperBound),
            ]
        case .truth: ["type": "boolean"]
        case .list(let element, let count):
            [
                "type": "array", "items": element.node, "minItems": .whole(Int64(count.lowerBound)),
                "maxItems": .whole(Int64(count.upperBound)),
            ]
        case .object(let fields): Self.node(of: fields)
        case .map(let value): ["type": "object", "additionalProperties": value.node]
        case .named(let name, _): ["$ref": "#/components/schemas/\(name)"]
        case .anything: ["type": "object"]
        }
    }

    private static func node(of fields: [SchemaField]) -> DocumentNode {
        var properties: [String: DocumentNode] = [:]
        for field in fields {
            guard case .object(var node) = field.schema.node else { continue }
            node["description"] = field.meaning.map { .text($0) }
            properties[field.name] = .object(node)
        }
        return [
            "type": "object", "properties": .object(properties), "additionalProperties": false,
            "required": .list(fields.filter(\.isRequired).map { .text($0.name) }),
        ]
    }

    /// What is described once, by name, with everything that it points at in turn.
    var parts: [String: DocumentNode] {
        switch self {
        case .named(let name, let schema):
            schema.parts.merging([name: schema.node]) { first, _ in first }
        case .list(let element, _), .map(let element): element.parts
        case .object(let fields):
            fields.reduce(into: [:]) { parts, field in
                parts.merge(field.schema.parts) { first, _ in first }
            }
        case .text, .choice, .whole, .truth, .anything: [:]
        }
    }
}

extension Schema.TextRule {
    fileprivate var node: DocumentNode {
        var node: [String: DocumentNode] = ["type": "string"]
        if let format { node["format"] = .text(format.rawValue) }
        if lengths.lowerBound > 0 { node["minLength"] = .whole(Int64(lengths.lowerBound)) }
        if lengths.upperBound < 100_000 { node["maxLength"] = .whole(Int64(lengths.upperBound)) }
        return .object(node)
    }
}
