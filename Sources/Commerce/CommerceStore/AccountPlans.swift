package import Commerce
package import Foundation
internal import Postgres

// Which plan an account has, from which instant on. An upgrade is in force at once and its charge is fixed
// then; a downgrade is a row that waits for the end of the month. Every verb takes the account's lock first,
// so the merchant's click, Stripe's news and dunning take turns, and each is a no-op where another was
// faster.

package struct AccountPlans: Sendable {
    package init() {}

    /// A change that waits for its instant.
    package struct Scheduled: Sendable, Codable, Equatable {
        package let id: PlanChangeID
        package let plan: PlanID
        package let effectiveAt: Date
    }

    /// The calendar of an instant in the zone of the platform's books.
    package struct Calendar: Sendable, Equatable {
        /// Of the month, the day itself included.
        package let daysLeft: Int
        package let daysInMonth: Int
        package let nextMonth: Date
        package let month: BillingMonth
    }

    package enum Cause: String, Sendable, Codable {
        case merchant, stripe, dunning
    }

    /// The plan in force at an instant.
    package func current(at now: Date, in tx: Transaction<OneTenant>) async throws -> Plan {
        let found = try await tx.first(
            """
            select p.* from shop.plan_period t join shop.plan p on p.code = t.plan
            where t.tenant_id = \(tx.tenantUUID) and t.effective_at <= \(now)
            order by t.effective_at desc, t.position desc limit 1
            """)
        if let row = found { return try Plan(row: row) }
        let opened = try await tx.first(
            """
            select p.* from shop.store s join shop.plan p on p.code = s.plan
            where s.tenant_id = \(tx.tenantUUID)
            """)
        guard let row = opened else { throw StoreError.notFound(.store, "\(tx.tenant)") }
        return try Plan(row: row)
    }

    package func plan(_ id: PlanID, in tx: Transaction<OneTenant>) async throws -> Plan {
        guard let row = try await tx.first("select * from shop.plan where code = \(id.rawValue)") else {
            throw CommerceError.unknownPlan(id)
        }
        return try Plan(row: row)
    }

    package func scheduled(in tx: Transaction<OneTenant>) async throws -> Scheduled? {
        try await tx.first(
            """
            select id, to_plan, effective_at from shop.plan_change
            where tenant_id = \(tx.tenantUUID) and status = 'scheduled'
            """
        ).map { row in
            Scheduled(
                id: try row.id("id"), plan: try row.raw("to_plan"),
                effectiveAt: try row.decode("effective_at"))
        }
    }

    package func calendar(at now: Date, in tx: Transaction<OneTenant>) async throws -> Calendar {
        let row = try await tx.execute(
            """
            with here as (select \(now)::timestamptz at time zone 'Europe/Bucharest' as local),
            month as (select local::date as day, date_trunc('month', local)::date as first,
                (date_trunc('month', local) + interval '1 month')::date as next from here)
            select (next - day) as days_left, (next - first) as days_in_month,
                shop.month_start(next) as next_month, to_char(first, 'YYYY-MM') as month from month
            """
        ).only(orThrow: .notFound(.plan, "calendar"))
        return Calendar(
            daysLeft: try row.int("days_left"), daysInMonth: try row.int("days_in_month"),
            nextMonth: try row.decode("next_month"), month: try row.raw("month"))
    }

    /// The plans that cost more than this one.
    package func larger(than plan: PlanID, in tx: Transaction<OneTenant>) async throws -> Set<PlanID> {
        let price = try await self.plan(plan, in: tx).monthlyPrice
        let all = try await tx.execute("select * from shop.plan").rows.map(Plan.init(row:))
        return Set(all.filter { $0.monthlyPrice > price }.map(\.id))
    }

    /// Puts a larger plan into force at once. Nothing where the account has it already or a larger one. A
    /// downgrade that waits is withdrawn: it was asked for before.
    /// - Parameter earlier: what waited when the upgrade was asked for; a downgrade that was asked for since
    ///   stays. Nil for whatever waits.
    package func upgrade(
        to plan: PlanID, at now: Date, because cause: Cause, replacing earlier: [PlanChangeID]? = nil,
        in tx: Transaction<OneTenant>
    ) async throws {
        _ = try await BillingAccounts().lock(in: tx)
        let current = try await current(at: now, in: tx)
        let wanted = try await self.plan(plan, in: tx)
        let day = try await calendar(at: now, in: tx)
        let move = try PlanMove(
            from: current, to: wanted, daysLeft: day.daysLeft, daysInMonth: day.daysInMonth)
        guard case .upgrade(let charge, let daysLeft, let daysInMonth) = move else { return }
        if let waiting = try await scheduled(in: tx), earlier?.contains(waiting.id) != false {
            try await withdraw(in: tx)
        }
        try await tx.execute(
            """
            insert into shop.plan_change (tenant_id, id, from_plan, to_plan, cause, status, asked_at,
                effective_at, days_left, days_in_month, net_minor, currency)
            values (\(tx.tenantUUID), \(PlanChangeID().rawValue), \(current.id.rawValue), \(plan.rawValue),
                \(cause.rawValue), 'applied', \(now), \(now), \(daysLeft), \(daysInMonth),
                \(charge.minorUnits), \(charge.currency.rawValue))
            """)
        try await take(plan, at: now, because: cause, in: tx)
    }

    /// Notes that a smaller plan begins with the next month, in place of any change that waited. Answers with
    /// the one that waits already where it is the same.
    package func schedule(
        _ plan: PlanID, at now: Date, because cause: Cause, id: PlanChangeID, in tx: Transaction<OneTenant>
    ) async throws -> Scheduled {
        _ = try await BillingAccounts().lock(in: tx)
        if let waiting = try await scheduled(in: tx), waiting.plan == plan { return waiting }
        try await withdraw(in: tx)
        let current = try await current(at: now, in: tx)
        let effective = try await calendar(at: now, in: tx).nextMonth
        try await tx.execute(
            """
            insert into shop.plan_change (tenant_id, id, from_plan, to_plan, cause, status, asked_at,
                effective_at)
            values (\(tx.tenantUUID), \(id.rawValue), \(current.id.rawValue), \(plan.rawValue),
                \(cause.rawValue), 'scheduled', \(now), \(effective))
            """)
        return Scheduled(id: id, plan: plan, effectiveAt: effective)
    }

    /// Takes back a change that waits.
    package func withdraw(in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            """
            update shop.plan_change set status = 'withdrawn'
            where tenant_id = \(tx.tenantUUID) and status = 'scheduled'
            """)
    }

    /// The instant of a scheduled change has come: it is in force from that instant on, however late it is.
    /// False where it was withdrawn or done before.
    package func apply(_ id: PlanChangeID, in tx: Transaction<OneTenant>) async throws -> Bool {
        _ = try await BillingAccounts().lock(in: tx)
        let found = try await tx.first(
            """
            update shop.plan_change set status = 'applied'
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue) and status = 'scheduled'
            returning to_plan, effective_at, cause
            """)
        guard let row = found else { return false }
        try await take(
            row.raw("to_plan"), at: row.decode("effective_at", as: Date.self), because: row.raw("cause"),
            in: tx)
        return true
    }

    package func isWaiting(_ id: PlanChangeID, in tx: Transaction<OneTenant>) async throws -> Bool {
        try await scheduled(in: tx)?.id == id
    }

    /// Ends what is paid for, at once: the subscription is gone, or invoices stayed unpaid. Nothing where the
    /// account is on the free plan already.
    package func fall(
        to plan: PlanID = .free, at now: Date, because cause: Cause, in tx: Transaction<OneTenant>
    ) async throws -> Bool {
        _ = try await BillingAccounts().lock(in: tx)
        let current = try await current(at: now, in: tx)
        guard current.id != plan else { return false }
        try await withdraw(in: tx)
        try await tx.execute(
            """
            insert into shop.plan_change (tenant_id, id, from_plan, to_plan, cause, status, asked_at,
                effective_at)
            values (\(tx.tenantUUID), \(PlanChangeID().rawValue), \(current.id.rawValue), \(plan.rawValue),
                \(cause.rawValue), 'applied', \(now), \(now))
            """)
        try await take(plan, at: now, because: cause, in: tx)
        return true
    }

    /// Refuses what the account's plan does not allow at an instant, and names the plan that does.
    package func check(_ wish: PlanWish, at now: Date, in tx: Transaction<OneTenant>) async throws {
        let plans = PlanCatalogue(
            try await tx.execute("select * from shop.plan order by rank").rows.map(Plan.init(row:)))
        try plans.check(wish, on: try await current(at: now, in: tx).id)
    }

    /// How many stores the account keeps open, resting ones included.
    package func storesOwned(in tx: Transaction<OneTenant>) async throws -> Int {
        try await tx.execute("select shop.stores_of_account() as owned")
            .only(orThrow: .notFound(.store, "\(tx.tenant)")).int("owned")
    }

    private func take(
        _ plan: PlanID, at instant: Date, because cause: Cause, in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.execute("select shop.take_plan(\(plan.rawValue), \(instant), \(cause.rawValue))")
    }
}
