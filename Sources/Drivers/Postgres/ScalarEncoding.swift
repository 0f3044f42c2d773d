public import FoundationEssentials

/// A type whose values all have one size on the wire.
protocol FixedSizeEncodable: PostgresEncodable {
    static var encodedSize: Int { get }
    func write(to space: UnsafeMutableRawPointer)
}

extension FixedSizeEncodable {
    @inline(__always)
    func encodeFixedSize() -> [UInt8] { encodeFixed(Self.encodedSize) { write(to: $0) } }

    @inline(__always)
    static func encodeFixedSize(_ values: [Self]) -> [UInt8] {
        encodeElements(values, as: postgresType, size: { _ in encodedSize }, write: { $0.write(to: $1) })
    }

    @inline(__always)
    static func encodeFixedSize(_ values: [Self?]) -> [UInt8] {
        encodeElements(
            values, as: postgresType, size: { $0 == nil ? nil : encodedSize }, write: { $0?.write(to: $1) })
    }
}

extension Int: FixedSizeEncodable {
    public static var postgresType: PostgresType { .int8 }
    static var encodedSize: Int { 8 }
    @inline(__always) func write(to space: UnsafeMutableRawPointer) { store(self, at: space) }
    public func encode() -> [UInt8]? { encodeFixedSize() }
    public static func encodeArray(_ values: [Self]) -> [UInt8] { encodeFixedSize(values) }
    public static func encodeArray(_ values: [Self?]) -> [UInt8] { encodeFixedSize(values) }
}

extension Int64: FixedSizeEncodable {
    public static var postgresType: PostgresType { .int8 }
    static var encodedSize: Int { 8 }
    @inline(__always) func write(to space: UnsafeMutableRawPointer) { store(self, at: space) }
    public func encode() -> [UInt8]? { encodeFixedSize() }
    public static func encodeArray(_ values: [Self]) -> [UInt8] { encodeFixedSize(values) }
    public static func encodeArray(_ values: [Self?]) -> [UInt8] { encodeFixedSize(values) }
}

extension Int32: FixedSizeEncodable {
    public static var postgresType: PostgresType { .int4 }
    static var encodedSize: Int { 4 }
    @inline(__always) func write(to space: UnsafeMutableRawPointer) { store(self, at: space) }
    public func encode() -> [UInt8]? { encodeFixedSize() }
    public static func encodeArray(_ values: [Self]) -> [UInt8] { encodeFixedSize(values) }
    public static func encodeArray(_ values: [Self?]) -> [UInt8] { encodeFixedSize(values) }
}

extension Int16: FixedSizeEncodable {
    public static var postgresType: PostgresType { .int2 }
    static var encodedSize: Int { 2 }
    @inline(__always) func write(to space: UnsafeMutableRawPointer) { store(self, at: space) }
    public func encode() -> [UInt8]? { encodeFixedSize() }
    public static func encodeArray(_ values: [Self]) -> [UInt8] { encodeFixedSize(values) }
    public static func encodeArray(_ values: [Self?]) -> [UInt8] { encodeFixedSize(values) }
}

extension Bool: FixedSizeEncodable {
    public static var postgresType: PostgresType { .bool }
    static var encodedSize: Int { 1 }
    @inline(__always) func write(to space: UnsafeMutableRawPointer) { store(UInt8(self ? 1 : 0), at: space) }
    public func encode() -> [UInt8]? { encodeFixedSize() }
    public static func encodeArray(_ values: [Self]) -> [UInt8] { encodeFixedSize(values) }
    public static func encodeArray(_ values: [Self?]) -> [UInt8] { encodeFixedSize(values) }
}

extension Double: FixedSizeEncodable {
    public static var postgresType: PostgresType { .float8 }
    static var encodedSize: Int { 8 }
    @inline(__always) func write(to space: UnsafeMutableRawPointer) { store(bitPattern, at: space) }
    public func encode() -> [UInt8]? { encodeFixedSize() }
    public static func encodeArray(_ values: [Self]) -> [UInt8] { encodeFixedSize(values) }
    public static func encodeArray(_ values: [Self?]) -> [UInt8] { encodeFixedSize(values) }
}

