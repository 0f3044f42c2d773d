/// What opens an order's status page without a sign-in: 128 random bits in 22 letters and digits.
///
/// Whoever has it sees the order, so describing it does not show it; the link is made from `rawValue`.
package struct StatusToken: RawRepresentable, Hashable, Sendable, Codable, CustomStringConvertible {
    package static let length = 22
    private static let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")

    package let rawValue: String

    /// A new token. The source must be cryptographic outside tests; the system's is.
    package init(random: inout some RandomNumberGenerator) {
        var bits = UInt128(random.next()) << 64 | UInt128(random.next())
        var text: [Character] = []
        for _ in 0..<Self.length {
            text.append(Self.alphabet[Int(bits % 62)])
            bits /= 62
        }
        rawValue = String(text.reversed())
    }

    package init() {
        var random = SystemRandomNumberGenerator()
        self.init(random: &random)
    }

    package init?(rawValue: String) {
        let isWellFormed =
            rawValue.utf8.count == Self.length
            && rawValue.allSatisfy { $0.isASCII && ($0.isLetter || $0.isDigit) }
        guard isWellFormed else { return nil }
        self.rawValue = rawValue
    }

    package var description: String { "status token \(rawValue.prefix(4))..." }
}
