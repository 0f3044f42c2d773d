package import Commerce
package import Foundation
internal import Postgres

// A shopper's withdrawal. The declaration is one row, under the id that came with the form, and never
// changes: it is what the shopper can prove. Units that no supplier has been asked for yet are canceled with
// it, in the same transaction; for the others the goods come back first.

package struct Withdrawal: Sendable, Equatable {
    package let id: WithdrawalID
    package let order: OrderID
    /// As the shopper typed them.
    package let name: String
    package let email: String
    package let language: Language
    package let submittedAt: Date
    package let refundDueAt: Date
    package let run: UUID?
    /// The shopper's proof of having sent the goods.
    package let tracking: String?
    package let receivedAt: Date?
    package let refundedAt: Date?
}

/// What a shopper may withdraw from.
package struct WithdrawalOffer: Sendable, Equatable {
    package struct Line: Sendable, Equatable {
        package let id: OrderLineID
        package let title: String
        /// What can still be chosen, in the order of the line.
        package let units: [UnitID]
        package let exclusion: WithdrawalExclusion?
    }

    package static let nothing = WithdrawalOffer(lines: [], endsAt: nil)

    package let lines: [Line]
    /// Nil while something is still to come: the period has not begun.
    package let endsAt: Date?

    package func isOpen(at now: Date) -> Bool {
        (endsAt.map { now < $0 } ?? true) && lines.contains { $0.exclusion == nil && !$0.units.isEmpty }
    }
}

