package import Commerce
internal import Foundation
internal import Postgres

// The one writer of an order's statuses. It holds the order's row while it reads the records, so two
// writers cannot each derive from half of the truth; what it derives is raised onto what stands there,
// never lowered.

extension Orders {
    /// Derives the statuses from the records and stores them. Call it in the transaction that changed a
    /// record.
    @discardableResult
    package func refreshStatus(_ id: OrderID, in tx: Transaction<OneTenant>) async throws -> OrderStatus {
        let found = try await tx.first(
            """
            select payment_status, fulfilment_status, invoice_status, attention, disputed, expired_at, paid_at
            from shop.orders where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)
            for no key update
            """)
        guard let row = found else { throw StoreError.notFound(.order, "\(id)") }
        let payment = try await paymentFacts(of: id, expiredAt: row.decode("expired_at"), in: tx)
        let derived = OrderStatus(
            payment: payment, units: try await SupplierOrders().units(ofOrder: id, in: tx).map(\.state),
            supplierOrders: try await SupplierOrders().all(of: id, in: tx).map(\.state),
            invoice: try await invoiceFacts(of: id, isPaid: payment.captured != nil, in: tx),
            attention: try await openAttention(of: id, in: tx))
        let stored = try row.orderStatus()
        let raised = stored.raised(to: derived)
        guard raised != stored else { return stored }
        try await tx.execute(
            """
            update shop.orders
            set payment_status = \(raised.payment.rawValue),
                fulfilment_status = \(raised.fulfilment.rawValue),
                invoice_status = \(raised.invoice.rawValue), attention = \(raised.attention.rawValue),
                disputed = \(raised.isDisputed)
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)
            """)
        return raised
    }

    /// The facts of the payment that serves the order: the first that was captured, else the newest.
    private func paymentFacts(
        of id: OrderID, expiredAt: Date?, in tx: Transaction<OneTenant>
    ) async throws -> PaymentFacts {
        var facts = PaymentFacts()
        if expiredAt != nil { facts.take(.expired) }
        let payments = try await Payments().all(of: id, in: tx)
        guard let payment = payments.first(where: { $0.status == .succeeded }) ?? payments.last else {
            return facts
        }
        if let outcome = payment.status.attempt, let at = payment.statusAt {
            facts.take(.attempted(PaymentAttempt(outcome, at: at)))
        }
        if payment.status == .canceled { facts.take(.canceled) }
        if payment.captured.isPositive { facts.take(.succeeded(payment.captured)) }
        for refund in try await Refunds().all(of: id, in: tx) where refund.payment == payment.id {
            let amount = refund.breakdown.amount
            if refund.settledAt != nil {
                facts.take(.refundSettled(refund.id, amount, replacing: refund.replaces))
            }
            if refund.status == .failed {
                facts.take(.refundFailed(refund.id, amount, replacing: refund.replaces))
            }
        }
        for dispute in try await Disputes().all(of: id, in: tx) where dispute.payment == payment.id {
            facts.take(.disputeOpened(dispute.stripeDispute))
            if dispute.status.isClosed {
                facts.take(.disputeClosed(dispute.stripeDispute, won: dispute.status.fact == .won))
            }
        }
        return facts
    }

    private func invoiceFacts(
        of id: OrderID, isPaid: Bool, in tx: Transaction<OneTenant>
    ) async throws -> InvoiceFacts {
        guard let invoice = try await Invoices().find(.invoice, for: id, in: tx) else {
            return InvoiceFacts(isDue: isPaid)
        }
        return InvoiceFacts(
            isDue: isPaid, failedAttempts: invoice.attempts, needsPerson: invoice.status == .manual,
            isIssued: invoice.status == .issued || invoice.status == .storno,
            isReversed: invoice.status == .storno)
    }

    private func openAttention(of id: OrderID, in tx: Transaction<OneTenant>) async throws -> [AttentionKind]
    {
        try await tx.execute(
            """
            select distinct kind from shop.attention_item
            where tenant_id = \(tx.tenantUUID) and order_id = \(id.rawValue) and resolved_at is null
            """
        ).rows.compactMap { AttentionKind(rawValue: try $0.decode("kind")) }
    }
}

extension Payment.Status {
    /// An unfinished payment's outcome so far, as the shopper should read it.
    fileprivate var attempt: PaymentAttempt.Outcome? {
        switch self {
        case .requiresAction: .requiresAction
        case .processing: .processing
        case .failed: .failed
        case .created, .requiresPaymentMethod, .requiresConfirmation, .canceled, .succeeded: nil
        }
    }
}
