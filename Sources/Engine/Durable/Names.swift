// The identifiers of the engine. Each is its own type, so that a step can never be passed where a signal is
// meant; their raw values are stored in databases and never change once a run has used them.

import FoundationEssentials

/// The stored name of a workflow type, for instance `checkout_to_fulfilment`.
public struct WorkflowName: RawRepresentable, Hashable, Sendable, Codable, ExpressibleByStringLiteral,
    CustomStringConvertible
{
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public init(stringLiteral value: String) { rawValue = value }
    public var description: String { rawValue }
}

/// The name of a signal that a run can wait for, with the type of its payload.
public struct Signal<Payload: Codable & Sendable>: Sendable, Hashable, ExpressibleByStringLiteral {
    public let name: String
    public init(_ name: String) { self.name = name }
    public init(stringLiteral value: String) { name = value }
}

/// Whose work a run is: the key of fair dispatch and of isolation. The engine never looks inside.
public struct Tenant: RawRepresentable, Hashable, Sendable, Codable, ExpressibleByStringLiteral,
    CustomStringConvertible
{
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public init(_ rawValue: String) { self.rawValue = rawValue }
    public init(stringLiteral value: String) { rawValue = value }
    public var description: String { rawValue }
    /// Work that belongs to no tenant.
    public static let none: Tenant = ""
}

/// The identity of a run: a version 7 UUID, so that ids rise with time and history can be partitioned by
/// them.
public struct RunID: RawRepresentable, Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    public let rawValue: UUID
    public init(rawValue: UUID) { self.rawValue = rawValue }

    /// A new id whose leading 48 bits are `now` in milliseconds (RFC 9562, section 5.7).
    public init(now: Date = Date()) {
        var generator = SystemRandomNumberGenerator()
        self.init(now: now, using: &generator)
    }

    public init(now: Date, using generator: inout some RandomNumberGenerator) {
        let milliseconds = UInt64(max(0, now.timeIntervalSince1970 * 1000))
        let high = generator.next()
        let low = generator.next()
        func byte(_ value: UInt64, _ shift: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: value >> shift) }
        rawValue = UUID(
            uuid: (
                byte(milliseconds, 40), byte(milliseconds, 32), byte(milliseconds, 24),
                byte(milliseconds, 16),
                byte(milliseconds, 8), byte(milliseconds, 0),
                0x70 | (byte(high, 0) & 0x0F), byte(high, 8),
                0x80 | (byte(low, 0) & 0x3F), byte(low, 8), byte(low, 16), byte(low, 24),
                byte(low, 32), byte(low, 40), byte(low, 48), byte(low, 56)
            ))
    }

    /// Reads the text form; nil where it is not a UUID.
    public init?(_ text: String) {
        guard let uuid = UUID(hexadecimal: text) else { return nil }
        rawValue = uuid
    }

    public var description: String { rawValue.hexadecimal }

    public static func < (left: RunID, right: RunID) -> Bool { left.rawValue < right.rawValue }

    public init(from decoder: any Decoder) throws {
        rawValue = try UUID(from: decoder)
    }

    public func encode(to encoder: any Encoder) throws {
        try rawValue.encode(to: encoder)
    }
}

/// Which step of a run, and for which item: the key under which its result is remembered.
public struct StepKey: Hashable, Sendable, CustomStringConvertible {
    public let name: String
    public let item: String

    public init(_ name: String, item: String = "") {
        self.name = name
        self.item = item
    }

    public var description: String { item.isEmpty ? name : "\(name)[\(item)]" }

    /// The step that undoes this one. An intent under this key says that this one has begun.
    var undo: StepKey { StepKey(Self.undoPrefix + name, item: item) }

    /// The step that this one undoes, or itself.
    var undone: StepKey {
        name.hasPrefix(Self.undoPrefix)
            ? StepKey(String(name.dropFirst(Self.undoPrefix.count)), item: item) : self
    }

    private static let undoPrefix = "undo:"
}
