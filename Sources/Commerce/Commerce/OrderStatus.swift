/// The derived state of an order: never set by hand, always computed from records, and never lowered.
package struct OrderStatus: Sendable, Hashable, Codable {
    package var payment: PaymentStatus
    package var fulfilment: FulfilmentStatus
    package var invoice: InvoiceStatus
    package var attention: AttentionKind
    package var isDisputed: Bool

    package init(
        payment: PaymentStatus = .awaitingPayment, fulfilment: FulfilmentStatus = .unfulfilled,
        invoice: InvoiceStatus = .notDue, attention: AttentionKind = .none, isDisputed: Bool = false
    ) {
        self.payment = payment
        self.fulfilment = fulfilment
        self.invoice = invoice
        self.attention = attention
        self.isDisputed = isDisputed
    }

    package init(
        payment: PaymentFacts, units: [UnitState], supplierOrders: [SupplierOrderState],
        invoice: InvoiceFacts,
        attention: some Sequence<AttentionKind>
    ) {
        self.init(
            payment: payment.status,
            fulfilment: FulfilmentStatus(units: units, supplierOrders: supplierOrders),
            invoice: InvoiceStatus(invoice), attention: .headline(attention), isDisputed: payment.isDisputed)
    }

    /// What to store when the records say `derived`: statuses only rise, attention and dispute come and go.
    package func raised(to derived: OrderStatus) -> OrderStatus {
        OrderStatus(
            payment: payment.raised(to: derived.payment),
            fulfilment: fulfilment.raised(to: derived.fulfilment),
            invoice: invoice.raised(to: derived.invoice), attention: derived.attention,
            isDisputed: derived.isDisputed)
    }
}
