package import Commerce
package import Foundation
internal import Postgres

// What a shopper may ask of a store's shelf: a branch, what is in stock, a range of prices, words to look
// for, and an order. Pages are counted, and only so many: whoever is that far down needs a filter, and each
// further page would cost the database more than the one before.

/// A branch of a store's shelf.
package struct ShelfCategory: Sendable, Equatable {
    package let slug: String
    package let names: [Language: String]
    /// Published products in it.
    package let count: Int

    package func name(in language: Language) -> String {
        Product.text(names, language) ?? slug
    }
}

/// How the products of a page are ordered. Raw values stand in addresses.
package enum ShelfOrder: String, Sendable, CaseIterable {
    case newest, cheapest, dearest, name
    /// By how well they match the words; like `newest` where there are none.
    case best
}

/// What a page of the shelf shows.
package struct ShelfQuestion: Sendable, Equatable {
    package static let pageSize = 24
    package static let pageLimit = 50
    /// Longer questions are cut off before anybody looks for them.
    package static let wordsLimit = 100

    package var category: String?
    package var isInStockOnly = false
    package var lowest: Money?
    package var highest: Money?
    package var words: String?
    package var order = ShelfOrder.newest
    /// From 1.
    package var page = 1

    package init() {}
}

/// What the page of one product shows beside the product itself.
package struct ProductBackground: Sendable, Equatable {
    package let category: ShelfCategory?
    package let exclusion: WithdrawalExclusion?
    /// Sizes and colours of the same thing that are on the shelf.
    package let siblings: [Sibling]

    package struct Sibling: Sendable, Equatable {
        package let slug: String
        package let titles: [Language: String]

        package func title(in language: Language) -> String {
            Product.text(titles, language) ?? slug
        }
    }
}

/// A question that the database did not answer in time.
package struct SearchTookTooLong: Error {}