package struct Withdrawals: Sendable {
    private static let table = KeyedTable("shop.withdrawal", of: .withdrawal)

    package init() {}

    /// What the shopper declares. The id is the form's, and makes it one declaration however often it comes.
    package struct Draft: Sendable {
        package let id: WithdrawalID
        package let order: OrderID
        package let name: String
        package let email: EmailAddress
        package let language: Language
        package let units: [OrderLineID: Int]

        package init(
            id: WithdrawalID, order: OrderID, name: String, email: EmailAddress, language: Language,
            units: [OrderLineID: Int]
        ) {
            self.id = id
            self.order = order
            self.name = name
            self.email = email
            self.language = language
            self.units = units
        }
    }

    package enum Outcome: Sendable, Equatable {
        case declared(Withdrawal, isFirst: Bool)
        case tooLate
        /// Nothing was chosen, or more than is left to withdraw from.
        case notThese
    }

    package func submit(
        _ draft: Draft, at now: Date, in tx: Transaction<OneTenant>
    ) async throws -> Outcome {
        try await tx.lockOrder(draft.order)
        if let known = try await find(draft.id, in: tx) {
            return known.order == draft.order ? .declared(known, isFirst: false) : .notThese
        }
        let offer = try await offer(of: draft.order, in: tx)
        guard offer.isOpen(at: now) else { return .tooLate }
        guard let units = offer.units(draft.units) else { return .notThese }
        let canceled = try await SupplierOrders().cancelUnforwarded(
            units, of: draft.order, because: "canceled by the shopper", in: tx)
        try await insert(draft, units, canceled: canceled, at: now, in: tx)
        try await Orders().refreshStatus(draft.order, in: tx)
        return .declared(try await load(draft.id, in: tx), isFirst: true)
    }

    private func insert(
        _ draft: Draft, _ units: [UnitID], canceled: [UnitID], at now: Date, in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.execute(
            """
            insert into shop.withdrawal (tenant_id, id, order_id, name, email, locale, submitted_at,
                refund_due_at)
            values (\(tx.tenantUUID), \(draft.id.rawValue), \(draft.order.rawValue), \(draft.name),
                \(draft.email.rawValue), \(draft.language.rawValue), \(now),
                \(WithdrawalPeriod.refundDue(afterNotice: now)))
            """)
        try await tx.execute(
            """
            insert into shop.withdrawal_unit (tenant_id, unit_id, withdrawal_id, was_canceled)
            select \(tx.tenantUUID), unit, \(draft.id.rawValue), unit = any(\(canceled.map(\.rawValue)))
            from unnest(\(units.map(\.rawValue))) as unit
            """)
    }

    package func recordRun(_ run: UUID, of id: WithdrawalID, in tx: Transaction<OneTenant>) async throws {
        try await Self.table.change(id, tx) { "set run_id = coalesce(run_id, \(run))" }
    }

    /// The shopper has sent the goods. The first proof stays.
    package func prove(
        _ tracking: String, of id: WithdrawalID, at now: Date, in tx: Transaction<OneTenant>
    ) async throws {
        try await Self.table.change(id, tx) {
            """
            set tracking = coalesce(tracking, \(tracking)), sent_at = coalesce(sent_at, \(now))
            """
        }
    }

    /// The merchant has the goods back. What had arrived is returned now; again changes nothing.
    package func receive(
        _ id: WithdrawalID, by who: String, at now: Date, in tx: Transaction<OneTenant>
    ) async throws {
        let order = try await load(id, in: tx).order
        try await tx.lockOrder(order)
        try await Self.table.change(id, tx) {
            """
            set received_at = coalesce(received_at, \(now)), received_by = coalesce(received_by, \(who))
            """
        }
        try await tx.execute(
            """
            update shop.unit u set state = 'returned'
            from shop.withdrawal_unit w
            where w.tenant_id = \(tx.tenantUUID) and w.withdrawal_id = \(id.rawValue)
                and u.tenant_id = w.tenant_id and u.id = w.unit_id and u.state in ('shipped', 'delivered')
            """)
        try await Orders().refreshStatus(order, in: tx)
    }

    package func markRefunded(
        _ id: WithdrawalID, at now: Date, in tx: Transaction<OneTenant>
    ) async throws {
        try await Self.table.change(id, tx) { "set refunded_at = coalesce(refunded_at, \(now))" }
    }

    package func load(_ id: WithdrawalID, in tx: Transaction<OneTenant>) async throws -> Withdrawal {
        try Withdrawal(row: await Self.table.load(id, in: tx))
    }

    package func find(_ id: WithdrawalID, in tx: Transaction<OneTenant>) async throws -> Withdrawal? {
        try await Self.table.find(id, in: tx).map(Withdrawal.init(row:))
    }

    package func all(of order: OrderID, in tx: Transaction<OneTenant>) async throws -> [Withdrawal] {
        try await tx.execute(
            """
            select * from shop.withdrawal
            where tenant_id = \(tx.tenantUUID) and order_id = \(order.rawValue) order by submitted_at, id
            """
        ).rows.map(Withdrawal.init(row:))
    }

    /// Those that wait first, by when they are due; then the newest.
    package func recent(limit: Int = 100, in tx: Transaction<OneTenant>) async throws -> [Withdrawal] {
        try await tx.execute(
            """
            select * from shop.withdrawal where tenant_id = \(tx.tenantUUID)
            order by refunded_at is not null, case when refunded_at is null then refund_due_at end,
                submitted_at desc, id limit \(min(limit, 200))
            """
        ).rows.map(Withdrawal.init(row:))
    }
}

extension WithdrawalOffer {
    /// The first units of each line that was chosen; nil where one asks for more than there is, or for
    /// nothing at all.
    fileprivate func units(_ wanted: [OrderLineID: Int]) -> [UnitID]? {
        var chosen: [UnitID] = []
        for (id, count) in wanted where count != 0 {
            guard let line = lines.first(where: { $0.id == id }), line.exclusion == nil,
                (1...max(1, line.units.count)).contains(count), !line.units.isEmpty
            else { return nil }
            chosen += line.units.prefix(count)
        }
        return chosen.isEmpty ? nil : chosen
    }
}

extension Withdrawal {
    fileprivate init(row: Row) throws {
        id = try row.id("id")
        order = try row.id("order_id")
        name = try row.decode("name")
        email = try row.decode("email")
        language = try row.raw("locale")
        submittedAt = try row.decode("submitted_at")
        refundDueAt = try row.decode("refund_due_at")
        run = try row.decode("run_id")
        tracking = try row.decode("tracking")
        receivedAt = try row.decode("received_at")
        refundedAt = try row.decode("refunded_at")
    }
}
