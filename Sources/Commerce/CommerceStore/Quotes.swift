package import Commerce
package import Foundation
internal import Postgres

// From a basket to a promise. Basket and products are held still while the price is made, so what is frozen
// belonged together at one moment. What may be sold is decided by `SaleDecision`; a refusal is thrown after
// nothing was written, and the caller takes the product off the shelf (`Products.takeOffSale`): in a
// transaction of its own, or in this one when it held the products `.changing` from the start.

package struct Quotes: Sendable {
    private let carts = Carts()
    private let products = Products()
    private let stores = Stores()

    package init() {}

    /// Freezes the basket for fifteen minutes.
    /// - Parameter shippingCosts: what the suppliers ask for each parcel, when they were asked; otherwise the
    ///   supplier's usual price of a parcel is taken.
    package func freeze(
        _ cart: CartID, shippingCosts: [SupplierGroupKey: Money]? = nil, at now: Date,
        in tx: Transaction<OneTenant>
    ) async throws -> Quote {
        let cart = try await carts.lock(cart, in: tx)
        guard !cart.isEmpty else { throw StoreError.cartEmpty }
        let held = try await products.lock(cart.lines.map(\.product.id), in: tx)
        let byID = Dictionary(uniqueKeysWithValues: held.map { ($0.id, $0) })
        var lines: [(product: Product, quantity: Int)] = []
        for line in cart.lines {
            guard let product = byID[line.product.id], product.isForSale else {
                throw StoreError.notForSale(line.product.sku)
            }
            guard product.available >= line.quantity else {
                throw StoreError.notEnoughUnits(product.sku, left: product.available)
            }
            lines.append((product, line.quantity))
        }
        let store = try await stores.load(in: tx)
        let pricing = try await stores.pricing(of: store, at: now, in: tx)
        let costs = try await parcelCosts(lines.map(\.product), asked: shippingCosts, in: tx)
        let discount = try await discount(of: cart, at: now, in: tx)
        var draft = QuoteDraft(
            lines: try lines.map { try DraftLine($0.product, quantity: $0.quantity) },
            shippingCharged: store.shipping, shippingCosts: costs)
        switch discount {
        case .percent(let share): draft.discount = share
        case .amount(let amount): draft.discountAmount = amount
        }
        let quote = try draft.quote(pricing, plan: store.plan, id: QuoteID(), at: now)
        if let refusal = quote.decision.refusal {
            throw StoreError.saleRefused(refusal, products: lines.map(\.product.id))
        }
        let writing = QuoteWriting(
            quote: quote, cart: cart, lines: lines.map(\.product), tenant: tx.tenantUUID)
        try await tx.pipeline(writing.queries)
        return quote
    }

    /// The quote as it was frozen, whether or not it has expired.
    package func load(_ id: QuoteID, in tx: Transaction<OneTenant>) async throws -> Quote {
        let results = try await tx.pipeline([
            "select * from shop.quote where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)",
            """
            select * from shop.quote_line
            where tenant_id = \(tx.tenantUUID) and quote_id = \(id.rawValue) order by position
            """,
            """
            select * from shop.quote_shipment
            where tenant_id = \(tx.tenantUUID) and quote_id = \(id.rawValue) order by position
            """,
        ])
        let row = try results[0].only(orThrow: .notFound(.quote, "\(id)"))
        return try Quote(row: row, lines: results[1], shipments: results[2])
    }

    /// The quote, unless it has expired.
    package func loadValid(_ id: QuoteID, at now: Date, in tx: Transaction<OneTenant>) async throws -> Quote {
        let quote = try await load(id, in: tx)
        guard !quote.isExpired(at: now) else { throw StoreError.quoteExpired(at: quote.expiresAt) }
        return quote
    }

    /// The last look before an order: the total is what the shopper saw, everything is still for sale, and
    /// at the costs of this moment nobody sells at a loss. The products stay held until the transaction
    /// ends. What is charged is the quote's, whatever has changed since.
    /// - Parameter hold: `.changing` for a caller who takes off sale what is refused, in this transaction.
    package func confirm(
        _ checkout: Checkout, holding hold: Products.Hold = .reading, in tx: Transaction<OneTenant>
    ) async throws -> Quote {
        let quote = try await loadValid(checkout.quote, at: checkout.createdAt, in: tx)
        if case .changed(let seen, let now) = quote.drift(fromSeen: checkout.seenTotal) {
            throw StoreError.totalChanged(seen: seen, now: now)
        }
        let held = try await products.lock(quote.lines.map(\.wish.product), for: hold, in: tx)
        let byID = Dictionary(uniqueKeysWithValues: held.map { ($0.id, $0) })
        var lines: [DraftLine] = []
        for line in quote.lines {
            guard let product = byID[line.wish.product] else {
                throw StoreError.notFound(.product, "\(line.wish.product)")
            }
            guard product.isForSale else { throw StoreError.notForSale(product.sku) }
            var wish = line.wish
            wish.unitCost = product.cost
            lines.append(wish)
        }
        let draft = QuoteDraft(
            lines: lines, discount: quote.discount,
            // A discount without a percentage was a fixed amount.
            discountAmount: quote.discount == .zero ? quote.discountTotal : nil,
            shippingCharged: quote.shipping,
            shippingCosts: Dictionary(uniqueKeysWithValues: quote.shipments.map { ($0.group, $0.cost) }))
        let fresh = try draft.quote(quote.pricing, plan: quote.plan, id: quote.id, at: quote.createdAt)
        if let refusal = fresh.decision.refusal {
            throw StoreError.saleRefused(refusal, products: quote.lines.map(\.wish.product))
        }
        return quote
    }

    private func discount(
        of cart: Cart, at now: Date, in tx: Transaction<OneTenant>
    ) async throws -> Discount {
        guard let code = cart.couponCode else { return .none }
        // A coupon that ended since it was put in is no reason to refuse the sale; the total simply shows
        // it.
        let coupon = try await Coupons().find(code, in: tx)
        guard let coupon, coupon.refusal(goods: cart.goods, at: now) == nil else { return .none }
        return coupon.discount
    }

    private func parcelCosts(
        _ products: [Product], asked: [SupplierGroupKey: Money]?, in tx: Transaction<OneTenant>
    ) async throws -> [SupplierGroupKey: Money] {
        if let asked { return asked }
        let rows = try await tx.execute(
            """
            select id, currency, parcel_shipping_minor from shop.supplier
            where tenant_id = \(tx.tenantUUID) and id = any(\(products.map(\.supplier.rawValue)))
            """
        ).rows
        var usual: [SupplierID: Money] = [:]
        for row in rows { usual[try row.id("id")] = try row.money("parcel_shipping_minor", in: "currency") }
        var costs: [SupplierGroupKey: Money] = [:]
        for product in products { costs[product.group] = usual[product.supplier] }
        return costs
    }
}

extension Product {
    package var group: SupplierGroupKey { SupplierGroupKey(supplier: supplier, warehouse: warehouse) }
}

extension DraftLine {
    init(_ product: Product, quantity: Int) throws {
        self.init(
            product: product.id, quantity: try Quantity(quantity), unitPrice: product.price,
            unitCost: product.cost,
            group: product.group, isPlatformCatalogue: product.isPlatformCatalogue)
    }
}
