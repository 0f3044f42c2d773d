package import Commerce
internal import Foundation
internal import Postgres

// What a refund amounts to depends on what was refunded before, so it is worked out under the order's lock,
// in the transaction that reserves it. Two refunds at once cannot round from the same running total.
//
// A refund that Stripe had made and the bank sent back is still owed, and it has moved everything but the
// shopper's money: the store's share, the fee, the paper. So it is made again as it was, in one piece and
// before anything else of what is asked for, and never worked out anew.

extension Refunds {
    /// Works out and reserves the refund of units that will not arrive, or finds the one of the same key.
    /// Shipping goes back with the last unit of its parcel. Nil when all of them were refunded before.
    package func reserve(
        _ units: [UnitID], of order: OrderID, paidBy payment: PaymentID, cause: RefundCause, key: String,
        in tx: Transaction<OneTenant>
    ) async throws -> Refund? {
        try await tx.lockOrder(order)
        if let known = try await find(key: key, in: tx) { return known }
        if let owed = try await owed(of: payment, touching: units, in: tx) {
            return try await again(owed, key: key, in: tx)
        }
        let sold = try await SoldOrder(order, in: tx)
        let before = try await refundedUnits(of: order, in: tx)
        let fresh = Set(units).subtracting(before)
        guard !fresh.isEmpty else { return nil }
        let request = try RefundRequest(
            cause: cause, lines: sold.lineRefunds(of: fresh, after: before),
            shipments: sold.shipments(endedBy: fresh, after: before).map(\.share))
        let breakdown = try await sold.computation(totals(of: payment, currency: sold.currency, in: tx))
            .refund(request)
        return try await reserve(
            Draft(order: order, payment: payment, key: key, breakdown: breakdown, units: fresh.sorted()),
            in: tx)
    }

    /// Works out and reserves the refund of all that is left of a payment, or finds the one of the same
    /// key. Nil when nothing is left.
    package func reserveAll(
        of order: OrderID, paidBy payment: PaymentID, cause: RefundCause, key: String,
        in tx: Transaction<OneTenant>
    ) async throws -> Refund? {
        try await tx.lockOrder(order)
        if let known = try await find(key: key, in: tx) { return known }
        if let owed = try await owed(of: payment, in: tx) { return try await again(owed, key: key, in: tx) }
        let sold = try await SoldOrder(order, in: tx)
        let computation = try await sold.computation(totals(of: payment, currency: sold.currency, in: tx))
        guard computation.left.isPositive else { return nil }
        let breakdown = try computation.refund(RefundRequest(cause: cause, amount: computation.left))
        return try await reserve(
            Draft(order: order, payment: payment, key: key, breakdown: breakdown), in: tx)
    }

    /// The refund that takes back all of the order, which a storno is made of. One that the bank sent back
    /// keeps its paper; one that Stripe refused has none where there is another.
    package func whole(of order: OrderID, in tx: Transaction<OneTenant>) async throws -> Refund? {
        let sold = try await Orders().load(order, in: tx).total.gross
        let whole = try await all(of: order, in: tx).filter {
            $0.replaces == nil && $0.breakdown.amount == sold
        }
        return whole.first { $0.stripeRefund != nil } ?? whole.first
    }

    /// How refunds take all that was paid for an order.
    enum Whole {
        case no, underWay, settled
    }

    /// A refund of all that was left names no units.
    func wholly(of order: OrderID, in tx: Transaction<OneTenant>) async throws -> Whole {
        let payments = try await Payments().all(of: order, in: tx)
        guard let payment = payments.first(where: { $0.status == .succeeded }) else { return .no }
        let standing = try await all(of: order, in: tx).filter {
            $0.payment == payment.id && $0.status != .failed
        }
        let currency = payment.amount.currency
        func reaches(_ refunds: [Refund]) -> Bool {
            refunds.map(\.breakdown.amount).total(currency) >= payment.captured
        }
        if reaches(standing.filter { $0.status == .settled }) { return .settled }
        return reaches(standing) ? .underWay : .no
    }

    /// The refund's part of S by supplier, for the ledger: what is not payable any more.
    package func supplierShares(
        of refund: Refund, in tx: Transaction<OneTenant>
    ) async throws -> [SupplierID: Money] {
        let sold = try await SoldOrder(refund.order, in: tx)
        let units = Set(try await refundedUnits(of: refund.order, by: refund.id, in: tx))
        var weights: [SupplierID: Money] = [:]
        for group in sold.quote.supplierGroups {
            let isTouched =
                units.isEmpty
                || sold.pieces.contains {
                    units.contains($0.unit.id) && $0.line.line.wish.group == group.key
                }
            guard isTouched else { continue }
            weights[group.key.supplier, default: .zero(sold.currency)] += group.supplier
        }
        let suppliers = weights.keys.sorted()
        let parts = refund.breakdown.supplier.split(by: suppliers.compactMap { weights[$0] })
        return Dictionary(uniqueKeysWithValues: zip(suppliers, parts)).filter { !$0.value.isZero }
    }

