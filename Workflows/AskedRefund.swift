// A refund that a person or a program asks for takes its pieces in the transaction that starts its run. Of
// two who ask at once the second is told that nothing is left, and not that its refund is on its way.

import Commerce
import CommerceStore
import Durable
import Fleet

extension Runs {
    /// Starts the refund and reserves what it gives back, once per key. Nil where nothing of it is left:
    /// then the transaction must not be committed, since it holds the start of a run that has nothing to do.
    package func refund(
        _ input: RefundOrder.Input, once key: String, with tx: Transaction<OneTenant>
    ) async throws -> StartedRun? {
        guard try await !takesCanceled(input, in: tx) else { return nil }
        let run = try await start(RefundOrder.self, input, once: key, for: Tenant(tx.tenant), in: tx.postgres)
        let taken = try await RefundOrder.reserve(input, key: RefundOrder.key(of: run.id), in: tx)
        return taken == nil ? nil : run
    }

    /// The same for an operator, who names what goes back in words; nil where it was asked for before with
    /// this key. Throws where it cannot be had; then the transaction must not be committed.
    package func refund(
        _ wish: RefundWish, by actor: String, because reason: String, with tx: Transaction<OneTenant>
    ) async throws -> StartedRun? {
        guard let order = try await Orders().find(number: wish.order, in: tx) else {
            throw RefundRefusal.noOrder(wish.order)
        }
        // Of two who ask at once the second counts what the first has taken.
        try await tx.lockOrder(order.id)
        if try await StoreOrders().wasAsked(wish.key, of: order.id, in: tx) { return nil }
        let payments = try await Payments().all(of: order.id, in: tx)
        guard let payment = payments.first(where: { $0.status == .succeeded }) else {
            throw RefundRefusal.unpaid(wish.order)
        }
        let input = RefundOrder.Input(
            order: order.id, payment: payment.id, cause: wish.cause,
            units: try await wish.units(of: order.id, in: tx), isTold: true)
        guard let run = try await refund(input, once: wish.key, with: tx) else {
            throw RefundRefusal.nothingLeft(wish.order)
        }
        try await CommerceStore.Audit().record(
            actor: actor, action: "order.refund_asked", target: "order:\(order.id)", reason: reason,
            requestID: wish.key, in: tx)
        return run
    }

    /// Canceled pieces are refunded by themselves, and at the supplier's cost: whoever asks for all, or for
    /// one of them, waits for that.
    private func takesCanceled(
        _ input: RefundOrder.Input, in tx: Transaction<OneTenant>
    ) async throws -> Bool {
        try await tx.lockOrder(input.order)
        let refunded = try await Refunds().refundedUnits(of: input.order, in: tx)
        return try await SupplierOrders().units(ofOrder: input.order, in: tx).contains { unit in
            unit.state == .canceled && !refunded.contains(unit.id) && input.units?.contains(unit.id) != false
        }
    }
}

/// A refund as an operator asks for it.
package struct RefundWish: Sendable {
    /// The others come from what has happened, and are found by the runs that saw it.
    package static let causes: [RefundCause] = [.goodwill, .withdrawal, .platformError]

    package let order: OrderNumber
    package let cause: RefundCause
    /// Nil for all that is left of the payment.
    package let item: SKU?
    package let pieces: Int
    /// The operator's own key: asking again with it refunds nothing more.
    package let once: String

    package init(
        order: OrderNumber, cause: RefundCause, item: SKU? = nil, pieces: Int = 1, once: String
    ) {
        self.order = order
        self.cause = cause
        self.item = item
        self.pieces = pieces
        self.once = once
    }

    fileprivate var key: String { "by-hand:\(order):\(once)" }

    /// The pieces that are meant: those of the article that no refund has had yet. Canceled ones have a
    /// refund of their own coming.
    fileprivate func units(
        of order: OrderID, in tx: Transaction<OneTenant>
    ) async throws -> [UnitID]? {
        guard let item else { return nil }
        let lines = try await Orders().lines(of: order, in: tx).filter { $0.sku == item }.map(\.id)
        let gone = try await Refunds().refundedUnits(of: order, in: tx)
        let left = try await SupplierOrders().units(ofOrder: order, in: tx).filter {
            lines.contains($0.line) && !gone.contains($0.id) && $0.state != .canceled
        }
        guard left.count >= pieces else {
            throw RefundRefusal.tooFew(self.order, item, left: left.count, asked: pieces)
        }
        return left.prefix(pieces).map(\.id)
    }
}

/// Why a refund cannot be had.
package enum RefundRefusal: Error, Equatable, CustomStringConvertible {
    case noOrder(OrderNumber)
    case unpaid(OrderNumber)
    case tooFew(OrderNumber, SKU, left: Int, asked: Int)
    case nothingLeft(OrderNumber)

    package var description: String {
        switch self {
        case .noOrder(let order): "the store has no order \(order)"
        case .unpaid(let order): "order \(order) was not paid, so nothing can go back"
        case .tooFew(let order, let item, let left, let asked):
            "order \(order) has \(left) of \(item) that nobody refunded or canceled, not \(asked)"
        case .nothingLeft(let order):
            "of order \(order) all of this has gone back, or is on its way: canceled pieces are refunded by "
                + "themselves"
        }
    }
}
