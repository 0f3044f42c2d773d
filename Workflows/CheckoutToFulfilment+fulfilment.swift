// Once it is paid, every supplier order goes its own way: one that waits for a full wallet holds up neither
// the others nor the invoice.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials

extension CheckoutToFulfilment {
    /// Forwards, invoices and confirms side by side, follows the parcels, and closes the order when nobody
    /// can withdraw from it any more.
    func fulfil(_ order: PlacedOrder, _ flow: Flow<Self>) async throws -> Output {
        try await flow.progress(CheckoutProgress(.forwarding, order: order.id))
        let groups = try await split(order, flow)
        async let invoice: Void = invoice(order, flow)
        async let confirmation: Void = confirm(order, flow)
        let arrivals = try await deliver(groups, of: order, flow)
        _ = try await (invoice, confirmation)
        guard let last = arrivals.compactMap(\.self).max() else {
            try await flow.progress(CheckoutProgress(.refunded, order: order.id))
            return Output(end: .refunded, order: order.id)
        }
        try await flow.progress(CheckoutProgress(.delivered, order: order.id))
        try await flow.sleep(until: last.adding(shop.patience.withdrawal), as: "withdrawal period")
        try await close(order, flow)
        return Output(end: .closed, order: order.id)
    }

    private func split(_ order: PlacedOrder, _ flow: Flow<Self>) async throws -> [SupplierOrderID] {
        try await flow.transaction(.split, on: shop.transactions) { tx in
            // Money that came late finds its units given up, perhaps to be had again.
            try await Reservations().regain(order.id, in: tx)
            let planned = try await SupplierOrders().plan(order.id, in: tx)
            try await Orders().refreshStatus(order.id, in: tx)
            return planned.map(\.id)
        }
    }

    /// The instants of arrival; nil for a supplier order of which nothing will come.
    private func deliver(
        _ groups: [SupplierOrderID], of order: PlacedOrder, _ flow: Flow<Self>
    ) async throws -> [Date?] {
        try await withThrowingTaskGroup(of: Date?.self) { sides in
            for group in groups {
                sides.addTask { try await deliver(group, of: order, flow) }
            }
            return try await sides.reduce(into: []) { $0.append($1) }
        }
    }

    private func deliver(_ group: SupplierOrderID, of order: PlacedOrder, _ flow: Flow<Self>) async throws
        -> Date?
    {
        let forwarded = try await flow.child(
            .forward, for: group, ForwardSupplierOrder.self, ForwardSupplierOrder.Input(supplierOrder: group))
        try await refund(forwarded.canceled, forwarded.refundCause, "\(group)", of: order, flow)
        guard !forwarded.orders.isEmpty else { return forwarded.isWithMerchant ? try await flow.now() : nil }
        try await flow.progress(CheckoutProgress(.underWay, order: order.id))
        let journey = try await flow.child(
            .follow, for: group, FollowParcels.self,
            FollowParcels.Input(supplierOrder: group, orders: forwarded.orders))
        try await refund(journey.canceled, forwarded.refundCause, "\(group):late", of: order, flow)
        return journey.endedAt
    }

    /// A refund that could not be finished has asked for attention, and holds up no other parcel.
    private func refund(
        _ units: [UnitID], _ cause: RefundCause, _ occasion: String, of order: PlacedOrder, _ flow: Flow<Self>
    ) async throws {
        guard !units.isEmpty else { return }
        do {
            _ = try await flow.child(
                .refund, for: occasion, RefundOrder.self,
                RefundOrder.Input(
                    order: order.id, payment: order.payment, cause: cause, units: units, isTold: true))
        } catch let failure as StepFailed where failure.code == RefundUnfinished.code {}
    }

    /// What goes wrong with paper is the invoice's own affair: it has asked for attention and stops nothing
    /// here.
    private func invoice(_ order: PlacedOrder, _ flow: Flow<Self>) async throws {
        do {
            _ = try await flow.child(.invoice, InvoiceOrder.self, InvoiceOrder.Input(order: order.id))
        } catch is StepFailed {}
    }

    /// The same for the e-mail: the order's page tells the shopper as well.
    private func confirm(_ order: PlacedOrder, _ flow: Flow<Self>) async throws {
        do {
            _ = try await flow.child(
                .confirm, SendOrderEmail.self, SendOrderEmail.Input(order: order.id, letter: .confirmation))
        } catch is StepFailed {}
    }

    private func close(_ order: PlacedOrder, _ flow: Flow<Self>) async throws {
        try await flow.write(.close, in: shop) { tx in
            try await Orders().close(order.id, at: shop.clock.now, in: tx)
        }
        try await flow.progress(CheckoutProgress(.closed, order: order.id))
    }
}
