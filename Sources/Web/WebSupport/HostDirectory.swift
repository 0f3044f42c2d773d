// Which store a request is for is decided by its `Host` header, looked up in a table: exactly, in lower
// case, without the port. `X-Forwarded-Host` and the like are what a client says about itself and are
// never read. Answers are kept for a few seconds, misses too, so that neither a busy store nor a scanner
// costs a query per request.

import CommerceStore
import Foundation
import Synchronization

package final class HostDirectory: Sendable {
    private static let entryLimit = 10_000

    private struct Entry {
        let site: Site
        let validUntil: Date
    }

    /// Where merchants sign in, in one order.
    let dashboardHosts: [String]
    private let ownHosts: [String: Site]
    private let lifetime: TimeInterval
    private let lookUp: @Sendable (String) async throws -> StoreSite?
    private let entries = Mutex<[String: Entry]>([:])

    /// - Parameters:
    ///   - platformHosts: hosts that belong to the platform itself, without ports.
    ///   - dashboardHosts: where merchants sign in.
    ///   - consoleHosts: where administrators sign in.
    ///   - lifetimeSeconds: how long an answer is kept; a renamed store is found again after this.
    ///   - lookUp: the store of a host in the table, or nil.
    package init(
        platformHosts: Set<String>, dashboardHosts: Set<String> = [], consoleHosts: Set<String> = [],
        lifetimeSeconds: Double = 5,
        lookUp: @escaping @Sendable (String) async throws -> StoreSite?
    ) {
        var own: [String: Site] = [:]
        for (hosts, site) in [
            (platformHosts, Site.platform), (dashboardHosts, .dashboard), (consoleHosts, .console),
        ] {
            for host in hosts { own[host.lowercased()] = site }
        }
        ownHosts = own
        self.dashboardHosts = dashboardHosts.map { $0.lowercased() }.sorted()
        self.lifetime = lifetimeSeconds
        self.lookUp = lookUp
    }

    /// Looks hosts up in the shop's own table.
    package convenience init(
        platformHosts: Set<String>, dashboardHosts: Set<String> = [], consoleHosts: Set<String> = [],
        tenants: Tenants
    ) {
        self.init(
            platformHosts: platformHosts, dashboardHosts: dashboardHosts, consoleHosts: consoleHosts
        ) { host in
            try await tenants.storeAndDomain(atHost: host).flatMap {
                StoreSite($0.store, domain: $0.domain)
            }
        }
    }

    package func site(authority: String, now: Date) async throws -> Site {
        guard let host = Self.host(of: authority) else { return .unknown }
        if let own = ownHosts[host] { return own }
        if let entry = entries.withLock({ $0[host] }), entry.validUntil > now { return entry.site }
        let site: Site = try await lookUp(host).map { .store($0) } ?? .unknown
        entries.withLock { entries in
            if entries.count >= Self.entryLimit { entries.removeAll() }
            entries[host] = Entry(site: site, validUntil: now.addingTimeInterval(lifetime))
        }
        return site
    }

    /// The host of an authority: lower case, no port. Nil when it is not a plain host name or address.
    static func host(of authority: String) -> String? {
        let parts = authority.lowercased().split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2, let host = parts.first, !host.isEmpty, host.utf8.count <= 253 else {
            return nil
        }
        if parts.count == 2, !parts[1].allSatisfy(\.isNumber) { return nil }
        let isPlain = host.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2D || byte == 0x2E
        }
        return isPlain ? String(host) : nil
    }
}
