import Commerce
import CommerceStore
import Foundation
import Postgres
import Testing

@testable import WebSupport

/// Pages of a shop that were made once and are sent again: to whom, and for how long.
@Suite("A shop's kept pages") struct PageCacheTests {
    // MARK: - Sent again

    @Test("a page is made once and sent again, and to who has it already only the news that it stands")
    func sentAgain() async throws {
        try await KeptShop.serving { kept in
            for path in ["/", "/de/all", "/sitemap.xml", "/sitemaps/products-1.xml"] {
                let (misses, hits) = (await kept.count("miss"), await kept.count("hit"))
                let first = try await kept.get(path)
                let second = try await kept.get(path)
                let tag = try #require(first.headers["etag"], "\(path)")
                let third = try await kept.get(path, headers: ["If-None-Match": tag])

                #expect(first.status == 200 && second.status == 200, "\(path)")
                #expect(first.body == second.body && second.headers["etag"] == tag, "\(path)")
                #expect(second.headers["cache-control"]?.hasPrefix("public") == true, "\(path)")
                #expect(second.headers["set-cookie"] == nil, "\(path)")
                #expect(third.status == 304 && third.body.isEmpty, "\(path)")
                #expect(await kept.count("miss") == misses + 1, "\(path)")
                #expect(await kept.count("hit") == hits + 2, "\(path)")
            }
            #expect(await kept.keptPages == 4)
            #expect(await kept.keptBytes > 4_000)
        }
    }

    @Test("the kept page is byte for byte the one that is made anew")
    func sameBytes() async throws {
        try await KeptShop.serving { kept in
            // The other server keeps nothing.
            for path in ["/", "/all?sort=cheapest", "/es/all"] {
                _ = try await kept.get(path)
                let again = try await kept.get(path).body
                let made = try await kept.shop.get(path).body
                    .replacing(":\(kept.shop.running.port)", with: ":\(kept.port)")
                #expect(again == made, "\(path)")
            }
        }
    }

    @Test("what does not exist, is gone or asks for what anybody can make up is not kept")
    func notKept() async throws {
        try await KeptShop.serving { kept in
            try await kept.change { tx in
                _ = try await tx.postgres.execute(
                    """
                    update shop.product set status = 'draft'
                    where tenant_id = \(kept.shop.tenant.rawValue)
                        and id = \(kept.shop.products[1].rawValue)
                    """)
            }
            for (path, status) in [
                ("/p/none", 404), ("/legal/terms", 404), ("/all?page=9", 404), ("/c/none", 404),
                ("/p/product-2", 410), ("/all?min=1", 200), ("/all?min=x", 422), ("/all?category=x", 200),
                ("/all?q=thing", 200), ("/all?sort=nonsense", 200), ("/all?page=01", 200),
                ("/p/%70roduct-1", 200), ("/search?q=thing", 200), ("/sitemaps/products-01.xml", 404),
            ] {
                for _ in 1...2 { #expect(try await kept.get(path).status == status, "\(path)") }
            }
            #expect(await kept.count("hit") == 0)
            #expect(await kept.keptPages == 0)
            #expect(await kept.count("passed") == 2 * 7)
        }
    }

    // MARK: - Changes

    @Test("what a merchant changes shows as soon as the version is asked for again, a second later at most")
    func changes() async throws {
        try await KeptShop.serving { kept in
            try await kept.change { tx in
                try await LegalPages().edit(.terms, in: .english, body: "The first words", in: tx)
            }
            for path in ["/", "/all", "/p/product-1", "/legal/terms"] { _ = try await kept.get(path) }

            try await kept.change { tx in
                try await Products().setPrice(.eur(1777), of: kept.shop.products[0], in: tx)
                try await LegalPages().edit(.terms, in: .english, body: "Other words", in: tx)
            }
            #expect(try await kept.get("/p/product-1").body.contains("€15.00"))
            kept.clock.advance(1)

            for path in ["/", "/all", "/p/product-1"] {
                #expect(try await kept.get(path).body.contains("€17.77"), "\(path)")
            }
            #expect(try await kept.get("/legal/terms").body.contains("Other words"))
            try await kept.change { tx in
                try await Products().pause(kept.shop.products[0], reason: "the supplier is gone", in: tx)
            }
            kept.clock.advance(1)
            #expect(!(try await kept.get("/all").body.contains("A thing")))
            #expect(try await kept.get("/p/product-1").body.contains("Temporarily unavailable"))
        }
    }

    @Test("what a product costs the merchant, and a draft, change no page")
    func silentChanges() async throws {
        try await KeptShop.serving { kept in
            _ = try await kept.get("/")
            try await kept.change { tx in
                try await Products().recordCost(.eur(900), of: kept.shop.products[0], in: tx)
            }
            kept.clock.advance(1)

            _ = try await kept.get("/")

            #expect(await kept.count("hit") == 1)
        }
    }

    @Test("a stock is shown for five seconds at most, and sold by nobody who read it")
    func stock() async throws {
        try await KeptShop.serving { kept in
            let visitor = try await kept.get("/p/product-1")
            try await kept.change { tx in
                let product = try await Products().load(kept.shop.products[0], in: tx)
                try await Products().observeStock(
                    0, of: product.supplierReference, pool: product.stockPool, in: tx)
            }
            kept.clock.advance(4)
            #expect(try await kept.get("/p/product-1").body.contains("Add to basket"))
            let token = try #require(visitor.field("form_token"))
            _ = try await kept.add(cookie: visitor.cookie, token: token)
            let checkout = try await kept.get("/checkout", cookie: visitor.cookie)
            #expect(checkout.status == 409, "nothing is sold by an old page")

            kept.clock.advance(1)

            for path in ["/p/product-1", "/"] {
                #expect(try await kept.get(path).body.contains("Temporarily unavailable"), "\(path)")
            }
        }
    }

    @Test("the store's own name, look and state come with its host, and count at once")
    func storeItself() async throws {
        try await KeptShop.serving { kept in
            #expect(try await kept.get("/").body.contains("<h1>Test &amp; Co</h1>"))
            try await kept.change { tx in
                try await Stores().setTheme("harbour", in: tx)
                _ = try await tx.postgres.execute(
                    """
                    update shop.store set name = 'Another name', stripe_state = 'restricted'
                    where tenant_id = \(kept.shop.tenant.rawValue)
                    """)
            }

            let page = try await kept.get("/")

            #expect(page.body.contains("<h1>Another name</h1>"))
            #expect(page.body.contains(Theme.harbour.asset.path))
            #expect(!(try await kept.get("/p/product-1").body.contains("form_token")))
        }
    }
}
