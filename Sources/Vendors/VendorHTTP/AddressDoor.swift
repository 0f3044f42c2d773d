// Where a stranger's host may lead. A name says nothing: its owner answers with a private address whenever it
// pleases them, and with another one the second time. So the name is asked once, every answer is held to the
// rule, and the connection goes to the answer that was checked. Redirects need no check of their own, since
// none is followed.

import FoundationEssentials

package struct AddressDoor: Sendable {
    /// The addresses of a host, four bytes or sixteen each, the preferred one first.
    package typealias Resolve = @Sendable (String) async throws -> [[UInt8]]

    let resolve: Resolve
    let isAllowed: @Sendable ([UInt8]) -> Bool

    /// The host of a base address and the address to connect to. Throws `TransportFailure.notSent`.
    func open(_ base: String) async throws -> (host: String, address: String) {
        guard let host = Self.host(of: base) else { throw TransportFailure.notSent("no host can be read") }
        let found = try await resolve(host)
        // One forbidden answer among good ones is no oversight. The refusal does not say what was found, nor
        // whether anything was: strangers read it, and would learn our network's addresses by it.
        guard let first = found.first, found.allSatisfy(isAllowed) else {
            throw TransportFailure.notSent("\(host) leads to no public address")
        }
        return (host, Self.text(first))
    }

    /// Only letters, digits, dots and hyphens: whatever else a host may hold, two readers of one address
    /// could take for two hosts, and then the checked one would not be the one that is connected to.
    private static func host(of base: String) -> String? {
        guard let scheme = base.firstRange(of: "://") else { return nil }
        let host = base[scheme.upperBound...].prefix { !":/?#".contains($0) }
        let isPlain = host.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"): true
            default: false
            }
        }
        return host.isEmpty || !isPlain ? nil : String(host)
    }

    /// As the machine's own resolver answers.
    package static let system: Resolve = { try await NameLookUps.shared.addresses(of: $0) }

    private static func text(_ address: [UInt8]) -> String {
        if address.count == 4 { return address.map { "\($0)" }.joined(separator: ".") }
        let groups = stride(from: 0, to: address.count - 1, by: 2).map { place in
            String(UInt16(address[place]) << 8 | UInt16(address[place + 1]), radix: 16)
        }
        return groups.joined(separator: ":")
    }
}
