internal import Commerce
import Foundation

/// Where a feed may be asked for: at public hosts only, since the address is a merchant's and the request is
/// made from inside our network. Held to when it is saved, and again whenever it is fetched.
package struct FeedAddress: Sendable, Equatable {
    package static let lengthLimit = 2_000

    /// Scheme, host and port.
    let base: String
    let host: String
    /// Path and query.
    let path: String

    /// - Parameter mayBePrivate: for demos and tests, whose suppliers live on this machine.
    package init(parsing text: String, mayBePrivate: Bool) throws(FeedProblem) {
        guard text.utf8.count <= Self.lengthLimit else {
            throw .address("it is longer than \(Self.lengthLimit) characters")
        }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), let url = URLComponents(string: text),
            let host = url.host, !host.isEmpty, let scheme = url.scheme?.lowercased(),
            ["http", "https"].contains(scheme)
        else { throw .address("it must be an https:// or http:// address") }
        guard url.user == nil, url.password == nil else {
            throw .address("keep the password out of it; it has a place of its own")
        }
        guard mayBePrivate || !NetworkHost.isPrivate(host) else {
            throw .address("\(host) is no public host")
        }
        self.host = host
        base = "\(scheme)://\(host)\(url.port.map { ":\($0)" } ?? "")"
        path = url.percentEncodedPath + (url.percentEncodedQuery.map { "?\($0)" } ?? "")
    }
}
