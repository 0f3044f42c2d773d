package import Commerce
package import Foundation
internal import Postgres

// One event on its way to one endpoint, and every attempt at it.

package struct WebhookDelivery: Sendable, Equatable {
    package let id: WebhookDeliveryID
    package let endpoint: WebhookEndpointID
    package let event: WebhookEventID
    package let kind: String
    package let object: String
    package let cause: Cause
    package let state: State
    package let attempts: Int
    package let nextAttemptAt: Date?
    package let createdAt: Date
    package let endedAt: Date?
    /// Its place among all; pages go on behind it.
    package let number: Int64

    package enum Cause: String, Sendable {
        case event, test, replay
    }

    package enum State: String, Sendable, CaseIterable {
        /// No run carries it yet.
        case queued
        case carried
        case delivered
        /// Tried for three days in vain.
        case failed
        /// The endpoint was switched off before its turn.
        case dropped
    }
}

/// One attempt, as it is shown.
package struct WebhookAttempt: Sendable, Equatable {
    package let number: Int
    package let startedAt: Date
    package let milliseconds: Int
    /// Nil where no answer came.
    package let status: Int?
    package let problem: String?
    package let answer: String

    package init(
        number: Int, startedAt: Date, milliseconds: Int, status: Int?, problem: String?, answer: String
    ) {
        self.number = number
        self.startedAt = startedAt
        self.milliseconds = milliseconds
        self.status = status
        self.problem = problem
        self.answer = answer
    }
}

/// What an attempt needs.
package struct WebhookEnvelope: Sendable {
    package let event: WebhookEventID
    package let url: String
    package let body: String
}

