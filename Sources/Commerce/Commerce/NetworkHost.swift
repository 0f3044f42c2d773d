// Hosts that merchants name and our machines then call. Such an address is a stranger's and the request is
// made from inside our network, so one that names a machine of ours is refused, whether as a name or as a
// number. Where a name leads is known only when it is asked for: whoever connects holds the address to
// `isPublic` and connects to that address, so that no second answer of a name server can be another.

package enum NetworkHost {
    /// Whether a host is named as only a machine inside a network is.
    package static func isPrivate(_ host: String) -> Bool {
        let name = bare(host.lowercased())
        if name == "localhost" || name.hasSuffix(".localhost") || name.hasSuffix(".internal") { return true }
        if name.hasSuffix(".local") || !name.contains(".") { return true }
        if name.contains(":") { return true }
        guard isAddress(name) else { return false }
        let parts = name.split(separator: ".")
        let numbers = parts.compactMap { UInt8($0) }
        // Numbers in any other form than four decimal ones are read in surprising ways by resolvers.
        guard numbers.count == 4, parts.count == 4, parts.allSatisfy({ $0 == "0" || !$0.hasPrefix("0") })
        else { return true }
        return !isPublic(numbers)
    }

    /// Whether an address, four bytes of IPv4 or sixteen of IPv6, is one of the open internet: no machine of
    /// a private network or of this one, no metadata service, nothing that leads back to such by way of a
    /// translator.
    package static func isPublic(_ address: [UInt8]) -> Bool {
        if address.count == 4 { return isPublicV4(address[...]) }
        guard address.count == 16 else { return false }
        let isMapped = address[..<10].allSatisfy { $0 == 0 } && address[10] == 0xFF && address[11] == 0xFF
        if isMapped { return isPublicV4(address[12...]) }
        // Of all that there is, 2000::/3 is given out; of it, 2001::/23 and 2002::/16 are ways elsewhere, and
        // 2001:db8::/32 is for examples.
        guard address[0] & 0xE0 == 0x20 else { return false }
        return switch (address[0], address[1], address[2], address[3]) {
        case (0x20, 0x01, 0...1, _), (0x20, 0x01, 0x0D, 0xB8), (0x20, 0x02, _, _): false
        default: true
        }
    }

    private static func isPublicV4(_ address: ArraySlice<UInt8>) -> Bool {
        // Public by its number, yet the metadata and name service of a cloud that answers its guests alone.
        if address.elementsEqual([168, 63, 129, 16]) { return false }
        let start = address.startIndex
        return switch (address[start], address[start + 1], address[start + 2]) {
        case (0, _, _), (10, _, _), (127, _, _), (169, 254, _), (192, 168, _), (224..., _, _): false
        case (172, 16...31, _), (100, 64...127, _), (198, 18...19, _), (192, 0, _): false
        case (198, 51, 100), (203, 0, 113), (192, 88, 99): false
        default: true
        }
    }

    /// Whether a host is a number instead of a name, in any of the forms that resolvers take for one.
    package static func isAddress(_ host: String) -> Bool {
        let name = bare(host.lowercased())
        if name.contains(":") { return true }
        // No top-level domain begins with a digit, and every form of a number ends with a part that does:
        // 127.0.0.0x1, 0177.1, 2130706433, with digits of whatever script.
        return name.split(separator: ".").last?.first?.isNumber ?? false
    }

    /// Without brackets and the dot of the root.
    private static func bare(_ host: String) -> String {
        var name = host[...]
        while let first = name.first, "[].".contains(first) { name = name.dropFirst() }
        while let last = name.last, "[].".contains(last) { name = name.dropLast() }
        return String(name)
    }
}
