package import Commerce
internal import Foundation
internal import Postgres

// The end of a sync: articles that the feed does not list any more, and what a store may look at.

extension SupplierItems {
    /// What became of the articles that the sync has not met.
    package enum Retired: Sendable, Codable, Equatable {
        case removed(Int)
        /// More than a feed may take off at once: nothing was removed.
        case tooMany(Int, of: Int)
    }

    /// A handful may always go: a small catalogue changes by halves.
    private static let alwaysRemovable = 10

    /// Takes off what the feed does not list any more. Where a row could not even be read as an article,
    /// nobody knows which it was, and nothing is removed.
    package func retireUnseen(
        in sync: OpenSync, limit: BasisPoints, isForced: Bool, _ tx: Transaction<OneTenant>
    ) async throws -> Retired {
        try await SupplierSyncs().hold(sync, in: tx)
        guard try await !SupplierSyncs().hasNamelessRows(sync, in: tx) else { return .removed(0) }
        let counted = try await tx.execute(
            """
            select count(*) as known,
                count(*) filter (where \(raw: sync.seenColumn) is distinct from \(sync.id.rawValue)) as unseen
            from shop.supplier_item_mark
            where tenant_id = \(tx.tenantUUID) and supplier_id = \(sync.supplier.rawValue)
            """
        ).rows[0]
        let (known, unseen) = (try counted.int("known"), try counted.int("unseen"))
        guard unseen > 0 else { return .removed(0) }
        let isTooMuch = unseen * BasisPoints.one.value > known * limit.value && unseen > Self.alwaysRemovable
        if isTooMuch, !isForced { return .tooMany(unseen, of: known) }
        switch sync.mode {
        case .apply: try await remove(sync, tx)
        case .dryRun: try await rehearseRemoval(sync, tx)
        }
        return .removed(unseen)
    }

    private func remove(_ sync: OpenSync, _ tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            """
            with gone as (
                delete from shop.supplier_item_mark
                where tenant_id = \(tx.tenantUUID) and supplier_id = \(sync.supplier.rawValue)
                    and seen_by is distinct from \(sync.id.rawValue)
                returning reference
            ), items as (
                update shop.supplier_item i set is_active = false, stock = 0, changed_at = now()
                from gone where i.tenant_id = \(tx.tenantUUID)
                    and i.supplier_id = \(sync.supplier.rawValue) and i.reference = gone.reference
                returning i.reference
            )
            select shop.observe_stocks(\(Self.pool(of: sync.supplier, at: tx.tenant)),
                array_agg(reference), array_agg(0)) from items
            having count(*) > 0
            """)
    }

    private func rehearseRemoval(_ sync: OpenSync, _ tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            """
            insert into shop.supplier_change (tenant_id, sync_id, reference, kind, before, after)
            select i.tenant_id, \(sync.id.rawValue), i.reference, 'removed',
                jsonb_build_object('titles', i.titles, 'cost', i.cost_minor, 'currency', i.currency,
                    'stock', i.stock, 'active', i.is_active), null
            from shop.supplier_item_mark m
            join shop.supplier_item i on i.tenant_id = m.tenant_id and i.supplier_id = m.supplier_id
                and i.reference = m.reference
            where m.tenant_id = \(tx.tenantUUID) and m.supplier_id = \(sync.supplier.rawValue)
                and m.rehearsed_by is distinct from \(sync.id.rawValue)
            on conflict do nothing
            """)
    }

    /// One line of what a dry run found.
    package struct Change: Sendable, Equatable {
        package enum Kind: String, Sendable, CaseIterable { case added, changed, removed }
        package let reference: SKU
        package let kind: Kind
        package let before: Side?
        package let after: Side?

        package struct Side: Sendable, Equatable {
            package let title: String
            package let cost: Money
            package let stock: Int
        }
    }

    /// What a dry run found, by the articles' references.
    package func changes(
        found id: SupplierSyncID, after last: SKU? = nil, limit: Int = 100, in tx: Transaction<OneTenant>
    ) async throws -> [Change] {
        try await tx.execute(
            """
            select * from shop.supplier_change
            where tenant_id = \(tx.tenantUUID) and sync_id = \(id.rawValue)
                and reference > \(last?.rawValue ?? "") order by reference limit \(limit)
            """
        ).rows.map { row in
            Change(
                reference: try row.raw("reference"), kind: try row.raw("kind"),
                before: try Change.Side(row, "before"), after: try Change.Side(row, "after"))
        }
    }

    /// What is known of one article.
    package func find(
        _ reference: SKU, of supplier: SupplierID, in tx: Transaction<OneTenant>
    ) async throws -> SupplierItem? {
        try await tx.first(
            """
            select * from shop.supplier_item where tenant_id = \(tx.tenantUUID)
                and supplier_id = \(supplier.rawValue) and reference = \(reference.rawValue)
            """
        ).map(SupplierItem.init(row:))
    }
}

extension SupplierItems.Change.Side {
    private struct Stored: Decodable {
        let titles: [String: String]
        let cost: Int64
        let currency: String
        let stock: Int
    }

    fileprivate init?(_ row: Row, _ column: String) throws {
        guard let document = try row.decode(column, as: JSONB?.self) else { return nil }
        let stored = try document.decode(Stored.self)
        title = stored.titles["en"] ?? stored.titles.min { $0.key < $1.key }?.value ?? ""
        cost = Money(minorUnits: stored.cost, currency: Currency(unchecked: stored.currency))
        stock = stored.stock
    }
}

extension SupplierItem {
    init(row: Row) throws {
        let currency = try row.currency()
        self.init(
            reference: try row.raw("reference"), family: try row.decode("family"), ean: try row.decode("ean"),
            brand: try row.decode("brand"), category: try row.decode("category"),
            titles: try row.json("titles"), descriptions: try row.json("descriptions"),
            cost: try row.money("cost_minor", currency),
            recommendedPrice: try row.decode("recommended_minor", as: Int64?.self).map {
                Money(minorUnits: $0, currency: currency)
            },
            stock: try row.int("stock"), warehouse: try row.raw("warehouse"), images: try row.json("images"),
            attributes: try row.json("attributes"),
            safety: JSONText.safety(try row.json("safety", as: [String: String].self)),
            isActive: try row.decode("is_active"))
    }
}
