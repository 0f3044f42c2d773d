// Thousands of failures are a handful of causes. A fingerprint gives the failures of one cause one word: the
// step's name, the error's code, and its message without whatever differs from run to run (numbers, ids,
// quoted values). Masking works on characters alone and knows no vendor's format, so that it never needs to
// be kept up with them; what it merges or splits wrongly costs an operator one more line in a list.

/// The stable hash by which failures of the same cause are grouped: sixteen hex digits.
public struct Fingerprint: RawRepresentable, Hashable, Sendable, Codable, CustomStringConvertible {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public var description: String { rawValue }

    /// The fingerprint of a failure in `step` (its name, with or without an item) with this code and message.
    public init(step: String?, code: String, message: String) {
        let name = step.map { $0.prefix { $0 != "[" } } ?? ""
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in "\(name)\u{1F}\(code)\u{1F}\(Self.masked(message))".utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        let digits = String(hash, radix: 16)
        rawValue = String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// `message` with numbers, ids and quoted parts replaced, the same for every failure of one cause.
    public static func masked(_ message: String) -> String {
        var masking = Masking(Array(message.utf8))
        return masking.run()
    }
}

private struct Masking {
    private let bytes: [UInt8]
    private var index = 0
    private var output: [UInt8] = []

    private static let mark = UInt8(ascii: "#")
    private static let quotes: [UInt8] = [UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`")]
    private static let joints: [UInt8] = Array(".,:/+".utf8)
    /// Shorter than this, letters from a to f may be a word.
    private static let shortestHexID = 8

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func run() -> String {
        while index < bytes.count {
            if let end = quotedEnd() {
                putMark()
                index = end
            } else if Self.isWord(bytes[index]) {
                let word = bytes[index...].prefix(while: Self.isWord)
                if Self.varies(word) { putMark() } else { output += word }
                index += word.count
            } else {
                output.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// The end of a quotation that begins here. An apostrophe inside a word begins none.
    private func quotedEnd() -> Int? {
        let quote = bytes[index]
        guard Self.quotes.contains(quote), index == 0 || !Self.isWord(bytes[index - 1]) else { return nil }
        return bytes[(index + 1)...].firstIndex(of: quote).map { $0 + 1 }
    }

    /// A number of several parts (a time, a decimal, an address) becomes one mark.
    private mutating func putMark() {
        if let last = output.last, Self.joints.contains(last), output.dropLast().last == Self.mark {
            output.removeLast()
        } else if output.last != Self.mark {
            output.append(Self.mark)
        }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "@"),
            0x80...:
            true
        default: false
        }
    }

    private static func varies(_ word: ArraySlice<UInt8>) -> Bool {
        if word.contains(where: { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) { return true }
        if word.contains(UInt8(ascii: "@")) { return true }
        return word.count >= shortestHexID
            && word.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0 | 0x20) || $0 == UInt8(ascii: "-")
            }
    }
}
