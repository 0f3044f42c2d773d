package import Commerce
internal import Foundation
internal import Postgres

// What a store sells. Costs and prices move under the row's lock: a sync that raises a cost and a checkout
// that freezes one take turns, in the order of ids, so they cannot deadlock.

package struct Product: Sendable, Equatable {
    package let id: ProductID
    package let slug: String
    package let sku: SKU
    package let supplier: SupplierID
    /// Where the supplier comes from: the platform takes its markup on its own catalogue only.
    package let isPlatformCatalogue: Bool
    package let supplierReference: SKU
    package let warehouse: WarehouseCode
    package let stockPool: String
    /// As the supplier charges it, in the supplier's currency.
    package let cost: Money
    /// As the shopper pays it, VAT included.
    package let price: Money
    package let vatRate: BasisPoints
    package let title: [Language: String]
    package let description: [Language: String]
    package let imageURL: String?
    package let status: Status
    package let pausedReason: String?
    package let safety: [String: String]
    /// How much is in one piece, for the price per unit; nil where nobody knows or it is sold by the piece.
    package let content: ContentQuantity?
    /// What the supplier last said it has, less what unpaid orders hold.
    package let available: Int
    /// What may be announced of its price, where somebody has asked (`Products.announcing`).
    package var reduction: PriceReduction?

    package enum Status: String, Sendable {
        case draft, published, paused
    }

    package var isForSale: Bool { status == .published }

    /// What one kilogram, litre, metre or square metre of it costs; nil where that needs no telling.
    package var unitPrice: (price: Money, unit: ContentUnit)? {
        guard let content, let price = content.unitPrice(at: price) else { return nil }
        return (price, content.unit)
    }

    /// In the language asked for, else in English, else in any there is.
    package func title(in language: Language) -> String { Self.text(title, language) ?? slug }

    package func description(in language: Language) -> String { Self.text(description, language) ?? "" }

    static func text(_ texts: [Language: String], _ language: Language) -> String? {
        texts[language] ?? texts[.english] ?? texts.min { $0.key.rawValue < $1.key.rawValue }?.value
    }
}

