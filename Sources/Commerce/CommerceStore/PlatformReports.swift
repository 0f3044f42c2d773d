internal import Commerce
internal import Foundation
internal import Postgres

// Reports that the law asks for, as rows of text: a person checks them before anybody files them. DAC7 tells
// the tax office what each seller took in; OSS tells a merchant what it sold to consumers in which member
// state. Both read the orders as they were paid. Needs the platform's role.

package struct PlatformReports: Sendable {
    private let database: Database

    package init(_ database: Database) {
        self.database = database
    }

    /// Rows under a line of headings.
    package struct Table: Sendable, Equatable {
        package let headings: [String]
        package let rows: [[String]]

        /// Comma-separated, as spreadsheets read it: what was typed by people is never taken for a formula.
        package var csv: String {
            ([headings] + rows).map { $0.map(Self.cell).joined(separator: ",") + "\r\n" }.joined()
        }

        private static func cell(_ text: String) -> String {
            let isNumber = !text.isEmpty && text.allSatisfy { $0.isNumber || $0 == "." || $0 == "-" }
            let isFormula = !isNumber && text.first.map { "=+-@\t\r".contains($0) } ?? false
            let safe = isFormula ? "'" + text : text
            guard safe.contains(where: { ",\"\r\n'".contains($0) }) else { return safe }
            return "\"" + safe.replacing("\"", with: "\"\"") + "\""
        }
    }

    /// Directive 2021/514, for a calendar year: each seller with its quarters. Sellers below both thresholds
    /// (30 sales, EUR 2,000) are listed as exempt; amounts are in the store's currency.
    package func dac7(year: Int) async throws -> Table {
        let rows = try await database.platformTransaction { tx in
            try await tx.execute(Self.sellers(year)).rows
        }
        var headings = [
            "seller", "country", "address", "tax_number", "registration", "store", "stripe_account",
            "currency", "exempt",
        ]
        for quarter in 1...4 {
            headings += ["q\(quarter)_consideration", "q\(quarter)_activities", "q\(quarter)_fees"]
        }
        return Table(
            headings: headings, rows: try rows.map { row in try headings.map { try row.decode($0) } })
    }

    private static func sellers(_ year: Int) -> Query {
        """
        with sold as (
            select o.tenant_id, o.currency, extract(quarter from o.paid_at at time zone 'Europe/Bucharest')
                as quarter, count(*) as activities, sum(o.g_minor) as taken,
                sum(o.m_minor + o.c_minor + o.p_minor) as fees
            from shop.orders o
            where o.paid_at >= shop.month_start(make_date(\(Int32(year)), 1, 1))
                and o.paid_at < shop.month_start(make_date(\(Int32(year)) + 1, 1, 1))
            group by 1, 2, 3
        ), years as (
            -- The seller is the person, whatever the number of stores: the thresholds are of all together.
            select s.tenant_id, s.currency,
                sum(sum(s.activities)) over (partition by t.owner_id) as activities,
                sum(sum(case when s.currency = 'EUR' then s.taken
                    else s.taken * 1e8 / nullif(r.rate_scaled, 0) end)) over (partition by t.owner_id)
                    as taken_eur,
                bool_and(bool_and(s.currency = 'EUR' or r.rate_scaled is not null))
                    over (partition by t.owner_id) as is_priced
            from sold s join shop.store t on t.tenant_id = s.tenant_id
            left join lateral (select rate_scaled from shop.fx_rate
                where base_currency = 'EUR' and quote_currency = s.currency
                    and valid_on < make_date(\(Int32(year)) + 1, 1, 1)
                order by valid_on desc limit 1) r on true
            group by s.tenant_id, s.currency, t.owner_id
        )
        select coalesce(i.legal_name, t.name) as seller, coalesce(i.country, t.country) as country,
            coalesce(concat_ws(', ', i.address_line, concat_ws(' ', i.postcode, i.city)), '') as address,
            coalesce(i.vat_number, '') as tax_number, coalesce(i.registration, '') as registration,
            t.slug as store, coalesce(t.stripe_account, '') as stripe_account, y.currency,
            case when y.activities < 30 and y.taken_eur <= 200000 and y.is_priced then 'yes' else 'no' end
                as exempt,
            \(raw: (1...4).map(quarter).joined(separator: ", "))
        from years y
        join shop.store t on t.tenant_id = y.tenant_id
        left join shop.business_identity i on i.tenant_id = y.tenant_id
        left join sold s on s.tenant_id = y.tenant_id and s.currency = y.currency
        group by i.legal_name, t.name, i.country, t.country, i.address_line, i.postcode, i.city, i.vat_number,
            i.registration, t.slug, t.stripe_account, y.currency, y.activities, y.taken_eur,
            y.is_priced
        order by seller, store
        """
    }

    private static func quarter(_ number: Int) -> String {
        """
        to_char(coalesce(sum(s.taken) filter (where s.quarter = \(number)), 0) / 100.0, 'FM999999999990.00')
            as q\(number)_consideration,
        coalesce(sum(s.activities) filter (where s.quarter = \(number)), 0)::text as q\(number)_activities,
        to_char(coalesce(sum(s.fees) filter (where s.quarter = \(number)), 0) / 100.0, 'FM999999999990.00')
            as q\(number)_fees
        """
    }

    /// The Union scheme, for a quarter and one store, or all: sales to consumers in other member states than
    /// the store's own, by country and rate, with what was refunded in the quarter taken off in proportion.
    package func oss(year: Int, quarter: Int, store slug: String?) async throws -> Table {
        let headings = [
            "store", "ship_from", "ship_to", "vat_rate", "currency", "taxable", "vat", "gross",
        ]
        let rows = try await database.platformTransaction { tx in
            try await tx.execute(Self.consumption(year, quarter, slug)).rows
        }
        return Table(
            headings: headings, rows: try rows.map { row in try headings.map { try row.decode($0) } })
    }

    private static func consumption(_ year: Int, _ quarter: Int, _ slug: String?) -> Query {
        let union = CountryCode.europeanUnion.map(\.rawValue).sorted()
        return """
            with span as (
                select shop.month_start(make_date(\(Int32(year)), \(Int32(quarter)) * 3 - 2, 1)) as first,
                    shop.month_start((make_date(\(Int32(year)), \(Int32(quarter)) * 3 - 2, 1)
                        + interval '3 months')::date) as next
            ), moved as (
                select o.tenant_id, o.id, o.g_minor::numeric as part from shop.orders o, span
                where o.paid_at >= span.first and o.paid_at < span.next
                union all
                select r.tenant_id, r.order_id, -r.amount_minor from shop.refund r, span
                where r.status = 'settled' and r.settled_at >= span.first and r.settled_at < span.next
            ), sums as (
                select t.slug as store, coalesce(p.country, t.country) as ship_from,
                    o.address ->> 'country' as ship_to, l.vat_bp, o.currency,
                    -- Delivery is taxed like what is delivered: the lines hold goods alone, and share it.
                    round(sum(case when whole.goods = 0 then m.part / whole.lines
                        else m.part * l.g_minor / whole.goods end)) as gross
                from moved m
                join shop.orders o on o.tenant_id = m.tenant_id and o.id = m.id
                join shop.order_line l on l.tenant_id = o.tenant_id and l.order_id = o.id
                join lateral (select sum(g_minor) as goods, count(*) as lines from shop.order_line
                    where tenant_id = o.tenant_id and order_id = o.id) whole on true
                join shop.store t on t.tenant_id = o.tenant_id
                left join shop.supplier s on s.tenant_id = l.tenant_id and s.id = l.supplier_id
                left join shop.platform_supplier p on p.code = s.platform_code
                where o.address ->> 'country' <> t.country and o.address ->> 'country' = any(\(union))
                    and coalesce(o.address ->> 'vatNumber', '') = ''
                    and (\(slug)::text is null or t.slug = \(slug))
                group by 1, 2, 3, 4, 5
            ), taxed as (
                select *, round(gross * vat_bp / (10000 + vat_bp)) as vat from sums where gross <> 0
            )
            select store, ship_from, ship_to,
                to_char(vat_bp / 100.0, 'FM990.0#') as vat_rate, currency,
                to_char((gross - vat) / 100.0, 'FM999999999990.00') as taxable,
                to_char(vat / 100.0, 'FM999999999990.00') as vat,
                to_char(gross / 100.0, 'FM999999999990.00') as gross
            from taxed order by 1, 2, 3, 4
            """
    }
}
