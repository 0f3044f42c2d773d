import Commerce
import CommerceStore
import Foundation
import Testing

/// The codes of a store, over HTTP.
@Suite("A merchant's discounts")
struct DashboardDiscountTests {
    private static let form = [
        "code": "spring-10", "kind": "percent", "value": "10", "minimum": "", "from": "2020-01-01",
        "until": "2099-12-31", "limit": "5",
    ]

    @Test("a code is made, shown with what it does to the margin, and ended")
    func life() async throws {
        let shelf = try await DashboardShelf.open()
        let path = "\(shelf.root)/discounts"

        #expect(try await shelf.merchant.get(path).body.contains("There is no code"))
        let made = try await shelf.post(path, Self.form)
        #expect(made.status == 303 && made.headers["location"] == "\(path)/SPRING-10")
        let page = try await shelf.merchant.get("\(path)/SPRING-10")
        #expect(page.body.contains("running") && page.body.contains("10 % off the goods"))
        #expect(page.body.contains("No order has used it") && !page.body.contains("would lose money"))
        #expect(try await shelf.merchant.get(path).body.contains("0 of 5"))

        #expect(try await shelf.post("\(path)/SPRING-10", ["act": "end"]).status == 303)

        #expect(try await shelf.merchant.get("\(path)/SPRING-10").body.contains("ended"))
        let coupon = try await shelf.inStore { try await Coupons().find("spring-10", in: $0) }
        #expect(coupon?.isActive == false && coupon?.useLimit == 5)
    }

    @Test("a code under which products would be sold at a loss says how many")
    func loss() async throws {
        let shelf = try await DashboardShelf.open()
        let form = Self.form.merging(["kind": "amount", "value": "7,50"]) { $1 }

        #expect(try await shelf.post("\(shelf.root)/discounts", form).status == 303)

        let page = try await shelf.merchant.get("\(shelf.root)/discounts/SPRING-10")
        #expect(page.body.contains("2 of 2 published") && page.body.contains("€7.50 off the goods"))
    }

    @Test("what cannot be read stays as it was typed, and points at its field")
    func refused() async throws {
        let shelf = try await DashboardShelf.open()
        let path = "\(shelf.root)/discounts"

        for (field, value) in [
            ("code", "\"><b>"), ("code", "ab"), ("value", "0"), ("value", "101"), ("value", "lots"),
            ("minimum", "-1"), ("from", "2026-11-31"), ("until", "2019-01-01"), ("limit", "0"),
        ] {
            let answer = try await shelf.post(path, Self.form.merging([field: value]) { $1 })
            #expect(answer.status == 422, "\(field) \(value)")
            #expect(answer.body.contains("id=\"\(field)-error\""), "\(field) \(value)")
            #expect(!answer.body.contains("\"><b>"), "\(field) \(value)")
            let kept = value == "\"><b>" ? "&quot;&gt;&lt;b&gt;" : value
            #expect(answer.body.contains("value=\"\(kept)\""), "\(field) \(value)")
        }
        #expect(try await shelf.post(path, Self.form).status == 303)
        let again = try await shelf.post(path, Self.form)
        #expect(again.status == 422 && again.body.contains("was used for another discount already"))
    }

    @Test("a viewer looks, and strangers find nothing")
    func roles() async throws {
        let shelf = try await DashboardShelf.open()
        let path = "\(shelf.root)/discounts"
        _ = try await shelf.post(path, Self.form)
        let (viewer, stranger) = (try await Merchant.signedUp(), try await Merchant.signedUp())
        try await viewer.join(shelf.shop.tenant, as: .viewer)

        #expect(try await viewer.get(path).status == 200)
        #expect(try await viewer.post(path, Self.form).status == 403)
        #expect(try await viewer.post("\(path)/SPRING-10", ["act": "end"]).status == 403)
        #expect(try await stranger.get(path).status == 404)
        #expect(try await stranger.get("\(path)/SPRING-10").status == 404)
        #expect(try await stranger.post("\(path)/SPRING-10", ["act": "end"]).status == 404)
        #expect(try await shelf.merchant.get("\(path)/NOBODY").status == 404)
        #expect(try await shelf.post("\(path)/NOBODY", ["act": "end"]).status == 404)
        #expect(try await shelf.inStore { try await Coupons().find("SPRING-10", in: $0) }?.isActive == true)
    }
}
