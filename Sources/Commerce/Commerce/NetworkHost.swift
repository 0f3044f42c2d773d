// Hosts that merchants name and our machines then call. Such an address is a stranger's and the request is
// made from inside our network, so one that names a machine of ours is refused, whether as a name or as a
// number. Names that somebody makes resolve to such a machine are for the network's own rules to stop: a
// worker's way out must not lead to private ranges.

package enum NetworkHost {
    /// Whether a host is named as only a machine inside a network is.
    package static func isPrivate(_ host: String) -> Bool {
        let name = bare(host.lowercased())
        if name == "localhost" || name.hasSuffix(".localhost") || name.hasSuffix(".internal") { return true }
        if name.hasSuffix(".local") || !name.contains(".") { return true }
        if name.contains(":") { return true }
        guard isAddress(name) else { return false }
        let parts = name.split(separator: ".")
        let numbers = parts.compactMap { Int($0) }
        // Numbers in any other form than four decimal ones are read in surprising ways by resolvers.
        guard numbers.count == 4, parts.count == 4, parts.allSatisfy({ $0 == "0" || !$0.hasPrefix("0") })
        else { return true }
        return switch (numbers[0], numbers[1]) {
        case (0, _), (10, _), (127, _), (169, 254), (192, 168), (224..., _): true
        case (172, 16...31), (100, 64...127), (198, 18...19), (192, 0): true
        default: false
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
