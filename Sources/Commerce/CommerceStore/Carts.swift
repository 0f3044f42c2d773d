package import Commerce
package import Foundation
internal import Postgres

// A shopper's basket. It is found by an unguessable token, holds limits that keep a basket a basket, and
// remembers the price at which a thing was put in, so that the page can say what changed since.

package struct Cart: Sendable, Equatable {
    package let id: CartID
    package let token: String
    package let currency: Currency
    package let language: Language
    package let country: CountryCode
    package let couponCode: String?
    package let lines: [Line]

    package struct Line: Sendable, Equatable {
        package let product: Product
        package let quantity: Int
        package let seenPrice: Money

        package var total: Money { product.price * quantity }
    }

    package var isEmpty: Bool { lines.isEmpty }
    package var unitCount: Int { lines.reduce(0) { $0 + $1.quantity } }
    package var goods: Money { lines.map(\.total).total(currency) }
}

package struct Carts: Sendable {
    /// As the database's constraint has it.
    package static let quantityLimit = 99
    /// More different things than anyone buys at once; bounds the work of a quote.
    package static let lineLimit = 50

    private let products = Products()

    package init() {}

    /// Finds the basket of this token, or makes an empty one.
    package func open(
        token: String, language: Language, country: CountryCode, in tx: Transaction<OneTenant>
    ) async throws -> Cart {
        if let cart = try await find(token: token, in: tx) { return cart }
        try await tx.execute(
            """
            insert into shop.cart (tenant_id, id, token, currency, locale, country)
            select tenant_id, \(CartID().rawValue), \(token), currency, \(language.rawValue),
                \(country.rawValue)
            from shop.store where tenant_id = \(tx.tenantUUID)
            on conflict (tenant_id, token) do nothing
            """)
        guard let cart = try await find(token: token, in: tx) else {
            throw StoreError.notFound(.store, "\(tx.tenant)")
        }
        return cart
    }

    package func find(token: String, in tx: Transaction<OneTenant>) async throws -> Cart? {
        let found = try await tx.first(
            "select * from shop.cart where tenant_id = \(tx.tenantUUID) and token = \(token)")
        guard let row = found else { return nil }
        return try await assemble(row, in: tx)
    }

    /// Holds the basket still until the transaction ends.
    func lock(_ id: CartID, in tx: Transaction<OneTenant>) async throws -> Cart {
        let found = try await tx.first(
            "select * from shop.cart where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue) for update")
        guard let row = found else { throw StoreError.notFound(.cart, "\(id)") }
        return try await assemble(row, in: tx)
    }

    /// Adds to what is there already. The sum is held to the limit and to what the store sells.
    package func add(
        _ quantity: Int, of product: ProductID, to cart: CartID, in tx: Transaction<OneTenant>
    ) async throws {
        guard (1...Self.quantityLimit).contains(quantity) else {
            throw StoreError.quantityOutOfRange(asked: quantity, limit: Self.quantityLimit)
        }
        let current = try await lock(cart, in: tx)
        let before = current.lines.first { $0.product.id == product }?.quantity ?? 0
        try await set(before + quantity, of: product, in: current, tx)
    }

    /// Sets the quantity; zero takes the line out.
    package func setQuantity(
        _ quantity: Int, of product: ProductID, in cart: CartID, in tx: Transaction<OneTenant>
    ) async throws {
        let current = try await lock(cart, in: tx)
        guard quantity != 0 else { return try await remove(product, from: cart, in: tx) }
        try await set(quantity, of: product, in: current, tx)
    }

    package func remove(_ product: ProductID, from cart: CartID, in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            """
            delete from shop.cart_line
            where tenant_id = \(tx.tenantUUID) and cart_id = \(cart.rawValue)
                and product_id = \(product.rawValue)
            """)
    }

    /// Nil takes the coupon off. An unknown or expired one is refused.
    package func applyCoupon(
        _ code: String?, to cart: CartID, at now: Date, in tx: Transaction<OneTenant>
    ) async throws {
        if let code {
            let coupon = try await Coupons().find(code, in: tx)
            guard let coupon else { throw StoreError.notFound(.coupon, code) }
            // One that asks for more goods than there are yet may be put in already.
            switch coupon.refusal(goods: coupon.minimum, at: now) {
            case nil, .tooSmall?: break
            case .notYet?, .ended?, .usedUp?: throw StoreError.notFound(.coupon, code)
            }
        }
        try await tx.execute(
            """
            update shop.cart set coupon_code = \(code?.uppercased())
            where tenant_id = \(tx.tenantUUID) and id = \(cart.rawValue)
            """)
    }

    package func empty(_ cart: CartID, in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            "delete from shop.cart_line where tenant_id = \(tx.tenantUUID) and cart_id = \(cart.rawValue)")
    }

    private func set(
        _ quantity: Int, of id: ProductID, in cart: Cart, _ tx: Transaction<OneTenant>
    ) async throws {
        guard (1...Self.quantityLimit).contains(quantity) else {
            throw StoreError.quantityOutOfRange(asked: quantity, limit: Self.quantityLimit)
        }
        let product = try await products.load(id, in: tx)
        guard product.isForSale else { throw StoreError.notForSale(product.sku) }
        guard product.price.currency == cart.currency else {
            throw StoreError.currencyDiffers(expected: cart.currency, found: product.price.currency)
        }
        guard cart.lines.count < Self.lineLimit || cart.lines.contains(where: { $0.product.id == id }) else {
            throw StoreError.tooManyLines(limit: Self.lineLimit)
        }
        try await refuseLoss(product, tx)
        try await tx.execute(
            """
            insert into shop.cart_line (tenant_id, cart_id, product_id, quantity, seen_price_minor)
            values (\(tx.tenantUUID), \(cart.id.rawValue), \(id.rawValue), \(Int32(quantity)),
                \(product.price.minorUnits))
            on conflict (tenant_id, cart_id, product_id)
                do update set quantity = excluded.quantity, seen_price_minor = excluded.seen_price_minor
            """)
    }

    /// The guard at the basket: one piece, sold alone, must not lose money at this moment's cost.
    private func refuseLoss(_ product: Product, _ tx: Transaction<OneTenant>) async throws {
        let store = try await Stores().load(in: tx)
        let pricing = try await Stores().pricing(of: store, at: nil, in: tx)
        let alone = try product.saleOfOne(pricing)
        guard alone.margin.isNegative else { return }
        throw StoreError.saleRefused(.marginNegative(alone), products: [product.id])
    }

    private func assemble(_ row: Row, in tx: Transaction<OneTenant>) async throws -> Cart {
        let id: CartID = try row.id("id")
        let currency = try row.currency()
        let stored = try await tx.execute(
            """
            select product_id, quantity, seen_price_minor from shop.cart_line
            where tenant_id = \(tx.tenantUUID) and cart_id = \(id.rawValue) order by added_at, product_id
            """
        ).rows
        let ids: [ProductID] = try stored.map { try $0.id("product_id") }
        let found = ids.isEmpty ? [] : try await products.load(ids, in: tx)
        let byID = Dictionary(uniqueKeysWithValues: found.map { ($0.id, $0) })
        let lines = try stored.compactMap { line -> Cart.Line? in
            guard let product = byID[try line.id("product_id")] else { return nil }
            return Cart.Line(
                product: product, quantity: try line.int("quantity"),
                seenPrice: try line.money("seen_price_minor", currency))
        }
        return Cart(
            id: id, token: try row.decode("token"), currency: currency, language: try row.raw("locale"),
            country: try row.raw("country"), couponCode: try row.decode("coupon_code"), lines: lines)
    }
}
