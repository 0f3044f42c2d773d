package import Commerce
package import Foundation
internal import Postgres

// Where a merchant's programs hear of events. The secret is made here, shown once, and kept sealed; while one
// is being changed, the one before it signs as well.

package struct WebhookEndpoint: Sendable, Equatable {
    package let id: WebhookEndpointID
    package let url: String
    package let title: String
    package let kinds: Set<WebhookKind>
    /// Nil while it is switched on.
    package let disabledBecause: Ending?
    package let disabledAt: Date?
    /// Since when nothing has been taken there.
    package let failingSince: Date?
    package let createdAt: Date

    package enum Ending: String, Sendable {
        /// Its owner switched it off.
        case merchant
        /// It has taken nothing for days.
        case failing
        /// It answered that nobody is there any more.
        case gone
    }

    package var isEnabled: Bool { disabledBecause == nil }
}

package struct WebhookEndpoints: Sendable {
    private let credentials: Credentials

    package init(_ credentials: Credentials) {
        self.credentials = credentials
    }

    /// What its owner says of an endpoint. The address was checked by whoever took it.
    package struct Request: Sendable {
        package let url: String
        package let title: String
        package let kinds: Set<WebhookKind>

        package init(url: String, title: String, kinds: Set<WebhookKind>) {
            self.url = url
            self.title = title
            self.kinds = kinds
        }

        fileprivate var words: [String] { kinds.map(\.rawValue).sorted() }
    }

    /// Adds an endpoint and returns its secret, which is told this once. Nil for an id that is known: a form
    /// that was sent twice.
    package func add(
        _ id: WebhookEndpointID, _ request: Request, in tx: Transaction<OneTenant>
    ) async throws -> String? {
        let added = try await tx.execute(
            """
            insert into shop.webhook_endpoint (tenant_id, id, url, title, kinds)
            values (\(tx.tenantUUID), \(id.rawValue), \(request.url), \(request.title), \(request.words))
            on conflict (tenant_id, id) do nothing
            """)
        guard added.affected == 1 else { return nil }
        let secret = Self.makeSecret()
        try await credentials.save(secret, kind: Self.kind(id), in: tx)
        return secret
    }

    package func change(
        _ id: WebhookEndpointID, _ request: Request, in tx: Transaction<OneTenant>
    ) async throws {
        let changed = try await tx.execute(
            """
            update shop.webhook_endpoint
            set url = \(request.url), title = \(request.title), kinds = \(request.words)
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)
            """)
        guard changed.affected == 1 else { throw StoreError.notFound(.webhookEndpoint, "\(id)") }
    }

    /// Makes a new secret, which is told this once. The one before it goes on signing for a day.
    package func rotate(
        _ id: WebhookEndpointID, at now: Date, in tx: Transaction<OneTenant>
    ) async throws -> String {
        let until = now.addingTimeInterval(TimeInterval(WebhookRules.overlap.components.seconds))
        let changed = try await tx.execute(
            """
            update shop.webhook_endpoint set previous_until = \(until)
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)
            """)
        guard changed.affected == 1 else { throw StoreError.notFound(.webhookEndpoint, "\(id)") }
        if let current = try await credentials.load(kind: Self.kind(id), in: tx) {
            try await credentials.save(current, kind: Self.previousKind(id), in: tx)
        }
        let secret = Self.makeSecret()
        try await credentials.save(secret, kind: Self.kind(id), in: tx)
        return secret
    }

    /// What messages to the endpoint are signed with now, the newest first.
    package func secrets(
        of id: WebhookEndpointID, at now: Date, in tx: Transaction<OneTenant>
    ) async throws -> [String] {
        let found = try await tx.first(
            """
            select coalesce(previous_until > \(now), false) as overlaps from shop.webhook_endpoint
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)
            """)
        guard let row = found else { throw StoreError.notFound(.webhookEndpoint, "\(id)") }
        var secrets = [try await credentials.load(kind: Self.kind(id), in: tx)]
        if try row.decode("overlaps", as: Bool.self) {
            secrets.append(try await credentials.load(kind: Self.previousKind(id), in: tx))
        }
        return secrets.compactMap(\.self)
    }

    /// Removes the endpoint with everything that was sent to it.
    package func remove(_ id: WebhookEndpointID, in tx: Transaction<OneTenant>) async throws {
        let removed = try await tx.execute(
            "delete from shop.webhook_endpoint where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)")
        guard removed.affected == 1 else { throw StoreError.notFound(.webhookEndpoint, "\(id)") }
        try await credentials.remove(kind: Self.kind(id), in: tx)
        try await credentials.remove(kind: Self.previousKind(id), in: tx)
        try await Attention().resolve(.webhook, subject: "\(id)", by: "removal", in: tx)
    }

    package func all(in tx: Transaction<OneTenant>) async throws -> [WebhookEndpoint] {
        try await tx.execute(
            "select * from shop.webhook_endpoint where tenant_id = \(tx.tenantUUID) order by created_at, id"
        ).rows.map(WebhookEndpoint.init(row:))
    }

    package func load(
        _ id: WebhookEndpointID, in tx: Transaction<OneTenant>
    ) async throws -> WebhookEndpoint {
        let found = try await tx.first(
            "select * from shop.webhook_endpoint where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)")
        guard let row = found else { throw StoreError.notFound(.webhookEndpoint, "\(id)") }
        return try WebhookEndpoint(row: row)
    }

    private static func makeSecret() -> String { "whsec_" + Passwords.random(32).base64EncodedString() }
    private static func kind(_ id: WebhookEndpointID) -> String { "webhook:\(id)" }
    private static func previousKind(_ id: WebhookEndpointID) -> String { "webhook-previous:\(id)" }
}

extension WebhookEndpoints {
    /// Switches it on again; what happened meanwhile can be sent again on purpose.
    package func enable(_ id: WebhookEndpointID, in tx: Transaction<OneTenant>) async throws {
        let changed = try await tx.execute(
            """
            update shop.webhook_endpoint set state = 'enabled', disabled_because = null, disabled_at = null,
                failing_since = null
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)
            """)
        guard changed.affected == 1 else { throw StoreError.notFound(.webhookEndpoint, "\(id)") }
        try await Attention().resolve(.webhook, subject: "\(id)", by: "merchant", in: tx)
    }

    /// Switches it off. What was still on its way there is dropped. False where it was off already.
    @discardableResult
    package func disable(
        _ id: WebhookEndpointID, because ending: WebhookEndpoint.Ending, at now: Date,
        in tx: Transaction<OneTenant>
    ) async throws -> Bool {
        let changed = try await tx.execute(
            """
            update shop.webhook_endpoint set state = 'disabled', disabled_because = \(ending.rawValue),
                disabled_at = \(now)
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue) and state = 'enabled'
            """)
        guard changed.affected == 1 else { return false }
        try await tx.execute(
            """
            update shop.webhook_delivery set state = 'dropped', ended_at = \(now), next_attempt_at = null
            where tenant_id = \(tx.tenantUUID) and endpoint_id = \(id.rawValue)
                and state in ('queued', 'carried')
            """)
        return true
    }
}

extension WebhookEndpoint {
    fileprivate init(row: Row) throws {
        id = try row.id("id")
        url = try row.decode("url")
        title = try row.decode("title")
        // A kind that only a newer program knows is no choice of this one.
        kinds = Set(try row.decode("kinds", as: [String].self).compactMap(WebhookKind.init(rawValue:)))
        disabledBecause = try row.rawOrNil("disabled_because")
        disabledAt = try row.decode("disabled_at")
        failingSince = try row.decode("failing_since")
        createdAt = try row.decode("created_at")
    }
}
