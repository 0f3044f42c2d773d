public import FoundationEssentials

extension Int: PostgresDecodable {
    /// Any whole number that fits, `numeric` too, since that is what `sum` of `int8` yields.
    public static func decode(_ bytes: RawSpan, type: PostgresType) throws(DecodingProblem) -> Int {
        switch (type, bytes.byteCount) {
        case (.int8, 8): return Int(bytes.integer(at: 0, as: Int64.self))
        case (.int4, 4): return Int(bytes.integer(at: 0, as: Int32.self))
        case (.int2, 2): return Int(bytes.integer(at: 0, as: Int16.self))
        case (.oid, 4): return Int(bytes.integer(at: 0, as: UInt32.self))
        case (.numeric, _): return try Numeric(bytes).integer()
        default: throw .mismatch(type, as: Int.self)
        }
    }
}

extension Int64: PostgresDecodable {
    public static func decode(_ bytes: RawSpan, type: PostgresType) throws(DecodingProblem) -> Int64 {
        Int64(try Int.decode(bytes, type: type))
    }
}

extension Int32: PostgresDecodable {
    public static func decode(_ bytes: RawSpan, type: PostgresType) throws(DecodingProblem) -> Int32 {
        try narrow(bytes, type)
    }
}

extension Int16: PostgresDecodable {
    public static func decode(_ bytes: RawSpan, type: PostgresType) throws(DecodingProblem) -> Int16 {
        try narrow(bytes, type)
    }
}

private func narrow<Number: FixedWidthInteger>(
    _ bytes: RawSpan, _ type: PostgresType
) throws(DecodingProblem) -> Number {
    guard let number = Number(exactly: try Int.decode(bytes, type: type)) else {
        throw DecodingProblem("holds a number that does not fit \(Number.self)")
    }
    return number
}

extension Bool: PostgresDecodable {
    public static func decode(_ bytes: RawSpan, type: PostgresType) throws(DecodingProblem) -> Bool {
        guard type == .bool, bytes.byteCount == 1 else { throw .mismatch(type, as: Bool.self) }
        return bytes.integer(at: 0, as: UInt8.self) != 0
    }
}

extension Double: PostgresDecodable {
    public static func decode(_ bytes: RawSpan, type: PostgresType) throws(DecodingProblem) -> Double {
        switch (type, bytes.byteCount) {
        case (.float8, 8): return Double(bitPattern: bytes.integer(at: 0, as: UInt64.self))
        case (.float4, 4): return Double(Float(bitPattern: bytes.integer(at: 0, as: UInt32.self)))
        default: throw .mismatch(type, as: Double.self)
        }
    }
}

extension Float: PostgresDecodable {
    public static func decode(_ bytes: RawSpan, type: PostgresType) throws(DecodingProblem) -> Float {
        guard type == .float4, bytes.byteCount == 4 else { throw .mismatch(type, as: Float.self) }
        return Float(bitPattern: bytes.integer(at: 0, as: UInt32.self))
    }
}

extension String: PostgresDecodable {
    /// Text of any kind: also JSON and the types that a database defines itself, such as enums.
    public static func decode(_ bytes: RawSpan, type: PostgresType) throws(DecodingProblem) -> String {
        switch type {
        case .text, .varchar, .bpchar, .name, .json, .xml, .unknown, .char: break
        case .jsonb: return try JSONB.decode(bytes, type: type).text
        case .void: return ""
        default: guard type.isDefinedByUser else { throw .mismatch(type, as: String.self) }
        }
        return bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }
}

extension UUID: PostgresDecodable {
    public static func decode(_ bytes: RawSpan, type: PostgresType) throws(DecodingProblem) -> UUID {
        guard type == .uuid, bytes.byteCount == 16 else { throw .mismatch(type, as: UUID.self) }
        return UUID(uuid: bytes.withUnsafeBytes { $0.loadUnaligned(as: uuid_t.self) })
    }
}

extension Date: PostgresDecodable {
    /// An instant. A `date` is its midnight in UTC and a `timestamp` is taken to be in UTC.
    public static func decode(_ bytes: RawSpan, type: PostgresType) throws(DecodingProblem) -> Date {
        switch (type, bytes.byteCount) {
        case (.timestamptz, 8), (.timestamp, 8):
            return PostgresTime.date(microseconds: bytes.integer(at: 0, as: Int64.self))
        case (.date, 4): return PostgresTime.date(days: bytes.integer(at: 0, as: Int32.self))
        default: throw .mismatch(type, as: Date.self)
        }
    }
}

extension Duration: PostgresDecodable {
    /// An interval without months, whose length nobody knows. A day is 24 hours.
    public static func decode(_ bytes: RawSpan, type: PostgresType) throws(DecodingProblem) -> Duration {
        guard type == .interval, bytes.byteCount == 16 else { throw .mismatch(type, as: Duration.self) }
        guard bytes.integer(at: 12, as: Int32.self) == 0 else {
            throw DecodingProblem("counts in months, which have no fixed length")
        }
        let days = Int64(bytes.integer(at: 8, as: Int32.self))
        return .microseconds(bytes.integer(at: 0, as: Int64.self)) + .seconds(days * 86_400)
    }
}

extension Data: PostgresDecodable {
    public static func decode(_ bytes: RawSpan, type: PostgresType) throws(DecodingProblem) -> Data {
        Data(try [UInt8].decode(bytes, type: type))
    }
}

extension Decimal: PostgresDecodable {
    public static func decode(_ bytes: RawSpan, type: PostgresType) throws(DecodingProblem) -> Decimal {
        switch type {
        case .numeric: return try Numeric(bytes).decimal()
        default: return Decimal(try Int.decode(bytes, type: type))
        }
    }
}
