package import Commerce
internal import Foundation
internal import Postgres

// The table of plans and the day's reference rates: data of the platform, the same for every store.

package struct Plans: Sendable {
    private let database: Database

    package init(_ database: Database) {
        self.database = database
    }

    package func catalogue() async throws -> PlanCatalogue {
        PlanCatalogue(
            try await database.shared("select * from shop.plan order by rank").rows.map(Plan.init(row:)))
    }
}

/// The day's reference rates.
struct ExchangeRates {
    /// The newest rates that are in force on the day, today's when none is named, for a store that sells in
    /// `currency`.
    func rates(
        from base: Currency, to currency: Currency, at now: Date?, in tx: Transaction<OneTenant>
    ) async throws -> FrozenRates {
        guard base != currency else { return .same(currency) }
        let found = try await tx.first(
            """
            select rate_scaled from shop.fx_rate
            where base_currency = \(base.rawValue) and quote_currency = \(currency.rawValue)
                and valid_on <= (coalesce(\(now)::timestamptz, now()) at time zone 'Europe/Bucharest')::date
            order by valid_on desc limit 1
            """)
        guard let row = found else { throw StoreError.noExchangeRate(from: base, to: currency) }
        return FrozenRates(
            reference: ExchangeRate(
                base: base, quote: currency, scaled: try row.decode("rate_scaled", as: Int64.self)))
    }
}

extension Plan {
    init(row: Row) throws {
        let currency = try row.currency()
        self.init(
            id: try row.raw("code"), title: try row.decode("title"),
            monthlyPrice: try row.money("monthly_minor", currency),
            storeLimit: try row.decode("store_limit", as: Int?.self),
            allowsOwnSuppliers: try row.decode("own_suppliers"),
            allowsCustomDomain: try row.decode("custom_domain"),
            terms: PlanTerms(
                markupPerUnit: try row.money("unit_markup_minor", currency),
                commission: try row.basisPoints("commission_bp"),
                processingFeeBearer: try row.raw("processing_fee_bearer"),
                processing: ProcessingSchedule(
                    rate: try row.basisPoints("processing_bp"),
                    fixed: try row.money("processing_fixed_minor", currency))))
    }
}
