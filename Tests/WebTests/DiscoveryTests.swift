import Commerce
import CommerceStore
import Foundation
import Postgres
import Testing

@testable import WebSupport

/// What search engines and caches are told, and who sees a shop before it opens.
@Suite("Being found, and being kept") struct DiscoveryTests {
    private func change(_ shop: WebShop, _ statement: Query) async throws {
        try await shop.running.database.transaction(for: shop.tenant) { tx in
            _ = try await tx.postgres.execute(statement)
        }
    }

    /// The data blocks of a page, read as JSON.
    private func facts(_ page: Answer) throws -> [[String: Any]] {
        try page.body.components(separatedBy: "<script type=\"application/ld+json\">").dropFirst().map {
            part in
            let text = try #require(part.components(separatedBy: "</script>").first)
            return try #require(
                try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        }
    }

    // MARK: - Addresses

    @Test("a page has one address in each language, and every language names all of them")
    func alternates() async throws {
        let shop = try await WebShop.open()
        let origin = "http://\(shop.host):\(shop.running.port)"

        for (path, language) in [
            ("/p/product-1", "en"), ("/en/p/product-1", "en"), ("/de/p/product-1", "de"),
        ] {
            let page = try await shop.get(path)
            let own = "<link rel=\"canonical\" href=\"\(origin)/\(language)/p/product-1\">"
            #expect(page.body.contains(own), "\(path)")
            for other in ["en", "ro", "de", "es"] {
                let link = "hreflang=\"\(other)\" href=\"\(origin)/\(other)/p/product-1\""
                #expect(page.body.contains(link), "\(path) \(other)")
            }
            #expect(page.body.contains("hreflang=\"x-default\" href=\"\(origin)/en/p/product-1\""), "\(path)")
        }
        let sorted = try await shop.get("/all?sort=cheapest")
        #expect(sorted.body.contains("noindex") && !sorted.body.contains("canonical"))
    }

    @Test("a language that the store does not speak is not offered to search engines")
    func foreignLanguage() async throws {
        let shop = try await WebShop.open()
        try await change(
            shop, "update shop.store set languages = '{ro}' where tenant_id = \(shop.tenant.rawValue)")

        #expect(try await shop.get("/de/p/product-1").body.contains("noindex"))
        let own = try await shop.get("/ro/p/product-1")
        #expect(!own.body.contains("noindex") && !own.body.contains("hreflang=\"de\" href=\"http"))
    }

    @Test("a product that got another name is found under the old one; one taken away is gone")
    func formerAddresses() async throws {
        let shop = try await WebShop.open()
        try await shop.running.database.transaction(for: shop.tenant) { tx in
            try await Shelf().rename(shop.products[0], to: "better-name", in: tx)
        }
        try await change(
            shop,
            """
            update shop.product set status = 'draft'
            where tenant_id = \(shop.tenant.rawValue) and id = \(shop.products[1].rawValue)
            """)

        let moved = try await shop.get("/de/p/product-1")
        #expect(moved.status == 301 && moved.headers["location"] == "/de/p/better-name")
        #expect(try await shop.get("/p/better-name").status == 200)
        let gone = try await shop.get("/ro/p/product-2")
        #expect(gone.status == 410 && gone.body.contains("Acest produs nu mai este oferit"))
        #expect(gone.body.contains("noindex"))
        #expect(try await shop.get("/p/never").status == 404)
    }

    // MARK: - Facts

    @Test("what a data block says is JSON, and no name of a product can end it")
    func structuredData() async throws {
        let title = "</script><script>alert(\"1\")</script> \\ & 'Söhne'"
        let shop = try await WebShop.open(title: title)

        let page = try await shop.get("/p/product-1")
        let blocks = try facts(page)

        #expect(!page.body.contains("<script>alert"))
        let product = try #require(blocks.first { $0["@type"] as? String == "Product" })
        #expect(product["name"] as? String == title)
        let offer = try #require(product["offers"] as? [String: Any])
        #expect(offer["price"] as? String == "15.00" && offer["priceCurrency"] as? String == "EUR")
        #expect(offer["availability"] as? String == "https://schema.org/InStock")
        let returns = try #require(offer["hasMerchantReturnPolicy"] as? [String: Any])
        #expect(returns["merchantReturnDays"] as? Int == 14)
        let way = try #require(blocks.first { $0["@type"] as? String == "BreadcrumbList" })
        #expect((way["itemListElement"] as? [Any])?.count == 3)
        let home = try facts(try await shop.get("/"))
        #expect(home.contains { $0["@type"] as? String == "Organization" })
        #expect(page.body.contains("<meta property=\"og:type\" content=\"product\">"))
        #expect(page.headers["content-security-policy"]?.contains("script-src 'self'") == true)
    }

