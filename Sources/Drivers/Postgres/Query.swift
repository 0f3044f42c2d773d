// SQL text and values never mix: an interpolated value becomes a placeholder and a bind, encoded at once
// into the bytes that travel. Text that must be spliced says so, `\(raw: ...)`, and is easy to find in a
// review.

/// A statement with its values: `"select * from orders where id = \(id)"`.
///
/// Each value travels with its own type (`Int` as `int8`, `String` as `text`, `[UUID]` as `uuid[]`), so
/// where a column has another one, say which: `\(status)::order_status`.
public struct Query: Sendable {
    /// The text as the server sees it, with placeholders `$1`, `$2`, ...
    public private(set) var text: String
    public private(set) var binds: [Bind]
    /// When to have the server keep the parsed statement.
    public var preparation: Preparation = .automatic
    /// Where the placeholders stand in `text`, in UTF-8 bytes.
    private var placeholders: [Int]

    public enum Preparation: Sendable {
        /// From the second time on that a connection runs the text.
        case automatic
        /// From the first time on: for the few statements of a hot path.
        case always
        /// For text that is made up as it goes, which would only push others out of the cache.
        case never
    }

    /// A statement that exists as text already, with its placeholders `$1`, `$2`, ... and a value for each.
    /// Meant for hot paths that send whole columns as arrays, where building the text each time would be
    /// waste:
    ///
    /// ```swift
    /// Query(text: Self.insert, binding: ids, names, amounts)   // "... unnest($1::uuid[], $2::text[], $3)"
    /// ```
    public init<each Value: PostgresEncodable>(text: String, binding values: repeat each Value) {
        self.text = text
        self.binds = []
        self.placeholders = []
        for value in repeat each values {
            binds.append(Bind(value))
        }
    }

    private init(_ text: String) {
        self.text = text
        self.binds = []
        self.placeholders = []
    }

    /// The same statement, prepared from its first execution on.
    public func prepared() -> Query {
        var query = self
        query.preparation = .always
        return query
    }

    public static func + (one: Query, other: Query) -> Query {
        var sum = one
        sum.append(other)
        return sum
    }

    public static func += (one: inout Query, other: Query) { one.append(other) }

    /// Adds another query's text and values at the end. Its placeholders are numbered on.
    mutating func append(_ other: Query) {
        if other.binds.isEmpty {
            text += other.text
            return
        }
        // A text with placeholders of its own (`init(text:binding:)`) cannot be renumbered.
        precondition(other.placeholders.count == other.binds.count, "only interpolated queries can be joined")
        let bytes = Array(other.text.utf8)
        var start = 0
        for (number, place) in other.placeholders.enumerated() {
            text += String(decoding: bytes[start..<place], as: UTF8.self)
            bind(other.binds[number])
            start = place + 1 + String(number + 1).utf8.count
        }
        text += String(decoding: bytes[start...], as: UTF8.self)
    }

    private mutating func bind(_ value: Bind) {
        placeholders.append(text.utf8.count)
        binds.append(value)
        text += "$\(binds.count)"
    }
}

/// A value on its way to the server.
public struct Bind: Sendable {
    public let type: PostgresType
    /// The value in the server's binary format; nil is SQL's null.
    public let bytes: [UInt8]?

    public init<Value: PostgresEncodable>(_ value: Value) {
        type = Value.postgresType
        bytes = value.encode()
    }

    /// For a type that the driver does not know.
    public init(type: PostgresType, bytes: [UInt8]?) {
        self.type = type
        self.bytes = bytes
    }
}

extension Query: ExpressibleByStringInterpolation {
    public init(stringLiteral value: String) { self.init(value) }

    public init(stringInterpolation: StringInterpolation) { self = stringInterpolation.query }

    public struct StringInterpolation: StringInterpolationProtocol, Sendable {
        var query = Query("")

        public init(literalCapacity: Int, interpolationCount: Int) {
            query.text.reserveCapacity(literalCapacity + interpolationCount * 3)
            query.binds.reserveCapacity(interpolationCount)
            query.placeholders.reserveCapacity(interpolationCount)
        }

        public mutating func appendLiteral(_ literal: String) { query.text += literal }

        /// Sends the value beside the text, which gets a placeholder.
        public mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value) {
            query.bind(Bind(value))
        }

        /// The same for a value that may be null.
        public mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value?) {
            query.bind(Bind(value))
        }

        /// Adds a part of a statement with its own values.
        public mutating func appendInterpolation(_ part: Query) { query.append(part) }

        /// Splices trusted text: never anything that a person outside can choose.
        public mutating func appendInterpolation(raw text: String) { query.text += text }

        /// Splices a name of a table, column or schema, quoted.
        public mutating func appendInterpolation(identifier name: String) {
            query.text += "\"\(name.replacing("\"", with: "\"\""))\""
        }
    }
}
