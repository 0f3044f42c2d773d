import Foundation
internal import VendorHTTP

// Where feeds may be asked for. The address is a merchant's and the request is made from inside our network,
// so an address that names a machine of ours is refused, whether as a name or as a number. Names that
// somebody makes resolve to such a machine are for the network's own rules to stop: a worker's way out must
// not lead to private ranges.

struct FeedDoor: Sendable {
    let transport: VendorTransport
    let mayReachPrivateHosts: Bool

    private static let patience: Duration = .seconds(300)

    /// A client for the host of an address, and the path on it.
    func open(_ source: SupplierSource, as vendor: String, headers: [HeaderField] = []) throws(FeedProblem)
        -> (client: VendorHTTPClient, path: String)
    {
        guard let url = URLComponents(string: source.address), let host = url.host, !host.isEmpty,
            let scheme = url.scheme?.lowercased(), ["http", "https"].contains(scheme)
        else { throw .address("it must be an https:// or http:// address") }
        guard url.user == nil, url.password == nil else {
            throw .address("keep the password out of it; it has a place of its own")
        }
        guard mayReachPrivateHosts || !Self.isPrivate(host) else {
            throw .address("\(host) is no public host")
        }
        let port = url.port.map { ":\($0)" } ?? ""
        let client = VendorHTTPClient(
            account: VendorAccount(vendor: vendor, name: host), base: "\(scheme)://\(host)\(port)",
            headers: headers, timeout: Self.patience, bodyLimit: 16 << 20, transport: transport)
        return (client, url.percentEncodedPath + (url.percentEncodedQuery.map { "?\($0)" } ?? ""))
    }

    /// Whether a host is named as only a machine inside a network is.
    static func isPrivate(_ host: String) -> Bool {
        let name = host.lowercased().trimmingCharacters(in: CharacterSet(charactersIn: "[]."))
        if name == "localhost" || name.hasSuffix(".localhost") || name.hasSuffix(".internal") { return true }
        if name.hasSuffix(".local") || !name.contains(".") { return true }
        if name.contains(":") { return true }
        let parts = name.split(separator: ".")
        // Numbers in any other form than four decimal ones are read in surprising ways by resolvers.
        guard parts.allSatisfy({ $0.allSatisfy { $0.isHexDigit || $0 == "x" } }),
            parts.last.map({ Int($0) != nil })
                ?? false
        else { return false }
        let numbers = parts.compactMap { Int($0) }
        guard numbers.count == 4, parts.allSatisfy({ $0 == "0" || !$0.hasPrefix("0") }) else { return true }
        return switch (numbers[0], numbers[1]) {
        case (0, _), (10, _), (127, _), (169, 254), (192, 168), (224..., _): true
        case (172, 16...31), (100, 64...127), (198, 18...19), (192, 0): true
        default: false
        }
    }
}
