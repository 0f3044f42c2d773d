package import Commerce
internal import Postgres

/// The rule by which a store makes its prices.
package struct PriceRules: Sendable {
    package init() {}

    /// The store's own rule; nil where it has none.
    package func find(in tx: Transaction<OneTenant>) async throws -> PriceRule? {
        try await tx.first(
            """
            select r.*, s.currency from shop.price_rule r join shop.store s on s.tenant_id = r.tenant_id
            where r.tenant_id = \(tx.tenantUUID)
            """
        ).map { row in
            PriceRule(
                multiplier: try row.basisPoints("multiplier_bp"),
                fixed: try row.money("fixed_minor", row.currency()), ending: try row.raw("ending"),
                minimumMargin: try row.basisPoints("minimum_margin_bp"))
        }
    }

    /// The rule that suggestions follow: the store's own, or the standard one.
    package func rule(of store: Store, in tx: Transaction<OneTenant>) async throws -> PriceRule {
        try await find(in: tx) ?? .standard(store.currency)
    }

    package func save(_ rule: PriceRule, in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            """
            insert into shop.price_rule (tenant_id, multiplier_bp, fixed_minor, ending, minimum_margin_bp)
            values (\(tx.tenantUUID), \(Int32(rule.multiplier.value)), \(rule.fixed.minorUnits),
                \(rule.ending.rawValue), \(Int32(rule.minimumMargin.value)))
            on conflict (tenant_id) do update set multiplier_bp = excluded.multiplier_bp,
                fixed_minor = excluded.fixed_minor, ending = excluded.ending,
                minimum_margin_bp = excluded.minimum_margin_bp
            """)
    }

    package func remove(in tx: Transaction<OneTenant>) async throws {
        try await tx.execute("delete from shop.price_rule where tenant_id = \(tx.tenantUUID)")
    }
}
