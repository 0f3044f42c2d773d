package import Commerce
package import Foundation
internal import Postgres

// How deliveries find their run. All events of one object that go to one endpoint travel in one lane, which
// one run carries: so a later event waits for the earlier one, and one that fails holds up no other object. A
// lane is opened by whoever finds deliveries that nobody carries, and closed by its run when none is left;
// both hold the lane's row, so a delivery that arrives in between is either seen by the run or found again.

/// A lane that was opened: its run is to be started in the same transaction.
package struct OpenedLane: Sendable, Equatable {
    package let id: WebhookLaneID
    package let endpoint: WebhookEndpointID
    package let object: String
}

/// The next thing to send.
package struct WebhookTurn: Sendable, Equatable, Codable {
    package let delivery: WebhookDeliveryID
    package let event: WebhookEventID
    /// Attempts that were made already.
    package let attempts: Int
}

package struct WebhookLanes: Sendable {
    package init() {}

    /// A run renews its lane with every attempt, and the longest pause is a day. One that was not renewed for
    /// longer has lost its run to an operator's hand.
    private static let staleness: TimeInterval = 27 * 3_600

    /// Stores with deliveries that nobody carries, or with lanes that have lost their run.
    package func waiting(
        at now: Date, limit: Int, in tx: Transaction<EveryTenant>
    ) async throws -> [TenantID] {
        try await tx.execute(
            """
            select tenant_id from (
                select distinct tenant_id from shop.webhook_delivery where state = 'queued'
                union select distinct tenant_id from shop.webhook_lane
                    where renewed_at < \(now.addingTimeInterval(-Self.staleness))) found
            limit \(limit)
            """
        ).rows.map { try $0.id("tenant_id") }
    }

    /// Opens lanes for what nobody carries. What joins a lane that is open already needs nothing more.
    package func open(
        limit: Int, at now: Date, in tx: Transaction<OneTenant>
    ) async throws -> [OpenedLane] {
        try await giveUpStale(at: now, in: tx)
        let found = try await tx.execute(
            """
            select endpoint_id, object from shop.webhook_delivery
            where tenant_id = \(tx.tenantUUID) and state = 'queued'
            group by endpoint_id, object order by min(number) limit \(limit)
            """)
        var opened: [OpenedLane] = []
        for row in found.rows {
            let lane = OpenedLane(
                id: WebhookLaneID(), endpoint: try row.id("endpoint_id"), object: try row.decode("object"))
            if try await open(lane, at: now, in: tx) { opened.append(lane) }
        }
        return opened
    }

    private func open(
        _ lane: OpenedLane, at now: Date, in tx: Transaction<OneTenant>
    ) async throws -> Bool {
        // The update that changes nothing holds the row of a lane that is open already.
        let held = try await tx.first(
            """
            insert into shop.webhook_lane (tenant_id, endpoint_id, object, id, renewed_at)
            values (\(tx.tenantUUID), \(lane.endpoint.rawValue), \(lane.object), \(lane.id.rawValue), \(now))
            on conflict (tenant_id, endpoint_id, object) do update set object = excluded.object
            returning id
            """)
        try await tx.execute(
            """
            update shop.webhook_delivery set state = 'carried'
            where tenant_id = \(tx.tenantUUID) and endpoint_id = \(lane.endpoint.rawValue)
                and object = \(lane.object) and state = 'queued'
            """)
        let holder: WebhookLaneID? = try held?.id("id")
        return holder == lane.id
    }

    private func giveUpStale(at now: Date, in tx: Transaction<OneTenant>) async throws {
        let stale = try await tx.execute(
            """
            delete from shop.webhook_lane where tenant_id = \(tx.tenantUUID)
                and renewed_at < \(now.addingTimeInterval(-Self.staleness))
            returning endpoint_id, object
            """)
        for row in stale.rows {
            try await handBack(try row.id("endpoint_id"), try row.decode("object"), in: tx)
        }
    }

    private func handBack(
        _ endpoint: WebhookEndpointID, _ object: String, in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.execute(
            """
            update shop.webhook_delivery set state = 'queued'
            where tenant_id = \(tx.tenantUUID) and endpoint_id = \(endpoint.rawValue)
                and object = \(object) and state = 'carried'
            """)
    }

    // MARK: - The run that carries it

    /// What comes next in the lane. Nil when nothing is left, and the lane is closed then, or when it is
    /// another run's now.
    package func next(
        _ lane: OpenedLane, run: UUID, at now: Date, in tx: Transaction<OneTenant>
    ) async throws -> WebhookTurn? {
        guard try await hold(lane, run: run, at: now, in: tx) else { return nil }
        // A statement of its own: it sees what was written until the row was held.
        let found = try await tx.first(
            """
            select id, event_id, attempts from shop.webhook_delivery
            where tenant_id = \(tx.tenantUUID) and endpoint_id = \(lane.endpoint.rawValue)
                and object = \(lane.object) and state in ('queued', 'carried')
            order by number limit 1
            """)
        guard let row = found else {
            try await close(lane, in: tx)
            return nil
        }
        return WebhookTurn(
            delivery: try row.id("id"), event: try row.id("event_id"), attempts: try row.int("attempts"))
    }

    /// Lets another run carry what is left.
    package func handOver(_ lane: OpenedLane, in tx: Transaction<OneTenant>) async throws {
        guard try await close(lane, in: tx) else { return }
        try await handBack(lane.endpoint, lane.object, in: tx)
    }

    private func hold(
        _ lane: OpenedLane, run: UUID, at now: Date, in tx: Transaction<OneTenant>
    ) async throws -> Bool {
        try await tx.execute(
            """
            update shop.webhook_lane set renewed_at = \(now), run_id = \(run)
            where tenant_id = \(tx.tenantUUID) and endpoint_id = \(lane.endpoint.rawValue)
                and object = \(lane.object) and id = \(lane.id.rawValue)
            """
        ).affected == 1
    }

    @discardableResult
    private func close(_ lane: OpenedLane, in tx: Transaction<OneTenant>) async throws -> Bool {
        try await tx.execute(
            """
            delete from shop.webhook_lane
            where tenant_id = \(tx.tenantUUID) and endpoint_id = \(lane.endpoint.rawValue)
                and object = \(lane.object) and id = \(lane.id.rawValue)
            """
        ).affected == 1
    }

    /// The runs that wait to try an endpoint again.
    package func runs(
        of endpoint: WebhookEndpointID, in tx: Transaction<OneTenant>
    ) async throws -> [UUID] {
        try await tx.execute(
            """
            select run_id from shop.webhook_lane
            where tenant_id = \(tx.tenantUUID) and endpoint_id = \(endpoint.rawValue)
                and run_id is not null limit 1000
            """
        ).rows.map { try $0.decode("run_id") }
    }
}

extension OpenedLane {
    package init(of id: WebhookLaneID, to endpoint: WebhookEndpointID, about object: String) {
        self.init(id: id, endpoint: endpoint, object: object)
    }
}