    @Test("the list of addresses is well-formed, and names every language of every product")
    func sitemaps() async throws {
        let shop = try await WebShop.open()
        let origin = "http://\(shop.host):\(shop.running.port)"

        let index = try await shop.get("/sitemap.xml")
        let products = try await shop.get("/sitemaps/products-1.xml")
        let pages = try await shop.get("/sitemaps/pages.xml")

        #expect(index.headers["content-type"]?.hasPrefix("application/xml") == true)
        #expect(index.body.contains("<loc>\(origin)/sitemaps/products-1.xml</loc><lastmod>"))
        for language in ["en", "ro", "de", "es"] {
            #expect(products.body.contains("<loc>\(origin)/\(language)/p/product-2</loc><lastmod>"))
            #expect(pages.body.contains("<loc>\(origin)/\(language)/all</loc>"))
        }
        for document in [index, products, pages] {
            #expect(document.status == 200)
            #expect(document.body.count { $0 == "<" } == document.body.count { $0 == ">" })
        }
        for missing in ["products-0.xml", "products-2.xml", "products-x.xml", "other.xml", "pages"] {
            #expect(try await shop.get("/sitemaps/\(missing)").status == 404, "\(missing)")
        }
    }

    @Test("each host says which addresses to leave alone, and the platform's own say all")
    func robots() async throws {
        let shop = try await WebShop.open()

        let own = try await shop.get("/robots.txt")
        let platform = try await RawHTTP.send(
            "GET", "/robots.txt", port: shop.running.port, host: "127.0.0.1")
        let unknown = try await RawHTTP.send(
            "GET", "/robots.txt", port: shop.running.port, host: "nobody.example.test")

        #expect(own.body.contains("Disallow: /cart\n") && own.body.contains("Disallow: /search\n"))
        #expect(own.body.contains("Sitemap: http://\(shop.host):\(shop.running.port)/sitemap.xml"))
        for answer in [platform, unknown] {
            #expect(answer.status == 200 && answer.body == "User-agent: *\nDisallow: /\n")
        }
    }

    // MARK: - Caches

    @Test("pages that are the same for everybody may be kept, and are not sent twice")
    func sharedPages() async throws {
        let shop = try await WebShop.open()

        for path in ["/", "/de/all", "/robots.txt", "/sitemap.xml"] {
            let first = try await shop.get(path)
            let tag = try #require(first.headers["etag"], "\(path)")
            let again = try await RawHTTP.send(
                "GET", path, port: shop.running.port, host: shop.host, headers: ["If-None-Match": tag])

            #expect(first.headers["cache-control"]?.hasPrefix("public") == true, "\(path)")
            #expect(first.headers["set-cookie"] == nil, "\(path)")
            #expect(again.status == 304 && again.body.isEmpty, "\(path)")
            #expect(again.headers["etag"] == tag)
        }
        try await change(
            shop,
            """
            update shop.product set price_minor = 7700
            where tenant_id = \(shop.tenant.rawValue) and id = \(shop.products[0].rawValue)
            """)
        let before = try #require(try await shop.get("/es/all").headers["etag"])
        try await change(
            shop,
            """
            update shop.product set price_minor = 8800
            where tenant_id = \(shop.tenant.rawValue) and id = \(shop.products[0].rawValue)
            """)
        #expect(try await shop.get("/es/all").headers["etag"] != before)
    }

    @Test("nothing that belongs to one visitor is ever kept for another")
    func privatePages() async throws {
        let shop = try await WebShop.open()
        let shopper = try await shop.shopper()

        for path in ["/", "/all", "/p/product-1", "/cart", "/checkout", "/search?q=thing", "/appearance"] {
            let page = try await shop.get(path, cookie: shopper.cookie)
            #expect(page.headers["cache-control"] == "no-store", "\(path)")
        }
        for path in ["/p/product-1", "/cart", "/search?q=thing", "/personal-data", "/appearance", "/none"] {
            let page = try await shop.get(path)
            #expect(page.headers["cache-control"] == "no-store", "\(path)")
        }
        #expect(try await !shop.get("/none").body.isEmpty, "a path nobody knows is explained")
        let shared = try await shop.get("/")
        #expect(shared.headers["vary"]?.contains("Cookie") == true)
        #expect(!shared.body.contains("form_token"))
    }