    /// A refund of this payment that the bank sent back and that nobody has made again; the first one of that
    /// name. Of all of them, or of those that are for some of the units.
    package func owed(
        of payment: PaymentID, touching units: [UnitID]? = nil, in tx: Transaction<OneTenant>
    ) async throws -> Refund? {
        let row = try await tx.first(
            """
            select coalesce(f.replaces, f.id) as owed from shop.refund f
            where f.tenant_id = \(tx.tenantUUID) and f.payment_id = \(payment.rawValue)
                and f.status = 'failed' and f.stripe_refund is not null
                and not exists (select from shop.refund s where s.tenant_id = f.tenant_id
                    and coalesce(s.replaces, s.id) = coalesce(f.replaces, f.id) and s.status <> 'failed')
                and (\(units?.map(\.rawValue))::uuid[] is null or exists (
                    select from shop.refund_unit u where u.tenant_id = f.tenant_id and u.refund_id = f.id
                        and u.unit_id = any(\(units?.map(\.rawValue))::uuid[])))
            order by f.created_at, f.id limit 1
            """)
        guard let row else { return nil }
        return try await load(row.id("owed"), in: tx)
    }

    private func again(
        _ failed: Refund, key: String, in tx: Transaction<OneTenant>
    ) async throws -> Refund {
        let units = try await refundedUnits(of: failed.order, by: failed.id, alsoFailed: true, in: tx)
        return try await reserve(
            Draft(
                order: failed.order, payment: failed.payment, key: key, breakdown: failed.breakdown,
                units: units.sorted(), replaces: failed.id), in: tx)
    }

    /// Of an order, or of one of its refunds.
    package func refundedUnits(
        of order: OrderID, by refund: RefundID? = nil, alsoFailed: Bool = false, in tx: Transaction<OneTenant>
    ) async throws -> Set<UnitID> {
        let rows = try await tx.execute(
            """
            select distinct u.unit_id from shop.refund_unit u
            join shop.refund r on r.tenant_id = u.tenant_id and r.id = u.refund_id
            where u.tenant_id = \(tx.tenantUUID) and r.order_id = \(order.rawValue)
                and (\(alsoFailed) or r.status <> 'failed')
                and (\(refund?.rawValue)::uuid is null or r.id = \(refund?.rawValue))
            """
        ).rows
        return Set(try rows.map { try $0.id("unit_id") })
    }
}

/// An order with everything that its refunds are worked out from.
struct SoldOrder {
    let order: Order
    let quote: Quote
    let pieces: [(unit: SoldUnit, line: OrderLine)]

    var currency: Currency { order.currency }

    init(_ id: OrderID, in tx: Transaction<OneTenant>) async throws {
        order = try await Orders().load(id, in: tx)
        quote = try await Quotes().load(order.quote, in: tx)
        let lines = try await Orders().lines(of: id, in: tx)
        let byID = Dictionary(uniqueKeysWithValues: lines.map { ($0.id, $0) })
        pieces = try await SupplierOrders().units(ofOrder: id, in: tx).compactMap { unit in
            byID[unit.line].map { (unit, $0) }
        }
    }

    func computation(_ earlier: RefundTotals) -> RefundComputation {
        RefundComputation(order: order.total, markedUpUnits: quote.markedUpUnits, earlier: earlier)
    }

    func lineRefunds(of fresh: Set<UnitID>, after before: Set<UnitID>) throws -> [LineRefund] {
        let byLine = Dictionary(grouping: pieces) { $0.line.id }
        return try byLine.sorted { $0.key < $1.key }.compactMap { _, pieces in
            let count = pieces.count { fresh.contains($0.unit.id) }
            guard count > 0, let line = pieces.first?.line else { return nil }
            return try LineRefund(
                share: line.line.share, quantity: line.quantity,
                isPlatformCatalogue: line.line.wish.isPlatformCatalogue,
                refundedBefore: pieces.count { before.contains($0.unit.id) }, units: count)
        }
    }

    /// The parcels of which nothing is left to send.
    func shipments(endedBy fresh: Set<UnitID>, after before: Set<UnitID>) -> [QuoteShipment] {
        quote.shipments.filter { shipment in
            let units = pieces.filter { $0.line.line.wish.group == shipment.group }.map(\.unit.id)
            return units.contains(where: fresh.contains)
                && units.allSatisfy { fresh.contains($0) || before.contains($0) }
        }
    }
}
