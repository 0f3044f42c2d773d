package import Commerce
package import Foundation
internal import Postgres

// The events themselves. The database writes them when something happens; here they are read, sent again, and
// forgotten.

package struct WebhookEvent: Sendable, Equatable {
    package let id: WebhookEventID
    package let kind: String
    package let object: String
    /// JSON, in the very bytes that are signed.
    package let body: String
    package let createdAt: Date
    package let number: Int64
}

package struct WebhookEvents: Sendable {
    package init() {}

    /// Writes an event that one endpoint gets, whatever it listens to, to see whether it arrives.
    @discardableResult
    package func test(
        _ endpoint: WebhookEndpointID, at now: Date, in tx: Transaction<OneTenant>
    ) async throws -> WebhookDeliveryID {
        let event = WebhookEventID()
        let object = "test:\(event)"
        try await tx.execute(
            """
            insert into shop.webhook_event (tenant_id, id, kind, object, body, created_at)
            values (\(tx.tenantUUID), \(event.rawValue), \(WebhookKind.test), \(object),
                jsonb_build_object('type', \(WebhookKind.test)::text,
                    'timestamp', \(now.formatted(.iso8601))::text,
                    'data', jsonb_build_object('message', 'This is a test.'))::text, \(now))
            """)
        return try await deliver(event, of: object, to: endpoint, because: .test, in: tx)
    }

    /// Sends an event again, behind everything of the same object that is on its way.
    @discardableResult
    package func replay(
        _ event: WebhookEventID, to endpoint: WebhookEndpointID, in tx: Transaction<OneTenant>
    ) async throws -> WebhookDeliveryID {
        let found = try await tx.first(
            """
            select object from shop.webhook_event
            where tenant_id = \(tx.tenantUUID) and id = \(event.rawValue)
            """)
        guard let row = found else { throw StoreError.notFound(.event, "\(event)") }
        return try await deliver(
            event, of: try row.decode("object"), to: endpoint, because: .replay, in: tx)
    }

    /// Sends everything again that happened in a time and is of a kind that the endpoint listens to. Returns
    /// how many events that were.
    package func replay(
        from: Date, until: Date, to endpoint: WebhookEndpointID, in tx: Transaction<OneTenant>
    ) async throws -> Int {
        try await tx.execute(
            """
            insert into shop.webhook_delivery (tenant_id, id, endpoint_id, event_id, object, cause)
            select e.tenant_id, gen_random_uuid(), p.id, e.id, e.object, 'replay'
            from shop.webhook_event e join shop.webhook_endpoint p on p.tenant_id = e.tenant_id
            where e.tenant_id = \(tx.tenantUUID) and p.id = \(endpoint.rawValue) and e.kind = any(p.kinds)
                and e.created_at >= \(from) and e.created_at < \(until)
            order by e.number limit \(WebhookRules.replayLimit)
            """
        ).affected
    }

    private func deliver(
        _ event: WebhookEventID, of object: String, to endpoint: WebhookEndpointID,
        because cause: WebhookDelivery.Cause, in tx: Transaction<OneTenant>
    ) async throws -> WebhookDeliveryID {
        let id = WebhookDeliveryID()
        // One that is switched off gets nothing, also not on purpose.
        let added = try await tx.execute(
            """
            insert into shop.webhook_delivery (tenant_id, id, endpoint_id, event_id, object, cause)
            select tenant_id, \(id.rawValue), id, \(event.rawValue), \(object), \(cause.rawValue)
            from shop.webhook_endpoint
            where tenant_id = \(tx.tenantUUID) and id = \(endpoint.rawValue) and state = 'enabled'
            """)
        guard added.affected == 1 else { throw StoreError.notFound(.webhookEndpoint, "\(endpoint)") }
        return id
    }

    /// What happened, oldest first, behind `after`.
    /// - Parameter isSettled: leaves out what an open transaction could still get in before, so that a
    ///   program which goes on behind the last number misses nothing.
    package func list(
        after: Int64 = 0, limit: Int = 100, isSettled: Bool = false, in tx: Transaction<OneTenant>
    ) async throws -> [WebhookEvent] {
        try await tx.execute(
            """
            select * from shop.webhook_event where tenant_id = \(tx.tenantUUID) and number > \(after)
                and (not \(isSettled) or written_by < pg_snapshot_xmin(pg_current_snapshot()))
            order by number limit \(limit)
            """
        ).rows.map(WebhookEvent.init(row:))
    }

    /// Forgets what is old enough, in all stores. Returns how many events went.
    package func forget(
        at now: Date, limit: Int = 5_000, in tx: Transaction<EveryTenant>
    ) async throws -> Int {
        let before = now.addingTimeInterval(-TimeInterval(WebhookRules.retention.components.seconds))
        return try await tx.first(
            "select shop.forget_webhook_events(\(before), \(Int32(clamping: limit))) as gone"
        )?.int("gone") ?? 0
    }
}

extension WebhookEvent {
    fileprivate init(row: Row) throws {
        id = try row.id("id")
        kind = try row.decode("kind")
        object = try row.decode("object")
        body = try row.decode("body")
        createdAt = try row.decode("created_at")
        number = try row.decode("number")
    }
}
