/// A reply, copied out of the connection's buffer once.
public enum RedisValue: Sendable, Equatable {
    case null
    case integer(Int64)
    case bulk([UInt8])
    case status(String)
    case array([RedisValue])
    /// An error inside a pipeline's replies or inside an array. A single command throws it instead.
    case error(code: String, message: String)

    /// The text of a bulk or status reply, or of an integer; nil for everything else and for invalid UTF-8.
    public var string: String? {
        switch self {
        case .bulk(let bytes): String(validating: bytes, as: UTF8.self)
        case .status(let text): text
        case .integer(let value): String(value)
        case .null, .array, .error: nil
        }
    }

    /// The number in an integer reply, or written as text in a bulk reply.
    public var int: Int? {
        switch self {
        case .integer(let value): Int(exactly: value)
        case .bulk, .status: string.flatMap { Int($0) }
        case .null, .array, .error: nil
        }
    }

    /// The number of a score or another reply that Redis writes as decimal text.
    public var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .bulk, .status: string.flatMap { Double($0) }
        case .null, .array, .error: nil
        }
    }

    /// The bytes of a bulk reply, or of a status as UTF-8.
    public var bytes: [UInt8]? {
        switch self {
        case .bulk(let bytes): bytes
        case .status(let text): Array(text.utf8)
        case .null, .integer, .array, .error: nil
        }
    }

    /// The elements of an array reply.
    public var array: [RedisValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// The elements of an array reply as text; nil when it is no array or an element is no text.
    public var strings: [String]? {
        guard let elements = array else { return nil }
        var texts: [String] = []
        texts.reserveCapacity(elements.count)
        for element in elements {
            guard let text = element.string else { return nil }
            texts.append(text)
        }
        return texts
    }

    /// Whether there is nothing: the key, the member or the waiting element does not exist.
    public var isNull: Bool { self == .null }

    /// The value itself, or the error reply thrown. For the elements of a pipeline.
    public func get() throws(RedisError) -> RedisValue {
        if case .error(let code, let message) = self {
            throw .reply(code: code, message: message)
        }
        return self
    }
}