package struct Products: Sendable {
    package init() {}

    package static let pageLimit = 100

    /// The published products, newest first, after the one that ended the page before.
    package func published(
        limit: Int = 24, after last: ProductID? = nil, in tx: Transaction<OneTenant>
    ) async throws -> [Product] {
        try await tx.execute(
            Self.products + """
                 where p.tenant_id = \(tx.tenantUUID) and p.status = 'published'
                    and (\(last?.rawValue)::uuid is null or (p.created_at, p.id) <
                        (select created_at, id from shop.product
                         where tenant_id = \(tx.tenantUUID) and id = \(last?.rawValue)))
                order by p.created_at desc, p.id desc limit \(min(limit, Self.pageLimit))
                """
        ).rows.map(Product.init(row:))
    }

    package func find(slug: String, in tx: Transaction<OneTenant>) async throws -> Product? {
        try await tx.first(Self.products + " where p.tenant_id = \(tx.tenantUUID) and p.slug = \(slug)")
            .map(Product.init(row:))
    }

    package func find(sku: SKU, in tx: Transaction<OneTenant>) async throws -> Product? {
        try await tx.first(
            Self.products + " where p.tenant_id = \(tx.tenantUUID) and p.sku = \(sku.rawValue)"
        )
        .map(Product.init(row:))
    }

    package func load(_ id: ProductID, in tx: Transaction<OneTenant>) async throws -> Product {
        guard let product = try await load([id], in: tx).first else {
            throw StoreError.notFound(.product, "\(id)")
        }
        return product
    }

    /// Those of the ids that exist in this store, in the order of ids.
    package func load(_ ids: [ProductID], in tx: Transaction<OneTenant>) async throws -> [Product] {
        try await tx.execute(Self.products + Self.among(ids, tx)).rows.map(Product.init(row:))
    }

    /// What a transaction will do with the products that it holds still.
    package enum Hold: Sendable {
        /// Only read them; many may do so at once.
        case reading
        /// Perhaps change them. Who read first and changes later waits for others who did the same, and
        /// they for him: so one takes turns from the start.
        case changing

        fileprivate var clause: Query {
            switch self {
            case .reading: " for share of p"
            case .changing: " for no key update of p"
            }
        }
    }

    /// The same, with costs and prices held still until the transaction ends; locked in the order of ids.
    package func lock(
        _ ids: [ProductID], for hold: Hold = .reading, in tx: Transaction<OneTenant>
    ) async throws -> [Product] {
        try await tx.execute(Self.products + Self.among(ids, tx) + hold.clause).rows.map(Product.init(row:))
    }

    /// What the supplier charges from now on. Existing quotes keep what they froze.
    package func recordCost(_ cost: Money, of id: ProductID, in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            """
            update shop.product set cost_minor = \(cost.minorUnits), cost_currency = \(cost.currency.rawValue)
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)
            """)
    }

    package func setPrice(_ price: Money, of id: ProductID, in tx: Transaction<OneTenant>) async throws {
        let product = try await load(id, in: tx)
        _ = try price.required(in: product.price.currency)
        try await tx.execute(
            """
            update shop.product set price_minor = \(price.minorUnits)
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)
            """)
    }

    /// Takes the product off the shelf, with the reason that the merchant reads.
    package func pause(_ id: ProductID, reason: String, in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            """
            update shop.product set status = 'paused', paused_reason = \(reason)
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue) and status <> 'paused'
            """)
    }

    /// Keeps a product out of the right of withdrawal, or lets it in again. Orders keep what was true at the
    /// sale.
    package func setWithdrawalExclusion(
        _ exclusion: WithdrawalExclusion?, of id: ProductID, in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.execute(
            """
            update shop.product set withdrawal_exclusion = \(exclusion?.rawValue)
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)
            """)
    }

    /// How much is in one piece; nil where it is sold by the piece.
    package func setContent(
        _ content: ContentQuantity?, of id: ProductID, in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.execute(
            """
            update shop.product set content_millionths = \(content?.millionths),
                content_unit = \(content?.unit.rawValue)
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)
            """)
    }

    package func publish(_ id: ProductID, in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            """
            update shop.product set status = 'published', paused_reason = null
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)
            """)
    }

    /// What one of the store's own suppliers says it has right now of one of its references. What the
    /// platform's have is for the platform to say (`PlatformStock`).
    package func observeStock(
        _ quantity: Int, of reference: SKU, pool: String, in tx: Transaction<OneTenant>
    ) async throws {
        let seen = Int32(clamping: max(0, quantity))
        try await tx.execute("select shop.observe_stock(\(pool), \(reference.rawValue), \(seen))")
    }

    private static func among(_ ids: [ProductID], _ tx: Transaction<OneTenant>) -> Query {
        " where p.tenant_id = \(tx.tenantUUID) and p.id = any(\(ids.map(\.rawValue))) order by p.id"
    }

    static var products: Query {
        """
        select p.*, s.platform_code is not null as is_platform_catalogue,
            greatest(coalesce(i.seen - i.reserved, 0), 0) as available
        from shop.product p
        join shop.supplier s on s.tenant_id = p.tenant_id and s.id = p.supplier_id
        left join shop.stock_item i on i.pool = p.stock_pool and i.reference = p.supplier_reference
        """
    }
}

extension Product {
    init(row: Row) throws {
        id = try row.id("id")
        slug = try row.decode("slug")
        sku = try row.raw("sku")
        supplier = try row.id("supplier_id")
        isPlatformCatalogue = try row.decode("is_platform_catalogue")
        supplierReference = try row.raw("supplier_reference")
        warehouse = try row.raw("warehouse")
        stockPool = try row.decode("stock_pool")
        cost = try row.money("cost_minor", in: "cost_currency")
        price = try row.money("price_minor", in: "currency")
        vatRate = try row.basisPoints("vat_bp")
        title = try row.json("title")
        description = try row.json("description")
        imageURL = try row.decode("image_url")
        status = try row.raw("status")
        pausedReason = try row.decode("paused_reason")
        safety = try row.json("safety")
        content = try row.content()
        available = try row.int("available")
    }
}

extension Row {
    fileprivate func content() throws -> ContentQuantity? {
        let told: (millionths: Int64?, unit: ContentUnit?) = (
            try decode("content_millionths"), try rawOrNil("content_unit")
        )
        guard let millionths = told.millionths, let unit = told.unit else { return nil }
        return ContentQuantity(millionths: millionths, unit: unit)
    }
}
