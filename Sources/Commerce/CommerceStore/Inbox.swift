package import Commerce
package import Foundation
package import Postgres

// Verified webhooks, written down before anything is done about them. The vendor is answered as soon as the
// row is committed; the work follows. An event that matches nothing yet (it overtook our own commit) is
// kept and comes up again, ever more rarely; it is never dropped.

package struct Inbox: Sendable {
    private let database: Database

    package init(_ database: Database) {
        self.database = database
    }

    /// One verified event, as it arrived.
    package struct Event: Sendable {
        package let source: String
        package let id: String
        package let endpoint: String
        package let kind: String
        /// What it is about in the vendor's words, such as a PaymentIntent's id.
        package let subject: String?
        package let payload: JSONB
        package let occurredAt: Date?
        package var attempts = 0

        package init(
            source: String, id: String, endpoint: String, kind: String, subject: String?, payload: JSONB,
            occurredAt: Date?
        ) {
            self.source = source
            self.id = id
            self.endpoint = endpoint
            self.kind = kind
            self.subject = subject
            self.payload = payload
            self.occurredAt = occurredAt
        }
    }

    package enum State: String, Sendable {
        case received, processed, unmatched, failed
    }

    /// True when this is the first time we see the event; false for a repetition, which changes nothing.
    package func receive(_ event: Event) async throws -> Bool {
        let result = try await database.shared(
            """
            insert into shop.webhook_inbox
                (source, event_id, endpoint, kind, subject, payload, occurred_at, next_attempt_at)
            values (\(event.source), \(event.id), \(event.endpoint), \(event.kind), \(event.subject),
                \(event.payload), \(event.occurredAt), now() + interval '10 seconds')
            on conflict (source, event_id) do nothing
            """)
        return result.affected == 1
    }

    /// Takes events whose processing was lost or found no match, oldest first, and puts each off before
    /// handing it out: whoever takes it may die. Two callers never get the same one at the same time.
    package func takeDue(limit: Int = 100) async throws -> [Event] {
        let result = try await database.shared(
            """
            update shop.webhook_inbox inbox
            set attempts = attempts + 1,
                next_attempt_at = now() + least(interval '10 seconds' * power(2, least(attempts, 9)),
                    interval '1 hour')
            from (
                select source, event_id from shop.webhook_inbox
                where state in ('received', 'unmatched') and next_attempt_at <= now()
                order by next_attempt_at limit \(limit) for update skip locked
            ) due
            where inbox.source = due.source and inbox.event_id = due.event_id
            returning inbox.source, inbox.event_id, endpoint, kind, subject, payload, occurred_at, attempts
            """)
        return try result.rows.map(Event.init(row:))
    }

    package func event(source: String, id: String) async throws -> (event: Event, state: State)? {
        let result = try await database.shared(
            """
            select source, event_id, endpoint, kind, subject, payload, occurred_at, attempts, state
            from shop.webhook_inbox where source = \(source) and event_id = \(id)
            """)
        guard let row = result.rows.first else { return nil }
        return (try Event(row: row), try row.raw("state", as: State.self))
    }

    /// Marks the event inside the transaction that does what it asks for: both happen or neither.
    package func markProcessed(source: String, id: String, in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            """
            update shop.webhook_inbox
            set state = 'processed', processed_at = now(), resolved_tenant = \(tx.tenantUUID), problem = null
            where source = \(source) and event_id = \(id)
            """)
    }

    /// Marks it on its own: nothing to do, no match yet, or a failure that a person must look at.
    package func mark(
        source: String, id: String, _ state: State, tenant: TenantID? = nil, problem: String? = nil
    ) async throws {
        _ = try await database.shared(
            """
            update shop.webhook_inbox
            set state = \(state.rawValue), problem = \(problem),
                resolved_tenant = coalesce(\(tenant?.rawValue), resolved_tenant),
                processed_at = case when \(state.rawValue) = 'processed' then now() end
            where source = \(source) and event_id = \(id) and state <> 'processed'
            """)
    }
}

extension Inbox.Event {
    fileprivate init(row: Row) throws {
        self.init(
            source: try row.decode("source"), id: try row.decode("event_id"),
            endpoint: try row.decode("endpoint"),
            kind: try row.decode("kind"), subject: try row.decode("subject"),
            payload: try row.decode("payload"),
            occurredAt: try row.decode("occurred_at"))
        attempts = try row.decode("attempts")
    }
}
