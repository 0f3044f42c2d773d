internal import Commerce
import Foundation
internal import VendorHTTP

// Where feeds may be asked for: at public hosts only, since the address is a merchant's and the request is
// made from inside our network.

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
        guard mayReachPrivateHosts || !NetworkHost.isPrivate(host) else {
            throw .address("\(host) is no public host")
        }
        let port = url.port.map { ":\($0)" } ?? ""
        let client = VendorHTTPClient(
            account: VendorAccount(vendor: vendor, name: host), base: "\(scheme)://\(host)\(port)",
            headers: headers, timeout: Self.patience, bodyLimit: 16 << 20, transport: transport)
        return (client, url.percentEncodedPath + (url.percentEncodedQuery.map { "?\($0)" } ?? ""))
    }
}