    private func visit(toDraft isDraft: Bool) -> WebRequest {
        let store = StoreSite(
            tenant: TenantID(), name: "A", languages: [.english], country: .romania, shipping: .eur(0),
            takesOrders: true, isPublic: !isDraft)
        var request = WebRequest(
            id: "1", method: "GET", path: "/", query: [:], headers: [:], authority: "a.test",
            clientAddress: "10.0.0.1", site: .store(store), session: Session(), receivedAt: Date())
        request.formToken = "nonce.signature"
        return request
    }

    @Test("a page with a form's token, or of a draft, is never shared, whatever its author thought")
    func tokenIsNotShared() {
        let request = visit(toDraft: false)

        let with = WebResponse.html("<p>\(request.formToken)</p>").shared(for: request)
        let without = WebResponse.html("<p>plain</p>").shared(for: request)

        #expect(with.headers["Cache-Control"] == "no-store" && !with.keepsNoSession)
        #expect(without.headers["Cache-Control"]?.contains("s-maxage") == true && without.keepsNoSession)
        let draft = WebResponse.html("<p>plain</p>").shared(for: visit(toDraft: true))
        #expect(draft.headers["Cache-Control"] == "no-store" && !draft.keepsNoSession)
    }

    // MARK: - The look

    @Test("a store's pages wear its theme, and a visitor's choice of light or dark is kept in a cookie")
    func look() async throws {
        let shop = try await WebShop.open()
        try await shop.running.database.transaction(for: shop.tenant) { tx in
            try await Stores().setTheme("harbour", in: tx)
        }

        let page = try await shop.get("/appearance")
        #expect(page.body.contains(Theme.harbour.asset.path))
        #expect(!page.body.contains("data-scheme"))
        #expect(try await shop.get(Theme.harbour.asset.path).status == 200)
        let chosen = try await shop.post(
            "/appearance",
            ["scheme": "dark", "back": "//evil.test/", "form_token": page.field("form_token") ?? ""],
            cookie: page.cookie)
        #expect(chosen.status == 303 && chosen.headers["location"] == "/")
        #expect(chosen.headers["set-cookie"]?.contains("cartflux-scheme=dark") == true)
        #expect(try await shop.get("/", cookie: "cartflux-scheme=dark").body.contains("data-scheme=\"dark\""))
        #expect(!(try await shop.get("/", cookie: "cartflux-scheme=\"><b>").body.contains("data-scheme")))
    }

    // MARK: - Drafts

    @Test("a draft is seen with a pass to that very store alone, and by no search engine")
    func preview() async throws {
        let (shop, other) = (try await WebShop.open(), try await WebShop.open())
        for one in [shop, other] {
            try await change(
                one, "update shop.store set status = 'draft' where tenant_id = \(one.tenant.rawValue)")
        }
        let signer = SessionSigner(secret: "a secret of at least thirty-two characters", isSecure: false)
        let pass = signer.previews.text(for: shop.tenant, until: Date().addingTimeInterval(600))
        let old = signer.previews.text(for: shop.tenant, until: Date().addingTimeInterval(-1))

        #expect(try await shop.get("/").status == 421)
        #expect(try await shop.get("/preview/x").status == 421)
        for wrong in [old, "1.2", "", pass + "x"] {
            #expect(try await shop.get("/preview/x?pass=\(wrong)").status == 421, "\(wrong)")
        }
        #expect(try await other.get("/preview/x?pass=\(pass)").status == 421)
        let entry = try await shop.get("/preview/x?pass=\(pass)")
        #expect(entry.status == 303 && entry.headers["location"] == "/")
        let cookie = try #require(entry.cookie)
        let page = try await shop.get("/p/product-1", cookie: cookie)
        #expect(page.status == 200 && page.body.contains("This is a preview."))
        #expect(page.body.contains("noindex") && !page.body.contains("Add to basket"))
        #expect(try await shop.get("/robots.txt", cookie: cookie).body == "User-agent: *\nDisallow: /\n")
        #expect(try await shop.get("/sitemap.xml", cookie: cookie).status == 404)
        #expect(try await other.get("/", cookie: cookie).status == 421)
    }
}
