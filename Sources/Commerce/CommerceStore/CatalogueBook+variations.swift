package import Commerce
package import Foundation
internal import Postgres

// Articles that come in sizes and colours. Each variation becomes an article of its own, with the product as
// its family, as merchants' own feeds have it; the product stays beside them, unsold. The lists that tell of
// products, variations, attributes and their names agree in nothing but numbers, so each is stored as it
// comes, and `unfold` joins them when all are there.

extension CatalogueBook {
    /// One variation as a supplier's list of variations has it.
    package struct Variation: Sendable {
        package let sourceID: String
        /// The supplier's number of the product.
        package let product: String
        package let reference: SKU
        package let ean: String?
        package let cost: Money
        package let recommended: Money?

        package init(
            sourceID: String, product: String, reference: SKU, ean: String?, cost: Money, recommended: Money?
        ) {
            self.sourceID = sourceID
            self.product = product
            self.reference = reference
            self.ean = ean
            self.cost = cost
            self.recommended = recommended
        }

        /// Suppliers number variations apart from products.
        var key: String { CatalogueBook.key(ofVariation: sourceID) }
    }

    private static func key(ofVariation sourceID: String) -> String { "v\(sourceID)" }

    /// Stores a page of variations, as `save` does articles. None is sold before `unfold` has met it. Those
    /// that can be no article are given back with the reason.
    package func saveVariations(
        _ variations: [Variation], of supplier: String, by sync: UUID?, _ tx: Transaction<EveryTenant>
    ) async throws -> (changed: Int, refused: [(reference: String, reason: String)]) {
        var refused = try await unusable(variations, of: supplier, tx)
        var (numbers, names): (Set<String>, Set<SKU>) = ([], [])
        let usable = variations.filter { variation in
            guard refused[variation.sourceID] == nil else { return false }
            let isFirst =
                !numbers.contains(variation.sourceID) && !names.contains(variation.reference)
            if isFirst {
                numbers.insert(variation.sourceID)
                names.insert(variation.reference)
            } else {
                refused[variation.sourceID] = "another variation has its number or its sku"
            }
            return isFirst
        }
        try await releaseNumbers(usable, of: supplier, tx)
        let changed = try await upsert(usable, of: supplier, by: sync, tx)
        return (changed, refused.map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 })
    }

    private func unusable(
        _ variations: [Variation], of supplier: String, _ tx: Transaction<EveryTenant>
    ) async throws -> [String: String] {
        let rows = try await tx.execute(
            """
            select t.source_id, t.family, t.reference, p.reference is null as is_orphan
            from unnest(\(variations.map(\.sourceID)), \(variations.map(\.product)),
                \(variations.map(\.reference.rawValue))) as t (source_id, family, reference)
            left join shop.catalogue_item p on p.supplier = \(supplier) and p.source_id = t.family
                and p.family is null
            left join shop.catalogue_item o on o.supplier = \(supplier) and o.reference = t.reference
                and o.family is null and (o.is_active or o.is_varied)
            where p.reference is null or o.reference is not null
            """
        ).rows
        var refused: [String: String] = [:]
        for row in rows {
            let isOrphan: Bool = try row.decode("is_orphan")
            refused[try row.decode("source_id")] =
                isOrphan
                ? "its product \(try row.decode("family", as: String.self)) is no article that is known"
                : "its sku \(try row.decode("reference", as: String.self)) is that of another article"
        }
        return refused
    }

    /// A variation that goes by another sku now: the article of the old one ends, and its number is free.
    private func releaseNumbers(
        _ variations: [Variation], of supplier: String, _ tx: Transaction<EveryTenant>
    ) async throws {
        try await tx.execute(
            """
            update shop.catalogue_item i set source_id = i.source_id || ':' || i.reference,
                is_active = false, options = null, changed_at = now()
            from unnest(\(variations.map(\.key)), \(variations.map(\.reference.rawValue)))
                as t (source_id, reference)
            where i.supplier = \(supplier) and i.source_id = t.source_id and i.reference <> t.reference
            """)
    }

    private func upsert(
        _ variations: [Variation], of supplier: String, by sync: UUID?, _ tx: Transaction<EveryTenant>
    ) async throws -> Int {
        try await tx.execute(
            """
            with told as (
                select * from unnest(
                    \(variations.map(\.reference.rawValue)), \(variations.map(\.key)),
                    \(variations.map(\.product)), \(variations.map(\.ean)),
                    \(variations.map(\.cost.minorUnits)), \(variations.map(\.cost.currency.rawValue)),
                    \(variations.map { $0.recommended?.minorUnits })) as t (reference, source_id, family, ean,
                        cost_minor, currency, recommended_minor)
                order by reference
            ), same as (
                update shop.catalogue_item i set seen_by = coalesce(\(sync), i.seen_by) from told t
                where i.supplier = \(supplier) and i.reference = t.reference
                    and (i.source_id, i.family, i.ean, i.cost_minor, i.currency, i.recommended_minor)
                    is not distinct from (t.source_id, t.family, t.ean, t.cost_minor, t.currency,
                        t.recommended_minor)
                returning i.reference
            )
            insert into shop.catalogue_item (supplier, reference, source_id, family, ean, cost_minor,
                currency, recommended_minor, is_active, seen_by)
            select \(supplier), t.*, false, coalesce(\(sync), (
                select f.id from shop.catalogue_sync f
                where f.supplier = \(supplier) and f.kind = 'full' and f.ended_at is not null
                order by f.started_at desc limit 1)) from told t
            where not exists (select from same s where s.reference = t.reference)
            on conflict (supplier, reference) do update set source_id = excluded.source_id,
                family = excluded.family, ean = excluded.ean, cost_minor = excluded.cost_minor,
                currency = excluded.currency, recommended_minor = excluded.recommended_minor,
                is_active = catalogue_item.is_active and catalogue_item.family = excluded.family,
                options = case when catalogue_item.source_id = excluded.source_id
                    then catalogue_item.options end,
                seen_by = coalesce(\(sync), catalogue_item.seen_by), changed_at = now()
            """
        ).affected
    }

    /// Sets what tells variations apart: the numbers of their attributes, by their own number.
    package func saveOptions(
        _ options: [(variation: String, attributes: [String])], of supplier: String,
        _ tx: Transaction<EveryTenant>
    ) async throws -> Int {
        try await tx.execute(
            """
            update shop.catalogue_item i set options = t.options, changed_at = now()
            from unnest(\(options.map { Self.key(ofVariation: $0.variation) }),
                \(options.map { JSONText.array($0.attributes) })) as t (source_id, options)
            where i.supplier = \(supplier) and i.source_id = t.source_id
                and i.options is distinct from t.options
            """
        ).affected
    }

    package func saveAttributeGroups(
        _ groups: [(id: String, trait: String)], of supplier: String, _ tx: Transaction<EveryTenant>
    ) async throws -> Int {
        try await tx.execute(
            """
            insert into shop.catalogue_attribute_group as g (supplier, reference, trait)
            select distinct on (t.reference) \(supplier), t.*
            from unnest(\(groups.map(\.id)), \(groups.map(\.trait))) as t (reference, trait)
            order by t.reference
            on conflict (supplier, reference) do update set trait = excluded.trait
                where g.trait <> excluded.trait
            """
        ).affected
    }

    /// Adds the names of attributes in one language.
    package func saveAttributes(
        _ attributes: [(id: String, group: String, name: String)], in language: Language,
        of supplier: String, _ tx: Transaction<EveryTenant>
    ) async throws -> Int {
        try await tx.execute(
            """
            insert into shop.catalogue_attribute as a (supplier, reference, attribute_group, names)
            select distinct on (t.reference) \(supplier), t.*
            from unnest(\(attributes.map(\.id)), \(attributes.map(\.group)),
                \(attributes.map { JSONText.object([language: $0.name]) }))
                as t (reference, attribute_group, names)
            order by t.reference
            on conflict (supplier, reference) do update set attribute_group = excluded.attribute_group,
                names = a.names || excluded.names
                where a.attribute_group <> excluded.attribute_group or not a.names @> excluded.names
            """
        ).affected
    }
}
