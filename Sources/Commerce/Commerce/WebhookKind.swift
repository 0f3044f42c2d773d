/// What a merchant's program can be told of. The raw value is stored, sent as the event's `type`, and never
/// renamed.
package enum WebhookKind: String, Codable, Hashable, Sendable, CaseIterable {
    case orderPlaced = "order.placed"
    case orderPaid = "order.paid"
    case orderFulfilled = "order.fulfilled"
    case orderDelivered = "order.delivered"
    case orderCancelled = "order.cancelled"
    case orderRefunded = "order.refunded"
    case shipmentCreated = "shipment.created"
    case shipmentDelivered = "shipment.delivered"
    case invoiceIssued = "invoice.issued"
    case disputeOpened = "dispute.opened"
    case disputeClosed = "dispute.closed"
    case claimOpened = "claim.opened"
    case claimAnswered = "claim.answered"
    case claimSettled = "claim.settled"
    case productCreated = "product.created"
    case productUpdated = "product.updated"

    /// Sent to one endpoint when its owner asks for it, whatever it listens to.
    package static let test = "webhook.test"

    /// When it is sent, for those who choose.
    package var meaning: String {
        switch self {
        case .orderPlaced: "a shopper has placed an order, not yet paid"
        case .orderPaid: "the payment has succeeded"
        case .orderFulfilled: "everything in the order has been sent"
        case .orderDelivered: "everything in the order has arrived"
        case .orderCancelled: "the order will not be served"
        case .orderRefunded: "money went back to the shopper"
        case .shipmentCreated: "a parcel is on its way"
        case .shipmentDelivered: "a parcel has arrived"
        case .invoiceIssued: "an invoice, a storno or a credit note has its number"
        case .disputeOpened: "a shopper asked the bank for the money"
        case .disputeClosed: "a dispute was won or lost"
        case .claimOpened: "something that was sold is damaged, wrong or missing, or came back"
        case .claimAnswered: "a claim's supplier has credited, replaced or refused it"
        case .claimSettled: "a claim's shopper has the money or another piece, or was refused"
        case .productCreated: "a product was added"
        case .productUpdated: "a product's price, words or state changed"
        }
    }
}
