package import Foundation
internal import Postgres

// What an operator must decide and belongs to no store. As in a store, there is one open item per kind and
// subject however often its cause comes up; a cause that grows rewrites the message, so that whoever decides
// reads how things stand now.

package struct PlatformAttention: Sendable {
    package init() {}

    /// What it is about. The raw value is stored.
    package enum Topic: String, Sendable, CaseIterable {
        /// A supplier's articles seem to have lost their product-safety data; the subject is the supplier.
        case safetyLoss = "safety_loss"
    }

    package struct Item: Sendable {
        package let id: UUID
        package let topic: Topic
        package let subject: String
        package let message: String
        package let openedAt: Date
    }

    package func open(
        _ topic: Topic, subject: String, message: String, at now: Date, in tx: Transaction<EveryTenant>
    ) async throws {
        try await tx.execute(
            """
            insert into shop.platform_attention as a (id, kind, subject, message, opened_at)
            values (\(UUID()), \(topic.rawValue), \(subject), \(String(message.prefix(2_000))), \(now))
            on conflict (kind, subject) where resolved_at is null do update set message = excluded.message
            """)
    }

    /// False where nothing of the kind is open. `because` is the reason of a person.
    @discardableResult
    package func resolve(
        _ topic: Topic, subject: String, by who: String, because reason: String? = nil, at now: Date,
        in tx: Transaction<EveryTenant>
    ) async throws -> Bool {
        try await tx.execute(
            """
            update shop.platform_attention
            set resolved_at = \(now), resolved_by = \(who), resolution = \(reason)
            where kind = \(topic.rawValue) and subject = \(subject) and resolved_at is null
            """
        ).affected == 1
    }

    /// What the open item of this kind says; nil where there is none.
    func message(
        _ topic: Topic, subject: String, in tx: Transaction<EveryTenant>
    ) async throws -> String? {
        try await tx.first(
            """
            select message from shop.platform_attention
            where kind = \(topic.rawValue) and subject = \(subject) and resolved_at is null
            """
        )?.decode("message")
    }

    /// The oldest first.
    package func openItems(in tx: Transaction<EveryTenant>) async throws -> [Item] {
        try await tx.execute(
            """
            select id, kind, subject, message, opened_at from shop.platform_attention
            where resolved_at is null order by opened_at, id limit 100
            """
        ).rows.map { row in
            Item(
                id: try row.decode("id"), topic: try row.raw("kind"), subject: try row.decode("subject"),
                message: try row.decode("message"), openedAt: try row.decode("opened_at"))
        }
    }
}
