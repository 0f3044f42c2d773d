import Commerce
import CommerceStore
import Foundation
import Postgres
import Testing

@testable import WebSupport

/// Pages of a shop that were made once and are sent again: to whom, and for how long.
@Suite("A shop's cached pages") struct PageCacheTests {
    // MARK: - Sent again

    @Test("a page is made once and sent again, and to who has it already only the news that it stands")
    func sentAgain() async throws {
        try await CachedShop.serving { cached in
            for path in ["/", "/de/all", "/sitemap.xml", "/sitemaps/products-1.xml"] {
                let (misses, hits) = (await cached.count("miss"), await cached.count("hit"))
                let first = try await cached.get(path)
                let second = try await cached.get(path)
                let tag = try #require(first.headers["etag"], "\(path)")
                let third = try await cached.get(path, headers: ["If-None-Match": tag])

                #expect(first.status == 200 && second.status == 200, "\(path)")
                #expect(first.body == second.body && second.headers["etag"] == tag, "\(path)")
                #expect(second.headers["cache-control"]?.hasPrefix("public") == true, "\(path)")
                #expect(second.headers["set-cookie"] == nil, "\(path)")
                #expect(third.status == 304 && third.body.isEmpty, "\(path)")
                #expect(await cached.count("miss") == misses + 1, "\(path)")
                #expect(await cached.count("hit") == hits + 2, "\(path)")
            }
            #expect(await cached.cachedPages == 4)
            #expect(await cached.cachedBytes > 4_000)
        }
    }

    @Test("the cached page is byte for byte the one that is made anew")
    func sameBytes() async throws {
        try await CachedShop.serving { cached in
            // The other server keeps nothing.
            for path in ["/", "/all?sort=cheapest", "/es/all"] {
                _ = try await cached.get(path)
                let again = try await cached.get(path).body
                let made = try await cached.shop.get(path).body
                    .replacing(":\(cached.shop.running.port)", with: ":\(cached.port)")
                #expect(again == made, "\(path)")
            }
        }
    }

    @Test("what does not exist, is gone or asks for what anybody can make up is not kept")
    func notKept() async throws {
        try await CachedShop.serving { cached in
            try await cached.change { tx in
                _ = try await tx.postgres.execute(
                    """
                    update shop.product set status = 'draft'
                    where tenant_id = \(cached.shop.tenant.rawValue)
                        and id = \(cached.shop.products[1].rawValue)
                    """)
            }
            for (path, status) in [
                ("/p/none", 404), ("/legal/terms", 404), ("/all?page=9", 404), ("/c/none", 404),
                ("/p/product-2", 410), ("/all?min=1", 200), ("/all?min=x", 422), ("/all?category=x", 200),
                ("/all?q=thing", 200), ("/all?sort=nonsense", 200), ("/all?page=01", 200),
                ("/p/%70roduct-1", 200), ("/search?q=thing", 200), ("/sitemaps/products-01.xml", 404),
            ] {
                for _ in 1...2 { #expect(try await cached.get(path).status == status, "\(path)") }
            }
            #expect(await cached.count("hit") == 0)
            #expect(await cached.cachedPages == 0)
            #expect(await cached.count("bypass") == 2 * 7)
        }
    }

    // MARK: - Changes

    @Test("what a merchant changes shows as soon as the version is asked for again, a second later at most")
    func changes() async throws {
        try await CachedShop.serving { cached in
            try await cached.change { tx in
                try await LegalPages().edit(.terms, in: .english, body: "The first words", in: tx)
            }
            for path in ["/", "/all", "/p/product-1", "/legal/terms"] { _ = try await cached.get(path) }

            try await cached.change { tx in
                try await Products().setPrice(.eur(1777), of: cached.shop.products[0], in: tx)
                try await LegalPages().edit(.terms, in: .english, body: "Other words", in: tx)
            }
            #expect(try await cached.get("/p/product-1").body.contains("€15.00"))
            cached.clock.advance(1)

            for path in ["/", "/all", "/p/product-1"] {
                #expect(try await cached.get(path).body.contains("€17.77"), "\(path)")
            }
            #expect(try await cached.get("/legal/terms").body.contains("Other words"))
            try await cached.change { tx in
                try await Products().pause(cached.shop.products[0], reason: "the supplier is gone", in: tx)
            }
            cached.clock.advance(1)
            #expect(!(try await cached.get("/all").body.contains("A thing")))
            #expect(try await cached.get("/p/product-1").body.contains("Temporarily unavailable"))
        }
    }

    @Test("what a product costs the merchant, and a draft, change no page")
    func silentChanges() async throws {
        try await CachedShop.serving { cached in
            _ = try await cached.get("/")
            try await cached.change { tx in
                try await Products().recordCost(.eur(900), of: cached.shop.products[0], in: tx)
            }
            cached.clock.advance(1)

            _ = try await cached.get("/")

            #expect(await cached.count("hit") == 1)
        }
    }

    @Test("a stock is shown for five seconds at most, and sold by nobody who read it")
    func stock() async throws {
        try await CachedShop.serving { cached in
            let visitor = try await cached.get("/p/product-1")
            try await cached.change { tx in
                let product = try await Products().load(cached.shop.products[0], in: tx)
                try await Products().observeStock(
                    0, of: product.supplierReference, pool: product.stockPool, in: tx)
            }
            cached.clock.advance(4)
            #expect(try await cached.get("/p/product-1").body.contains("Add to basket"))
            let token = try #require(visitor.field("form_token"))
            _ = try await cached.add(cookie: visitor.cookie, token: token)
            let checkout = try await cached.get("/checkout", cookie: visitor.cookie)
            #expect(checkout.status == 409, "nothing is sold by an old page")

            cached.clock.advance(1)

            for path in ["/p/product-1", "/"] {
                #expect(try await cached.get(path).body.contains("Temporarily unavailable"), "\(path)")
            }
        }
    }

    @Test("the store's own name, look and state come with its host, and count at once")
    func storeItself() async throws {
        try await CachedShop.serving { cached in
            #expect(try await cached.get("/").body.contains("<h1>Test &amp; Co</h1>"))
            try await cached.change { tx in
                try await Stores().setTheme("harbour", in: tx)
                _ = try await tx.postgres.execute(
                    """
                    update shop.store set name = 'Another name', stripe_state = 'restricted'
                    where tenant_id = \(cached.shop.tenant.rawValue)
                    """)
            }

            let page = try await cached.get("/")

            #expect(page.body.contains("<h1>Another name</h1>"))
            #expect(page.body.contains(Theme.harbour.asset.path))
            #expect(!(try await cached.get("/p/product-1").body.contains("form_token")))
        }
    }
}
