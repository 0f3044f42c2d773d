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
        try await KeptShop.serving { kept in
            let one = try await kept.get("/p/product-1")
            let other = try await kept.get("/p/product-1")
            let token = try #require(one.field("form_token"))
            let its = try #require(other.field("form_token"))

            #expect(await kept.count("hit") == 1 && token != its && one.cookie != other.cookie)
            #expect(one.headers["cache-control"] == "no-store" && one.headers["etag"] == nil)
            #expect(try await kept.add(cookie: other.cookie, token: token).status == 403)
            #expect(try await kept.add(cookie: nil, token: its).status == 403)
            #expect(try await kept.add(cookie: one.cookie, token: token).status == 303)
            #expect(try await kept.add(cookie: other.cookie, token: its).status == 303)
        }
    }

    @Test("a basket is counted for the one whose it is, on the page that everybody gets")
    func baskets() async throws {
        try await KeptShop.serving { kept in
            // The shopper with a basket is the first to ask for most of these.
            let shopper = try await kept.get("/p/product-1")
            _ = try await kept.add(
                cookie: shopper.cookie, token: try #require(shopper.field("form_token")))
            let idle = try #require(try await kept.get("/p/product-1").cookie)
            let mark = "<span class=\"count\">1<"

            for path in ["/", "/all", "/p/product-1", "/p/product-2"] {
                let own = try await kept.get(path, cookie: shopper.cookie)
                let hits = await kept.count("hit")
                let strange = try await kept.get(path)
                let other = try await kept.get(path, cookie: idle)

                #expect(own.body.contains(mark) && own.headers["cache-control"] == "no-store", "\(path)")
                #expect(own.headers["etag"] == nil && own.headers["set-cookie"] == nil, "\(path)")
                #expect(!strange.body.contains("class=\"count\""), "\(path)")
                #expect(!other.body.contains("class=\"count\""), "\(path)")
                #expect(await kept.count("hit") == hits + 2, "\(path)")
            }
        }
    }

    @Test("two stores, languages, hosts and looks never mix")
    func keys() async throws {
        try await KeptShop.serving { kept in
            let other = try await WebShop.open(title: "Another thing")
            let second = "second-\(kept.shop.host)"
            try await kept.change { tx in
                try await Stores().addHost(second, custom: false, verifiedAt: Date(), in: tx)
            }
            for _ in 1...2 {
                for path in ["/", "/all", "/p/product-1"] {
                    let own = try await kept.get(path)
                    #expect(own.body.contains("A thing") && own.body.contains("<html lang=\"en\">"))
                    #expect(own.body.contains("//\(kept.shop.host):\(kept.port)/en"), "\(path)")
                    let foreign = try await kept.get(path, host: other.host)
                    #expect(foreign.body.contains("Another thing"), "\(path)")
                    #expect(!foreign.body.contains(kept.shop.host), "\(path)")
                    let german = try await kept.get("/de\(path)")
                    #expect(german.body.contains("<html lang=\"de\">"), "\(path)")
                    let elsewhere = try await kept.get(path, host: second)
                    #expect(elsewhere.body.contains("//\(second):\(kept.port)/en"), "\(path)")
                    let dark = try await kept.get(path, cookie: "cartflux-scheme=dark")
                    #expect(dark.body.contains("data-scheme=\"dark\""), "\(path)")
                }
            }
            #expect(await kept.count("miss") == 15)
            #expect(await kept.count("hit") == 15)
        }
    }

    @Test("what a visitor claims in headers, in the query and in the spelling reaches nobody else")
    func poison() async throws {
        try await KeptShop.serving { kept in
            let claims = [
                "X-Forwarded-Host": "evil.test", "X-Forwarded-Proto": "gopher", "X-Host": "evil.test",
                "Forwarded": "host=evil.test", "X-Original-URL": "/evil", "X-Rewrite-URL": "/evil",
                "Accept-Language": "de", "Referer": "https://evil.test/",
            ]
            for path in ["/", "/all", "/p/product-1"] {
                _ = try await kept.get(
                    "\(path)?utm=%3Cevil%3E&evil&evil=1", host: "\(kept.shop.host):6666",
                    headers: claims)
                _ = try await kept.get(path, method: "HEAD")
                let page = try await kept.get(path)

                #expect(page.status == 200 && page.body.contains("<html lang=\"en\">"), "\(path)")
                #expect(page.body.contains("A thing") && page.body.hasSuffix("</html>\n"), "\(path)")
                for trace in ["evil", ":6666", "gopher"] {
                    #expect(!page.body.contains(trace), "\(path) \(trace)")
                }
            }
            let hits = await kept.count("hit")
            for spelling in ["/p/%70roduct-1", "/p/product-1/", "/p//product-1"] {
                _ = try await kept.get(spelling)
                let plain = try await kept.get("/p/product-1").body
                #expect(!plain.contains(spelling + "\""), "\(spelling)")
            }
            #expect(await kept.count("hit") == hits + 3, "no other spelling is taken for the plain one")
        }
    }

    @Test("a draft is shown to who has a pass, and kept for nobody")
    func draft() async throws {
        try await KeptShop.serving { kept in
            _ = try await kept.get("/")
            try await kept.change { tx in
                _ = try await tx.postgres.execute(
                    """
                    update shop.store set status = 'draft'
                    where tenant_id = \(kept.shop.tenant.rawValue)
                    """)
            }
            let signer = SessionSigner(secret: "a secret of at least thirty-two characters", isSecure: false)
            let pass = signer.previews.text(for: kept.shop.tenant, until: Date().addingTimeInterval(600))

            let page = try await kept.get("/", cookie: "\(PreviewPass.cookie)=\(pass)")

            #expect(page.status == 200 && page.body.contains("This is a preview."))
            #expect(page.headers["cache-control"] == "no-store")
            #expect(await kept.count("hit") == 0)
            #expect(await kept.count("passed") == 1)
            #expect(try await kept.get("/").status == 421)
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
