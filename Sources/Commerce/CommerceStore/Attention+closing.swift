package import Commerce
internal import Foundation
internal import Postgres

// How a person closes an open item. Where the records show that its cause still stands and there is a place
// in which to see to it, closing would only hide it, and for a supplier order that waits take away the way to
// answer: such an item is not closed, and whoever tries reads what to do instead. Every other item may be
// closed with a reason, and is opened again when its cause comes up again. The reason is the store's and goes
// into its audit with who gave it.
//
// Whoever closes takes the order that the item is about before the item, as all do who write records of one
// order: they resolve its items while they hold it, and a cause that was seen stays until the item is closed.

extension Attention {
    package static let reasonLimit = 1_000

    /// What became of a wish to close an item.
    package enum Closing: Sendable, Equatable {
        case closed
        /// Its cause can still be seen. In words that say what to do.
        case stands(String)
        /// Closed before, or no item of this store.
        case gone
    }

    /// One open item; nil where it is closed or was never there.
    package func find(_ id: AttentionItemID, in tx: Transaction<OneTenant>) async throws -> Item? {
        try await tx.first(
            """
            select * from shop.attention_item
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue) and resolved_at is null
            """
        ).map(Item.init(row:))
    }

    /// Why an item should stay open, in words that say what to do; nil where it may be closed.
    package func standing(_ item: Item, in tx: Transaction<OneTenant>) async throws -> String? {
        guard let cause = Cause(item.topic), let query = cause.isThere(tx.tenantUUID, item.subject) else {
            return nil
        }
        return try await tx.first(query) == nil ? nil : cause.advice
    }

    /// Closes an open item by hand. The order that it is about shows its next one, or none.
    package func close(
        _ id: AttentionItemID, by who: String, because reason: String, requestID: String? = nil,
        in tx: Transaction<OneTenant>
    ) async throws -> Closing {
        precondition(!reason.isEmpty && reason.count <= Self.reasonLimit, "the form asks for a reason")
        guard let item = try await hold(id, in: tx) else { return .gone }
        if let advice = try await standing(item, in: tx) { return .stands(advice) }
        try await tx.execute(
            """
            update shop.attention_item
            set resolved_at = now(), resolved_by = \(String(who.prefix(400))), resolution = \(reason)
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)
            """)
        try await Audit().record(
            actor: who, action: "attention.closed", target: "attention:\(item.topic):\(item.subject)",
            reason: reason, requestID: requestID, in: tx)
        if let order = item.order { try await Orders().refreshStatus(order, in: tx) }
        return .closed
    }

    /// Takes the order, then the item, which may have been closed while the order was waited for.
    private func hold(_ id: AttentionItemID, in tx: Transaction<OneTenant>) async throws -> Item? {
        guard let seen = try await find(id, in: tx) else { return nil }
        if let order = seen.order { try await tx.lockOrder(order) }
        return try await tx.first(
            """
            select * from shop.attention_item
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue) and resolved_at is null for update
            """
        ).map(Item.init(row:))
    }
}

/// A cause that the records still show, and where it is seen to.
private enum Cause {
    case waitingSupplierOrder, openDispute, stoppedPaper, unpaidInvoice, owedRefund, openClaim
    case silencedEndpoint, strayDomain, restrictedAccount

    init?(_ topic: String) {
        switch topic {
        case AttentionKind.supplierUnknown.rawValue, AttentionKind.supplierPriceUp.rawValue,
            AttentionKind.address.rawValue:
            self = .waitingSupplierOrder
        case AttentionKind.dispute.rawValue: self = .openDispute
        case AttentionKind.invoice.rawValue: self = .stoppedPaper
        case AttentionKind.merchantRestricted.rawValue: self = .restrictedAccount
        case Attention.Topic.platformInvoice.stored: self = .unpaidInvoice
        case Attention.Topic.withdrawal.stored: self = .owedRefund
        case Attention.Topic.claim.stored: self = .openClaim
        case Attention.Topic.webhook.stored: self = .silencedEndpoint
        case Attention.Topic.domain.stored: self = .strayDomain
        default: return nil
        }
    }

    /// A row where the cause is there; nil where the subject names no record that could be one.
    func isThere(_ tenant: UUID, _ subject: String) -> Query? {
        switch self {
        case .openDispute:
            """
            select d.id from shop.dispute d
            where d.tenant_id = \(tenant) and d.stripe_dispute = split_part(\(subject), ':', 1)
                and d.state = 'open'
            """
        case .restrictedAccount:
            """
            select t.tenant_id from shop.store t
            where t.tenant_id = \(tenant) and t.stripe_account = \(subject) and t.stripe_state = 'restricted'
            """
        case .waitingSupplierOrder, .stoppedPaper, .unpaidInvoice, .owedRefund, .openClaim,
            .silencedEndpoint, .strayDomain:
            UUID(uuidString: subject).flatMap { record(tenant, $0) }
        }
    }

    /// The same where the subject is the record's id, which is compared as one: as text it would find no key.
    private func record(_ tenant: UUID, _ id: UUID) -> Query? {
        switch self {
        case .waitingSupplierOrder:
            """
            select s.id from shop.supplier_order s
            where s.tenant_id = \(tenant) and s.id = \(id) and s.run_id is not null
                and s.given_to_merchant_at is null and s.state in ('on_hold', 'submitting', 'unknown')
            """
        case .stoppedPaper:
            """
            select i.id from shop.invoice i
            where i.tenant_id = \(tenant) and i.id = \(id) and i.status = 'manual'
            """
        case .unpaidInvoice:
            """
            select c.invoice_id from shop.platform_collection c
            where c.tenant_id = \(tenant) and c.invoice_id = \(id) and c.status = 'due'
            """
        case .owedRefund:
            """
            select w.id from shop.withdrawal w
            where w.tenant_id = \(tenant) and w.id = \(id) and w.refunded_at is null
            """
        case .openClaim:
            """
            select c.id from shop.order_claim c
            where c.tenant_id = \(tenant) and c.id = \(id) and c.closed_at is null
            """
        case .silencedEndpoint:
            """
            select e.id from shop.webhook_endpoint e
            where e.tenant_id = \(tenant) and e.id = \(id) and e.state = 'disabled'
                and e.disabled_because <> 'merchant'
            """
        case .strayDomain:
            """
            select d.id from shop.custom_domain d
            where d.tenant_id = \(tenant) and d.id = \(id) and d.state in ('pending', 'active')
                and d.problem is not null
            """
        case .openDispute, .restrictedAccount: nil
        }
    }

    var advice: String {
        switch self {
        case .waitingSupplierOrder:
            "The supplier order still waits for an answer. Give it on the order's page; this closes with it."
        case .openDispute:
            "The dispute is still open at the bank. Answer it on the order's page; this closes with its end."
        case .stoppedPaper:
            "The paper is still not issued. Put right what it lacks and try it again among the invoices."
        case .unpaidInvoice:
            "The invoice is still not paid. Pay it or renew the payment method under Billing."
        case .owedRefund:
            "The refund is still owed. Note that the goods have come back, or refund the order."
        case .openClaim: "The claim is still open. Decide about it among the claims; this closes with it."
        case .silencedEndpoint:
            "The endpoint is still switched off. Switch it on again, or remove it, among the webhooks."
        case .strayDomain:
            "The domain still does not lead here. Put its records right, or remove it, under Domain."
        case .restrictedAccount:
            "Stripe still holds the account back. Give Stripe what it asks for under Payments."
        }
    }
}
