package import Commerce
internal import Foundation
internal import Postgres

// The codes of a store.

package struct Coupons: Sendable {
    package init() {}

    /// By its code in any case, with what has become of it so far.
    package func find(_ code: String, in tx: Transaction<OneTenant>) async throws -> Coupon? {
        try await tx.first(
            """
            select c.*, s.currency,
                case when c.use_limit is null then 0 else (
                    select count(*) from shop.quote q
                    join shop.orders o on o.tenant_id = q.tenant_id and o.quote_id = q.id
                    where q.tenant_id = c.tenant_id and q.coupon_code = c.code
                        and q.discount_minor > 0
                        and o.payment_status not in ('failed', 'canceled')) end as uses
            from shop.coupon c join shop.store s on s.tenant_id = c.tenant_id
            where c.tenant_id = \(tx.tenantUUID) and c.code = \(code.uppercased())
            """
        ).map(Coupon.init(row:))
    }

    /// Makes a coupon. The same code twice is refused.
    package func add(_ coupon: Coupon, in tx: Transaction<OneTenant>) async throws {
        var percent: Int32?
        var amount: Int64?
        switch coupon.kind {
        case .percent(let share): percent = Int32(clamping: share.value)
        case .amount(let money): amount = money.minorUnits
        }
        try await tx.execute(
            """
            insert into shop.coupon (tenant_id, id, code, percent_bp, amount_minor, minimum_minor, active,
                valid_from, valid_until, use_limit)
            values (\(tx.tenantUUID), \(UUID()), \(coupon.code.uppercased()), \(percent), \(amount),
                \(coupon.minimum.minorUnits), \(coupon.isActive), \(coupon.validFrom), \(coupon.validUntil),
                \(coupon.useLimit.map { Int32(clamping: $0) }))
            """)
    }
}

extension Coupon {
    init(row: Row) throws {
        let currency = try row.currency()
        let percent = try row.decode("percent_bp", as: Int?.self)
        self.init(
            code: try row.decode("code"),
            kind: try percent.map { .percent(BasisPoints($0)) }
                ?? .amount(row.money("amount_minor", currency)),
            minimum: try row.money("minimum_minor", currency), validFrom: try row.decode("valid_from"),
            validUntil: try row.decode("valid_until"), isActive: try row.decode("active"),
            useLimit: try row.decode("use_limit", as: Int?.self), uses: try row.int("uses"))
    }
}
