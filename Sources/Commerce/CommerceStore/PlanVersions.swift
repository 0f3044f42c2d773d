package import Commerce
package import Foundation
internal import Postgres

// The price list as it was, is and will be. A plan is never edited: a new version is written down with the
// month it begins in, and whoever asks for the figures of an instant gets those that were in force then. The
// row of the plan carries the figures of the version in force, because every quote reads it; it is brought
// up to date when a version's month comes.

package struct PlanVersions: Sendable {
    private let database: Database

    /// The database needs the platform's pool.
    package init(_ database: Database) {
        self.database = database
    }

    package struct Version: Sendable, Equatable {
        package let number: Int
        package let plan: Plan
        package let effectiveAt: Date
        package let madeBy: String
        package let reason: String
        package let madeAt: Date
    }

    /// A plan with all its versions, the latest first.
    package struct History: Sendable {
        package let plan: Plan
        package let versions: [Version]
        /// How many stores sell by it.
        package let stores: Int

        /// The one whose figures count at an instant.
        package func inForce(at now: Date) -> Version? { versions.first { $0.effectiveAt <= now } }

        /// Those that will begin, and are not replaced by a later one before they do.
        package func coming(after now: Date) -> [Version] {
            versions.filter { version in
                version.effectiveAt > now
                    && !versions.contains {
                        $0.number > version.number && $0.effectiveAt <= version.effectiveAt
                    }
            }
        }
    }

    /// By rank.
    package func all() async throws -> [History] {
        try await database.platformTransaction { tx in
            let plans = try await tx.execute(
                """
                select p.*, (select count(*) from shop.store s where s.plan = p.code and s.status <> 'closed')
                    as stores
                from shop.plan p order by p.rank
                """
            ).rows
            let versions = try await tx.execute(
                """
                select v.*, v.plan as code from shop.plan_version v order by v.plan, v.version desc limit 1000
                """
            ).rows.map { try Version($0) }
            return try plans.map { row in
                let plan = try Plan(row: row)
                return History(
                    plan: plan, versions: versions.filter { $0.plan.id == plan.id },
                    stores: try row.int("stores"))
            }
        }
    }

    /// The instants at which a version may begin: the next months, as `2027-01` with their first moment.
    package func months(after now: Date, count: Int = 12) async throws -> [(month: BillingMonth, at: Date)] {
        try await database.platformTransaction { tx in
            try await tx.execute(
                """
                select to_char(day, 'YYYY-MM') as month, shop.month_start(day::date) as at
                from generate_series(1, \(count)::integer) ahead, lateral (select date_trunc('month',
                    \(now)::timestamptz at time zone 'Europe/Bucharest') + make_interval(months => ahead)
                        as day) d
                order by day
                """
            ).rows.map { (try $0.raw("month"), try $0.decode("at")) }
        }
    }

    /// Writes a version down that begins with a month to come. Throws `StoreError` for one that has begun.
    package func add(
        _ plan: Plan, from instant: Date, by actor: String, because reason: String
    ) async throws -> Int {
        try await database.platformTransaction { tx in
            // Two at once take turns, so that no number is given twice.
            _ = try await tx.execute("select 1 from shop.plan where code = \(plan.id.rawValue) for update")
            let terms = plan.terms
            let row = try await tx.execute(
                """
                insert into shop.plan_version (plan, version, effective_at, title, monthly_minor, currency,
                    store_limit, own_suppliers, custom_domain, unit_markup_minor, commission_bp,
                    processing_fee_bearer, processing_bp, processing_fixed_minor, made_by, reason)
                select \(plan.id.rawValue), max(version) + 1, \(instant), \(plan.title),
                    \(plan.monthlyPrice.minorUnits), \(plan.monthlyPrice.currency.rawValue),
                    \(plan.storeLimit.map { Int32($0) }), \(plan.allowsOwnSuppliers),
                    \(plan.allowsCustomDomain), \(terms.markupPerUnit.minorUnits),
                    \(Int32(terms.commission.value)), \(terms.processingFeeBearer.rawValue),
                    \(Int32(terms.processing.rate.value)), \(terms.processing.fixed.minorUnits), \(actor),
                    \(reason)
                from shop.plan_version where plan = \(plan.id.rawValue)
                returning version
                """
            ).only(orThrow: .notFound(.plan, plan.id.rawValue))
            return try row.int("version")
        }
    }

    /// Puts the figures of versions whose month has come into the plans. Answers with how many changed.
    package func takeEffect(at now: Date) async throws -> Int {
        try await database.platformTransaction { tx in
            try await tx.execute(
                """
                update shop.plan p set version = v.version, title = v.title, monthly_minor = v.monthly_minor,
                    currency = v.currency, store_limit = v.store_limit, own_suppliers = v.own_suppliers,
                    custom_domain = v.custom_domain, unit_markup_minor = v.unit_markup_minor,
                    commission_bp = v.commission_bp, processing_fee_bearer = v.processing_fee_bearer,
                    processing_bp = v.processing_bp, processing_fixed_minor = v.processing_fixed_minor
                from (select distinct on (plan) * from shop.plan_version where effective_at <= \(now)
                    order by plan, version desc) v
                where v.plan = p.code and v.version > p.version
                """
            ).affected
        }
    }
}

extension PlanVersions.Version {
    fileprivate init(_ row: Row) throws {
        number = try row.int("version")
        plan = try Plan(row: row)
        effectiveAt = try row.decode("effective_at")
        madeBy = try row.decode("made_by")
        reason = try row.decode("reason")
        madeAt = try row.decode("made_at")
    }
}
