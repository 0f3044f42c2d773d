import Foundation

// Letters. A feed that says nothing is UTF-8 or it is refused: the single-byte encodings cannot be told from
// each other, and a guess would print a wrong name on every product of the shop.

/// The encodings in which European suppliers write.
package enum FeedEncoding: String, Sendable, Codable, CaseIterable {
    case utf8 = "utf-8"
    case windows1252 = "windows-1252"
    case windows1250 = "windows-1250"
    case latin1 = "iso-8859-1"
    case latin2 = "iso-8859-2"

    /// By one of the names that XML declarations and HTTP headers use; nil for any other.
    package init?(label: String) {
        switch label.lowercased() {
        case "utf-8", "utf8", "us-ascii", "ascii": self = .utf8
        case "windows-1252", "cp1252", "win-1252": self = .windows1252
        case "windows-1250", "cp1250", "win-1250": self = .windows1250
        // What calls itself Latin 1 is Windows' extension of it almost everywhere, as browsers assume too.
        case "iso-8859-1", "latin1", "iso8859-1": self = .latin1
        case "iso-8859-2", "latin2", "iso8859-2": self = .latin2
        default: return nil
        }
    }

    /// The text of these bytes; nil where a byte is none of this encoding.
    func text(_ bytes: some Collection<UInt8>) -> String? {
        switch self {
        case .utf8: String(validating: bytes, as: UTF8.self)
        case .windows1252, .latin1: String(bytes: bytes, encoding: .windowsCP1252)
        case .windows1250: String(bytes: bytes, encoding: .windowsCP1250)
        case .latin2: String(bytes: bytes, encoding: .isoLatin2)
        }
    }

    /// What a feed says of itself: its byte-order mark, its XML declaration, else `declared` (by the settings
    /// or by the answer's header), else UTF-8 where its beginning is that.
    /// - Returns: the encoding and how many bytes of mark stand before the text.
    static func detect(
        _ beginning: [UInt8], isWhole: Bool, declared: FeedEncoding?
    ) throws(FeedProblem) -> (encoding: FeedEncoding, mark: Int) {
        if beginning.starts(with: [0xEF, 0xBB, 0xBF]) { return (.utf8, 3) }
        if beginning.starts(with: [0xFF, 0xFE]) || beginning.starts(with: [0xFE, 0xFF]) {
            throw .encoding("it is written in UTF-16; ask the supplier for UTF-8")
        }
        if let declared { return (declared, 0) }
        if let label = xmlLabel(beginning) {
            guard let encoding = FeedEncoding(label: label) else {
                throw .encoding("it declares the encoding \(label.prefix(40)), which is not supported")
            }
            return (encoding, 0)
        }
        guard isUTF8(beginning, isWhole: isWhole) else {
            throw .encoding(
                "it is not UTF-8 and declares no encoding; set the feed's encoding, "
                    + "such as windows-1252 or iso-8859-2")
        }
        return (.utf8, 0)
    }

    /// The encoding of `<?xml version="1.0" encoding="..."?>`.
    private static func xmlLabel(_ bytes: [UInt8]) -> String? {
        let head = String(decoding: bytes.prefix(200), as: UTF8.self)
        guard head.hasPrefix("<?xml"), let end = head.firstRange(of: "?>"),
            let name = head[..<end.lowerBound].firstRange(of: "encoding")
        else { return nil }
        let rest = head[name.upperBound..<end.lowerBound].drop { $0 == " " || $0 == "=" }
        guard let quote = rest.first, quote == "\"" || quote == "'" else { return nil }
        return String(rest.dropFirst().prefix { $0 != quote })
    }

    /// The last bytes may be the first ones of a letter that goes on behind the beginning.
    private static func isUTF8(_ bytes: [UInt8], isWhole: Bool) -> Bool {
        let cuts = isWhole ? 0...0 : 0...min(3, bytes.count)
        return cuts.contains { String(validating: bytes.dropLast($0), as: UTF8.self) != nil }
    }
}
