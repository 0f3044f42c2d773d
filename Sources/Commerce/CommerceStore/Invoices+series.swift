package import Commerce
package import Foundation
internal import Postgres

// Whose turn it is in a series. Numbers follow each other and the vendor tells nobody which call took which,
// so one run at a time issues. A turn is a leased row: taken, checked and ended in short transactions, so
// that no connection is held while the vendor thinks. It is judged on Postgres's clock alone, and every
// attempt raises the fence, so that a run whose worker was stopped finds out before it calls. Who waits has a
// row of its own and is told by whoever ends a turn: first come, first served, and nobody keeps asking.
//
// The series also remembers the one call whose answer is not in our books. Whoever has the turn next settles
// that doubt before it issues anything, so that there is never more than one.

extension Invoices {
    /// A series of one company at the vendor.
    package struct Series: Codable, Sendable, Hashable {
        package let company: String
        package let name: String

        package init(company: String, name: String) {
            self.company = company
            self.name = name
        }
    }

    /// A right to the series, until the lease ends or the fence rises.
    package struct Turn: Sendable, Equatable {
        package let series: Series
        package let run: UUID
        package let fence: Int64
        /// To be settled before anything is issued.
        package let doubt: Doubt?
        /// Before then the vendor wants to hear nothing of this account.
        package let restsUntil: Date?
    }

    /// An invoice that was asked for, when the next number was `from`.
    package struct Doubt: Sendable, Equatable {
        package let invoice: InvoiceID
        package let from: Int
        package let total: Money
        package let since: Date

        package init(invoice: InvoiceID, from: Int, total: Money, since: Date) {
            self.invoice = invoice
            self.from = from
            self.total = total
            self.since = since
        }
    }

    /// A run to be told that the series is its own now; the fence makes telling it twice one message.
    package struct Call: Codable, Sendable, Hashable {
        package let run: UUID
        package let fence: Int64

        package init(run: UUID, fence: Int64) {
            self.run = run
            self.fence = fence
        }
    }

    package enum Claim: Sendable, Equatable {
        case ours(Turn)
        /// So many are before us, and the one that has it keeps it so long unless it says more. `unaware` has
        /// been given the series and has not come yet.
        case taken(ahead: Int, leaseLeft: Duration, unaware: Call?)
    }

    /// What holds a series: longer than any call to the vendor together with the time that a late effect of
    /// it needs to show.
    package static let lease: Duration = .seconds(60)
    /// A call must begin so soon after it was permitted; the rest of the lease is the vendor's.
    private static let permitLife: Duration = .seconds(5)

    /// Takes the series for `run`, goes on with it, or queues up for it. Whose lease is over loses its place.
    package func claim(
        _ series: Series, for run: UUID, in tx: Transaction<OneTenant>
    ) async throws -> Claim {
        let row = try await locked(series, in: tx)
        try await tx.execute(
            """
            insert into shop.invoice_turn (tenant_id, company, series, run)
            values (\(tx.tenantUUID), \(series.company), \(series.name), \(run)) on conflict do nothing
            """)
        var holder = row.holder
        var call = row.hasBegun ? nil : holder.map { Call(run: $0, fence: row.fence) }
        if let lapsed = holder, lapsed != run, row.isOver {
            try await forget(lapsed, series, in: tx)
            holder = nil
        }
        if holder == nil {
            holder = try await first(of: series, in: tx)
            call = holder.map { Call(run: $0, fence: row.fence + 1) }
        }
        guard holder == run else {
            if let call, call.fence > row.fence { try await give(series, to: call, begun: false, in: tx) }
            return .taken(
                ahead: try await ahead(of: run, series, in: tx),
                leaseLeft: call.map { $0.fence > row.fence } == true ? Self.lease : row.leaseLeft,
                unaware: call)
        }
        try await give(series, to: Call(run: run, fence: row.fence + 1), begun: true, in: tx)
        return .ours(
            Turn(
                series: series, run: run, fence: row.fence + 1, doubt: row.doubt,
                restsUntil: row.restsUntil))
    }

