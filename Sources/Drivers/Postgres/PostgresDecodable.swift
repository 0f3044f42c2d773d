/// A type whose values can be elements of an array that is read. Conform to ``PostgresDecodable`` instead.
public protocol PostgresArrayDecodable: Sendable {
    static func decodeArray(_ bytes: RawSpan, type: PostgresType) throws(DecodingProblem) -> [Self]
}

/// A value that can be read from a ``Row``.
///
/// A raw-representable type conforms by saying so: `extension OrderStatus: PostgresDecodable {}`.
public protocol PostgresDecodable: PostgresArrayDecodable {
    /// Reads a value that is not null from the server's binary format.
    static func decode(_ bytes: RawSpan, type: PostgresType) throws(DecodingProblem) -> Self
    /// What null means: nothing but an error, except for optionals.
    static func decodeNull() throws(DecodingProblem) -> Self
}

/// Why a value cannot be read. The row adds which column it was.
public struct DecodingProblem: Error {
    public let message: String
    public init(_ message: String) { self.message = message }

    static func mismatch(_ type: PostgresType, as wanted: Any.Type) -> DecodingProblem {
        DecodingProblem(
            "is \(type), which cannot be read as \(wanted); cast it in the query or ask for another type")
    }

    static func malformed(_ type: String) -> DecodingProblem {
        DecodingProblem("is not a well-formed \(type)")
    }
}

extension PostgresDecodable {
    public static func decodeNull() throws(DecodingProblem) -> Self {
        throw DecodingProblem("is null, which \(Self.self) cannot hold; decode \(Self.self)?")
    }

    public static func decodeArray(_ bytes: RawSpan, type: PostgresType) throws(DecodingProblem) -> [Self] {
        guard bytes.byteCount >= 12 else { throw .mismatch(type, as: [Self].self) }
        let dimensions = bytes.integer(at: 0, as: Int32.self)
        if dimensions == 0 { return [] }
        guard dimensions == 1, bytes.byteCount >= ArrayHeader.size else {
            throw DecodingProblem("has \(dimensions) dimensions; only arrays with one can be read")
        }
        let element = PostgresType(rawValue: bytes.integer(at: 8, as: UInt32.self))
        guard element.array == type || element.isDefinedByUser || type.isDefinedByUser || element.array == nil
        else {
            throw .mismatch(type, as: [Self].self)
        }
        let count = Int(bytes.integer(at: 12, as: Int32.self))
        guard count >= 0 else { throw .malformed("array") }
        var values: [Self] = []
        values.reserveCapacity(count)
        var position = ArrayHeader.size
        for _ in 0..<count {
            guard position + 4 <= bytes.byteCount else { throw .malformed("array") }
            let length = Int(bytes.integer(at: position, as: Int32.self))
            position += 4
            if length < 0 {
                values.append(try decodeNull())
                continue
            }
            guard position + length <= bytes.byteCount else { throw .malformed("array") }
            values.append(try decode(bytes.extracting(position..<position + length), type: element))
            position += length
        }
        return values
    }
}

extension Optional: PostgresArrayDecodable where Wrapped: PostgresDecodable {}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    @inlinable
    public static func decode(_ bytes: RawSpan, type: PostgresType) throws(DecodingProblem) -> Wrapped? {
        try Wrapped.decode(bytes, type: type)
    }

    @inlinable
    public static func decodeNull() throws(DecodingProblem) -> Wrapped? { nil }
}

extension Array: PostgresArrayDecodable where Element: PostgresArrayDecodable {}

extension Array: PostgresDecodable where Element: PostgresArrayDecodable {
    public static func decode(_ bytes: RawSpan, type: PostgresType) throws(DecodingProblem) -> [Element] {
        try Element.decodeArray(bytes, type: type)
    }
}

extension PostgresDecodable where Self: RawRepresentable, RawValue: PostgresDecodable {
    public static func decode(_ bytes: RawSpan, type: PostgresType) throws(DecodingProblem) -> Self {
        guard let value = Self(rawValue: try RawValue.decode(bytes, type: type)) else {
            throw DecodingProblem("holds a value that \(Self.self) does not know")
        }
        return value
    }
}

/// Not a value of its own: it makes `[UInt8]` a `bytea`.
extension UInt8: PostgresArrayDecodable {
    public static func decodeArray(_ bytes: RawSpan, type: PostgresType) throws(DecodingProblem) -> [UInt8] {
        guard type == .bytea else { throw .mismatch(type, as: [UInt8].self) }
        return bytes.copy()
    }
}

extension RawSpan {
    /// A big-endian number. The caller has checked the length.
    @inlinable @inline(__always)
    func integer<Number: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as: Number.Type) -> Number {
        Number(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: Number.self))
    }

    func copy() -> [UInt8] { withUnsafeBytes { Array($0) } }
}
