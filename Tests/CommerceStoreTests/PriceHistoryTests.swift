import Commerce
import Foundation
import Testing

@testable import CommerceStore

// What shoppers have seen is kept by a trigger; these tests write the days before today by hand, since no
// clock of ours can bring them back.

@Suite struct PriceHistoryTests {
    /// A moment at which everything that has been committed is past.
    private static var soon: Date { Date().addingTimeInterval(60) }

    private static func wasOffered(
        _ price: Int64, daysAgo: Int, _ shop: TestShop, _ place: Int = 0
    ) async throws {
        _ = try await shop.transaction { tx in
            try await tx.execute(
                """
                insert into shop.price_history (tenant_id, product_id, currency, valid_from, price_minor)
                values (\(shop.tenant.rawValue), \(shop.products[place].rawValue), 'EUR',
                    now() - make_interval(days => \(Int32(daysAgo))), \(price))
                """)
        }
    }

    private static func reductions(_ shop: TestShop, at now: Date) async throws -> [PriceReduction?] {
        try await shop.transaction { tx in
            let products = try await Products().load(shop.products, in: tx)
            let announced = try await Products().announcing(products, at: now, in: tx)
            return shop.products.map { id in announced.first { $0.id == id }?.reduction }
        }
    }

    @Test("a price that was put down is announced against the lowest of the thirty days before")
    func reduced() async throws {
        let shop = try await TestShop.open()
        // The first is older than any window, and still the price at its beginning.
        try await Self.wasOffered(2500, daysAgo: 200, shop)
        try await Self.wasOffered(2000, daysAgo: 20, shop)
        try await Self.wasOffered(3000, daysAgo: 2, shop)

        let found = try await Self.reductions(shop, at: Self.soon)

        #expect(found[0]?.lowestBefore == .eur(2000))
        #expect(found[0]?.price == .eur(1500))
        #expect(found[0]?.percent == 25)
        #expect(found[1] == nil)
    }

    @Test("the trigger keeps every price, and a price that goes up ends the announcement")
    func trigger() async throws {
        let shop = try await TestShop.open(products: 1)
        try await Self.wasOffered(2000, daysAgo: 40, shop)
        #expect(try await Self.reductions(shop, at: Self.soon)[0]?.lowestBefore == .eur(2000))

        try await shop.transaction { try await Products().setPrice(.eur(2100), of: shop.products[0], in: $0) }

        #expect(try await Self.reductions(shop, at: Self.soon) == [nil])
        let kept = try await shop.transaction {
            try await Products().priceHistory(of: shop.products[0], at: Self.soon, in: $0).latest
        }
        #expect(kept.map(\.price) == [.eur(2100), .eur(1500), .eur(2000)])
    }

    @Test("a reduction that is older than the window is the price by now")
    func old() async throws {
        let shop = try await TestShop.open(products: 1)
        try await Self.wasOffered(2000, daysAgo: 90, shop)
        try await Self.wasOffered(1500, daysAgo: 45, shop)

        #expect(try await Self.reductions(shop, at: Self.soon) == [nil])
    }

    @Test("another store's prices are not seen")
    func isolation() async throws {
        let shop = try await TestShop.open(products: 1)
        let other = try await TestShop.open(products: 1)

        let seen = try await other.transaction {
            try await Products().priceHistory(of: shop.products[0], at: Self.soon, in: $0).latest
        }

        #expect(seen.isEmpty)
    }
}