    /// Notes that `doubt.invoice` is about to be asked for and gives the turn a whole lease again. Nil where
    /// the turn is no longer ours: nothing may be asked.
    package func permit(
        _ doubt: Doubt, under turn: Turn, in tx: Transaction<OneTenant>
    ) async throws -> IssuePermit? {
        // Before the question, so that a slow answer shortens the permit and never stretches it.
        let asked = ContinuousClock.now
        let changed = try await tx.execute(
            """
            update shop.invoice_series
            set doubt_invoice = \(doubt.invoice.rawValue), doubt_from = \(Int32(clamping: doubt.from)),
                doubt_minor = \(doubt.total.minorUnits), doubt_currency = \(doubt.total.currency.rawValue),
                doubt_since = \(doubt.since),
                lease_until = clock_timestamp() + \(Self.leaseSeconds) * interval '1 second'
            where tenant_id = \(tx.tenantUUID) and company = \(turn.series.company)
                and series = \(turn.series.name) and holder = \(turn.run) and fence = \(turn.fence)
                and doubt_invoice is null
            """)
        return changed.affected == 1 ? IssuePermit(until: asked + Self.permitLife) : nil
    }

    /// The doubt is settled: the invoice is in our books, or it is certain that there is none. False where
    /// the turn has passed on meanwhile.
    @discardableResult
    package func settleDoubt(
        about invoice: InvoiceID, under turn: Turn, in tx: Transaction<OneTenant>
    ) async throws -> Bool {
        try await tx.execute(
            """
            update shop.invoice_series
            set doubt_invoice = null, doubt_from = null, doubt_minor = null, doubt_currency = null,
                doubt_since = null
            where tenant_id = \(tx.tenantUUID) and company = \(turn.series.company)
                and series = \(turn.series.name) and doubt_invoice = \(invoice.rawValue)
                and fence = \(turn.fence)
            """
        ).affected == 1
    }

    /// The answer came: no doubt is left about `invoice`, whoever has the turn by now.
    package func forgetDoubt(
        about invoice: InvoiceID, in series: Series, in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.execute(
            """
            update shop.invoice_series
            set doubt_invoice = null, doubt_from = null, doubt_minor = null, doubt_currency = null,
                doubt_since = null
            where tenant_id = \(tx.tenantUUID) and company = \(series.company)
                and series = \(series.name) and doubt_invoice = \(invoice.rawValue)
            """)
    }

