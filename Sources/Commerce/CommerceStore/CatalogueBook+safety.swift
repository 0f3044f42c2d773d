package import Commerce
package import Foundation
internal import Postgres

// What the law wants beside an offer is told article by article, so that it is asked for only where it
// counts: of what lies in stock or is on a store's shelf, the shelves first. Every asking is written down,
// also the one that brought nothing; so a pull that was cut off goes on where it stood, and an article whose
// answer cannot be read does not stand at the head of the line for ever. Of variations it is their product
// that is asked of, once for all; `unfold` hands them its answer.

extension CatalogueBook {
    /// An article whose supplier is to be asked.
    package struct Unasked: Sendable, Codable, Equatable {
        package let reference: SKU
        package let sourceID: String
    }

    /// What became of one answer.
    package enum Told: Sendable, Equatable {
        case same, changed
        /// It could be listed and could not any more: kept apart until the pull is judged.
        case held
    }

    /// Data that is whole seldom changes.
    private static let wholeDays = 30
    /// Suppliers fill gaps late, and goods cannot be sold until they do.
    private static let lackingDays = 7
    /// What could not be read may be readable tomorrow.
    private static let unreadableDays = 1

    /// The articles of which the supplier has to be asked by `now`: new ones, those that became another
    /// article, those whose data is missing, and those that were asked long ago.
    package func toAsk(
        of supplier: String, by now: Date, limit: Int, _ tx: Transaction<EveryTenant>
    ) async throws -> [Unasked] {
        let pool = PlatformStock.pool(of: supplier)
        return try await tx.execute(
            """
            with wanted as (
                select coalesce(v.family, v.source_id) as source_id,
                    bool_or(p.reference is not null) as is_taken
                from shop.catalogue_item v
                left join shop.stock_item s on s.pool = \(pool) and s.reference = v.reference
                left join (select distinct supplier_reference as reference from shop.product
                    where stock_pool = \(pool) and status <> 'draft') p on p.reference = v.reference
                where v.supplier = \(supplier) and v.is_active and (s.seen > 0 or p.reference is not null)
                group by 1
            )
            select i.reference, i.source_id
            from wanted w
            join shop.catalogue_item i on i.supplier = \(supplier) and i.source_id = w.source_id
            where (i.safety_asked_at is null or i.safety_asked_at <= \(now)::timestamptz
                    - make_interval(days => case
                        when i.safety_checked_at is distinct from i.safety_asked_at
                            then \(Self.unreadableDays)::integer
                        when i.safety_missing = '{}' then \(Self.wholeDays)::integer
                        else \(Self.lackingDays)::integer end))
            order by not w.is_taken, i.safety_asked_at nulls first, i.reference limit \(limit)
            """
        ).rows.map { row in
            Unasked(reference: try row.raw("reference"), sourceID: try row.decode("source_id"))
        }
    }

    /// Those of the articles that have not been asked for since `begun`, in the order given.
    package func unasked(
        among articles: [Unasked], of supplier: String, since begun: Date, _ tx: Transaction<EveryTenant>
    ) async throws -> [Unasked] {
        let asked = try await tx.execute(
            """
            select reference from shop.catalogue_item
            where supplier = \(supplier) and reference = any(\(articles.map(\.reference.rawValue)))
                and safety_asked_at >= \(begun)
            """
        ).column(0, as: String.self)
        return articles.filter { !asked.contains($0.reference.rawValue) }
    }

    /// Keeps what the supplier told of an article. What would take it off the shelves is kept apart, and the
    /// article is asked of again tomorrow as one whose answer could not be read.
    package func saveSafety(
        _ safety: ProductSafety, of article: Unasked, at supplier: String, asked now: Date,
        _ tx: Transaction<EveryTenant>
    ) async throws -> Told {
        let document = JSONText.object(safety)
        let missing = safety.missing.map(\.rawValue)
        let before = try await tx.first(
            """
            select safety = \(document) and safety_missing = \(missing) as is_same,
                safety_missing = '{}' as was_whole
            from shop.catalogue_item
            where supplier = \(supplier) and reference = \(article.reference.rawValue) for no key update
            """)
        if missing.isEmpty {
            try await SafetyLosses().forget(article, at: supplier, tx)
        } else if let before, try before.decode("was_whole", as: Bool.self) {
            try await SafetyLosses().hold(safety, of: article, at: supplier, found: now, tx)
            try await noteSilence(of: article, at: supplier, asked: now, isAnswer: false, tx)
            return .held
        }
        try await tx.execute(
            """
            update shop.catalogue_item set safety = \(document), safety_missing = \(missing),
                safety_before = case when safety = \(document) then safety_before else safety end,
                safety_checked_at = \(now), safety_asked_at = \(now),
                changed_at = case when safety = \(document) then changed_at else now() end
            where supplier = \(supplier) and reference = \(article.reference.rawValue)
            """)
        guard let before, try !before.decode("is_same", as: Bool.self) else { return .same }
        return .changed
    }

    /// Notes that the supplier was asked and told nothing. What it told before is kept: an answer that stays
    /// out does not make it wrong.
    package func noteSilence(
        of article: Unasked, at supplier: String, asked now: Date, isAnswer: Bool,
        _ tx: Transaction<EveryTenant>
    ) async throws {
        try await tx.execute(
            """
            update shop.catalogue_item set safety_asked_at = \(now),
                safety_checked_at = case when \(isAnswer) then \(now)::timestamptz else safety_checked_at end
            where supplier = \(supplier) and reference = \(article.reference.rawValue)
            """)
    }

    /// Those of the articles that may not be listed, with what the law still wants of them.
    package func lacking(
        among articles: [SKU], of supplier: String, _ tx: Transaction<EveryTenant>
    ) async throws -> [(reference: SKU, missing: [ProductSafety.Need])] {
        try await tx.execute(
            """
            select reference, safety_missing from shop.catalogue_item
            where supplier = \(supplier) and reference = any(\(articles.map(\.rawValue)))
                and safety_missing <> '{}' order by reference
            """
        ).rows.map { (try $0.raw("reference"), try $0.needs("safety_missing")) }
    }
}

extension Row {
    /// What the law wants and is missing, as it is stored.
    func needs(_ column: String) throws -> [ProductSafety.Need] {
        try decode(column, as: [String].self).compactMap(ProductSafety.Need.init(rawValue:))
    }
}
