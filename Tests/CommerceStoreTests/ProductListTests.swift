import Commerce
import Foundation
import Postgres
import Testing

@testable import CommerceStore

/// The merchant's list of products, and a coupon's story.
@Suite struct ProductListTests {
    private func pages(
        _ shop: TestShop, _ filter: ProductList.Filter, search: String = ""
    ) async throws -> [[ProductID]] {
        try await shop.transaction { tx in
            let pricing = try await ProductPrices().terms(in: tx).pricing
            var pages: [[ProductID]] = []
            var last: ProductID?
            repeat {
                let page = try await ProductList().page(
                    filter, search: search, after: last, pricing: pricing, in: tx)
                pages.append(page.products.map(\.id))
                last = page.next
            } while last != nil
            return pages
        }
    }

    @Test("pages meet every product once, whichever of them are asked for")
    func pages() async throws {
        let shop = try await TestShop.open(products: 120)
        let losing = Set(shop.products.enumerated().filter { $0.offset % 2 == 0 }.map(\.element))
        try await shop.transaction { tx in
            for product in losing { try await Products().recordCost(.eur(2000), of: product, in: tx) }
        }

        let all = try await pages(shop, .all)
        let lost = try await pages(shop, .losing)

        #expect(all.map(\.count) == [50, 50, 20])
        #expect(Set(all.joined()) == Set(shop.products))
        #expect(lost.map(\.count) == [50, 10] && Set(lost.joined()) == losing)
        #expect(try await pages(shop, .published, search: "sku-12") == pages(shop, .all, search: "SKU-12"))
        #expect(try await pages(shop, .all, search: "un LUCRU").joined().count == 120)
        #expect(try await pages(shop, .paused) == [[]])
    }

    @Test("a discount under which products lose money is told how many")
    func losing() async throws {
        let shop = try await TestShop.open(products: 3)

        let found = try await shop.transaction { tx in
            let pricing = try await ProductPrices().terms(in: tx).pricing
            // 15.00 less 4.00 leaves 0.67 after 10.00 and 3 %; less 5.00 it loses.
            return [
                try await ProductList().losing(at: .amount(.eur(400)), pricing: pricing, in: tx).losing,
                try await ProductList().losing(at: .amount(.eur(500)), pricing: pricing, in: tx).losing,
            ]
        }

        #expect(found == [0, 3])
    }

    @Test("a coupon tells its orders, what it gave, and that it has ended")
    func coupon() async throws {
        let shop = try await TestShop.open()
        try await shop.transaction { tx in
            try await Coupons().add(
                Coupon(code: "TENTH", kind: .percent(.percent(10)), minimum: .eur(0)), in: tx)
        }
        let quote = try await shop.transaction { tx in
            let cart = try await Carts().open(
                token: UUID().uuidString, language: .english, country: .romania, in: tx)
            try await Carts().add(1, of: shop.products[0], to: cart.id, in: tx)
            try await Carts().applyCoupon("tenth", to: cart.id, at: TestShop.now, in: tx)
            return try await Quotes().freeze(cart.id, at: TestShop.now, in: tx)
        }
        let order = try await shop.place(shop.checkout(quote))

        let (line, uses) = try await shop.transaction { tx in
            try await Coupons().end("tenth", in: tx)
            return (try await Coupons().line("tenth", in: tx), try await Coupons().uses(of: "tenth", in: tx))
        }

        #expect(line.coupon.uses == 1 && line.given == .eur(150) && !line.coupon.isActive)
        #expect(uses.map(\.number) == [order.number] && uses.map(\.discount) == [.eur(150)])
        #expect(
            try await shop.transaction { try await Coupons().list(in: $0).map(\.coupon.code) } == ["TENTH"])
        await #expect(throws: StoreError.self) {
            try await shop.transaction { try await Coupons().end("nobody", in: $0) }
        }
    }

    @Test("another store's products, suppliers and codes cannot be reached")
    func isolation() async throws {
        let (shop, other) = (try await TestShop.open(), try await TestShop.open())
        try await shop.transaction { tx in
            try await Coupons().add(
                Coupon(code: "MINE", kind: .percent(.percent(10)), minimum: .eur(0)), in: tx)
        }
        let product = shop.products[0]

        await #expect(throws: StoreError.notFound(.product, "\(product)")) {
            try await other.transaction { try await ProductPrices().set(.eur(9900), of: product, in: $0) }
        }
        await #expect(throws: StoreError.notFound(.product, "\(product)")) {
            try await other.transaction { try await ProductPrices().publish(product, in: $0) }
        }
        await #expect(throws: StoreError.notFound(.supplier, "\(shop.supplier)")) {
            try await other.transaction { try await OwnSuppliers().load(shop.supplier, in: $0) }
        }
        await #expect(throws: StoreError.notFound(.coupon, "MINE")) {
            try await other.transaction { try await Coupons().line("MINE", in: $0) }
        }
        #expect(try await other.transaction { try await Products().load([product], in: $0).isEmpty })
        #expect(try await shop.transaction { try await Products().load(product, in: $0).price } == .eur(1500))
    }
}
