import Commerce
import CommerceStore
import Foundation
import Postgres
import Testing
import WebSupport

/// What shoppers find: branches, filters, orders, words.
@Suite("The shelf and its filters") struct ListingTests {
    private func change(_ shop: WebShop, _ statement: Query) async throws {
        try await shop.running.database.transaction(for: shop.tenant) { tx in
            _ = try await tx.postgres.execute(statement)
        }
    }

    /// Puts one product of the shop into a branch.
    private func file(_ shop: WebShop, _ product: Int, under slug: String, named name: String) async throws {
        let names = try JSONB(encoding: ["en": name, "de": "Küche & Bad"])
        try await change(
            shop,
            """
            with made as (
                insert into shop.category (tenant_id, id, slug, names)
                values (\(shop.tenant.rawValue), gen_random_uuid(), \(slug), \(names))
                returning id)
            update shop.product set category_id = (select id from made)
            where tenant_id = \(shop.tenant.rawValue) and id = \(shop.products[product].rawValue)
            """)
    }

    @Test("a branch shows its own products, in the language of the page")
    func branch() async throws {
        let shop = try await WebShop.open()
        try await file(shop, 0, under: "kitchen", named: "Kitchen")

        let page = try await shop.get("/c/kitchen")
        let german = try await shop.get("/de/c/kitchen")

        #expect(page.status == 200 && page.body.contains("A thing") && !page.body.contains("Thing 2"))
        #expect(german.body.contains("<h1>Küche &amp; Bad</h1>"))
        #expect(try await shop.get("/").body.contains("href=\"/c/kitchen\""))
        #expect(try await shop.get("/p/product-1").body.contains("href=\"/c/kitchen\""))
        #expect(try await shop.get("/c/none").status == 404)
        let other = try await WebShop.open()
        #expect(try await other.get("/c/kitchen").status == 404)
    }

    @Test("prices, stock and branches narrow the page; several filters keep it out of search engines")
    func filters() async throws {
        let shop = try await WebShop.open(products: 3)
        try await file(shop, 0, under: "kitchen", named: "Kitchen")
        try await change(
            shop,
            """
            update shop.product set price_minor = 9900
            where tenant_id = \(shop.tenant.rawValue) and id = \(shop.products[1].rawValue)
            """)
        try await shop.running.database.transaction(for: shop.tenant) { tx in
            let product = try await Products().load(shop.products[2], in: tx)
            try await Products().observeStock(
                0, of: product.supplierReference, pool: product.stockPool, in: tx)
        }

        let all = try await shop.get("/all")
        #expect(all.body.contains("A thing") && all.body.contains("Thing 2"))
        #expect(!all.body.contains("noindex"))
        let cheap = try await shop.get("/all?max=20&stock=in")
        #expect(cheap.body.contains("A thing") && !cheap.body.contains("Thing 2"))
        #expect(!cheap.body.contains("Thing 3") && cheap.body.contains("noindex"))
        let dear = try await shop.get("/all?min=20,50&category=")
        #expect(dear.body.contains("Thing 2") && !dear.body.contains("A thing"))
        #expect(dear.body.contains("value=\"20,50\""))
        let branch = try await shop.get("/all?category=kitchen")
        #expect(branch.body.contains("A thing") && !branch.body.contains("Thing 2"))
        let none = try await shop.get("/all?min=500")
        #expect(none.status == 200 && none.body.contains("No product fits these filters."))
        #expect(none.body.contains("Remove all filters"))
    }

    @Test("an amount that cannot be read is told at its field and stays as it was typed")
    func badPrice() async throws {
        let shop = try await WebShop.open()

        let page = try await shop.get("/de/all?min=%3Cb%3Eviel&max=12,50")

        #expect(page.status == 422)
        #expect(page.body.contains("id=\"min-error\"") && !page.body.contains("id=\"max-error\""))
        #expect(page.body.contains("value=\"&lt;b&gt;viel\"") && page.body.contains("value=\"12,50\""))
        #expect(page.body.contains("Bitte schreiben Sie einen Betrag"))
    }

