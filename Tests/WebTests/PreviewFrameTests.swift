import Commerce
import CommerceStore
import Foundation
import Postgres
import Testing

@testable import WebSupport

/// A shop in a frame of the merchants' pages, and nowhere else.
@Suite("A shop in a frame")
struct PreviewFrameTests {
    private static let signer = SessionSigner(secret: WebPlatform.sessionSecret, isSecure: false)

    private func pass(to shop: WebShop, seconds: Double = 600) -> String {
        PercentCoding.encode(
            Self.signer.previews.text(for: shop.tenant, until: Date().addingTimeInterval(seconds)))
    }

    private func makeDraft(_ shop: WebShop) async throws {
        try await shop.running.database.transaction(for: shop.tenant) { tx in
            _ = try await tx.postgres.execute(
                "update shop.store set status = 'draft' where tenant_id = \(shop.tenant.rawValue)")
        }
    }

    private func ancestors(_ answer: Answer) -> String? {
        let rules = (answer.headers["content-security-policy"] ?? "").components(separatedBy: "; ")
        return rules.first { $0.hasPrefix("frame-ancestors ") }.map { String($0.dropFirst(16)) }
    }

    @Test("who comes with a pass may be framed by the merchants' pages, in the look that is tried on")
    func framed() async throws {
        let (draft, open) = (try await WebShop.open(), try await WebShop.open())
        try await makeDraft(draft)
        let merchants = "http://\(DashboardPlatform.host):\(open.running.port)"

        for shop in [draft, open] {
            let page = try await shop.get("/?pass=\(pass(to: shop))&theme=plain")
            #expect(page.status == 200)
            #expect(ancestors(page) == merchants)
            #expect(page.headers["x-frame-options"] == nil)
            #expect(page.body.contains("theme-plain") && !page.body.contains("theme-garden"))
            let other = try await shop.get("/?pass=\(pass(to: shop))&theme=%22%3E")
            #expect(other.status == 200 && other.body.contains("theme-garden"))
        }
    }

    @Test("nobody else may, and nobody else tries on a look")
    func refused() async throws {
        let (shop, other) = (try await WebShop.open(), try await WebShop.open())

        for query in [
            "", "?theme=plain", "?pass=&theme=plain", "?pass=1.x&theme=plain",
            "?pass=\(pass(to: other))&theme=plain", "?pass=\(pass(to: shop, seconds: -1))&theme=plain",
        ] {
            let page = try await shop.get("/\(query)")
            #expect(page.status == 200, "\(query)")
            #expect(ancestors(page) == "'none'", "\(query)")
            #expect(page.headers["x-frame-options"] == "DENY", "\(query)")
            #expect(page.body.contains("theme-garden"), "\(query)")
        }
        try await makeDraft(other)
        let hidden = try await other.get("/?pass=\(pass(to: shop))")
        #expect(hidden.status == 421 && ancestors(hidden) == "'none'")
    }

    @Test("a store with a domain of its own is framed where the pass leads")
    func ownDomain() async throws {
        let shop = try await WebShop.open()
        let domain = "www.\(shop.host)"
        try await shop.running.database.transaction(for: shop.tenant) { tx in
            try await Stores().addHost(domain, custom: true, verifiedAt: Date(), in: tx)
        }

        #expect(try await shop.get("/").status == 301)
        #expect(try await shop.get("/?pass=\(pass(to: shop))").status == 200)
    }

    @Test("the choice of the look shows the shop, and its policy allows that one address and no other")
    func lookStep() async throws {
        let merchant = try await Merchant.signedUp()
        let (store, root) = try await merchant.openStore()

        let page = try await merchant.get("\(root)/theme?look=plain")
        let business = try await merchant.get("\(root)/business")

        let start = try #require(page.body.firstRange(of: "<iframe class=\"shopframe\" src=\""))
        let address = page.body[start.upperBound...].prefix { $0 != "\"" }.replacing("&amp;", with: "&")
        let source = try #require(URLComponents(string: String(address)))
        let port = try #require(source.port)
        let origin = "http://\(try #require(source.host)):\(port)"
        #expect(page.headers["content-security-policy"]?.contains("frame-src \(origin);") == true)
        #expect(page.body.contains("sandbox=\"allow-same-origin\""))
        #expect(page.body.contains("<option value=\"plain\" selected>"))
        let items = Dictionary(
            (source.queryItems ?? []).map { ($0.name, $0.value ?? "") }, uniquingKeysWith: { $1 })
        #expect(items["theme"] == "plain")
        #expect(Self.signer.previews.admits(items["pass"] ?? "", to: store, at: Date()))
        // Tried on is not kept.
        let kept = try await merchant.running.database.transaction(for: store) {
            try await Stores().theme(in: $0)
        }
        #expect(kept != "plain")
        #expect(business.headers["content-security-policy"]?.contains("frame-src") == false)
        #expect(page.headers["x-frame-options"] == "DENY")
        #expect(try await merchant.get("\(root)/theme?look=%22%3E").body.contains("&amp;theme=garden"))
    }
}
