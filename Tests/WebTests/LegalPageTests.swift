import Commerce
import CommerceStore
import Foundation
import Postgres
import Testing

/// The pages that the law wants, and what it wants beside an offer.
@Suite("Legal pages and duties") struct LegalPageTests {
    private func introduce(_ shop: WebShop, named name: String = "Casa Verde SRL") async throws {
        let identity = BusinessIdentity(
            legalName: name, country: .romania, vatNumber: nil, registration: "J40/1/2020",
            addressLine: "Strada Lungă 1", postcode: "400001", city: "Cluj-Napoca", phone: "+40711111111",
            email: try EmailAddress(parsing: "hello@casa-verde.test"))
        let policy = try #require(
            StorePolicy(deliveryFrom: 3, to: 9, withdrawalDays: 30, returnCost: .store))
        try await shop.running.database.transaction(for: shop.tenant) { tx in
            try await Identities().save(identity, at: Date(), in: tx)
            try await Identities().save(policy, in: tx)
        }
    }

    @Test("every page is there in every language, and linked from each page", arguments: Language.allCases)
    func pages(language: Language) async throws {
        let shop = try await WebShop.open()
        try await introduce(shop)
        let home = try await shop.get("/\(language.rawValue)/")

        for kind in LegalPageKind.allCases {
            let path = "/\(language.rawValue)/legal/\(kind.rawValue)"
            #expect(home.body.contains("href=\"\(path)\""), "\(path)")
            let page = try await shop.get(path)
            #expect(page.status == 200, "\(path)")
            #expect(page.body.contains("<h1>\(kind.title(in: language))</h1>"), "\(path)")
            #expect(!page.body.contains("noindex"), "\(path)")
        }
        let form = try await shop.get("/\(language.rawValue)/legal/withdrawal")
        #expect(form.body.contains("Casa Verde SRL, Strada Lungă 1") && form.body.contains("(*)"))
        let terms = try await shop.get("/\(language.rawValue)/legal/terms")
        #expect(terms.body.contains("EN 301 549") && terms.body.contains("anpc.ro/ce-este-sal"))
        #expect(!terms.body.contains("ec.europa.eu/consumers/odr"))
    }

    @Test("a page that the store does not have is not shown with blanks, and is on the merchant's list")
    func missing() async throws {
        let shop = try await WebShop.open()

        #expect(try await shop.get("/legal/terms").status == 404)
        #expect(try await shop.get("/legal/none").status == 404)
        let lacks = try await shop.running.database.transaction(for: shop.tenant) { tx in
            try await LegalPages().missing(for: Language.allCases, in: tx)
        }
        #expect(lacks == 20)
    }

    @Test("what a merchant writes is text, in the name and in the page's own words")
    func hostileWords() async throws {
        let shop = try await WebShop.open()
        try await introduce(shop, named: "<script>alert(1)</script> & Söhne")
        try await shop.running.database.transaction(for: shop.tenant) { tx in
            try await LegalPages().edit(
                .terms, in: .english, body: "First\n\n<img src=x onerror=alert(1)>", in: tx)
        }

        for path in ["/legal/terms", "/legal/imprint", "/de/legal/withdrawal"] {
            let page = try await shop.get(path)
            #expect(page.status == 200, "\(path)")
            #expect(!page.body.contains("<script>alert") && !page.body.contains("<img src=x"), "\(path)")
        }
        #expect(try await shop.get("/legal/terms").body.contains("&lt;img src=x onerror=alert(1)&gt;"))
    }

    @Test("a Romanian store names the authority and the mediation, another one does not")
    func offices() async throws {
        let shop = try await WebShop.open()
        #expect(try await shop.get("/").body.contains("https://anpc.ro/ce-este-sal/"))
        let other = try await WebShop.open()
        try await other.running.database.transaction(for: other.tenant) { tx in
            _ = try await tx.postgres.execute(
                "update shop.store set country = 'DE' where tenant_id = \(other.tenant.rawValue)")
        }
        #expect(!(try await other.get("/").body.contains("anpc.ro")))
    }

    @Test("a product says when it comes, how long one may withdraw, and who made it")
    func duties() async throws {
        let shop = try await WebShop.open()
        try await introduce(shop)
        let safety = try JSONB(encoding: [
            "manufacturer": "Maker <b>SA</b>", "contact": "safety@maker.test",
            "responsible_person": "Somebody, Cluj", "warnings_en": "Keep dry.",
            "warnings_de": "Trocken halten.",
        ])
        try await shop.running.database.transaction(for: shop.tenant) { tx in
            _ = try await tx.postgres.execute(
                """
                update shop.product set safety = \(safety)
                where tenant_id = \(shop.tenant.rawValue) and id = \(shop.products[0].rawValue)
                """)
            try await Products().setWithdrawalExclusion(.hygiene, of: shop.products[1], in: tx)
        }

        let page = try await shop.get("/p/product-1")
        #expect(page.body.contains("Delivered within 3 to 9 days of the payment."))
        #expect(page.body.contains("within 30 days") && page.body.contains("We bear the cost"))
        #expect(page.body.contains("<dt>Manufacturer</dt><dd>Maker &lt;b&gt;SA&lt;/b&gt;</dd>"))
        #expect(page.body.contains("Somebody, Cluj") && page.body.contains("<dd>SKU-1</dd>"))
        #expect(page.body.contains("Keep dry.") && !page.body.contains("Trocken halten."))
        let german = try await shop.get("/de/p/product-1")
        #expect(german.body.contains("Trocken halten.") && german.body.contains("Hersteller"))
        let excluded = try await shop.get("/ro/p/product-2")
        #expect(excluded.body.contains("Pentru acest produs legea nu acordă drept de retragere."))
        #expect(excluded.body.contains("MerchantReturnNotPermitted"))
    }

    @Test("without policies nothing is promised beyond the law")
    func noPolicies() async throws {
        let shop = try await WebShop.open()

        let page = try await shop.get("/p/product-1")

        #expect(page.body.contains("within 14 days") && !page.body.contains("Delivered within"))
    }
}
