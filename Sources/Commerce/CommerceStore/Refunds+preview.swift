package import Commerce
internal import Foundation
internal import Postgres

// What a refund would come to, before anybody agrees to it. It is worked out by the rules and from the
// records that the refund itself uses, so what was shown and what is done can differ only where something
// else has happened in between.

/// Who would pay what for a refund.
package struct RefundPreview: Sendable, Equatable {
    package let payment: PaymentID
    /// The pieces it is for; nil for all that is left of the payment.
    package let units: [UnitID]?
    /// Nil where nothing is owed but what the bank had sent back.
    package let fresh: RefundBreakdown?
    /// An earlier refund that the bank sent back. It is made again first, out of the platform's balance.
    package let again: Money?
    /// What the merchant keeps of the order as things stand.
    package let kept: Money

    /// R in all.
    package var amount: Money {
        (fresh?.amount ?? .zero(kept.currency)) + (again ?? .zero(kept.currency))
    }

    /// How the merchant's account moves.
    package var merchantChange: Money { fresh?.merchantChange ?? .zero(kept.currency) }

    package var keptAfterwards: Money { kept + merchantChange }
}

extension Refunds {
    /// The refund of so many pieces of each line, or of all that is left. Nil where nothing of it can be
    /// refunded: it is not paid, or went back already.
    package func preview(
        _ wanted: [OrderLineID: Int]?, of order: OrderID, cause: RefundCause, in tx: Transaction<OneTenant>
    ) async throws -> RefundPreview? {
        let payments = try await Payments().all(of: order, in: tx)
        guard let payment = payments.first(where: { $0.status == .succeeded }) else { return nil }
        let sold = try await SoldOrder(order, in: tx)
        var gone = try await refundedUnits(of: order, in: tx)
        let chosen = wanted.map { sold.pieces(of: $0, besides: gone) }
        if let wanted, wanted.isEmpty || chosen?.count != wanted.values.reduce(0, +) { return nil }
        let again = try await owed(of: payment.id, touching: chosen, in: tx)
        var totals = try await totals(of: payment.id, currency: sold.currency, in: tx)
        if let again {
            totals.add(again.breakdown)
            gone.formUnion(try await refundedUnits(of: order, by: again.id, alsoFailed: true, in: tx))
        }
        let request = try sold.request(for: chosen, after: gone, cause, sold.computation(totals))
        guard request != nil || again != nil else { return nil }
        let moved = Self.merchantChange(try await all(of: order, in: tx), sold.currency)
        return RefundPreview(
            payment: payment.id, units: chosen,
            fresh: try request.map { try sold.computation(totals).refund($0) },
            again: again?.breakdown.amount, kept: sold.order.total.margin + moved)
    }

    /// How many pieces of each line can still be refunded: neither gone back nor canceled, which is refunded
    /// by itself.
    package func refundable(
        of order: OrderID, in tx: Transaction<OneTenant>
    ) async throws -> [OrderLineID: Int] {
        let gone = try await refundedUnits(of: order, in: tx)
        return try await SupplierOrders().units(ofOrder: order, in: tx).reduce(into: [:]) { counts, unit in
            guard unit.state != .canceled, !gone.contains(unit.id) else { return }
            counts[unit.line, default: 0] += 1
        }
    }
}

extension Refunds {
    /// How refunds have moved the merchant's account so far. One that is made again moves it only the first
    /// time, whether that reached the shopper or not.
    package static func merchantChange(_ refunds: [Refund], _ currency: Currency) -> Money {
        refunds.filter { $0.replaces == nil && ($0.status != .failed || $0.stripeRefund != nil) }
            .map { refund in refund.reversedOutside.map { -$0 } ?? refund.breakdown.merchantChange }
            .total(currency)
    }
}

extension SoldOrder {
    fileprivate func pieces(of wanted: [OrderLineID: Int], besides gone: Set<UnitID>) -> [UnitID] {
        wanted.flatMap { line, count in
            pieces.filter {
                $0.line.id == line && $0.unit.state != .canceled && !gone.contains($0.unit.id)
            }
            .prefix(count).map(\.unit.id)
        }.sorted()
    }

    /// Nil where nothing fresh is left of it.
    fileprivate func request(
        for chosen: [UnitID]?, after gone: Set<UnitID>, _ cause: RefundCause, _ computation: RefundComputation
    ) throws -> RefundRequest? {
        guard let chosen else {
            return computation.left.isPositive
                ? RefundRequest(cause: cause, amount: computation.left) : nil
        }
        let fresh = Set(chosen).subtracting(gone)
        guard !fresh.isEmpty else { return nil }
        return try RefundRequest(
            cause: cause, lines: lineRefunds(of: fresh, after: gone),
            shipments: shipments(endedBy: fresh, after: gone).map(\.share))
    }
}
