package import Commerce
internal import Foundation
internal import Postgres

// Which units of an order can be withdrawn from, and where those of a withdrawal stand. It is read from the
// units' own rows every time: a parcel that arrives, a refund or an earlier withdrawal changes the answer.

/// Units of a withdrawal for which the shopper does not have the money yet. A refund that somebody else has
/// begun may still fail, and then it is the withdrawal's to make.
package struct UnrefundedUnits: Sendable, Equatable {
    /// Canceled together with the withdrawal.
    package fileprivate(set) var canceled: [UnitID] = []
    /// Those that have to come back.
    package fileprivate(set) var expected: [UnitID] = []
    /// Of both, those in a refund that is under way.
    package fileprivate(set) var promised: Set<UnitID> = []

    package var isEmpty: Bool { canceled.isEmpty && expected.isEmpty }
    /// Of those that were canceled, what nobody refunds.
    package var openCanceled: [UnitID] { canceled.filter { !promised.contains($0) } }
    /// Of those that have to come back, what nobody refunds.
    package var openExpected: [UnitID] { expected.filter { !promised.contains($0) } }
}

extension Withdrawals {
    /// What can be withdrawn from, and until when. Empty where nothing was paid or all of it went back.
    package func offer(
        of id: OrderID, in tx: Transaction<OneTenant>
    ) async throws -> WithdrawalOffer {
        let order = try await Orders().load(id, in: tx)
        guard order.status.payment.hasBeenPaid, order.status.payment != .refunded else {
            return WithdrawalOffer(lines: [], endsAt: nil)
        }
        let pieces = try await pieces(of: id, in: tx)
        let lines = try await Orders().lines(of: id, in: tx).map { line in
            let own = pieces.filter { $0.line == line.id }
            return WithdrawalOffer.Line(
                id: line.id, title: line.title, units: own.filter(\.isOpen).map(\.unit),
                exclusion: own.first?.exclusion)
        }
        let arrivals = pieces.filter(\.isAlive).map(\.arrival)
        let days = try await Identities().policy(in: tx)?.withdrawalDays
        let last = arrivals.contains(where: { $0 == nil }) ? nil : arrivals.compactMap(\.self).max()
        return WithdrawalOffer(
            lines: lines, endsAt: last.map { WithdrawalPeriod(days: days).end(afterArrival: $0) })
    }

    /// A unit of an order, as far as withdrawing from it goes.
    private struct Piece {
        let unit: UnitID
        let line: OrderLineID
        let exclusion: WithdrawalExclusion?
        let isAlive: Bool
        /// Neither withdrawn from, claimed nor refunded, and still the shopper's or on its way there.
        let isOpen: Bool
        let arrival: Date?
    }

    private func pieces(of order: OrderID, in tx: Transaction<OneTenant>) async throws -> [Piece] {
        try await tx.execute(
            """
            select u.id, u.line_id, u.state, l.withdrawal_exclusion, s.delivered_at, s.given_to_merchant_at,
                exists (select from shop.withdrawal_unit w
                    where w.tenant_id = u.tenant_id and w.unit_id = u.id)
                or exists (select from shop.order_claim_unit c
                    where c.tenant_id = u.tenant_id and c.unit_id = u.id and c.holds)
                or exists (select from shop.refund_unit x
                    join shop.refund r on r.tenant_id = x.tenant_id and r.id = x.refund_id
                    where x.tenant_id = u.tenant_id and x.unit_id = u.id and r.status <> 'failed') as is_taken
            from shop.unit u
            join shop.order_line l on l.tenant_id = u.tenant_id and l.id = u.line_id
            left join shop.supplier_order s on s.tenant_id = u.tenant_id and s.id = u.supplier_order_id
            where u.tenant_id = \(tx.tenantUUID) and u.order_id = \(order.rawValue)
            order by l.position, u.ordinal
            """
        ).rows.map { row in
            let state: UnitState = try row.raw("state")
            let given = try row.decode("given_to_merchant_at", as: Date?.self)
            let isAlive = state != .canceled
            let hasArrived = state == .delivered || state == .returned
            return Piece(
                unit: try row.id("id"), line: try row.id("line_id"),
                exclusion: try row.rawOrNil("withdrawal_exclusion"), isAlive: isAlive,
                isOpen: try isAlive && state != .returned && !row.decode("is_taken", as: Bool.self),
                // Nobody tells when the merchant's own supplier has delivered.
                arrival: hasArrived
                    ? try row.decode("delivered_at")
                    : given.map { $0.addingTimeInterval(WithdrawalPeriod.longestDelivery) })
        }
    }

    /// The units of a withdrawal for which the shopper does not have the money yet.
    package func unrefunded(
        of id: WithdrawalID, in tx: Transaction<OneTenant>
    ) async throws -> UnrefundedUnits {
        let order = try await load(id, in: tx).order
        var units = UnrefundedUnits()
        let taken = try await Refunds().wholly(of: order, in: tx)
        // Not by the order's status, which stays when the bank sends the money back.
        guard taken != .settled else { return units }
        for row in try await unsettled(id, in: tx) {
            let unit: UnitID = try row.id("unit_id")
            if try row.decode("was_canceled", as: Bool.self) {
                units.canceled.append(unit)
            } else {
                units.expected.append(unit)
            }
            if try taken == .underWay || row.decode("is_promised", as: Bool.self) {
                units.promised.insert(unit)
            }
        }
        return units
    }

    private func unsettled(
        _ id: WithdrawalID, in tx: Transaction<OneTenant>
    ) async throws -> ResultSet.Rows {
        try await tx.execute(
            """
            select w.unit_id, w.was_canceled,
                coalesce(bool_or(r.status in ('reserved', 'sent')), false) as is_promised
            from shop.withdrawal_unit w
            left join shop.refund_unit x on x.tenant_id = w.tenant_id and x.unit_id = w.unit_id
            left join shop.refund r on r.tenant_id = x.tenant_id and r.id = x.refund_id
            where w.tenant_id = \(tx.tenantUUID) and w.withdrawal_id = \(id.rawValue)
            group by w.unit_id, w.was_canceled
            having not coalesce(bool_or(r.status = 'settled'), false)
            order by w.unit_id
            """
        ).rows
    }

    /// "2 x A lamp", for the letter and the merchant's page.
    package func contents(of id: WithdrawalID, in tx: Transaction<OneTenant>) async throws -> [String] {
        try await tx.execute(
            """
            select count(*) as pieces, l.title, l.position from shop.withdrawal_unit w
            join shop.unit u on u.tenant_id = w.tenant_id and u.id = w.unit_id
            join shop.order_line l on l.tenant_id = u.tenant_id and l.id = u.line_id
            where w.tenant_id = \(tx.tenantUUID) and w.withdrawal_id = \(id.rawValue)
            group by l.position, l.title order by l.position
            """
        ).rows.map { "\(try $0.int("pieces")) x \(try $0.decode("title", as: String.self))" }
    }
}
