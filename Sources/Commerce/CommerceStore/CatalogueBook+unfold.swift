package import Commerce
package import Foundation
internal import Postgres

// Joining what the lists told of variations. It is done in the database and in parts, so that the whole
// catalogue never lies in memory, and by comparing, so that it may be done again at any time and writes only
// what is different.

extension CatalogueBook {
    /// Variations of one part.
    private static let part = 1_000

    /// What `unfold` made of one part of the variations.
    package struct Unfolded: Sendable {
        /// Those of a pull that cannot be sold although their product is offered, and why.
        package var refused: [(reference: String, reason: String)] = []
        /// Where the next part begins; nil behind the last one.
        package var next: SKU?
    }

    /// Makes the next variations what their products and attributes say: on offer as long as the product
    /// comes in variations and what tells them apart is known, with its words, pictures and safety. Only
    /// those that the pull `sync` met can be refused.
    package func unfold(
        after last: SKU?, of supplier: String, by sync: UUID?, _ tx: Transaction<EveryTenant>
    ) async throws -> Unfolded {
        let part = try await tx.execute(
            """
            select reference from shop.catalogue_item
            where supplier = \(supplier) and family is not null and reference > \(last?.rawValue ?? "")
            order by reference limit \(Self.part) for no key update
            """
        ).column(0, as: String.self)
        guard let end = part.last else { return Unfolded() }
        try await endOrphans(among: part, of: supplier, tx)
        try await follow(part, of: supplier, tx)
        var unfolded = Unfolded(next: part.count < Self.part ? nil : SKU(unchecked: end))
        if let sync {
            unfolded.refused = try await indistinct(among: part, of: supplier, met: sync, tx)
        }
        return unfolded
    }

    /// Ends those whose product is an article of another number now, or none any more.
    private func endOrphans(
        among part: [String], of supplier: String, _ tx: Transaction<EveryTenant>
    ) async throws {
        try await tx.execute(
            """
            update shop.catalogue_item v set is_active = false, changed_at = now()
            where v.supplier = \(supplier) and v.reference = any(\(part)) and v.is_active and not exists (
                select from shop.catalogue_item p where p.supplier = v.supplier and p.source_id = v.family
                    and p.family is null)
            """)
    }

    /// A title names what is different, the colour first and the size last: shoppers choose by it, and an
    /// attribute's name may be missing in their language.
    private func follow(
        _ part: [String], of supplier: String, _ tx: Transaction<EveryTenant>
    ) async throws {
        try await tx.execute(
            """
            with told as (
                select v.reference, p.brand, p.category, p.images, p.descriptions, p.safety,
                    p.safety_missing, p.safety_before, p.safety_asked_at, p.safety_checked_at,
                    p.is_varied and coalesce(o.are_known, false) as is_active,
                    coalesce(o.attributes, '{}') as attributes,
                    coalesce((select jsonb_object_agg(t.key, left(t.value, 200) || coalesce(' (' || left((
                            select string_agg(coalesce(n.names ->> t.key, n.names ->> 'en',
                                (select x.value from jsonb_each_text(n.names) x order by x.key limit 1)),
                                ', ' order by n.place)
                            from unnest(o.names) with ordinality as n (names, place)), 90) || ')', ''))
                        from jsonb_each_text(p.titles) t), '{}') as titles
                from shop.catalogue_item v
                join shop.catalogue_item p on p.supplier = v.supplier and p.source_id = v.family
                    and p.family is null
                left join lateral (
                    select bool_and(a.reference is not null) as are_known,
                        array_agg(a.names order by case g.trait when 'color' then 0 when 'size' then 2
                            else 1 end, g.trait, a.reference) filter (where a.reference is not null) as names,
                        jsonb_object_agg(g.trait, coalesce(a.names ->> 'en', (select x.value
                            from jsonb_each_text(a.names) x order by x.key limit 1)))
                            filter (where g.trait is not null) as attributes
                    from jsonb_array_elements_text(v.options) as e (attribute)
                    left join shop.catalogue_attribute a on a.supplier = v.supplier
                        and a.reference = e.attribute
                    left join shop.catalogue_attribute_group g on g.supplier = v.supplier
                        and g.reference = a.attribute_group) o on true
                where v.supplier = \(supplier) and v.reference = any(\(part))
            )
            update shop.catalogue_item v set brand = t.brand, category = t.category, images = t.images,
                descriptions = t.descriptions, safety = t.safety, safety_missing = t.safety_missing,
                safety_before = t.safety_before, safety_asked_at = t.safety_asked_at,
                safety_checked_at = t.safety_checked_at, is_active = t.is_active,
                attributes = t.attributes, titles = t.titles, changed_at = now()
            from told t where v.supplier = \(supplier) and v.reference = t.reference
                and (v.brand, v.category, v.images, v.descriptions, v.safety, v.safety_missing,
                    v.safety_before, v.safety_asked_at, v.safety_checked_at, v.is_active, v.attributes,
                    v.titles)
                is distinct from (t.brand, t.category, t.images, t.descriptions, t.safety, t.safety_missing,
                    t.safety_before, t.safety_asked_at, t.safety_checked_at, t.is_active, t.attributes,
                    t.titles)
            """)
    }

    /// Those that nothing tells apart from the others of their family: a shopper could not know what comes.
    private func indistinct(
        among part: [String], of supplier: String, met sync: UUID, _ tx: Transaction<EveryTenant>
    ) async throws -> [(reference: String, reason: String)] {
        try await tx.execute(
            """
            select v.reference, (select string_agg(e.attribute, ', ')
                from jsonb_array_elements_text(v.options) as e (attribute) where not exists (
                    select from shop.catalogue_attribute a
                    where a.supplier = v.supplier and a.reference = e.attribute)) as nameless
            from shop.catalogue_item v
            join shop.catalogue_item p on p.supplier = v.supplier and p.source_id = v.family and p.is_varied
            where v.supplier = \(supplier) and v.reference = any(\(part)) and not v.is_active
                and v.seen_by = \(sync) order by v.reference
            """
        ).rows.map { row in
            let nameless: String? = try row.decode("nameless")
            return (
                try row.decode("reference"),
                nameless.map { "its attributes \($0) have no name" } ?? "no list tells its attributes"
            )
        }
    }
}