package struct WebhookDeliveries: Sendable {
    package init() {}

    private static let answerLimit = 1_000

    /// What to send where. Nil when nothing is to be sent any more: it has ended, or the endpoint is off.
    package func envelope(
        of id: WebhookDeliveryID, in tx: Transaction<OneTenant>
    ) async throws -> WebhookEnvelope? {
        try await tx.first(
            """
            select d.event_id, p.url, e.body from shop.webhook_delivery d
            join shop.webhook_endpoint p on p.tenant_id = d.tenant_id and p.id = d.endpoint_id
            join shop.webhook_event e on e.tenant_id = d.tenant_id and e.id = d.event_id
            where d.tenant_id = \(tx.tenantUUID) and d.id = \(id.rawValue)
                and d.state in ('queued', 'carried') and p.state = 'enabled'
            """
        ).map { row in
            WebhookEnvelope(
                event: try row.id("event_id"), url: try row.decode("url"), body: try row.decode("body"))
        }
    }

    /// Writes an attempt down. False where the delivery has ended meanwhile: then nothing is written.
    package func note(
        _ attempt: WebhookAttempt, of id: WebhookDeliveryID, in tx: Transaction<OneTenant>
    ) async throws -> Bool {
        let counted = try await tx.execute(
            """
            update shop.webhook_delivery set attempts = \(Int32(clamping: attempt.number))
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue) and state in ('queued', 'carried')
            """)
        guard counted.affected == 1 else { return false }
        try await tx.execute(
            """
            insert into shop.webhook_attempt (tenant_id, delivery_id, number, started_at, milliseconds,
                status, problem, answer)
            values (\(tx.tenantUUID), \(id.rawValue), \(Int32(clamping: attempt.number)),
                \(attempt.startedAt), \(Int32(clamping: attempt.milliseconds)),
                \(attempt.status.map { Int32(clamping: $0) }), \(attempt.problem),
                \(String(attempt.answer.prefix(Self.answerLimit))))
            """)
        return true
    }

    /// The receiver has taken it, and so it is well again.
    package func markDelivered(
        _ id: WebhookDeliveryID, to endpoint: WebhookEndpointID, at now: Date,
        in tx: Transaction<OneTenant>
    ) async throws {
        try await end(id, as: .delivered, at: now, in: tx)
        try await tx.execute(
            """
            update shop.webhook_endpoint set failing_since = null
            where tenant_id = \(tx.tenantUUID) and id = \(endpoint.rawValue) and failing_since is not null
            """)
    }

    /// The attempt was in vain. Returns since when the endpoint takes nothing.
    package func markFailing(
        _ id: WebhookDeliveryID, to endpoint: WebhookEndpointID, next: Date?, at now: Date,
        in tx: Transaction<OneTenant>
    ) async throws -> Date {
        if let next {
            try await tx.execute(
                """
                update shop.webhook_delivery set next_attempt_at = \(next)
                where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)
                """)
        } else {
            try await end(id, as: .failed, at: now, in: tx)
        }
        let row = try await tx.execute(
            """
            update shop.webhook_endpoint set failing_since = coalesce(failing_since, \(now))
            where tenant_id = \(tx.tenantUUID) and id = \(endpoint.rawValue) returning failing_since
            """
        ).only(orThrow: .notFound(.webhookEndpoint, "\(endpoint)"))
        return try row.decode("failing_since")
    }

    private func end(
        _ id: WebhookDeliveryID, as state: WebhookDelivery.State, at now: Date,
        in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.execute(
            """
            update shop.webhook_delivery
            set state = \(state.rawValue), ended_at = \(now), next_attempt_at = null
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue) and state in ('queued', 'carried')
            """)
    }

    // MARK: - For the pages

    private static let columns: Query =
        "d.*, (select kind from shop.webhook_event e where e.tenant_id = d.tenant_id and e.id = d.event_id)"

    /// The deliveries to an endpoint, newest first, behind `before`.
    package func list(
        to endpoint: WebhookEndpointID, only state: WebhookDelivery.State? = nil, before: Int64? = nil,
        limit: Int = 50, in tx: Transaction<OneTenant>
    ) async throws -> [WebhookDelivery] {
        try await tx.execute(
            """
            select \(Self.columns) as kind from shop.webhook_delivery d
            where d.tenant_id = \(tx.tenantUUID) and d.endpoint_id = \(endpoint.rawValue)
                and (\(state?.rawValue)::text is null or d.state = \(state?.rawValue))
                and (\(before)::bigint is null or d.number < \(before))
            order by d.number desc limit \(limit)
            """
        ).rows.map(WebhookDelivery.init(row:))
    }

    package func load(
        _ id: WebhookDeliveryID, in tx: Transaction<OneTenant>
    ) async throws -> (delivery: WebhookDelivery, body: String, attempts: [WebhookAttempt]) {
        let found = try await tx.first(
            """
            select \(Self.columns) as kind,
                (select body from shop.webhook_event e
                    where e.tenant_id = d.tenant_id and e.id = d.event_id) as body
            from shop.webhook_delivery d where d.tenant_id = \(tx.tenantUUID) and d.id = \(id.rawValue)
            """)
        guard let row = found else { throw StoreError.notFound(.webhookDelivery, "\(id)") }
        let attempts = try await tx.execute(
            """
            select * from shop.webhook_attempt
            where tenant_id = \(tx.tenantUUID) and delivery_id = \(id.rawValue) order by number
            """
        ).rows.map(WebhookAttempt.init(row:))
        return (try WebhookDelivery(row: row), try row.decode("body"), attempts)
    }
}

extension WebhookDelivery {
    fileprivate init(row: Row) throws {
        id = try row.id("id")
        endpoint = try row.id("endpoint_id")
        event = try row.id("event_id")
        kind = try row.decode("kind")
        object = try row.decode("object")
        cause = try row.raw("cause")
        state = try row.raw("state")
        attempts = try row.int("attempts")
        nextAttemptAt = try row.decode("next_attempt_at")
        createdAt = try row.decode("created_at")
        endedAt = try row.decode("ended_at")
        number = try row.decode("number")
    }
}

extension WebhookAttempt {
    fileprivate init(row: Row) throws {
        self.init(
            number: try row.int("number"), startedAt: try row.decode("started_at"),
            milliseconds: try row.int("milliseconds"), status: try row.decode("status", as: Int?.self),
            problem: try row.decode("problem"), answer: try row.decode("answer"))
    }
}
