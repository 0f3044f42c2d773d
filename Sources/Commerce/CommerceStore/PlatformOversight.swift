package import Commerce
package import Foundation
internal import Postgres

// What else operators look at over all stores: webhooks as they came, open items that need a person, and the
// stores themselves. Read with the platform's own role; nothing here writes.

package struct PlatformOversight: Sendable {
    private let database: Database

    /// The database needs the platform's pool.
    package init(_ database: Database) {
        self.database = database
    }

    /// One webhook in a list. Its payload is not read.
    package struct InboxLine: Sendable {
        package let source: String
        package let id: String
        package let kind: String
        package let subject: String?
        package let state: String
        package let attempts: Int
        package let tenant: TenantID?
        package let problem: String?
        package let receivedAt: Date
        package let processedAt: Date?
        package let nextAttemptAt: Date
    }

    /// How many webhooks stand in one state, up to 10,001 each.
    package struct InboxTally: Sendable {
        package let state: String
        package let count: Int
        package let oldest: Date?
    }

    /// Something that a person must look at, in any store.
    package struct AttentionLine: Sendable {
        package let id: AttentionItemID
        package let tenant: TenantID
        package let store: String
        package let kind: String
        package let subject: String
        package let message: String
        package let order: OrderID?
        package let orderNumber: Int64?
        package let amount: Money?
        package let openedAt: Date
    }

    /// A store in a list.
    package struct StoreLine: Sendable {
        package let tenant: TenantID
        package let slug: String
        package let name: String
        package let plan: String
        package let status: String
        package let stripeState: String
        package let requirements: [String]
        package let country: String
        package let createdAt: Date
        package let openAttention: Int
    }

    /// Webhooks, newest first, after the one that ended the page before; of one state or about one object,
    /// where they are given.
    package func inbox(
        state: String? = nil, subject: String? = nil, before last: (source: String, id: String)? = nil,
        limit: Int = 50
    ) async throws -> [InboxLine] {
        var query: Query = """
            select source, event_id, kind, subject, state, attempts, resolved_tenant, problem, received_at,
                processed_at, next_attempt_at
            from shop.webhook_inbox where true

            """
        if let state { query += " and state = \(state)" }
        if let subject { query += " and (subject = \(subject) or event_id = \(subject))" }
        if let last {
            query += """
                 and (received_at, source, event_id) < (select received_at, source, event_id
                    from shop.webhook_inbox where source = \(last.source) and event_id = \(last.id))
                """
        }
        query += " order by received_at desc, source desc, event_id desc limit \(max(1, min(limit, 200)))"
        return try await database.platformTransaction { [query] tx in
            try await tx.execute(query).rows.map { try InboxLine($0) }
        }
    }

    /// What stands in the inbox and is not done: nothing of it is ever dropped.
    package func inboxTallies() async throws -> [InboxTally] {
        try await database.platformTransaction { tx in
            try await tx.execute(
                """
                select s.state, found.count, found.oldest
                from unnest(array['received', 'unmatched', 'failed']) s(state) cross join lateral (
                    select count(*) as count, min(i.received_at) as oldest from (
                        select received_at from shop.webhook_inbox i
                        where i.state = s.state and i.state <> 'processed' limit 10001) i) found
                """
            ).rows.map { row in
                InboxTally(
                    state: try row.decode("state"), count: try row.int("count"),
                    oldest: try row.decode("oldest"))
            }
        }
    }

    /// One webhook with its payload as text; nil where there is none.
    package func event(source: String, id: String) async throws -> (line: InboxLine, payload: String)? {
        try await database.platformTransaction { tx in
            try await tx.first(
                """
                select source, event_id, kind, subject, state, attempts, resolved_tenant, problem,
                    received_at, processed_at, next_attempt_at, jsonb_pretty(payload) as payload
                from shop.webhook_inbox where source = \(source) and event_id = \(id)
                """
            ).map { (try InboxLine($0), try $0.decode("payload")) }
        }
    }

    /// Open items of all stores, those with the most money at stake first, up to `limit`.
    package func attention(of tenant: TenantID? = nil, limit: Int = 50) async throws -> [AttentionLine] {
        try await database.platformTransaction { tx in
            try await tx.execute(
                """
                select a.tenant_id, a.id, t.slug, a.kind, a.subject, a.message, a.order_id, o.number,
                    o.g_minor, o.currency, a.opened_at
                from (select * from shop.attention_item where resolved_at is null
                        and (\(tenant?.rawValue)::uuid is null or tenant_id = \(tenant?.rawValue))
                        order by opened_at desc limit 1000) a
                join shop.store t on t.tenant_id = a.tenant_id
                left join shop.orders o on o.tenant_id = a.tenant_id and o.id = a.order_id
                order by o.g_minor desc nulls last, a.opened_at limit \(max(1, min(limit, 500)))
                """
            ).rows.map { try AttentionLine($0) }
        }
    }

    /// Stores whose address begins with the text, whose name holds it, or whose id it is, by their address;
    /// all of them for an empty text.
    package func stores(matching text: String = "", limit: Int = 200) async throws -> [StoreLine] {
        let wanted = text.trimmingCharacters(in: .whitespaces).lowercased()
        let tenant = UUID(uuidString: wanted)
        return try await database.platformTransaction { tx in
            try await tx.execute(
                """
                select t.tenant_id, t.slug, t.name, t.plan, t.status, t.stripe_state, t.stripe_requirements,
                    t.country, t.created_at, (select count(*) from shop.attention_item a
                        where a.tenant_id = t.tenant_id and a.resolved_at is null) as open
                from shop.store t
                where \(wanted) = '' or t.tenant_id = \(tenant) or starts_with(t.slug, \(wanted))
                    or strpos(lower(t.name), \(wanted)) > 0
                order by t.slug limit \(max(1, min(limit, 500)))
                """
            ).rows.map { try StoreLine($0) }
        }
    }
}

extension PlatformOversight.InboxLine {
    fileprivate init(_ row: Row) throws {
        source = try row.decode("source")
        id = try row.decode("event_id")
        kind = try row.decode("kind")
        subject = try row.decode("subject")
        state = try row.decode("state")
        attempts = try row.int("attempts")
        tenant = try row.idOrNil("resolved_tenant")
        problem = try row.decode("problem")
        receivedAt = try row.decode("received_at")
        processedAt = try row.decode("processed_at")
        nextAttemptAt = try row.decode("next_attempt_at")
    }
}

extension PlatformOversight.AttentionLine {
    fileprivate init(_ row: Row) throws {
        id = try row.id("id")
        tenant = try row.id("tenant_id")
        store = try row.decode("slug")
        kind = try row.decode("kind")
        subject = try row.decode("subject")
        message = try row.decode("message")
        order = try row.idOrNil("order_id")
        orderNumber = try row.decode("number")
        amount = orderNumber == nil ? nil : try row.money("g_minor", in: "currency")
        openedAt = try row.decode("opened_at")
    }
}

extension PlatformOversight.StoreLine {
    fileprivate init(_ row: Row) throws {
        tenant = try row.id("tenant_id")
        slug = try row.decode("slug")
        name = try row.decode("name")
        plan = try row.decode("plan")
        status = try row.decode("status")
        stripeState = try row.decode("stripe_state")
        requirements = try row.decode("stripe_requirements")
        country = try row.decode("country")
        createdAt = try row.decode("created_at")
        openAttention = try row.int("open")
    }
}
