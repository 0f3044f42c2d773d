// Inputs, results and signals travel as JSON text. They are measured here, before they reach a batch, because
// a value that Postgres refuses (a NUL, a bottomless nesting) must fail its own step and never the batch it
// would travel in.

import FoundationEssentials

/// One JSON value as UTF-8 text.
public struct Payload: Sendable, Hashable {
    public let bytes: [UInt8]

    /// Takes JSON text as it is; use `encode` for values.
    public init(json bytes: [UInt8]) { self.bytes = bytes }
    public init(json text: String) { bytes = Array(text.utf8) }

    public static let null = Payload(json: "null")

    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Encodes a value and checks it against `limit` bytes.
    public static func encode(_ value: some Encodable, _ role: PayloadRole) throws(PayloadError) -> Payload {
        let data: Data
        do {
            data = try JSONEncoder().encode(value)
        } catch {
            throw .unencodable(role, "\(error)")
        }
        let payload = Payload(json: [UInt8](data))
        try payload.check(role)
        return payload
    }

    public func decode<Value: Decodable>(_ type: Value.Type, _ role: PayloadRole) throws(PayloadError)
        -> Value
    {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            throw .undecodable(role, "\(error)")
        }
    }

    /// Refuses what is too large, too deep, or holds a NUL, which `jsonb` cannot store.
    public func check(_ role: PayloadRole) throws(PayloadError) {
        guard bytes.count <= role.limit else { throw .tooLarge(role, bytes: bytes.count) }
        var depth = 0
        var inString = false
        var index = 0
        while index < bytes.count {
            switch (bytes[index], inString) {
            case (UInt8(ascii: "\\"), true):
                if bytes[index...].starts(with: Self.escapedNUL) { throw .containsNUL(role) }
                index += 1
            case (UInt8(ascii: "\""), _): inString.toggle()
            case (UInt8(ascii: "{"), false), (UInt8(ascii: "["), false):
                depth += 1
                if depth > Self.depthLimit { throw .tooDeep(role) }
            case (UInt8(ascii: "}"), false), (UInt8(ascii: "]"), false): depth -= 1
            case (0, _): throw .containsNUL(role)
            default: break
            }
            index += 1
        }
    }

    /// Far below what Postgres' own parser takes, far above what a sensible result needs.
    public static let depthLimit = 256
    private static let escapedNUL = Array(#"\u0000"#.utf8)
}

/// What a payload is, which decides how large it may be.
public enum PayloadRole: String, Sendable {
    case input, output, step, signal, progress, detail

    /// In bytes. An input may hold a document; a step's result is kept for years and shown to operators.
    public var limit: Int {
        switch self {
        case .input, .output: 1 << 20
        case .step, .signal: 256 << 10
        case .progress, .detail: 16 << 10
        }
    }
}

/// A value that cannot be kept. Always permanent: the same code would make the same value again.
public enum PayloadError: Classified, Equatable, CustomStringConvertible {
    case tooLarge(PayloadRole, bytes: Int)
    case tooDeep(PayloadRole)
    case containsNUL(PayloadRole)
    case unencodable(PayloadRole, String)
    case undecodable(PayloadRole, String)

    public var disposition: Disposition { .permanent }

    public var code: String {
        switch self {
        case .tooLarge: "payload_too_large"
        case .tooDeep: "payload_too_deep"
        case .containsNUL: "payload_contains_nul"
        case .unencodable: "payload_unencodable"
        case .undecodable: "payload_undecodable"
        }
    }

    public var description: String {
        switch self {
        case .tooLarge(let role, let bytes):
            "the \(role.rawValue) is \(bytes) bytes, over the limit of \(role.limit); "
                + "keep ids and amounts, not documents"
        case .tooDeep(let role):
            "the \(role.rawValue) nests deeper than \(Payload.depthLimit) levels; flatten it"
        case .containsNUL(let role):
            "the \(role.rawValue) holds a NUL character, which Postgres cannot store; strip it"
        case .unencodable(let role, let why): "the \(role.rawValue) cannot be encoded as JSON: \(why)"
        case .undecodable(let role, let why):
            "the recorded \(role.rawValue) does not decode as the type this code expects: \(why)"
        }
    }
}
