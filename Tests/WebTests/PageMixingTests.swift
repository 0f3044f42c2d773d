import Commerce
import CommerceStore
import Foundation
import Postgres
import Testing

@testable import WebSupport

/// Pages that are kept for many, and what must never get from one visitor to another by them.
@Suite("Kept pages and whose they are") struct PageMixingTests {
    @Test("every visitor gets a token of his own with the same kept page, and it is worth nothing to others")
    func tokens() async throws {
        try await CachedShop.serving { cached in
            let one = try await cached.get("/p/product-1")
            let other = try await cached.get("/p/product-1")
            let token = try #require(one.field("form_token"))
            let its = try #require(other.field("form_token"))

            #expect(await cached.count("hit") == 1 && token != its && one.cookie != other.cookie)
            #expect(one.headers["cache-control"] == "no-store" && one.headers["etag"] == nil)
            #expect(try await cached.add(cookie: other.cookie, token: token).status == 403)
            #expect(try await cached.add(cookie: nil, token: its).status == 403)
            #expect(try await cached.add(cookie: one.cookie, token: token).status == 303)
            #expect(try await cached.add(cookie: other.cookie, token: its).status == 303)
        }
    }

    @Test("a basket is counted for the one whose it is, on the page that everybody gets")
    func baskets() async throws {
        try await CachedShop.serving { cached in
            // The shopper with a basket is the first to ask for most of these.
            let shopper = try await cached.get("/p/product-1")
            _ = try await cached.add(
                cookie: shopper.cookie, token: try #require(shopper.field("form_token")))
            let idle = try #require(try await cached.get("/p/product-1").cookie)
            let mark = "<span class=\"count\">1<"

            for path in ["/", "/all", "/p/product-1", "/p/product-2"] {
                let own = try await cached.get(path, cookie: shopper.cookie)
                let hits = await cached.count("hit")
                let strange = try await cached.get(path)
                let other = try await cached.get(path, cookie: idle)

                #expect(own.body.contains(mark) && own.headers["cache-control"] == "no-store", "\(path)")
                #expect(own.headers["etag"] == nil && own.headers["set-cookie"] == nil, "\(path)")
                #expect(!strange.body.contains("class=\"count\""), "\(path)")
                #expect(!other.body.contains("class=\"count\""), "\(path)")
                #expect(await cached.count("hit") == hits + 2, "\(path)")
            }
        }
    }

    @Test("two stores, languages, hosts and looks never mix")
    func keys() async throws {
        try await CachedShop.serving { cached in
            let other = try await WebShop.open(title: "Another thing")
            let second = "second-\(cached.shop.host)"
            try await cached.change { tx in
                try await Stores().addHost(second, custom: false, verifiedAt: Date(), in: tx)
            }
            for _ in 1...2 {
                for path in ["/", "/all", "/p/product-1"] {
                    let own = try await cached.get(path)
                    #expect(own.body.contains("A thing") && own.body.contains("<html lang=\"en\">"))
                    #expect(own.body.contains("//\(cached.shop.host):\(cached.port)/en"), "\(path)")
                    let foreign = try await cached.get(path, host: other.host)
                    #expect(foreign.body.contains("Another thing"), "\(path)")
                    #expect(!foreign.body.contains(cached.shop.host), "\(path)")
                    let german = try await cached.get("/de\(path)")
                    #expect(german.body.contains("<html lang=\"de\">"), "\(path)")
                    let elsewhere = try await cached.get(path, host: second)
                    #expect(elsewhere.body.contains("//\(second):\(cached.port)/en"), "\(path)")
                    let dark = try await cached.get(path, cookie: "cartflux-scheme=dark")
                    #expect(dark.body.contains("data-scheme=\"dark\""), "\(path)")
                }
            }
            #expect(await cached.count("miss") == 15)
            #expect(await cached.count("hit") == 15)
        }
    }

    @Test("what a visitor claims in headers, in the query and in the spelling reaches nobody else")
    func poison() async throws {
        try await CachedShop.serving { cached in
            let claims = [
                "X-Forwarded-Host": "evil.test", "X-Forwarded-Proto": "gopher", "X-Host": "evil.test",
                "Forwarded": "host=evil.test", "X-Original-URL": "/evil", "X-Rewrite-URL": "/evil",
                "Accept-Language": "de", "Referer": "https://evil.test/",
            ]
            for path in ["/", "/all", "/p/product-1"] {
                _ = try await cached.get(
                    "\(path)?utm=%3Cevil%3E&evil&evil=1", host: "\(cached.shop.host):6666",
                    headers: claims)
                _ = try await cached.get(path, method: "HEAD")
                let page = try await cached.get(path)

                #expect(page.status == 200 && page.body.contains("<html lang=\"en\">"), "\(path)")
                #expect(page.body.contains("A thing") && page.body.hasSuffix("</html>\n"), "\(path)")
                for trace in ["evil", ":6666", "gopher"] {
                    #expect(!page.body.contains(trace), "\(path) \(trace)")
                }
            }
            let hits = await cached.count("hit")
            for spelling in ["/p/%70roduct-1", "/p/product-1/", "/p//product-1"] {
                _ = try await cached.get(spelling)
                let plain = try await cached.get("/p/product-1").body
                #expect(!plain.contains(spelling + "\""), "\(spelling)")
            }
            #expect(await cached.count("hit") == hits + 3, "no other spelling is taken for the plain one")
        }
    }

    @Test("a draft is shown to who has a pass, and kept for nobody")
    func draft() async throws {
        try await CachedShop.serving { cached in
            _ = try await cached.get("/")
            try await cached.change { tx in
                _ = try await tx.postgres.execute(
                    """
                    update shop.store set status = 'draft'
                    where tenant_id = \(cached.shop.tenant.rawValue)
                    """)
            }
            let signer = SessionSigner(secret: "a secret of at least thirty-two characters", isSecure: false)
            let pass = signer.previews.text(for: cached.shop.tenant, until: Date().addingTimeInterval(600))

            let page = try await cached.get("/", cookie: "\(PreviewPass.cookie)=\(pass)")

            #expect(page.status == 200 && page.body.contains("This is a preview."))
            #expect(page.headers["cache-control"] == "no-store")
            #expect(await cached.count("hit") == 0)
            #expect(await cached.count("bypass") == 1)
            #expect(try await cached.get("/").status == 421)
        }
    }

    @Test("what is left open in a page is filled in there alone, whatever else stands in it")
    func slots() {
        let slots = PageSlots()
        let page = WebResponse.html(
            "<p>\(slots.basket)</p><input value=\"\(slots.formToken)\"><b>formToken ä</b>\(slots.formToken)")

        let shell = PageShell(page, slots)
        let filled = shell.response { $0 == .basket ? "3" : "nonce.signature" }

        guard case .bytes(let bytes) = filled.body else {
            Issue.record("there is no page")
            return
        }
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == "<p>3</p><input value=\"nonce.signature\"><b>formToken ä</b>nonce.signature")
        #expect(shell.has(.basket) && shell.has(.formToken) && shell.mayBeKept)
        #expect(PageSlots().formToken != slots.formToken)
    }

    @Test("a page that sets something in the browser, or is an error, is kept for nobody")
    func unkeepable() {
        var planted = WebResponse.html("<p></p>")
        planted.cookies = ["a=b"]
        var renewed = WebResponse.html("<p></p>")
        renewed.renewsSession = true
        for response in [planted, renewed, .html("<p></p>", status: 503), .seeOther("/")] {
            #expect(!PageShell(response, PageSlots()).mayBeKept, "\(response.status)")
        }
    }
}