    @Test("products are ordered as asked, and pages follow each other")
    func orderAndPages() async throws {
        let shop = try await WebShop.open(products: 27)
        try await change(
            shop,
            """
            update shop.product set price_minor = 5000
            where tenant_id = \(shop.tenant.rawValue) and id = \(shop.products[4].rawValue)
            """)

        let first = try await shop.get("/all?sort=dearest")
        let position = try #require(first.body.firstRange(of: "Thing 5<"))
        let another = try #require(first.body.firstRange(of: "€15.00"))
        #expect(position.lowerBound < another.lowerBound)
        #expect(first.body.contains("href=\"/all?sort=dearest&amp;page=2\""))
        let second = try await shop.get("/all?sort=dearest&page=2")
        #expect(second.status == 200 && second.body.contains("rel=\"prev\""))
        #expect(!second.body.contains("rel=\"next\""))
        #expect(try await shop.get("/all?page=3").status == 404)
        #expect(try await shop.get("/all?page=x&sort=nonsense").status == 200)
    }

    @Test("words are found in any language, without their marks, by their beginnings and by the SKU")
    func search() async throws {
        let shop = try await WebShop.open(title: "LED desk lamp")
        let titles = try JSONB(
            encoding: ["en": "LED desk lamp", "ro": "Lampă de birou", "de": "Schreibtischlampe"])
        try await change(
            shop,
            """
            update shop.product set title = \(titles)
            where tenant_id = \(shop.tenant.rawValue) and id = \(shop.products[0].rawValue)
            """)

        for words in ["lamp", "LAMPS", "the lamp", "lampa", "schreibt", "sku-1", "birou lampă"] {
            let page = try await shop.get("/search?q=\(PercentCoding.encode(words))")
            #expect(page.status == 200 && page.body.contains("href=\"/p/product-1\""), "\(words)")
            #expect(!page.body.contains("href=\"/p/product-2\"") || words == "sku-1", "\(words)")
            #expect(page.body.contains("noindex"))
        }
        let german = try await shop.get("/de/search?q=SCHREIBTISCH")
        #expect(german.body.contains("Schreibtischlampe"))
        let other = try await WebShop.open()
        #expect(try await other.get("/search?q=lamp").body.contains("Nothing was found"))
    }

    @Test(
        "hostile and absurd questions find nothing and break nothing",
        arguments: [
            "<script>alert(1)</script>", "' or 9=9 --", "zzz & | ! ( ) : * \\", "%", "\u{1F600}",
            String(repeating: "lamp ", count: 400), "\"><img src=x>",
        ])
    func hostileQuestions(words: String) async throws {
        let shop = try await WebShop.open()

        let page = try await shop.get("/search?q=\(PercentCoding.encode(words))")

        #expect(page.status == 200)
        #expect(!page.body.contains("<script>alert") && !page.body.contains("<img src=x"))
        #expect(page.body.contains("Nothing was found"))
    }

    @Test("an empty search asks what is sought")
    func emptySearch() async throws {
        let shop = try await WebShop.open()

        let page = try await shop.get("/ro/search?q=%20%20")

        #expect(page.status == 200 && page.body.contains("Ce căutați?"))
    }

    @Test("a branch's name is text, however it is written")
    func hostileBranch() async throws {
        let shop = try await WebShop.open()
        try await file(shop, 0, under: "x", named: "</script><script>alert(1)</script>\"'&")

        for path in ["/", "/all", "/c/x", "/p/product-1"] {
            let page = try await shop.get(path)
            #expect(page.status == 200, "\(path)")
            #expect(!page.body.contains("<script>alert"), "\(path)")
        }
    }

    @Test("a product is filed under its supplier's branch by itself, once")
    func filing() async throws {
        let shop = try await WebShop.open()
        try await change(
            shop,
            """
            insert into shop.supplier_item (tenant_id, supplier_id, reference, category, titles, descriptions,
                images, attributes, safety, cost_minor, currency, stock, warehouse, is_active)
            select tenant_id, supplier_id, supplier_reference, 'Bücher & Hefte', '{}', '{}', '[]', '{}', '{}',
                100, 'EUR', 1, 'main', true
            from shop.product where tenant_id = \(shop.tenant.rawValue)
            """)
        try await change(
            shop,
            "update shop.product set status = status where tenant_id = \(shop.tenant.rawValue)")

        let page = try await shop.get("/c/bucher-hefte")

        #expect(page.status == 200 && page.body.contains("<h1>Bücher &amp; Hefte</h1>"))
        #expect(page.body.contains("A thing") && page.body.contains("Thing 2"))
    }
}
