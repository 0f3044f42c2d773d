package import Commerce
package import Foundation
internal import Postgres

// The codes of a store as the merchant looks at them: what they did so far, and their end. A code that was
// ever used is never deleted, because orders name it.

/// A coupon and what became of it.
package struct CouponLine: Sendable {
    package let coupon: Coupon
    package let createdAt: Date
    /// What it took off in all, in the store's currency.
    package let given: Money
}

/// One order that used a coupon.
package struct CouponUse: Sendable {
    package let number: OrderNumber
    package let placedAt: Date
    package let discount: Money
    package let total: Money
}

extension Coupons {
    package static let pageSize = 50

    /// The newest first, after the code that ended the page before.
    package func list(
        after last: String? = nil, limit: Int = pageSize, in tx: Transaction<OneTenant>
    ) async throws -> [CouponLine] {
        try await tx.execute(
            Self.lines + """
                 where c.tenant_id = \(tx.tenantUUID)
                    and (\(last)::text is null or (c.created_at, c.id) <
                        (select created_at, id from shop.coupon
                         where tenant_id = \(tx.tenantUUID) and code = \(last)))
                order by c.created_at desc, c.id desc limit \(limit)
                """
        ).rows.map(CouponLine.init(row:))
    }

    package func line(_ code: String, in tx: Transaction<OneTenant>) async throws -> CouponLine {
        let found = try await tx.first(
            Self.lines + " where c.tenant_id = \(tx.tenantUUID) and c.code = \(code.uppercased())")
        guard let row = found else { throw StoreError.notFound(.coupon, code) }
        return try CouponLine(row: row)
    }

    /// The orders that used it, newest first.
    package func uses(
        of code: String, limit: Int = pageSize, in tx: Transaction<OneTenant>
    ) async throws -> [CouponUse] {
        try await tx.execute(
            """
            select o.number, o.placed_at, q.discount_minor, q.g_minor, q.currency
            from shop.quote q join shop.orders o on o.tenant_id = q.tenant_id and o.quote_id = q.id
            where q.tenant_id = \(tx.tenantUUID) and q.coupon_code = \(code.uppercased())
                and q.discount_minor > 0 and o.payment_status not in ('failed', 'canceled')
            order by o.placed_at desc, o.id desc limit \(limit)
            """
        ).rows.map { row in
            let currency = try row.currency()
            let stored: Int64 = try row.decode("number")
            guard let number = OrderNumber(rawValue: stored) else {
                throw StoreError.unexpectedValue(column: "number", value: "\(stored)")
            }
            return CouponUse(
                number: number, placedAt: try row.decode("placed_at"),
                discount: try row.money("discount_minor", currency),
                total: try row.money("g_minor", currency))
        }
    }

    /// Nobody can use it from now on; quotes that hold it keep what they promised.
    package func end(_ code: String, in tx: Transaction<OneTenant>) async throws {
        let ended = try await tx.execute(
            """
            update shop.coupon set active = false
            where tenant_id = \(tx.tenantUUID) and code = \(code.uppercased())
            """
        ).affected
        guard ended == 1 else { throw StoreError.notFound(.coupon, code) }
    }

    /// A code without a limit counts its uses here too, which `find` leaves out because nobody waits for it.
    private static var lines: Query {
        """
        select c.*, s.currency, u.uses, u.given_minor
        from shop.coupon c join shop.store s on s.tenant_id = c.tenant_id
        cross join lateral (
            select count(*) as uses, coalesce(sum(q.discount_minor), 0)::bigint as given_minor
            from shop.quote q join shop.orders o on o.tenant_id = q.tenant_id and o.quote_id = q.id
            where q.tenant_id = c.tenant_id and q.coupon_code = c.code and q.discount_minor > 0
                and o.payment_status not in ('failed', 'canceled')) u
        """
    }
}

extension CouponLine {
    init(row: Row) throws {
        coupon = try Coupon(row: row)
        createdAt = try row.decode("created_at")
        given = try row.money("given_minor", row.currency())
    }
}
