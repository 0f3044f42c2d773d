// The DNS's own messages (RFC 1035), as far as a question and its answer need them. What comes in is a
// stranger's: every length is checked, and a name that points at itself ends.

/// What can be asked for.
package enum RecordKind: UInt16, Sendable {
    case address = 1
    case alias = 5
    case text = 16
}

/// One line of an answer.
package enum DomainRecord: Sendable, Hashable {
    /// An IPv4 address.
    case address(String)
    /// The name that the asked name stands for.
    case alias(String)
    case text(String)
}

struct RecordMessage {
    /// More than 512 bytes need no second question where the server knows this extension.
    private static let answerSize: UInt16 = 1232

    static func question(_ id: UInt16, _ name: String, _ kind: RecordKind) -> [UInt8] {
        var bytes = number(id)
        bytes += [0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 1]
        bytes += Self.name(name)
        bytes += number(kind.rawValue)
        bytes += [0, 1, 0, 0, 41]
        bytes += number(answerSize)
        bytes += [0, 0, 0, 0, 0, 0]
        return bytes
    }

    /// The records of an answer; none for a name that does not exist. Nil for what is no answer to this
    /// question, and shall be waited past.
    static func answer(
        _ bytes: [UInt8], to id: UInt16, _ asked: String
    ) throws(LookupFailure) -> [DomainRecord]? {
        var reader = RecordReader(bytes: bytes)
        guard let head = reader.numbers(6), head[0] == id, head[1] & 0x8000 != 0, head[2] == 1,
            let name = reader.name(), name.lowercased() == asked.lowercased(), reader.skip(4)
        else { return nil }
        guard head[1] & 0x0200 == 0 else { throw .refused("the answer was cut off") }
        switch head[1] & 0x000F {
        case 0: break
        case 3: return []
        case let code: throw .refused("the name server answered with code \(code)")
        }
        var records: [DomainRecord] = []
        for _ in 0..<min(head[3], 100) {
            guard reader.name() != nil, let fields = reader.numbers(5) else {
                throw .refused("the answer cannot be read")
            }
            let end = reader.place + Int(fields[4])
            guard end <= bytes.count else { throw .refused("the answer cannot be read") }
            if fields[1] == 1, let record = reader.record(fields[0], until: end) { records.append(record) }
            reader.place = end
        }
        return records
    }

    static func number(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 0xFF)] }

    static func name(_ name: String) -> [UInt8] {
        var bytes: [UInt8] = []
        for label in name.split(separator: ".") {
            bytes.append(UInt8(min(label.utf8.count, 63)))
            bytes += label.utf8.prefix(63)
        }
        bytes.append(0)
        return bytes
    }
}

/// Reads through a message.
struct RecordReader {
    let bytes: [UInt8]
    var place = 0

    /// A name has at most 255 bytes, and so few labels that this many jumps are a circle.
    private static let jumpLimit = 32

    mutating func numbers(_ count: Int) -> [UInt16]? {
        guard place + 2 * count <= bytes.count else { return nil }
        defer { place += 2 * count }
        return (0..<count).map { UInt16(bytes[place + 2 * $0]) << 8 | UInt16(bytes[place + 2 * $0 + 1]) }
    }

    mutating func skip(_ count: Int) -> Bool {
        place += count
        return place <= bytes.count
    }

    mutating func name() -> String? {
        var labels: [String] = []
        var here = place
        var behind: Int?
        var jumps = 0
        while here < bytes.count {
            let length = Int(bytes[here])
            switch length {
            case 0:
                place = behind ?? here + 1
                return labels.joined(separator: ".")
            case 0xC0...:
                guard here + 1 < bytes.count, jumps < Self.jumpLimit else { return nil }
                behind = behind ?? here + 2
                here = (length & 0x3F) << 8 | Int(bytes[here + 1])
                jumps += 1
            case 1...63:
                guard here + 1 + length <= bytes.count, labels.count < 128 else { return nil }
                labels.append(String(decoding: bytes[here + 1..<here + 1 + length], as: UTF8.self))
                here += 1 + length
            default: return nil
            }
        }
        return nil
    }

    mutating func record(_ kind: UInt16, until end: Int) -> DomainRecord? {
        switch RecordKind(rawValue: kind) {
        case .address where end - place == 4:
            return .address(bytes[place..<end].map(String.init).joined(separator: "."))
        case .alias: return name().map { .alias($0.lowercased()) }
        case .text:
            var text: [UInt8] = []
            while place < end {
                let length = Int(bytes[place])
                guard place + 1 + length <= end else { return nil }
                text += bytes[place + 1..<place + 1 + length]
                place += 1 + length
            }
            return .text(String(decoding: text, as: UTF8.self))
        default: return nil
        }
    }
}
