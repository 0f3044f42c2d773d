// From "pay" to a closed order. Before money moves every refusal is an answer that the shopper can act on;
// once it has moved there are only two ways out, delivery or an explicit refund, and nothing is rolled back.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials
import Stripe

/// Turns an accepted quote into a paid, forwarded, invoiced and delivered order.
package struct CheckoutToFulfilment: Workflow {
    package static let name: WorkflowName = "checkout_to_fulfilment"

    package enum Step: String, WorkflowStep {
        case reprice
        case askSupplier = "ask_supplier"
        case place
        case decline
        case createPayment = "create_payment"
        case recallPayment = "recall_payment"
        case abandon
        case noteAttempt = "note_attempt"
        case cancelPayment = "cancel_payment"
        case expire
        case stopAttending = "stop_attending"
        case readPayment = "read_payment"
        case hold
        case recordPayment = "record_payment"
        case askSupplierAgain = "ask_supplier_again"
        case split
        case confirm
        case invoice
        case forward
        case follow
        case refund
        case refundAll = "refund_all"
        case close
    }

    package struct Input: Codable, Sendable {
        package let checkout: CheckoutID
        package init(checkout: CheckoutID) { self.checkout = checkout }
    }

    package struct Output: Codable, Sendable, Equatable {
        package enum End: String, Codable, Sendable {
            case declined, expired, held, refunded, closed
        }
        package let end: End
        package let order: OrderID?
    }

    package typealias Progress = CheckoutProgress

    let shop: Shop

    package func run(_ input: Input, _ flow: Flow<Self>) async throws -> Output {
        guard try await isStillOffered(input.checkout, flow),
            let order = try await place(input.checkout, flow)
        else {
            try await flow.progress(CheckoutProgress(.declined))
            return Output(end: .declined, order: nil)
        }
        guard let intent = try await openPayment(of: order, flow) else {
            try await flow.progress(CheckoutProgress(.declined, order: order.id))
            return Output(end: .declined, order: order.id)
        }
        switch try await awaitPayment(intent, of: order, flow) {
        case .captured(let payment):
            return try await serve(payment, of: order, flow)
        case .neverPaid:
            return try await awaitLatePayment(intent, of: order, flow)
        }
    }

    private func serve(_ payment: CapturedPayment, of order: PlacedOrder, _ flow: Flow<Self>) async throws
        -> Output
    {
        guard try await accept(payment, of: order, flow) else {
            return try await hold(payment, of: order, flow)
        }
        return try await fulfil(order, flow)
    }

    /// Only a confirmed cancel has brought us here, so this payment should not exist; money that comes all
    /// the same is served if the goods are still to be had, and otherwise goes back in full.
    private func awaitLatePayment(
        _ intent: PaymentIntent.ID, of order: PlacedOrder, _ flow: Flow<Self>
    ) async throws -> Output {
        try await flow.progress(CheckoutProgress(.expired, order: order.id))
        guard let payment = try await latePayment(intent, of: order, flow) else {
            return Output(end: .expired, order: order.id)
        }
        guard try await accept(payment, of: order, flow) else {
            return try await hold(payment, of: order, flow)
        }
        if try await canStillBeDelivered(order, flow) { return try await fulfil(order, flow) }
        _ = try await flow.child(
            .refundAll, RefundOrder.self,
            RefundOrder.Input(
                order: order.id, payment: order.payment, cause: .latePaymentNotServed, units: nil,
                isTold: true))
        try await flow.progress(CheckoutProgress(.refunded, order: order.id))
        return Output(end: .refunded, order: order.id)
    }

    private func hold(
        _ payment: CapturedPayment, of order: PlacedOrder, _ flow: Flow<Self>
    ) async throws -> Output {
        try await flow.progress(CheckoutProgress(.onHold, order: order.id))
        return Output(end: .held, order: order.id)
    }
}

/// What the steps after the order need of it.
struct PlacedOrder: Codable, Sendable {
    let id: OrderID
    let number: OrderNumber
    let payment: PaymentID
    let paymentVersion: Int
    let amount: Money
    let fee: Money
    let account: StripeAccount.ID
    let checkout: CheckoutID
    let tenant: TenantID
    let placedAt: Date

    /// Kept to this when Stripe answers, and again when the money has arrived.
    var paymentRequest: PaymentIntentRequest {
        PaymentIntentRequest(
            amount: amount, applicationFee: fee, destination: account, onBehalfOf: account,
            transferGroup: "order_\(id)",
            metadata: PaymentMetadata(order: id, tenant: tenant, checkout: checkout),
            description: "Order \(number)")
    }
}
