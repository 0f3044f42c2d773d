// Whether a domain is its owner's and leads here. The proof is a text below the name, which only whoever runs
// the domain can set; the direction is an alias to the store's own address, or, where a name cannot be an
// alias (the bare domain), the same addresses that ours has.

/// What the DNS says of a domain.
package struct DomainFinding: Codable, Sendable, Hashable {
    package let isProven: Bool
    package let leadsHere: Bool
    /// Where it leads instead, for the merchant.
    package let seen: [String]

    package init(isProven: Bool, leadsHere: Bool, seen: [String] = []) {
        self.isProven = isProven
        self.leadsHere = leadsHere
        self.seen = seen
    }
}

package struct DomainLookup: Sendable {
    private static let seenLimit = 5
    private let resolver: NameResolver

    package init(_ resolver: NameResolver = NameResolver()) {
        self.resolver = resolver
    }

    /// - Parameters:
    ///   - proof: the text that must stand at `proofName`.
    ///   - target: the address that the domain must lead to.
    package func look(
        at domain: String, proofName: String, proof: String, target: String
    ) async throws -> DomainFinding {
        let texts = try await resolver.records(.text, of: proofName)
        let found = try await resolver.records(.address, of: domain)
        return DomainFinding(
            isProven: texts.contains(.text(proof)),
            leadsHere: try await leads(found, to: target.lowercased()),
            seen: found.prefix(Self.seenLimit).map { record in
                switch record {
                case .address(let text), .alias(let text), .text(let text): text
                }
            })
    }

    private func leads(_ found: [DomainRecord], to target: String) async throws -> Bool {
        if found.contains(.alias(target)) { return true }
        func addresses(_ records: [DomainRecord]) -> Set<DomainRecord> {
            Set(records.filter { if case .address = $0 { true } else { false } })
        }
        let theirs = addresses(found)
        guard !theirs.isEmpty else { return false }
        return theirs.isSubset(of: addresses(try await resolver.records(.address, of: target)))
    }
}