package struct Shelf: Sendable {
    private static let matchLimit: Int32 = 1000
    private static let categoryLimit: Int32 = 60
    private static let siblingLimit: Int32 = 12

    private let searchPatience: Duration

    /// - Parameter searchPatience: how long the database may work on what somebody typed. Longer than any
    ///   honest question takes, and short enough that strange ones do not hold connections.
    package init(searchPatience: Duration = .seconds(2)) {
        self.searchPatience = searchPatience
    }

    /// One page, and whether another follows. Throws `SearchTookTooLong`, and then the transaction is of no
    /// more use.
    package func page(
        _ question: ShelfQuestion, in language: Language, _ tx: Transaction<OneTenant>
    ) async throws -> (products: [Product], hasMore: Bool) {
        let isSearch = question.words != nil
        var query = Products.products
        if let words = question.words {
            query =
                query + """
                     join shop.search_products(\(language.rawValue), \(words), \(Self.matchLimit)) f
                    on f.product_id = p.id
                    """
        }
        query =
            query + """
                 where p.tenant_id = \(tx.tenantUUID) and p.status = 'published'
                    and (\(question.category)::text is null or p.category_id =
                        (select c.id from shop.category c
                         where c.tenant_id = \(tx.tenantUUID) and c.slug = \(question.category)))
                    and (not \(question.isInStockOnly) or i.seen - i.reserved > 0)
                    and (\(question.lowest?.minorUnits)::bigint is null
                        or p.price_minor >= \(question.lowest?.minorUnits))
                    and (\(question.highest?.minorUnits)::bigint is null
                        or p.price_minor <= \(question.highest?.minorUnits))
                """
        let size = ShelfQuestion.pageSize
        let place = min(max(question.page, 1), ShelfQuestion.pageLimit)
        query = query + Self.order(question.order, isSearch: isSearch, language)
        query = query + " limit \(size + 1) offset \((place - 1) * size)"
        if isSearch {
            let limit = "\(max(1, Int(searchPatience.timeInterval * 1_000)))ms"
            try await tx.execute("select set_config('statement_timeout', \(limit), true)")
        }
        let found: [Product]
        do {
            found = try await tx.execute(query).rows.map(Product.init(row:))
        } catch PostgresError.server(let refusal) where isSearch && refusal.sqlState == .queryCanceled {
            throw SearchTookTooLong()
        }
        return (Array(found.prefix(size)), found.count > size && place < ShelfQuestion.pageLimit)
    }

    private static func order(_ order: ShelfOrder, isSearch: Bool, _ language: Language) -> Query {
        switch order {
        case .best where isSearch: " order by f.rank desc, p.created_at desc, p.id desc"
        case .newest, .best: " order by p.created_at desc, p.id desc"
        case .cheapest: " order by p.price_minor, p.id"
        case .dearest: " order by p.price_minor desc, p.id desc"
        case .name:
            """
             order by shop.fold(coalesce(p.title ->> \(language.rawValue), p.title ->> 'en', p.slug)), p.id
            """
        }
    }

    /// The branches that have something on the shelf, the fullest first.
    package func categories(in tx: Transaction<OneTenant>) async throws -> [ShelfCategory] {
        try await tx.execute(
            """
            select c.slug, c.names, n.count::integer as count from (
                select category_id, count(*) from shop.product
                where tenant_id = \(tx.tenantUUID) and status = 'published' and category_id is not null
                group by category_id) n
            join shop.category c on c.tenant_id = \(tx.tenantUUID) and c.id = n.category_id
            order by n.count desc, c.slug limit \(Self.categoryLimit)
            """
        ).rows.map(ShelfCategory.init(row:))
    }

    package func background(
        of product: ProductID, in tx: Transaction<OneTenant>
    ) async throws -> ProductBackground {
        let found = try await tx.first(
            """
            select p.withdrawal_exclusion, c.slug, c.names, 0 as count from shop.product p
            left join shop.category c on c.tenant_id = p.tenant_id and c.id = p.category_id
            where p.tenant_id = \(tx.tenantUUID) and p.id = \(product.rawValue)
            """)
        guard let row = found else { throw StoreError.notFound(.product, "\(product)") }
        let siblings = try await tx.execute(
            """
            select o.slug, o.title from shop.product p
            join shop.product o on o.tenant_id = p.tenant_id and o.supplier_id = p.supplier_id
                and o.family = p.family and o.id <> p.id and o.status = 'published'
            where p.tenant_id = \(tx.tenantUUID) and p.id = \(product.rawValue)
            order by o.price_minor, o.id limit \(Self.siblingLimit)
            """
        ).rows
        return ProductBackground(
            category: try row.decode("slug", as: String?.self) == nil ? nil : ShelfCategory(row: row),
            exclusion: try row.rawOrNil("withdrawal_exclusion"),
            siblings: try siblings.map {
                ProductBackground.Sibling(slug: try $0.decode("slug"), titles: try $0.json("title"))
            })
    }

    /// Where the product that had this name in its address is now.
    package func successor(ofSlug slug: String, in tx: Transaction<OneTenant>) async throws -> String? {
        try await tx.first(
            """
            select p.slug from shop.product_slug s
            join shop.product p on p.tenant_id = s.tenant_id and p.id = s.product_id
            where s.tenant_id = \(tx.tenantUUID) and s.slug = \(slug)
            """
        )?.decode("slug")
    }

    /// Whether a draft was on the shelf once: others may still link to it.
    package func wasPublished(_ product: ProductID, in tx: Transaction<OneTenant>) async throws -> Bool {
        try await tx.first(
            """
            select first_published_at is not null as was_published from shop.product
            where tenant_id = \(tx.tenantUUID) and id = \(product.rawValue)
            """
        )?.decode("was_published") ?? false
    }

    /// Gives a product another name in its address; the one before leads here from then on.
    package func rename(_ product: ProductID, to slug: String, in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            """
            update shop.product set slug = \(slug)
            where tenant_id = \(tx.tenantUUID) and id = \(product.rawValue)
            """)
    }
}

extension ShelfCategory {
    fileprivate init(row: Row) throws {
        slug = try row.decode("slug")
        names = try row.json("names")
        count = try row.int("count")
    }
}

/// The addresses that a store shows to search engines.
package struct ShelfIndex: Sendable {
    /// Products in one file: each stands there once for every language, with all the others beside it.
    package static let fileSize = 1_000

    package struct Entry: Sendable, Equatable {
        package let slug: String
        package let changedAt: Date
    }

    package init() {}

    /// When the products of each file last changed, in the order of the files.
    package func files(in tx: Transaction<OneTenant>) async throws -> [Date] {
        try await tx.execute(
            """
            select max(updated_at) as changed_at from (
                select updated_at,
                    (row_number() over (order by created_at, id) - 1) / \(Self.fileSize) as file
                from shop.product where tenant_id = \(tx.tenantUUID) and status = 'published') numbered
            group by file order by file
            """
        ).rows.map { try $0.decode("changed_at") }
    }

    /// The products of one file, from 0.
    package func entries(ofFile file: Int, in tx: Transaction<OneTenant>) async throws -> [Entry] {
        try await tx.execute(
            """
            select slug, updated_at from shop.product
            where tenant_id = \(tx.tenantUUID) and status = 'published'
            order by created_at, id limit \(Self.fileSize) offset \(file * Self.fileSize)
            """
        ).rows.map { Entry(slug: try $0.decode("slug"), changedAt: try $0.decode("updated_at")) }
    }
}
