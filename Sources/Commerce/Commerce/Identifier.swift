import FoundationEssentials

/// An identifier that knows what it identifies, so that an order's id cannot be passed for a quote's.
///
/// New identifiers are UUIDs of version 7: they begin with the time, so rows made together lie together
/// in every index, and sorting by id is sorting by age. The twelve bits after the milliseconds carry the
/// fraction of the millisecond, which keeps the order within a burst.
package struct Identifier<Kind: IdentifierKind>: RawRepresentable, Hashable, Sendable {
    package let rawValue: UUID

    package init(rawValue: UUID) {
        self.rawValue = rawValue
    }

    /// A new identifier of this moment. Inside a workflow ask `flow.uuid` instead, so that a replay sees
    /// the same.
    package init() {
        var random = SystemRandomNumberGenerator()
        self.init(at: Date(), random: &random)
    }

    /// A new identifier of the given moment from the given source of randomness.
    package init(at instant: Date, random: inout some RandomNumberGenerator) {
        let microseconds = UInt64(max(0, instant.timeIntervalSince1970 * 1_000_000))
        let milliseconds = microseconds / 1000
        let fraction = (microseconds % 1000) * 4096 / 1000
        let high = milliseconds << 16 | 0x7000 | fraction
        let low = random.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        self.init(rawValue: UUID(high: high, low: low))
    }

    /// Reads the usual text form, in either case.
    package init(parsing text: String) throws(CommerceError) {
        guard let uuid = UUID(uuidString: text) else {
            throw .malformed(noun: "\(Kind.noun) id", text: text, reason: "a UUID is needed")
        }
        self.init(rawValue: uuid)
    }
}

extension Identifier {
    /// Reads the usual text form, or nothing.
    init?(text: String) {
        guard let uuid = UUID(uuidString: text) else { return nil }
        self.init(rawValue: uuid)
    }
}

/// What an `Identifier` identifies: a name without a value.
package protocol IdentifierKind: Sendable {
    static var noun: String { get }
}

extension Identifier: Comparable {
    package static func < (left: Self, right: Self) -> Bool {
        left.rawValue.halves < right.rawValue.halves
    }
}

extension Identifier: CustomStringConvertible {
    package var description: String { rawValue.uuidString.lowercased() }
}

extension Identifier: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let uuid = UUID(uuidString: text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "not a \(Kind.noun) id: \(text)")
        }
        self.init(rawValue: uuid)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension Identifier: CodingKeyRepresentable {
    package var codingKey: any CodingKey { TextKey(stringValue: description) }

    package init?<T: CodingKey>(codingKey: T) {
        guard let uuid = UUID(uuidString: codingKey.stringValue) else { return nil }
        self.init(rawValue: uuid)
    }
}

/// A coding key made of any text, so that dictionaries keyed by an id become JSON objects.
struct TextKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) {
        self.stringValue = stringValue
    }

    init?(intValue: Int) {
        nil
    }
}

extension UUID {
    init(high: UInt64, low: UInt64) {
        var bytes: [UInt8] = []
        for shift in stride(from: 56, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: high >> shift))
        }
        for shift in stride(from: 56, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: low >> shift))
        }
        self.init(
            uuid: (
                bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7],
                bytes[8], bytes[9], bytes[10], bytes[11], bytes[12], bytes[13], bytes[14], bytes[15]
            ))
    }

    /// The 128 bits as two big-endian halves.
    var halves: (high: UInt64, low: UInt64) {
        withUnsafeBytes(of: uuid) { bytes in
            var high: UInt64 = 0
            var low: UInt64 = 0
            for index in 0..<8 { high = high << 8 | UInt64(bytes[index]) }
            for index in 8..<16 { low = low << 8 | UInt64(bytes[index]) }
            return (high, low)
        }
    }
}
