package import Commerce
package import Foundation
internal import Postgres

// The codes of a store, and the prices that a reduction may be held against.

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

extension Products {
    /// Every price of the product that the thirty-day rule may ask about.
    package func priceHistory(
        of id: ProductID, at now: Date, in tx: Transaction<OneTenant>
    ) async throws -> PriceHistory {
        // Twice the window: a reduction that began within it is held against the thirty days before.
        let start = now.addingTimeInterval(-2 * PriceHistory.window)
        let rows = try await tx.execute(
            """
            select h.price_minor, h.currency, h.valid_from from shop.price_history h
            join shop.product p on p.tenant_id = h.tenant_id and p.id = h.product_id
                and p.currency = h.currency
            where h.tenant_id = \(tx.tenantUUID) and h.product_id = \(id.rawValue)
                and h.valid_from >= coalesce((
                    select max(b.valid_from) from shop.price_history b
                    where b.tenant_id = h.tenant_id and b.product_id = h.product_id
                        and b.currency = h.currency and b.valid_from <= \(start)), h.valid_from)
            order by h.valid_from
            """
        ).rows
        return PriceHistory(
            try rows.map { row in
                PriceHistory.Entry(
                    price: try row.money("price_minor", row.currency()), from: try row.decode("valid_from"))
            })
    }
}
