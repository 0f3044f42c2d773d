internal import Commerce
internal import Foundation
internal import Postgres

/// The articles of a page as columns, which is how Postgres takes a thousand at once.
struct ItemColumns {
    let references: [String]
    let stocks: [Int32]
    private let items: [SupplierItem]

    init(_ items: [FeedItem]) {
        self.items = items.map(\.item)
        references = items.map(\.item.reference.rawValue)
        stocks = items.map { Int32(clamping: $0.item.isActive ? $0.item.stock : 0) }
    }

    /// The rows `t`, in the order of the columns of `supplier_item`.
    private var rows: Query {
        """
        unnest(\(references), \(items.map(\.family)), \(items.map(\.ean)), \(items.map(\.brand)),
            \(items.map(\.category)), \(items.map { JSONText.object($0.titles) }),
            \(items.map { JSONText.object($0.descriptions) }), \(items.map { JSONText.array($0.images) }),
            \(items.map { JSONText.object($0.attributes) }), \(items.map { JSONText.object($0.safety) }),
            \(items.map(\.cost.minorUnits)), \(items.map(\.cost.currency.rawValue)),
            \(items.map { $0.recommendedPrice?.minorUnits }), \(stocks),
            \(items.map(\.warehouse.rawValue)), \(items.map(\.isActive)),
            \(items.map { $0.content?.millionths }), \(items.map { $0.content?.unit.rawValue }))
            as t (reference, family, ean, brand, category, titles, descriptions, images, attributes, safety,
                cost_minor, currency, recommended_minor, stock, warehouse, is_active, content_millionths,
                content_unit)
        """
    }

    /// Returns the rows that are new or different from what was there.
    func upsert(_ tx: Transaction<OneTenant>, _ supplier: SupplierID) -> Query {
        """
        insert into shop.supplier_item as i (tenant_id, supplier_id, reference, family, ean, brand, category,
            titles, descriptions, images, attributes, safety, cost_minor, currency, recommended_minor, stock,
            warehouse, is_active, content_millionths, content_unit)
        select \(tx.tenantUUID), \(supplier.rawValue), t.* from \(rows)
        on conflict (tenant_id, supplier_id, reference) do update set family = excluded.family,
            ean = excluded.ean, brand = excluded.brand, category = excluded.category,
            titles = excluded.titles, descriptions = excluded.descriptions, images = excluded.images,
            attributes = excluded.attributes, safety = excluded.safety, cost_minor = excluded.cost_minor,
            currency = excluded.currency, recommended_minor = excluded.recommended_minor,
            stock = excluded.stock, warehouse = excluded.warehouse, is_active = excluded.is_active,
            content_millionths = excluded.content_millionths, content_unit = excluded.content_unit,
            changed_at = now()
        where (i.family, i.ean, i.brand, i.category, i.titles, i.descriptions, i.images, i.attributes,
                i.safety, i.cost_minor, i.currency, i.recommended_minor, i.stock, i.warehouse, i.is_active,
                i.content_millionths, i.content_unit)
            is distinct from (excluded.family, excluded.ean, excluded.brand, excluded.category,
                excluded.titles, excluded.descriptions, excluded.images, excluded.attributes,
                excluded.safety, excluded.cost_minor, excluded.currency, excluded.recommended_minor,
                excluded.stock, excluded.warehouse, excluded.is_active, excluded.content_millionths,
                excluded.content_unit)
        returning i.reference, i.xmax = 0 as added
        """
    }

    /// What the feed says of contents counts for the products too, which are locked in the order of ids.
    /// Where it says nothing, what the merchant wrote down stays.
    func passContents(_ tx: Transaction<OneTenant>, pool: String) -> Query {
        let told = items.filter { $0.content != nil }
        return """
            with due as (
                select p.id, t.millionths, t.unit from shop.product p
                join unnest(\(told.map(\.reference.rawValue)), \(told.map { $0.content?.millionths }),
                    \(told.map { $0.content?.unit.rawValue })) as t (reference, millionths, unit)
                    on t.reference = p.supplier_reference
                where p.tenant_id = \(tx.tenantUUID) and p.stock_pool = \(pool)
                    and (p.content_millionths, p.content_unit) is distinct from (t.millionths, t.unit)
                order by p.id for no key update of p
            )
            update shop.product p set content_millionths = d.millionths, content_unit = d.unit
            from due d where p.tenant_id = \(tx.tenantUUID) and p.id = d.id
            """
    }

    /// Writes down what a merchant would see change, and returns it. What comes twice is noted once.
    func difference(_ tx: Transaction<OneTenant>, _ sync: OpenSync) -> Query {
        """
        insert into shop.supplier_change (tenant_id, sync_id, reference, kind, before, after)
        select \(tx.tenantUUID), \(sync.id.rawValue), t.reference,
            case when i.reference is null then 'added' else 'changed' end,
            case when i.reference is not null then jsonb_build_object('titles', i.titles,
                'cost', i.cost_minor, 'currency', i.currency, 'stock', i.stock, 'active', i.is_active) end,
            jsonb_build_object('titles', t.titles, 'cost', t.cost_minor, 'currency', t.currency,
                'stock', t.stock, 'active', t.is_active)
        from \(rows)
        left join shop.supplier_item i on i.tenant_id = \(tx.tenantUUID)
            and i.supplier_id = \(sync.supplier.rawValue) and i.reference = t.reference
        where i.reference is null
            or (i.titles, i.cost_minor, i.currency, i.stock, i.is_active)
                is distinct from (t.titles, t.cost_minor, t.currency, t.stock, t.is_active)
        on conflict do nothing
        returning kind
        """
    }
}