    /// The vendor has silenced the account.
    package func rest(_ series: Series, until instant: Date, in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            """
            update shop.invoice_series set rests_until = greatest(rests_until, \(instant))
            where tenant_id = \(tx.tenantUUID) and company = \(series.company) and series = \(series.name)
            """)
    }

    /// Gives the series on, where `run` has it, and takes `run` out of the queue. Returns who must be told.
    package func endTurn(
        of run: UUID, in series: Series, in tx: Transaction<OneTenant>
    ) async throws -> Call? {
        let row = try await locked(series, in: tx)
        try await forget(run, series, in: tx)
        guard row.holder == run else { return nil }
        guard let next = try await first(of: series, in: tx) else {
            try await tx.execute(
                """
                update shop.invoice_series
                set holder = null, lease_until = null, has_begun = false, fence = fence + 1
                where tenant_id = \(tx.tenantUUID) and company = \(series.company)
                    and series = \(series.name)
                """)
            return nil
        }
        let call = Call(run: next, fence: row.fence + 1)
        try await give(series, to: call, begun: false, in: tx)
        return call
    }

    /// Gives the series on where the run that was called has ended without coming. Returns who must be told.
    package func passOver(
        _ call: Call, in series: Series, in tx: Transaction<OneTenant>
    ) async throws -> Call? {
        let row = try await locked(series, in: tx)
        guard row.holder == call.run, row.fence == call.fence, !row.hasBegun else { return nil }
        return try await endTurn(of: call.run, in: series, in: tx)
    }

    /// The numbers of a series that are known to belong to our invoices.
    package func numbers(in series: String, in tx: Transaction<OneTenant>) async throws -> Set<String> {
        let rows = try await tx.execute(
            """
            select number from shop.invoice
            where tenant_id = \(tx.tenantUUID) and series = \(series) and number is not null
            """
        ).rows
        return Set(try rows.map { try $0.decode("number", as: String.self) })
    }

    // MARK: - Rows

    private static let leaseSeconds = Double(lease.components.seconds)

    private struct SeriesRow {
        let fence: Int64
        let holder: UUID?
        let hasBegun: Bool
        let isOver: Bool
        let leaseLeft: Duration
        let restsUntil: Date?
        let doubt: Doubt?
    }

    private func locked(_ series: Series, in tx: Transaction<OneTenant>) async throws -> SeriesRow {
        try await tx.execute(
            """
            insert into shop.invoice_series (tenant_id, company, series)
            values (\(tx.tenantUUID), \(series.company), \(series.name)) on conflict do nothing
            """)
        let row = try await tx.execute(
            """
            select *, coalesce(lease_until <= clock_timestamp(), false) as is_over,
                (coalesce(extract(epoch from lease_until - clock_timestamp()), 0) * 1000)::bigint as left_ms
            from shop.invoice_series
            where tenant_id = \(tx.tenantUUID) and company = \(series.company) and series = \(series.name)
            for no key update
            """
        ).only(orThrow: .notFound(.invoice, series.name))
        return try SeriesRow(
            fence: row.decode("fence"), holder: row.decode("holder"), hasBegun: row.decode("has_begun"),
            isOver: row.decode("is_over"),
            leaseLeft: .milliseconds(max(0, try row.decode("left_ms", as: Int64.self))),
            restsUntil: row.decode("rests_until"), doubt: Self.doubt(row))
    }

    private static func doubt(_ row: Row) throws -> Doubt? {
        guard let invoice: InvoiceID = try row.idOrNil("doubt_invoice") else { return nil }
        return Doubt(
            invoice: invoice, from: try row.int("doubt_from"),
            total: try row.money("doubt_minor", in: "doubt_currency"), since: try row.decode("doubt_since"))
    }

    private func first(of series: Series, in tx: Transaction<OneTenant>) async throws -> UUID? {
        try await tx.first(
            """
            select run from shop.invoice_turn
            where tenant_id = \(tx.tenantUUID) and company = \(series.company) and series = \(series.name)
            order by place limit 1
            """
        ).map { try $0.decode("run") }
    }

    private func ahead(
        of run: UUID, _ series: Series, in tx: Transaction<OneTenant>
    ) async throws -> Int {
        try await tx.first(
            """
            select count(*) as ahead from shop.invoice_turn
            where tenant_id = \(tx.tenantUUID) and company = \(series.company) and series = \(series.name)
                and place < (select place from shop.invoice_turn
                    where tenant_id = \(tx.tenantUUID) and company = \(series.company)
                        and series = \(series.name) and run = \(run))
            """
        )?.int("ahead") ?? 0
    }

    private func forget(_ run: UUID, _ series: Series, in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            """
            delete from shop.invoice_turn
            where tenant_id = \(tx.tenantUUID) and company = \(series.company) and series = \(series.name)
                and run = \(run)
            """)
    }

    private func give(
        _ series: Series, to call: Call, begun: Bool, in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.execute(
            """
            update shop.invoice_series
            set holder = \(call.run), fence = \(call.fence), has_begun = \(begun),
                lease_until = clock_timestamp() + \(Self.leaseSeconds) * interval '1 second'
            where tenant_id = \(tx.tenantUUID) and company = \(series.company) and series = \(series.name)
            """)
    }
}

/// A short permission to ask the vendor for an invoice, measured on this machine's monotonic clock.
package struct IssuePermit: Sendable {
    private let until: ContinuousClock.Instant

    init(until: ContinuousClock.Instant) { self.until = until }

    /// False when too little of the lease would be left for the call: ask for another permit.
    package var isFresh: Bool { ContinuousClock.now < until }
}