extension Float: FixedSizeEncodable {
    public static var postgresType: PostgresType { .float4 }
    static var encodedSize: Int { 4 }
    @inline(__always) func write(to space: UnsafeMutableRawPointer) { store(bitPattern, at: space) }
    public func encode() -> [UInt8]? { encodeFixedSize() }
    public static func encodeArray(_ values: [Self]) -> [UInt8] { encodeFixedSize(values) }
    public static func encodeArray(_ values: [Self?]) -> [UInt8] { encodeFixedSize(values) }
}

extension UUID: FixedSizeEncodable {
    public static var postgresType: PostgresType { .uuid }
    static var encodedSize: Int { 16 }
    @inline(__always) func write(to space: UnsafeMutableRawPointer) {
        space.storeBytes(of: uuid, as: uuid_t.self)
    }
    public func encode() -> [UInt8]? { encodeFixedSize() }
    public static func encodeArray(_ values: [Self]) -> [UInt8] { encodeFixedSize(values) }
    public static func encodeArray(_ values: [Self?]) -> [UInt8] { encodeFixedSize(values) }
}

/// To the microsecond. `.distantPast` and `.distantFuture` travel as `-infinity` and `infinity`.
extension Date: FixedSizeEncodable {
    public static var postgresType: PostgresType { .timestamptz }
    static var encodedSize: Int { 8 }
    @inline(__always) func write(to space: UnsafeMutableRawPointer) {
        store(PostgresTime.microseconds(of: self), at: space)
    }
    public func encode() -> [UInt8]? { encodeFixedSize() }
    public static func encodeArray(_ values: [Self]) -> [UInt8] { encodeFixedSize(values) }
    public static func encodeArray(_ values: [Self?]) -> [UInt8] { encodeFixedSize(values) }
}

/// As an interval of microseconds, so that `now() + \(pause)` works.
extension Duration: FixedSizeEncodable {
    public static var postgresType: PostgresType { .interval }
    static var encodedSize: Int { 16 }
    @inline(__always) func write(to space: UnsafeMutableRawPointer) {
        store(PostgresTime.microseconds(of: self), at: space)
        store(Int64(0), at: space + 8)
    }
    public func encode() -> [UInt8]? { encodeFixedSize() }
    public static func encodeArray(_ values: [Self]) -> [UInt8] { encodeFixedSize(values) }
    public static func encodeArray(_ values: [Self?]) -> [UInt8] { encodeFixedSize(values) }
}

extension String: PostgresEncodable {
    public static var postgresType: PostgresType { .text }
    public func encode() -> [UInt8]? { Array(utf8) }

    public static func encodeArray(_ values: [String]) -> [UInt8] {
        encodeElements(values, as: .text, size: { $0.utf8.count }, write: { $0.copy(to: $1) })
    }

    public static func encodeArray(_ values: [String?]) -> [UInt8] {
        encodeElements(values, as: .text, size: { $0?.utf8.count }, write: { $0?.copy(to: $1) })
    }

    @inline(__always)
    func copy(to space: UnsafeMutableRawPointer) {
        let target = UnsafeMutableRawBufferPointer(start: space, count: utf8.count)
        // Only strings bridged from elsewhere are not contiguous, and those do not exist on this platform.
        let copied: Void? = utf8.withContiguousStorageIfAvailable {
            target.copyMemory(from: UnsafeRawBufferPointer($0))
        }
        if copied == nil { target.copyBytes(from: utf8) }
    }
}

extension Data: PostgresEncodable {
    public static var postgresType: PostgresType { .bytea }
    public func encode() -> [UInt8]? { Array(self) }
}

/// Only so that arrays of byte strings can be sent; an array of any other arrays cannot.
extension PostgresArrayEncodable where Self == [UInt8] {
    public static var postgresArrayType: PostgresType { PostgresType(rawValue: 1001) }
}

extension Decimal: PostgresEncodable {
    public static var postgresType: PostgresType { .numeric }
    public func encode() -> [UInt8]? { Numeric(self).encode() }
}
