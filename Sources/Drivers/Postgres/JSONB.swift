import FoundationEssentials

/// A JSON document, kept as the text it travels as. Its keys and values are read only where somebody decodes
/// it.
public struct JSONB: Sendable, Equatable {
    /// The document in UTF-8.
    public var bytes: [UInt8]

    /// A document that is text already. The server refuses it if it is not JSON.
    public init(_ text: String) { bytes = Array(text.utf8) }

    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    public init(encoding value: some Encodable) throws {
        bytes = Array(try JSONEncoder().encode(value))
    }

    public var text: String { String(decoding: bytes, as: UTF8.self) }

    public func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(type, from: Data(bytes))
    }

    /// The server's binary `jsonb` is a version and the text.
    static let version: UInt8 = 1
}

extension JSONB: PostgresEncodable {
    public static var postgresType: PostgresType { .jsonb }

    public func encode() -> [UInt8]? { encodeFixed(1 + bytes.count) { write(to: $0) } }

    public static func encodeArray(_ values: [JSONB]) -> [UInt8] {
        encodeElements(values, as: .jsonb, size: { 1 + $0.bytes.count }, write: { $0.write(to: $1) })
    }

    public static func encodeArray(_ values: [JSONB?]) -> [UInt8] {
        encodeElements(
            values, as: .jsonb, size: { $0.map { 1 + $0.bytes.count } }, write: { $0?.write(to: $1) })
    }

    @inline(__always)
    private func write(to space: UnsafeMutableRawPointer) {
        space.storeBytes(of: Self.version, as: UInt8.self)
        bytes.withUnsafeBytes { content in
            UnsafeMutableRawBufferPointer(start: space + 1, count: content.count).copyMemory(from: content)
        }
    }
}

extension JSONB: PostgresDecodable {
    public static func decode(_ bytes: RawSpan, type: PostgresType) throws(DecodingProblem) -> JSONB {
        switch type {
        case .json, .text: return JSONB(bytes.copy())
        case .jsonb:
            guard bytes.byteCount > 0, bytes.integer(at: 0, as: UInt8.self) == version else {
                throw DecodingProblem("has a format of jsonb that this driver does not know")
            }
            return JSONB(bytes.extracting(1..<bytes.byteCount).copy())
        default: throw .mismatch(type, as: JSONB.self)
        }
    }
}
