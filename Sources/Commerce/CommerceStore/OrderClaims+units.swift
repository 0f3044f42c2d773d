package import Commerce
package import Foundation
internal import Postgres

// Which units of an order something can be reported of, and which of a claim are left. It is read from the
// units' own rows every time: a parcel, a refund, a withdrawal or an earlier claim changes the answer.

/// What a shopper may report.
package struct ClaimOffer: Sendable, Equatable {
    package struct Line: Sendable, Equatable {
        package let id: OrderLineID
        package let title: String
        package let supplierOrder: SupplierOrderID
        /// What can still be chosen, in the order of the line.
        package let units: [UnitID]
    }

    package static let nothing = ClaimOffer(lines: [], endsAt: nil)

    /// Only lines of which something can be chosen.
    package let lines: [Line]
    /// Nil while something is still to come.
    package let endsAt: Date?

    package func isOpen(at now: Date) -> Bool { !lines.isEmpty && (endsAt.map { now < $0 } ?? true) }
}

extension OrderClaims {
    /// What can be reported, and until when. Empty where nothing was paid or all of it went back.
    package func offer(of id: OrderID, in tx: Transaction<OneTenant>) async throws -> ClaimOffer {
        let order = try await Orders().load(id, in: tx)
        guard order.status.payment.hasBeenPaid, order.status.payment != .refunded else { return .nothing }
        let rows = try await tx.execute(
            """
            select u.id, u.line_id, u.supplier_order_id, s.delivered_at, s.given_to_merchant_at,
                u.state in ('shipped', 'delivered', 'forwarded') or s.given_to_merchant_at is not null
                    as was_sent,
                \(Self.taken) as is_taken
            from shop.unit u
            join shop.supplier_order s on s.tenant_id = u.tenant_id and s.id = u.supplier_order_id
            join shop.order_line l on l.tenant_id = u.tenant_id and l.id = u.line_id
            where u.tenant_id = \(tx.tenantUUID) and u.order_id = \(id.rawValue)
                and u.state not in ('canceled', 'returned')
            order by l.position, u.ordinal
            """
        ).rows
        let open = try rows.filter {
            try $0.decode("was_sent", as: Bool.self) && !$0.decode("is_taken", as: Bool.self)
        }
        let lines = try await Orders().lines(of: id, in: tx).compactMap { line -> ClaimOffer.Line? in
            let own = try open.filter { try $0.id("line_id") == line.id }
            guard let first = own.first else { return nil }
            return ClaimOffer.Line(
                id: line.id, title: line.title, supplierOrder: try first.id("supplier_order_id"),
                units: try own.map { try $0.id("id") })
        }
        return ClaimOffer(lines: lines, endsAt: try Self.end(rows, to: order))
    }

    /// Refunded, withdrawn from, held by a claim, or of one that was refused.
    private static var taken: Query {
        """
        (exists (select from shop.refund_unit x
                join shop.refund r on r.tenant_id = x.tenant_id and r.id = x.refund_id
                where x.tenant_id = u.tenant_id and x.unit_id = u.id and r.status <> 'failed')
            or exists (select from shop.withdrawal_unit w
                where w.tenant_id = u.tenant_id and w.unit_id = u.id)
            or exists (select from shop.order_claim_unit c
                join shop.order_claim k on k.tenant_id = c.tenant_id and k.id = c.claim_id
                where c.tenant_id = u.tenant_id and c.unit_id = u.id
                    and (c.holds or k.settlement = 'refused')))
        """
    }

    private static func end(_ rows: ResultSet.Rows, to order: Order) throws -> Date? {
        let arrivals = try rows.map { row in
            let given = try row.decode("given_to_merchant_at", as: Date?.self)
            // Nobody tells when the merchant's own supplier has delivered.
            return try row.decode("delivered_at", as: Date?.self)
                ?? given.map { $0.addingTimeInterval(WithdrawalPeriod.longestDelivery) }
        }
        guard !arrivals.contains(where: { $0 == nil }), let last = arrivals.compactMap(\.self).max() else {
            return nil
        }
        return ClaimPeriod(in: order.address.country).end(after: last)
    }

    /// "2 x A lamp", for letters and pages.
    package func contents(of id: OrderClaimID, in tx: Transaction<OneTenant>) async throws -> String {
        let row = try await tx.execute(
            """
            select count(*) as pieces, min(l.title) as title from shop.order_claim_unit c
            join shop.unit u on u.tenant_id = c.tenant_id and u.id = c.unit_id
            join shop.order_line l on l.tenant_id = u.tenant_id and l.id = u.line_id
            where c.tenant_id = \(tx.tenantUUID) and c.claim_id = \(id.rawValue)
            """
        ).only(orThrow: .notFound(.claim, "\(id)"))
        return "\(try row.int("pieces")) x \(try row.decode("title", as: String?.self) ?? "")"
    }

    /// The units of a claim that may still be refunded: no refund of them was made or is on its way.
    package func unrefunded(of id: OrderClaimID, in tx: Transaction<OneTenant>) async throws -> [UnitID] {
        try await tx.execute(
            """
            select c.unit_id from shop.order_claim_unit c
            where c.tenant_id = \(tx.tenantUUID) and c.claim_id = \(id.rawValue) and not exists (
                select from shop.refund_unit x
                join shop.refund r on r.tenant_id = x.tenant_id and r.id = x.refund_id
                where x.tenant_id = c.tenant_id and x.unit_id = c.unit_id and r.status <> 'failed')
            order by c.unit_id
            """
        ).rows.map { try $0.id("unit_id") }
    }

    struct ReturnedPart {
        let line: OrderLineID
        let supplierOrder: SupplierOrderID
        let units: [UnitID]
    }

    /// What of a withdrawal a supplier had sent and was not yet asked to take back, by line.
    func unclaimed(
        of withdrawal: WithdrawalID, in tx: Transaction<OneTenant>
    ) async throws -> [ReturnedPart] {
        try await tx.execute(
            """
            select u.line_id, u.supplier_order_id, array_agg(u.id order by u.ordinal) as units
            from shop.withdrawal_unit w
            join shop.unit u on u.tenant_id = w.tenant_id and u.id = w.unit_id
            where w.tenant_id = \(tx.tenantUUID) and w.withdrawal_id = \(withdrawal.rawValue)
                and not w.was_canceled and u.supplier_order_id is not null
                and not exists (select from shop.order_claim_unit c
                    where c.tenant_id = w.tenant_id and c.unit_id = w.unit_id and c.holds)
            group by u.line_id, u.supplier_order_id order by u.line_id
            """
        ).rows.map { row in
            ReturnedPart(
                line: try row.id("line_id"), supplierOrder: try row.id("supplier_order_id"),
                units: try row.decode("units", as: [UUID].self).map { UnitID(rawValue: $0) })
        }
    }

    /// Refunded withdrawals of which the supplier was not yet asked to take everything back.
    package func unclaimedReturns(
        limit: Int = 50, in tx: Transaction<OneTenant>
    ) async throws -> [Withdrawal] {
        let waiting = try await Withdrawals().recent(limit: limit, in: tx).filter { $0.refundedAt != nil }
        var found: [Withdrawal] = []
        for one in waiting where try await !unclaimed(of: one.id, in: tx).isEmpty { found.append(one) }
        return found
    }
}
