import Commerce
import Foundation
import Postgres
import Testing

@testable import CommerceStore

/// What a coupon allows in all is held where orders are written, and not where prices are asked.
@Suite struct CouponUseTests {
    private func checkout(_ shop: TestShop, with code: String) async throws -> Checkout {
        let quote = try await shop.transaction { tx in
            let cart = try await Carts().open(
                token: UUID().uuidString, language: .english, country: .romania, in: tx)
            try await Carts().add(1, of: shop.products[0], to: cart.id, in: tx)
            try await Carts().applyCoupon(code, to: cart.id, at: TestShop.now, in: tx)
            return try await Quotes().freeze(cart.id, at: TestShop.now, in: tx)
        }
        return try await shop.checkout(quote)
    }

    @Test("of two orders with a coupon's last use one is placed, and the other is told")
    func lastUse() async throws {
        let shop = try await TestShop.open()
        try await shop.transaction { tx in
            try await Coupons().add(
                Coupon(code: "ONCE", kind: .percent(BasisPoints(100)), minimum: .eur(0), useLimit: 1), in: tx)
        }
        let checkouts = [try await checkout(shop, with: "once"), try await checkout(shop, with: "once")]

        let refusals = try await withThrowingTaskGroup(of: Problem?.self) { group in
            for checkout in checkouts {
                group.addTask { try await problem { try await shop.place(checkout) } }
            }
            return try await group.reduce(into: [Problem]()) { all, one in if let one { all.append(one) } }
        }

        #expect(refusals == [.couponUsedUp])
        let placed = try await shop.transaction { tx in
            try await Orders().recent(in: tx).count
        }
        #expect(placed == 1)
        // Placing it again finds the order, whatever is left of the coupon.
        for checkout in checkouts { _ = try await problem { try await shop.place(checkout) } }
        #expect(try await shop.transaction { try await Orders().recent(in: $0).count } == 1)
        await #expect(throws: StoreError.self) { try await checkout(shop, with: "once") }
    }
}
