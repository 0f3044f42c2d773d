import Commerce
import Foundation
import Testing

@testable import CommerceStore

@Suite("A basket is bought once")
struct BasketTests {
    /// Two pages that show one basket, each at a quote of its own.
    private func twoTabs(_ shop: TestShop) async throws -> (cart: CartID, quotes: [Quote]) {
        try await shop.transaction { tx in
            let cart = try await Carts().open(
                token: UUID().uuidString, language: .english, country: .romania, in: tx)
            try await Carts().add(1, of: shop.products[0], to: cart.id, in: tx)
            return (
                cart.id,
                [
                    try await Quotes().freeze(cart.id, at: TestShop.now, in: tx),
                    try await Quotes().freeze(cart.id, at: TestShop.now, in: tx),
                ]
            )
        }
    }

    private func accept(_ quote: Quote, at now: Date = TestShop.now, _ shop: TestShop) async throws
        -> (checkout: Checkout, first: Bool)
    {
        try await shop.transaction { tx in
            try await Checkouts().create(TestShop.request(quote), at: now, in: tx)
        }
    }

    @Test("two tabs that accept it at the same time are one checkout")
    func twoTabsAtOnce() async throws {
        let shop = try await TestShop.open()
        let (_, quotes) = try await twoTabs(shop)

        let made = try await withThrowingTaskGroup(of: (CheckoutID, Bool).self) { group in
            for quote in quotes {
                group.addTask {
                    let (checkout, first) = try await accept(quote, shop)
                    return (checkout.id, first)
                }
            }
            return try await group.reduce(into: [(CheckoutID, Bool)]()) { $0.append($1) }
        }

        #expect(Set(made.map(\.0)).count == 1)
        #expect(made.filter(\.1).count == 1)
    }

    @Test("a second tab that comes after the order was placed is shown that order")
    func secondTabLater() async throws {
        let shop = try await TestShop.open()
        let (_, quotes) = try await twoTabs(shop)
        let (first, _) = try await accept(quotes[0], shop)
        _ = try await shop.place(first)

        let (second, isFirst) = try await accept(quotes[1], shop)

        #expect(second.id == first.id && !isFirst)
    }

    @Test("where nothing came of the first purchase the second tab may buy")
    func firstCameToNothing() async throws {
        let shop = try await TestShop.open()
        let (_, quotes) = try await twoTabs(shop)
        let (first, _) = try await accept(quotes[0], shop)
        let order = try await shop.place(first)
        try await shop.transaction { tx in
            _ = try await Orders().expire(order.id, at: TestShop.now, in: tx)
        }

        let (second, isFirst) = try await accept(quotes[1], shop)

        #expect(second.id != first.id && isFirst)
    }

    @Test("a basket that was filled again after a purchase is another purchase")
    func filledAgain() async throws {
        let shop = try await TestShop.open()
        let (cart, quotes) = try await twoTabs(shop)
        let (first, _) = try await accept(quotes[0], shop)
        let later = TestShop.now.addingTimeInterval(60)
        let fresh = try await shop.transaction { try await Quotes().freeze(cart, at: later, in: $0) }

        let (second, isFirst) = try await accept(fresh, at: later, shop)

        #expect(second.id != first.id && isFirst)
    }

    @Test("a page that was opened while the button's press was on its way buys the same basket, once")
    func openedMeanwhile() async throws {
        let shop = try await TestShop.open()
        let (cart, quotes) = try await twoTabs(shop)
        // Its request arrived after that of the press, or at a process whose clock is ahead.
        let after = TestShop.now.addingTimeInterval(5)
        let opened = try await shop.transaction { try await Quotes().freeze(cart, at: after, in: $0) }
        let (first, _) = try await accept(quotes[0], shop)

        let (second, isFirst) = try await accept(opened, at: after.addingTimeInterval(1), shop)

        #expect(second.id == first.id && !isFirst)
    }

    @Test("a clock that was set back hides no purchase from the next one")
    func clockSetBack() async throws {
        let shop = try await TestShop.open()
        let (cart, quotes) = try await twoTabs(shop)
        let (first, _) = try await accept(quotes[0], at: TestShop.now.addingTimeInterval(60), shop)
        let fresh = try await shop.transaction { tx in
            try await Quotes().freeze(cart, at: TestShop.now.addingTimeInterval(30), in: tx)
        }

        let (second, isFirst) = try await accept(fresh, at: TestShop.now.addingTimeInterval(31), shop)

        #expect(second.id != first.id && isFirst)
    }
}
