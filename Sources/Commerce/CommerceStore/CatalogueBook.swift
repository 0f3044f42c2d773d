package import Commerce
package import Foundation
internal import Postgres

// The platform's catalogue: what its suppliers offer to every store. Written by the platform alone, list by
// list as the supplier hands them out; every verb may be repeated, because a pull that was cut off is made
// again.

package struct CatalogueBook: Sendable {
    package init() {}

    package enum Kind: String, Sendable, Codable, CaseIterable {
        case full, stock, prices
        /// What the law wants beside an offer, asked article by article.
        case safety
    }

    /// One article as a supplier's list of articles has it. Its words and pictures come by lists of their
    /// own.
    package struct Entry: Sendable {
        package let sourceID: String
        package let reference: SKU
        package let ean: String?
        package let brand: String?
        package let category: String?
        package let cost: Money
        package let recommended: Money?
        package let isActive: Bool
        /// Comes in variations, which are sold in its place.
        package let isVaried: Bool

        package init(
            sourceID: String, reference: SKU, ean: String?, brand: String?, category: String?, cost: Money,
            recommended: Money?, isActive: Bool, isVaried: Bool
        ) {
            self.sourceID = sourceID
            self.reference = reference
            self.ean = ean
            self.brand = brand
            self.category = category
            self.cost = cost
            self.recommended = recommended
            self.isActive = isActive
            self.isVaried = isVaried
        }
    }

    /// Opens a pull under the id of its run. Again changes nothing.
    package func open(
        _ id: UUID, of supplier: String, _ kind: Kind, at now: Date, in tx: Transaction<EveryTenant>
    ) async throws {
        try await tx.execute(
            """
            insert into shop.catalogue_sync (id, supplier, kind, started_at)
            values (\(id), \(supplier), \(kind.rawValue), \(now)) on conflict (id) do nothing
            """)
        try await tx.execute(
            """
            delete from shop.catalogue_quarantine where sync_id in (select id from shop.catalogue_sync
                where supplier = \(supplier) and started_at < \(now.addingTimeInterval(-SupplierSyncs.memory))
                order by started_at desc limit 50)
            """)
    }

    package func saveCategories(
        _ names: [(id: String, parent: String?, name: String)], of supplier: String, in language: Language,
        _ tx: Transaction<EveryTenant>
    ) async throws {
        try await tx.execute(
            """
            insert into shop.catalogue_category as c (supplier, reference, parent, names)
            select \(supplier), t.* from unnest(\(names.map(\.id)), \(names.map(\.parent)),
                \(names.map { JSONText.object([language: $0.name]) })) as t (reference, parent, names)
            on conflict (supplier, reference) do update
                set parent = excluded.parent, names = c.names || excluded.names
            """)
    }

    /// Stores a page of articles. Returns how many are new or different. Only a full pull (`sync`) marks what
    /// it has met: a pull of prices in the middle of one must not take its marks away. An article that comes
    /// with the prices counts as met by the last full pull.
    package func save(
        _ entries: [Entry], of supplier: String, by sync: UUID?, _ tx: Transaction<EveryTenant>
    ) async throws -> Int {
        let changed = try await tx.execute(
            """
            with told as (
                select distinct on (reference) * from unnest(
                    \(entries.map(\.reference.rawValue)), \(entries.map(\.sourceID)), \(entries.map(\.ean)),
                    \(entries.map(\.brand)), \(entries.map(\.category)), \(entries.map(\.cost.minorUnits)),
                    \(entries.map(\.cost.currency.rawValue)), \(entries.map { $0.recommended?.minorUnits }),
                    \(entries.map { $0.isActive && !$0.isVaried }),
                    \(entries.map { $0.isActive && $0.isVaried })) as t (reference, source_id, ean, brand,
                        category, cost_minor, currency, recommended_minor, is_active, is_varied)
                order by reference
            ), same as (
                update shop.catalogue_item i set seen_by = coalesce(\(sync), i.seen_by) from told t
                where i.supplier = \(supplier) and i.reference = t.reference
                    and (i.source_id, i.ean, i.brand, i.category, i.cost_minor, i.currency,
                        i.recommended_minor, i.is_active, i.is_varied)
                    is not distinct from (t.source_id, t.ean, t.brand, t.category, t.cost_minor, t.currency,
                        t.recommended_minor, t.is_active, t.is_varied)
                returning i.reference
            )
            insert into shop.catalogue_item (supplier, reference, source_id, ean, brand, category, cost_minor,
                currency, recommended_minor, is_active, is_varied, seen_by)
            select \(supplier), t.*, coalesce(\(sync), (
                select f.id from shop.catalogue_sync f
                where f.supplier = \(supplier) and f.kind = 'full' and f.ended_at is not null
                order by f.started_at desc limit 1)) from told t
            where not exists (select from same s where s.reference = t.reference)
            on conflict (supplier, reference) do update set source_id = excluded.source_id,
                ean = excluded.ean, brand = excluded.brand, category = excluded.category,
                cost_minor = excluded.cost_minor, currency = excluded.currency,
                recommended_minor = excluded.recommended_minor, is_active = excluded.is_active,
                is_varied = excluded.is_varied, family = null, options = null, attributes = '{}',
                seen_by = coalesce(\(sync), catalogue_item.seen_by), changed_at = now(),
                safety_asked_at = case when (catalogue_item.source_id, catalogue_item.ean,
                        catalogue_item.brand)
                    is not distinct from (excluded.source_id, excluded.ean, excluded.brand)
                    then catalogue_item.safety_asked_at end
            """
        ).affected
        // From here on it is sold itself, or not at all.
        let plain = entries.filter { !$0.isVaried || !$0.isActive }.map(\.sourceID)
        try await tx.execute(
            """
            update shop.catalogue_item set is_active = false, changed_at = now()
            where supplier = \(supplier) and family = any(\(plain)) and is_active
            """)
        return changed
    }

    /// Adds the words of articles in one language.
    package func saveWords(
        _ words: [(reference: SKU, title: String, description: String)], in language: Language,
        of supplier: String, _ tx: Transaction<EveryTenant>
    ) async throws -> Int {
        try await tx.execute(
            """
            update shop.catalogue_item i set titles = i.titles || t.titles,
                descriptions = i.descriptions || t.descriptions, changed_at = now()
            from unnest(\(words.map(\.reference.rawValue)),
                \(words.map { JSONText.object([language: $0.title]) }),
                \(words.map { JSONText.object([language: $0.description]) }))
                as t (reference, titles, descriptions)
            where i.supplier = \(supplier) and i.reference = t.reference
                and not (i.titles @> t.titles and i.descriptions @> t.descriptions)
            """
        ).affected
    }

    /// Sets the pictures of articles, which are named by the supplier's own number.
    package func saveImages(
        _ images: [(sourceID: String, urls: [String])], of supplier: String, _ tx: Transaction<EveryTenant>
    ) async throws -> Int {
        try await tx.execute(
            """
            update shop.catalogue_item i set images = t.images, changed_at = now()
            from unnest(\(images.map(\.sourceID)), \(images.map { JSONText.array($0.urls) }))
                as t (source_id, images)
            where i.supplier = \(supplier) and i.source_id = t.source_id and i.images <> t.images
            """
        ).affected
    }

    /// What the supplier has, and whether articles of its list are known is all the same.
    package func saveStock(
        _ stock: [(reference: SKU, quantity: Int)], of supplier: String, _ tx: Transaction<EveryTenant>
    ) async throws {
        try await tx.execute(
            """
            select shop.observe_platform_stocks(\(supplier), \(stock.map(\.reference.rawValue)),
                \(stock.map { Int32(clamping: max(0, $0.quantity)) }))
            """)
    }

    package func quarantine(
        _ rows: [(reference: String, reason: String)], of list: String, by sync: UUID,
        _ tx: Transaction<EveryTenant>
    ) async throws {
        guard !rows.isEmpty else { return }
        try await tx.execute(
            """
            insert into shop.catalogue_quarantine (sync_id, list, reference, reason)
            select \(sync), \(list), t.* from unnest(\(rows.map(\.reference)), \(rows.map(\.reason)))
                as t (reference, reason)
            on conflict do nothing
            """)
    }

    /// Takes off what neither a full pull nor the one before it met: a list that shifts between two of its
    /// pages leaves articles out once. Nothing where this pull missed more than `limit` of the catalogue.
    package func retireUnseen(
        of supplier: String, by sync: UUID, limit: BasisPoints, _ tx: Transaction<EveryTenant>
    ) async throws -> SupplierItems.Retired {
        try await forgetOptions(of: supplier, by: sync, tx)
        let counted = try await tx.execute(
            """
            select count(*) as known, count(*) filter (where seen_by is distinct from \(sync)) as unseen
            from shop.catalogue_item where supplier = \(supplier) and (is_active or is_varied)
            """
        ).rows[0]
        let (known, unseen) = (try counted.int("known"), try counted.int("unseen"))
        guard unseen > 0 else { return .removed(0) }
        guard unseen * BasisPoints.one.value <= known * limit.value else {
            return .tooMany(unseen, of: known)
        }
        let retired = try await tx.execute(
            """
            with before as (
                select id from shop.catalogue_sync
                where supplier = \(supplier) and kind = 'full' and ended_at is not null and id <> \(sync)
                order by started_at desc limit 1
            )
            update shop.catalogue_item i set is_active = false, is_varied = false, options = null,
                changed_at = now() from before b
            where i.supplier = \(supplier) and (i.is_active or i.is_varied)
                and i.seen_by is distinct from \(sync) and i.seen_by is distinct from b.id
            """)
        return .removed(retired.affected)
    }

    /// A variation that left the lists while its product was not offered must not come back with it.
    private func forgetOptions(
        of supplier: String, by sync: UUID, _ tx: Transaction<EveryTenant>
    ) async throws {
        try await tx.execute(
            """
            with before as (
                select id from shop.catalogue_sync
                where supplier = \(supplier) and kind = 'full' and ended_at is not null and id <> \(sync)
                order by started_at desc limit 1
            )
            update shop.catalogue_item i set options = null from before b
            where i.supplier = \(supplier) and not i.is_active and i.options is not null
                and i.seen_by is distinct from \(sync) and i.seen_by is distinct from b.id
            """)
    }

    /// The stores whose products differ from the catalogue in what they cost, whether they are offered, or
    /// what the supplier tells of their safety.
    package func storesToTell(
        of supplier: String, _ tx: Transaction<EveryTenant>
    ) async throws -> [(tenant: TenantID, supplier: SupplierID)] {
        try await tx.execute(
            """
            select distinct p.tenant_id, p.supplier_id from shop.product p
            join shop.supplier s on s.tenant_id = p.tenant_id and s.id = p.supplier_id
                and s.platform_code = \(supplier)
            join shop.catalogue_item c on c.supplier = s.platform_code and c.reference = p.supplier_reference
            where p.cost_minor <> c.cost_minor or p.cost_currency <> c.currency
                or (p.status = 'published' and not c.is_active)
                or \(SupplierSafety.differs)
            order by p.tenant_id, p.supplier_id
            """
        ).rows.map { (try $0.id("tenant_id"), try $0.id("supplier_id")) }
    }

    /// Ends a pull with what it counted.
    package func close(
        _ id: UUID, read: Int, changed: Int, refused: Int, removed: Int, problem: String?, at now: Date,
        in tx: Transaction<EveryTenant>
    ) async throws {
        try await tx.execute(
            """
            update shop.catalogue_sync set state = \(problem == nil ? "done" : "failed"),
                rows_read = \(read), rows_changed = \(changed), rows_refused = \(refused),
                rows_removed = \(removed), problem = \(problem), ended_at = \(now)
            where id = \(id)
            """)
    }
}
