// A JSON value on its way out whose names are kept as they are written: the encoder of our answers turns
// names into snake case, and those of a specification are not ours to change.

import Foundation

enum DocumentNode: Encodable, Sendable, Equatable {
    case text(String)
    case whole(Int64)
    case truth(Bool)
    case list([DocumentNode])
    case object([String: DocumentNode])

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let text): try container.encode(text)
        case .whole(let number): try container.encode(number)
        case .truth(let truth): try container.encode(truth)
        case .list(let nodes): try container.encode(nodes)
        case .object(let fields): try container.encode(fields)
        }
    }

    func bytes() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(self))
    }
}

extension DocumentNode: ExpressibleByStringLiteral, ExpressibleByStringInterpolation,
    ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    init(stringLiteral value: String) { self = .text(value) }
    init(integerLiteral value: Int64) { self = .whole(value) }
    init(booleanLiteral value: Bool) { self = .truth(value) }
    init(arrayLiteral elements: DocumentNode...) { self = .list(elements) }
    init(dictionaryLiteral elements: (String, DocumentNode)...) {
        self = .object(Dictionary(elements, uniquingKeysWith: { first, _ in first }))
    }
}
