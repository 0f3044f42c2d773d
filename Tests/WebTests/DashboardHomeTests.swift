import Commerce
import CommerceStore
import Foundation
import Testing

/// A store's first page and its customers, over HTTP.
@Suite("A merchant's home")
struct DashboardHomeTests {
    @Test("a new store's home leads through its setup, and the list of stores leads home")
    func setup() async throws {
        let merchant = try await Merchant.signedUp()
        let store = try await merchant.openStore().store
        let root = "/stores/\(store)"

        #expect(try await merchant.get("/stores").body.contains("<a href=\"\(root)\">"))
        let home = try await merchant.get(root)

        #expect(home.status == 200)
        #expect(home.body.contains("Set up your store"))
        #expect(home.body.contains("href=\"\(root)/onboarding/business\""))
        #expect(home.body.contains("<a href=\"\(root)\" aria-current=\"page\">Home</a>"))
        #expect(home.body.contains("Nothing waits for you."))
        #expect(home.body.contains("No Stripe account yet."))
        #expect(try await merchant.get("/stores/new").body.contains("name=\"slug\""))
    }

    @Test("the day's takings are what was paid today, with what is kept before and after VAT")
    func today() async throws {
        let made = try await MerchantOrder.made(upTo: .delivered)

        let home = try await made.merchant.get(made.root)

        #expect(home.body.contains("<dt>Orders today</dt><dd>1</dd>"))
        #expect(home.body.contains("<dt>Revenue</dt><dd>€19.99</dd>"))
        #expect(home.body.contains("<dt>Your margin</dt><dd>€9.39</dd>"))
        // 9.39 less 3.47 of VAT on the sale, and 0.10 of VAT inside the commission back.
        #expect(home.body.contains("<dt>Your margin after VAT</dt><dd>€6.02</dd>"))
        #expect(home.body.contains("payouts are on"))
    }

    @Test("what waits for the merchant is on the page, with the way to it")
    func cards() async throws {
        let made = try await MerchantOrder.made(as: .viewer)
        _ = try await made.hold(.supplierPriceUp, "the supplier asks <more>")
        try await made.inStore { tx in
            try await Attention().open(
                .unsellableProduct, subject: "x", message: "A thing would be sold at a loss", in: tx)
        }

        let home = try await made.merchant.get(made.root)

        #expect(home.body.contains("1 order waits for your answer"))
        #expect(home.body.contains("the supplier asks &lt;more&gt;"))
        #expect(home.body.contains("<a href=\"\(made.page)\">Order \(made.number)</a>"))
        #expect(home.body.contains("would sell at a loss"))
        #expect(home.body.contains("href=\"\(made.root)/products\""))
    }

    @Test("customers are listed by address with what they paid, and found by a part of it")
    func customers() async throws {
        let made = try await MerchantOrder.made(upTo: .delivered)
        let path = "\(made.root)/customers"

        let all = try await made.merchant.get(path)
        #expect(all.body.contains("ana@example.test") && all.body.contains("€19.99"))
        #expect(all.body.contains("href=\"\(made.root)/orders?q=ana%40example.test\""))
        // Only the owner may ask for a person's data.
        #expect(!all.body.contains("Copy or erase"))
        #expect(try await made.merchant.get("\(path)?q=ANA").body.contains("ana@example.test"))
        let none = try await made.merchant.get("\(path)?q=%22%3E%3Cb%3E")
        #expect(none.status == 200 && !none.body.contains("\"><b>"))
        let after = try await made.inStore { tx in
            let first = try #require(try await Shoppers().page(in: tx).first)
            return try await Shoppers().page(after: first.mark, in: tx)
        }
        #expect(after.isEmpty)
    }
}
