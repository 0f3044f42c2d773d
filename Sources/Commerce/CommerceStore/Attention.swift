package import Commerce
internal import Foundation
internal import Postgres

// What a person must look at, and who did what. An item is opened once per kind and subject however often
// the cause comes up, and stays until it is resolved; audit rows are only ever added.

package struct Attention: Sendable {
    package init() {}

    /// What it is about. The text forms are stored.
    package enum Topic: Sendable, Hashable {
        /// Shown at the order, as its attention status.
        case order(AttentionKind)
        /// A product would be sold at a loss.
        case unsellableProduct
        /// The books and the balances at the vendor differ.
        case ledger
        /// A letter that may or may not have gone out.
        case letter
        /// A supplier charges more for things that the store sells.
        case supplierCost
        /// A supplier's feed could not be taken in, or not all of it.
        case supplierFeed
        /// The platform's own invoice to the merchant is not paid.
        case platformInvoice
        /// An affiliate's share has no place to go.
        case affiliatePayout
        /// An endpoint of the merchant's was switched off.
        case webhook
        /// A custom domain does not lead here any more.
        case domain
        /// A shopper withdrew, and the law's time for the refund runs out.
        case withdrawal
        /// Something is wrong with what was sold, and nobody has answered.
        case claim
        /// The merchant's VAT number is not registered; the subject is the number.
        case vatNumber

        var stored: String {
            switch self {
            case .order(let kind): kind.rawValue
            case .unsellableProduct: "unsellable_product"
            case .ledger: "ledger"
            case .letter: "letter"
            case .platformInvoice: "platform_invoice"
            case .affiliatePayout: "affiliate_payout"
            case .supplierCost: "supplier_cost"
            case .supplierFeed: "supplier_feed"
            case .webhook: "webhook"
            case .domain: "domain"
            case .withdrawal: "withdrawal"
            case .claim: "claim"
            case .vatNumber: "vat_number"
            }
        }
    }

    package struct Item: Sendable {
        package let id: AttentionItemID
        package let topic: String
        package let subject: String
        package let order: OrderID?
        package let message: String
    }

    /// Opens an item, unless the same is open already. `message` is for the merchant's eyes.
    package func open(
        _ topic: Topic, subject: String, order: OrderID? = nil, message: String, in tx: Transaction<OneTenant>
    ) async throws {
        _ = try await ask(topic, subject: subject, order: order, message: message, asked: nil, in: tx)
    }

    /// The same where somebody waits for the answer, who must name the item; nil where one is open already.
    /// `asked` is a price that can be accepted.
    package func ask(
        _ topic: Topic, subject: String, order: OrderID?, message: String, asked: Money?,
        in tx: Transaction<OneTenant>
    ) async throws -> AttentionItemID? {
        try await tx.first(
            """
            insert into shop.attention_item (tenant_id, id, kind, subject, order_id, message, asked_minor,
                asked_currency)
            values (\(tx.tenantUUID), \(AttentionItemID().rawValue), \(topic.stored), \(subject),
                \(order?.rawValue), \(message), \(asked?.minorUnits), \(asked?.currency.rawValue))
            on conflict (tenant_id, kind, subject) where resolved_at is null do nothing
            returning id
            """
        ).map { try $0.id("id") }
    }

    package func resolve(
        _ topic: Topic, subject: String, by who: String, in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.execute(
            """
            update shop.attention_item set resolved_at = now(), resolved_by = \(who)
            where tenant_id = \(tx.tenantUUID) and kind = \(topic.stored) and subject = \(subject)
                and resolved_at is null
            """)
    }

    /// Closes every open item of a topic but the one about this subject.
    package func resolveOthers(
        of topic: Topic, than subject: String, by who: String, in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.execute(
            """
            update shop.attention_item set resolved_at = now(), resolved_by = \(who)
            where tenant_id = \(tx.tenantUUID) and kind = \(topic.stored) and subject <> \(subject)
                and resolved_at is null
            """)
    }

    package func openItems(in tx: Transaction<OneTenant>) async throws -> [Item] {
        try await tx.execute(
            """
            select * from shop.attention_item
            where tenant_id = \(tx.tenantUUID) and resolved_at is null order by opened_at desc limit 200
            """
        ).rows.map(Item.init(row:))
    }
}

extension Attention.Item {
    init(row: Row) throws {
        id = try row.id("id")
        topic = try row.decode("kind")
        subject = try row.decode("subject")
        order = try row.idOrNil("order_id")
        message = try row.decode("message")
    }
}

package struct Audit: Sendable {
    package init() {}

    package func record(
        actor: String, action: String, target: String, reason: String?, requestID: String? = nil,
        in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.execute(
            """
            insert into shop.audit (tenant_id, id, actor, action, target, reason, request_id)
            values (\(tx.tenantUUID), \(AuditID().rawValue), \(actor), \(action), \(target), \(reason),
                \(requestID))
            """)
    }
}
