package import Commerce
package import Foundation
internal import Postgres

// Domains that stores want to be served at. A wish is a row that leads nowhere; only a domain whose proof was
// found becomes a host of the store, and a host leads to one store in the whole platform. So whoever merely
// names somebody else's domain keeps nobody from it.

package struct CustomDomain: Sendable, Equatable {
    package let id: DomainID
    package let name: DomainName
    /// What must stand in the domain's DNS.
    package let proof: String
    package let state: State
    /// What is wrong with it, for the merchant.
    package let problem: String?
    package let run: UUID?
    package let checkedAt: Date?
    package let activatedAt: Date?
    /// Since when its DNS has not led here.
    package let failingSince: Date?

    package enum State: String, Sendable {
        /// Waits for its DNS.
        case pending
        case active
        /// Given up: never set up, or no longer leading here.
        case expired
        case removed
    }

    package var isOpen: Bool { state == .pending || state == .active }
}

/// Why a domain cannot be taken up.
package enum DomainRefusal: Error, Sendable, Equatable {
    case ours
    case taken
    /// The store has another one already.
    case oneAlready(DomainName)
}

package struct CustomDomains: Sendable {
    package init() {}

    /// Takes up a domain, if the store's plan has that.
    /// - Parameter platform: the platform's own domain, below which nobody's own domain lies.
    package func add(
        _ name: DomainName, platform: String, in tx: Transaction<OneTenant>
    ) async throws -> CustomDomain {
        try await PlanGate().check(.customDomain, in: tx)
        guard !name.isWithin(platform) else { throw DomainRefusal.ours }
        // Held until the transaction ends, so that of two wishes at once one sees the other.
        try await tx.execute("select 1 from shop.store where tenant_id = \(tx.tenantUUID) for no key update")
        if let other = try await current(in: tx), other.isOpen {
            guard other.name == name else { throw DomainRefusal.oneAlready(other.name) }
            return other
        }
        guard try await isFree(name, in: tx) else { throw DomainRefusal.taken }
        let id = DomainID()
        try await tx.execute(
            """
            insert into shop.custom_domain (tenant_id, id, host, proof)
            values (\(tx.tenantUUID), \(id.rawValue), \(name.rawValue), \(SecretToken().text))
            """)
        return try await load(id, in: tx)
    }

    private func isFree(_ name: DomainName, in tx: Transaction<OneTenant>) async throws -> Bool {
        let holder: TenantID? = try await tx.first(
            "select shop.tenant_of_host(\(name.rawValue)) as tenant")?.idOrNil("tenant")
        return holder == nil || holder == tx.tenant
    }

    package func recordRun(_ run: UUID, of id: DomainID, in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            """
            update shop.custom_domain set run_id = \(run)
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)
            """)
    }

    package func load(_ id: DomainID, in tx: Transaction<OneTenant>) async throws -> CustomDomain {
        let found = try await tx.first(
            "select * from shop.custom_domain where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)")
        guard let row = found else { throw StoreError.notFound(.domain, "\(id)") }
        return try CustomDomain(row: row)
    }

    /// The newest one that was not removed.
    package func current(in tx: Transaction<OneTenant>) async throws -> CustomDomain? {
        try await tx.first(
            """
            select * from shop.custom_domain where tenant_id = \(tx.tenantUUID) and state <> 'removed'
            order by (state in ('pending', 'active')) desc, created_at desc, id desc limit 1
            """
        ).map(CustomDomain.init(row:))
    }

    // MARK: - What was found

    /// The domain leads here: from now on it is a host of the store. False where another store was first.
    package func activate(
        _ id: DomainID, at now: Date, in tx: Transaction<OneTenant>
    ) async throws -> Bool {
        let domain = try await load(id, in: tx)
        guard domain.isOpen else { return false }
        let host = domain.name.rawValue
        try await tx.execute(
            """
            insert into shop.store_host (tenant_id, host, kind, verified_at)
            values (\(tx.tenantUUID), \(host), 'custom', \(now)) on conflict (host) do nothing
            """)
        let isOurs =
            try await tx.first(
                "select 1 from shop.store_host where tenant_id = \(tx.tenantUUID) and host = \(host)") != nil
        guard isOurs else {
            try await note("another store is served at this domain", of: id, at: now, in: tx)
            return false
        }
        try await tx.execute(
            """
            update shop.custom_domain set state = 'active', problem = null, failing_since = null,
                activated_at = coalesce(activated_at, \(now)), checked_at = \(now), checks = checks + 1
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)
            """)
        try await Attention().resolve(.domain, subject: "\(id)", by: "check", in: tx)
        return true
    }

    /// The domain does not lead here. Returns since when.
    @discardableResult
    package func note(
        _ problem: String, of id: DomainID, at now: Date, in tx: Transaction<OneTenant>
    ) async throws -> Date {
        let row = try await tx.execute(
            """
            update shop.custom_domain set problem = \(problem), checked_at = \(now), checks = checks + 1,
                failing_since = coalesce(failing_since, \(now))
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue) returning failing_since
            """
        ).only(orThrow: .notFound(.domain, "\(id)"))
        return try row.decode("failing_since")
    }

    /// From now on the domain leads nowhere.
    package func close(
        _ id: DomainID, as state: CustomDomain.State, problem: String? = nil,
        in tx: Transaction<OneTenant>
    ) async throws {
        let domain = try await load(id, in: tx)
        try await tx.execute(
            """
            delete from shop.store_host where tenant_id = \(tx.tenantUUID)
                and host = \(domain.name.rawValue) and kind = 'custom'
            """)
        try await tx.execute(
            """
            update shop.custom_domain set state = \(state.rawValue), problem = \(problem)
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)
            """)
    }
}

extension CustomDomain {
    fileprivate init(row: Row) throws {
        id = try row.id("id")
        name = try row.raw("host")
        proof = try row.decode("proof")
        state = try row.raw("state")
        problem = try row.decode("problem")
        run = try row.decode("run_id")
        checkedAt = try row.decode("checked_at")
        activatedAt = try row.decode("activated_at")
        failingSince = try row.decode("failing_since")
    }
}
