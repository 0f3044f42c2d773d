// Every kind of identifier of the shop, in one place, so that none is invented twice.

/// A store: the tenant.
package typealias TenantID = Identifier<TenantKind>
/// A person who owns stores.
package typealias UserID = Identifier<UserKind>
/// A platform administrator.
package typealias AdminID = Identifier<AdminKind>
package typealias ProductID = Identifier<ProductKind>
package typealias SupplierID = Identifier<SupplierKind>
package typealias CartID = Identifier<CartKind>
/// One press of the pay button, however often it is repeated.
package typealias CheckoutID = Identifier<CheckoutKind>
package typealias QuoteID = Identifier<QuoteKind>
/// One line of an order.
package typealias OrderLineID = Identifier<OrderLineKind>
package typealias OrderID = Identifier<OrderKind>
package typealias SupplierOrderID = Identifier<SupplierOrderKind>
/// One piece sold.
package typealias UnitID = Identifier<UnitKind>
package typealias ParcelID = Identifier<ParcelKind>
package typealias PaymentID = Identifier<PaymentKind>
package typealias RefundID = Identifier<RefundKind>
package typealias DisputeID = Identifier<DisputeKind>
package typealias ReservationID = Identifier<ReservationKind>
package typealias LedgerTransactionID = Identifier<LedgerTransactionKind>
package typealias InvoiceID = Identifier<InvoiceKind>
package typealias PlatformInvoiceID = Identifier<PlatformInvoiceKind>
package typealias EmailID = Identifier<EmailKind>
package typealias AffiliateID = Identifier<AffiliateKind>
package typealias AffiliatePayoutID = Identifier<AffiliatePayoutKind>
/// A change of an account's plan, as it was asked for.
package typealias PlanChangeID = Identifier<PlanChangeKind>
package typealias DomainID = Identifier<DomainKind>
package typealias SessionID = Identifier<SessionKind>
package typealias AttentionItemID = Identifier<AttentionItemKind>
package typealias SupplierFeedID = Identifier<SupplierFeedKind>
/// One reading of a supplier's feed.
package typealias SupplierSyncID = Identifier<SupplierSyncKind>
package typealias AuditID = Identifier<AuditKind>
/// Where a merchant's program hears of events.
package typealias WebhookEndpointID = Identifier<WebhookEndpointKind>
package typealias WebhookEventID = Identifier<WebhookEventKind>
/// One event on its way to one endpoint.
package typealias WebhookDeliveryID = Identifier<WebhookDeliveryKind>
/// The right of one run to carry the events of one object to one endpoint.
package typealias WebhookLaneID = Identifier<WebhookLaneKind>
/// A shopper's declaration of withdrawal.
package typealias WithdrawalID = Identifier<WithdrawalKind>
/// Something that is wrong with what was sold.
package typealias OrderClaimID = Identifier<OrderClaimKind>
package typealias PersonalDataRequestID = Identifier<PersonalDataRequestKind>

package enum TenantKind: IdentifierKind { package static var noun: String { "store" } }
package enum UserKind: IdentifierKind { package static var noun: String { "user" } }
package enum AdminKind: IdentifierKind { package static var noun: String { "administrator" } }
package enum ProductKind: IdentifierKind { package static var noun: String { "product" } }
package enum SupplierKind: IdentifierKind { package static var noun: String { "supplier" } }
package enum CartKind: IdentifierKind { package static var noun: String { "cart" } }
package enum CheckoutKind: IdentifierKind { package static var noun: String { "checkout" } }
package enum QuoteKind: IdentifierKind { package static var noun: String { "quote" } }
package enum OrderLineKind: IdentifierKind { package static var noun: String { "order line" } }
package enum OrderKind: IdentifierKind { package static var noun: String { "order" } }
package enum SupplierOrderKind: IdentifierKind { package static var noun: String { "supplier order" } }
package enum UnitKind: IdentifierKind { package static var noun: String { "unit" } }
package enum ParcelKind: IdentifierKind { package static var noun: String { "parcel" } }
package enum PaymentKind: IdentifierKind { package static var noun: String { "payment" } }
package enum RefundKind: IdentifierKind { package static var noun: String { "refund" } }
package enum DisputeKind: IdentifierKind { package static var noun: String { "dispute" } }
package enum ReservationKind: IdentifierKind { package static var noun: String { "reservation" } }
package enum LedgerTransactionKind: IdentifierKind {
    package static var noun: String { "ledger transaction" }
}
package enum InvoiceKind: IdentifierKind { package static var noun: String { "invoice" } }
package enum PlatformInvoiceKind: IdentifierKind { package static var noun: String { "platform invoice" } }
package enum EmailKind: IdentifierKind { package static var noun: String { "e-mail" } }
package enum AffiliateKind: IdentifierKind { package static var noun: String { "affiliate" } }
package enum AffiliatePayoutKind: IdentifierKind { package static var noun: String { "affiliate payout" } }
package enum PlanChangeKind: IdentifierKind { package static var noun: String { "change of plan" } }
package enum DomainKind: IdentifierKind { package static var noun: String { "custom domain" } }
package enum SessionKind: IdentifierKind { package static var noun: String { "session" } }
package enum AttentionItemKind: IdentifierKind { package static var noun: String { "attention item" } }
package enum SupplierFeedKind: IdentifierKind { package static var noun: String { "supplier feed" } }
package enum SupplierSyncKind: IdentifierKind { package static var noun: String { "supplier sync" } }
package enum AuditKind: IdentifierKind { package static var noun: String { "audit entry" } }
package enum WebhookEndpointKind: IdentifierKind {
    package static var noun: String { "webhook endpoint" }
}
package enum WebhookEventKind: IdentifierKind { package static var noun: String { "webhook event" } }
package enum WebhookDeliveryKind: IdentifierKind { package static var noun: String { "webhook delivery" } }
package enum WebhookLaneKind: IdentifierKind { package static var noun: String { "webhook lane" } }
package enum WithdrawalKind: IdentifierKind { package static var noun: String { "withdrawal" } }
package enum OrderClaimKind: IdentifierKind { package static var noun: String { "claim" } }
package enum PersonalDataRequestKind: IdentifierKind {
    package static var noun: String { "request about personal data" }
}
