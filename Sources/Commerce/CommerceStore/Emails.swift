package import Commerce
package import Foundation
internal import Postgres

// E-mail that must go out exactly once per cause. The message is rendered once and kept, so that a retry
// sends the same words, and an order's thread can be read later. The row remembers since when it is not known
// whether the message went out: the vendor's idempotency key protects a repetition for a day only. Addresses
// that bounced or complained get nothing more.

package struct Emails: Sendable {
    package init() {}

    /// A message as it will be sent, and the cause that makes it unique, such as `order-confirmed:{order}`.
    package struct Draft: Sendable {
        package let cause: String
        package let order: OrderID?
        package let sender: String
        package let recipient: String
        package let replyTo: String?
        package let language: Language
        package let subject: String
        package let html: String
        package let plain: String

        package init(
            cause: String, order: OrderID?, sender: String, recipient: String, replyTo: String? = nil,
            language: Language, subject: String, html: String, plain: String
        ) {
            self.cause = cause
            self.order = order
            self.sender = sender
            self.recipient = recipient
            self.replyTo = replyTo
            self.language = language
            self.subject = subject
            self.html = html
            self.plain = plain
        }
    }

    package enum Status: String, Sendable {
        case queued, sending, sent, delivered, bounced, complained, failed, suppressed
    }

    package struct Message: Sendable {
        package let id: EmailID
        package let draft: Draft
        package let status: Status
        package let attempts: Int
        package let providerID: String?
        /// Since it was first sent off without an answer; nil where it is certain that it was not sent.
        package let inDoubtSince: Date?
    }

    /// Queues the message, or finds the one that was queued for this cause before: its words stay.
    package func queue(_ draft: Draft, in tx: Transaction<OneTenant>) async throws -> Message {
        let recipient = draft.recipient.lowercased()
        try await tx.execute(
            """
            insert into shop.email (tenant_id, id, cause, order_id, sender, recipient, reply_to, locale,
                subject, html, plain, status)
            select \(tx.tenantUUID), \(EmailID().rawValue), \(draft.cause), \(draft.order?.rawValue),
                \(draft.sender),
                \(draft.recipient), \(draft.replyTo), \(draft.language.rawValue), \(draft.subject),
                    \(draft.html), \(draft.plain),
                case when exists (select from shop.email_suppression
                    where tenant_id = \(tx.tenantUUID) and address = \(recipient)) then 'suppressed'
                        else 'queued' end
            on conflict (tenant_id, cause) do nothing
            """)
        return try await message(cause: draft.cause, in: tx)
    }

    package func message(cause: String, in tx: Transaction<OneTenant>) async throws -> Message {
        let found = try await tx.first(
            "select * from shop.email where tenant_id = \(tx.tenantUUID) and cause = \(cause)")
        guard let row = found else { throw StoreError.notFound(.email, cause) }
        return try Message(row: row)
    }

    package func load(_ id: EmailID, in tx: Transaction<OneTenant>) async throws -> Message {
        let found = try await tx.first(
            "select * from shop.email where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)")
        guard let row = found else { throw StoreError.notFound(.email, "\(id)") }
        return try Message(row: row)
    }

    /// Counts one attempt. Nil when nothing is left to send: it is sent already, or suppressed.
    package func claim(_ id: EmailID, in tx: Transaction<OneTenant>) async throws -> Message? {
        let found = try await tx.first(
            """
            update shop.email set status = 'sending', attempts = attempts + 1
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue) and status in ('queued', 'sending')
            returning *
            """)
        return try found.map(Message.init(row:))
    }

    /// The vendor is about to be given the message. False when an earlier time has left a doubt already.
    package func beginDoubt(
        _ id: EmailID, at now: Date, in tx: Transaction<OneTenant>
    ) async throws -> Bool {
        try await tx.execute(
            """
            update shop.email set in_doubt_since = \(now)
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue) and in_doubt_since is null
            """
        ).affected == 1
    }

    /// It is certain that the vendor has not sent it.
    package func endDoubt(_ id: EmailID, in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            """
            update shop.email set in_doubt_since = null
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)
            """)
    }

    /// Whether it was sent cannot be told any more; the doubt stays for whoever takes it up.
    package func noteProblem(_ id: EmailID, problem: String, in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            """
            update shop.email set problem = \(problem)
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue) and status in ('queued', 'sending')
            """)
    }

    package func markSent(
        _ id: EmailID, providerID: String, at now: Date, in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.execute(
            """
            update shop.email set status = 'sent', provider_id = \(providerID), sent_at = \(now),
                problem = null, in_doubt_since = null
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue) and status in ('queued', 'sending')
            """)
    }

    /// The vendor refused for good.
    package func markFailed(_ id: EmailID, problem: String, in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            """
            update shop.email set status = 'failed', problem = \(problem)
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue) and status in ('queued', 'sending')
            """)
    }

    /// What the vendor reports later. A bounce or complaint also closes the address to us.
    package func recordDelivery(
        providerID: String, _ status: Status, in tx: Transaction<OneTenant>
    ) async throws {
        let changed = try await tx.first(
            """
            update shop.email set status = \(status.rawValue)
            where tenant_id = \(tx.tenantUUID) and provider_id = \(providerID)
                and status in ('sending', 'sent', 'delivered')
            returning recipient
            """)
        guard let row = changed, status == .bounced || status == .complained else { return }
        let address = try row.decode("recipient", as: String.self).lowercased()
        try await suppress(address, reason: status.rawValue, in: tx)
    }

    package func suppress(_ address: String, reason: String, in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            """
            insert into shop.email_suppression (tenant_id, address, reason)
            values (\(tx.tenantUUID), \(address.lowercased()), \(reason)) on conflict do nothing
            """)
    }
}

extension Emails.Message {
    fileprivate init(row: Row) throws {
        id = try row.id("id")
        draft = Emails.Draft(
            cause: try row.decode("cause"), order: try row.idOrNil("order_id"),
            sender: try row.decode("sender"), recipient: try row.decode("recipient"),
            replyTo: try row.decode("reply_to"), language: try row.raw("locale"),
            subject: try row.decode("subject"),
            html: try row.decode("html"), plain: try row.decode("plain"))
        status = try row.raw("status", as: Emails.Status.self)
        attempts = try row.decode("attempts")
        providerID = try row.decode("provider_id")
        inDoubtSince = try row.decode("in_doubt_since")
    }
}
