// Values are encoded where they are interpolated, once, into an array of exactly their size in the format
// the server reads without parsing. An array is one such value, so a whole column of a thousand rows costs
// one allocation.

/// A type whose values can be elements of an array that is sent. Conform to ``PostgresEncodable`` instead.
public protocol PostgresArrayEncodable: Sendable {
    /// The type of an array of these.
    static var postgresArrayType: PostgresType { get }
    static func encodeArray(_ values: [Self]) -> [UInt8]
    static func encodeArray(_ values: [Self?]) -> [UInt8]
}

/// A value that can be interpolated into a ``Query``.
///
/// A raw-representable type conforms by saying so: `extension OrderStatus: PostgresEncodable {}`.
public protocol PostgresEncodable: PostgresArrayEncodable {
    static var postgresType: PostgresType { get }
    /// The value in the server's binary format; nil is SQL's null.
    func encode() -> [UInt8]?
}

extension PostgresEncodable {
    public static var postgresArrayType: PostgresType {
        guard let type = postgresType.array else {
            preconditionFailure("the driver knows no array of \(postgresType); send \(Self.self) one by one")
        }
        return type
    }

    public static func encodeArray(_ values: [Self]) -> [UInt8] {
        var writer = ArrayWriter(of: postgresType, count: values.count)
        for value in values { writer.append(value.encode()) }
        return writer.finish()
    }

    public static func encodeArray(_ values: [Self?]) -> [UInt8] {
        var writer = ArrayWriter(of: postgresType, count: values.count)
        for value in values { writer.append(value?.encode() ?? nil) }
        return writer.finish()
    }
}

extension Optional: PostgresArrayEncodable where Wrapped: PostgresEncodable {
    public static var postgresArrayType: PostgresType { Wrapped.postgresArrayType }
    public static func encodeArray(_ values: [Wrapped?]) -> [UInt8] { Wrapped.encodeArray(values) }
    public static func encodeArray(_ values: [Wrapped??]) -> [UInt8] {
        Wrapped.encodeArray(values.map { $0 ?? nil })
    }
}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    public static var postgresType: PostgresType { Wrapped.postgresType }
    public func encode() -> [UInt8]? { self?.encode() ?? nil }
}

extension Array: PostgresArrayEncodable where Element: PostgresArrayEncodable {}

extension Array: PostgresEncodable where Element: PostgresArrayEncodable {
    public static var postgresType: PostgresType { Element.postgresArrayType }
    public func encode() -> [UInt8]? { Element.encodeArray(self) }
}

extension PostgresEncodable where Self: RawRepresentable, RawValue: PostgresEncodable {
    public static var postgresType: PostgresType { RawValue.postgresType }
    public func encode() -> [UInt8]? { rawValue.encode() }
    public static func encodeArray(_ values: [Self]) -> [UInt8] {
        RawValue.encodeArray(values.map(\.rawValue))
    }
    public static func encodeArray(_ values: [Self?]) -> [UInt8] {
        RawValue.encodeArray(values.map { $0?.rawValue })
    }
}

/// Not a value of its own: it makes `[UInt8]` a `bytea`.
extension UInt8: PostgresArrayEncodable {
    public static var postgresArrayType: PostgresType { .bytea }
    public static func encodeArray(_ values: [UInt8]) -> [UInt8] { values }
    public static func encodeArray(_ values: [UInt8?]) -> [UInt8] {
        preconditionFailure("bytes of a bytea cannot be null")
    }
}
