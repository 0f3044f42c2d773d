// By what limits tell clients apart. A household or a rented machine has a whole /64 of IPv6 addresses, so
// one address of it says nothing; of IPv4 the address counts.

package enum ClientNetwork {
    /// What is no IPv6 address is taken as it is.
    static func of(_ address: String) -> String {
        let bare = address.prefix { $0 != "%" }.lowercased()
        guard bare.contains(":") else { return address }
        // An IPv4 client at a socket that listens to both.
        if bare.hasPrefix("::ffff:"), bare.contains(".") { return String(bare.dropFirst(7)) }
        guard let groups = groups(of: bare) else { return address }
        return groups[..<4].map { String($0, radix: 16) }.joined(separator: ":") + "::/64"
    }

    /// Whether the text is an address, in the form in which the system writes it.
    package static func isAddress(_ text: String) -> Bool {
        if text.contains(":") { return groups(of: text.lowercased()) != nil }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { part in UInt8(part).map { "\($0)" } == String(part) }
    }

    /// The eight groups of an IPv6 address; nil for what is none.
    private static func groups(of text: String) -> [UInt16]? {
        let halves = text.split(separator: "::", omittingEmptySubsequences: false)
        guard halves.count <= 2 else { return nil }
        var parts: [[UInt16]] = []
        for half in halves {
            let texts = half.split(separator: ":", omittingEmptySubsequences: false)
            let numbers = half.isEmpty ? [] : texts.map { UInt16($0, radix: 16) }
            guard numbers.allSatisfy({ $0 != nil }) else { return nil }
            parts.append(numbers.compactMap(\.self))
        }
        let known = parts.reduce(0) { $0 + $1.count }
        guard halves.count == 1 ? known == 8 : known < 8 else { return nil }
        return parts[0] + Array(repeating: 0, count: 8 - known) + (parts.count == 2 ? parts[1] : [])
    }
}
