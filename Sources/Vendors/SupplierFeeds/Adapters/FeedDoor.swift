internal import Commerce
internal import VendorHTTP

/// The way to the hosts of feeds; which they may be is `FeedAddress`'s to say.
struct FeedDoor: Sendable {
    let transport: VendorTransport
    let mayReachPrivateHosts: Bool

    private static let patience: Duration = .seconds(300)

    /// A client for the host of an address, and the path on it.
    func open(_ source: SupplierSource, as vendor: String, headers: [HeaderField] = []) throws(FeedProblem)
        -> (client: VendorHTTPClient, path: String)
    {
        let address = try FeedAddress(parsing: source.address, mayBePrivate: mayReachPrivateHosts)
        let client = VendorHTTPClient(
            account: VendorAccount(vendor: vendor, name: address.host), base: address.base,
            headers: headers, timeout: Self.patience, bodyLimit: 16 << 20,
            transport: mayReachPrivateHosts ? transport : transport.onlyTo(NetworkHost.isPublic))
        return (client, address.path)
    }
}
