import CommerceStore
import Durable
import Foundation
import Testing
import VendorSandbox

@testable import Commerce

/// The pages for merchants' programs: webhooks and keys of the API.
@Suite("Pages for merchants' programs")
struct ProgramPagesTests {
    private static let password = "a password that is long"

    /// Somebody who has signed in and owns one store.
    private func merchant(_ world: MerchantWorld) async throws -> (MerchantBrowser, TenantID, String) {
        let browser = MerchantBrowser(world)
        let email = "m\(UUID().uuidString.lowercased())@example.test"
        _ = try await browser.fill(
            "/sign-up", ["name": "Ana", "email": email, "password": Self.password, "language": "en"])
        try await world.settle()
        let letter = try #require(await world.letter(to: email))
        let start = try #require(letter.firstRange(of: "/verify?token="))
        let link = "/verify?token=" + letter[start.upperBound...].prefix { !$0.isWhitespace }
        let token = String(link.dropFirst("/verify?token=".count))
        _ = try await browser.fill("/verify", at: link, ["token": token, "password": Self.password])
        let slug = "s" + UUID().uuidString.lowercased().replacing("-", with: "").prefix(20)
        let opened = try await browser.fill(
            "/stores/new",
            ["name": "Casa Verde", "slug": slug, "country": "RO", "currency": "EUR", "language": "en"])
        let address = try #require(opened.header("location"))
        return (browser, try TenantID(parsing: String(address.split(separator: "/")[1])), email)
    }

    private func endpoints(_ store: TenantID, _ world: MerchantWorld) async throws -> [WebhookEndpoint] {
        let book = WebhookEndpoints(world.onboarding.credentials)
        return try await world.database.transaction(for: store) { try await book.all(in: $0) }
    }

    private func secret(in page: SandboxResponse, after mark: String) throws -> String {
        let start = try #require(page.text.firstRange(of: "<code>\(mark)"), "\(page.status) \(page.text)")
        return mark + page.text[start.upperBound...].prefix { $0 != "<" }
    }

    @Test("an endpoint is added, its secret shown once, and what was typed wrong is kept")
    func adding() async throws {
        try await MerchantWorld.open { world in
            let (browser, store, _) = try await merchant(world)
            let root = "/stores/\(store)/webhooks"
            #expect(try await browser.get("/stores").text.contains(root))
            #expect(try await browser.get(root).text.contains("Add an endpoint"))

            let wrong = try await browser.fill(
                root, ["url": "https://10.0.0.1/hooks", "title": "Till <b>", "kind:order.paid": "1"])
            #expect(wrong.status == 422)
            #expect(wrong.text.contains("no public host") && wrong.text.contains("Till &lt;b&gt;"))
            #expect(wrong.text.contains(#"name="kind:order.paid" value="1" checked"#))
            let none = try await browser.fill(root, ["url": "https://hooks.example.com/", "title": ""])
            #expect(none.status == 422 && none.text.contains("Choose at least one kind"))
            #expect(try await endpoints(store, world).isEmpty)

            let id = WebhookEndpointID()
            let wish = [
                "id": "\(id)", "url": "https://hooks.example.com/a", "title": "Till",
                "kind:order.paid": "1", "kind:order.refunded": "1",
            ]
            let added = try await browser.fill(root, wish)
            let secret = try secret(in: added, after: "whsec_")

            #expect(added.status == 200)
            // The form once more, by a reload: neither another endpoint nor the secret again.
            #expect(try await browser.fill(root, wish).status == 303)
            let known = try await endpoints(store, world)
            #expect(known.map(\.kinds) == [[.orderPaid, .orderRefunded]])
            for page in [root, "\(root)/\(id)"] {
                let text = try await browser.get(page).text
                #expect(text.contains("https://hooks.example.com/a") && !text.contains(secret))
            }
        }
    }

    @Test("an endpoint is tested, changed, switched off and on, given a new secret, and removed")
    func acting() async throws {
        try await MerchantWorld.open { world in
            let (browser, store, _) = try await merchant(world)
            let root = "/stores/\(store)/webhooks"
            let id = WebhookEndpointID()
            let here = "\(root)/\(id)"
            _ = try await browser.fill(
                root, ["id": "\(id)", "url": "https://hooks.example.com/a", "kind:order.paid": "1"])
            func act(_ act: String, _ fields: [String: String] = [:]) async throws -> SandboxResponse {
                try await browser.fill(here, fields.merging(["act": act]) { $1 })
            }

            #expect(try await act("test").status == 303)
            #expect(try await browser.get("\(here)?state=queued").text.contains("webhook.test"))
            #expect(try await browser.get("\(here)?state=delivered").text.contains("There is nothing here"))
            let delivery = try await world.database.transaction(for: store) {
                try await WebhookDeliveries().list(to: id, in: $0)[0]
            }
            let detail = try await browser.get("\(here)/deliveries/\(delivery.id)")
            #expect(detail.status == 200 && detail.text.contains("This is a test."))
            #expect(
                try await browser.fill("\(here)/deliveries/\(delivery.id)", ["act": "resend"]).status == 303)

            let bad = try await act("save", ["url": "nonsense", "title": "Kept", "kind:order.paid": "1"])
            #expect(bad.status == 422 && bad.text.contains("Kept"))
            _ = try await act("save", ["url": "https://hooks.example.com/b", "kind:dispute.opened": "1"])
            #expect(try await endpoints(store, world)[0].url == "https://hooks.example.com/b")
            #expect(try await endpoints(store, world)[0].kinds == [.disputeOpened])
            #expect(try await act("replay", ["from": "2026-11-01", "until": "2026-11-31"]).status == 422)
            #expect(try await act("replay", ["from": "2026-11-02", "until": "2026-11-01"]).status == 422)
            #expect(try await act("replay", ["from": "2026-11-01", "until": "2026-11-02"]).status == 303)

            _ = try await act("disable")
            #expect(try await browser.get(here).text.contains("You switched this endpoint off"))
            #expect(try await act("test").status == 404)
            _ = try await act("enable")
            #expect(try await endpoints(store, world)[0].isEnabled)
            #expect(try secret(in: try await act("rotate"), after: "whsec_").count > 40)
            #expect(try await act("dance").status == 422)
            #expect(try await act("remove").status == 422)
            #expect(try await act("remove", ["confirm": "yes"]).status == 303)
            #expect(try await endpoints(store, world).isEmpty)
        }
    }

    @Test("a key is made, shown once, named and revoked")
    func keys() async throws {
        try await MerchantWorld.open { world in
            let (browser, store, _) = try await merchant(world)
            let root = "/stores/\(store)/api-keys"

            let wrong = try await browser.fill(root, ["act": "make", "name": "Till"])
            #expect(wrong.status == 422)
            #expect(
                wrong.text.contains("Choose what the key may do") && wrong.text.contains("value=\"Till\""))
            let made = try await browser.fill(root, ["act": "make", "name": "Till", "scope:events": "1"])
            let text = try secret(in: made, after: APIKeys.prefix)

            let keys = APIKeys(world.database)
            let key = try #require(SecretToken(presented: text))
            let opened = try await keys.open(key, at: Date())
            #expect(opened?.tenant == store && opened?.scopes == [.events])
            let shown = try await browser.get(root)
            #expect(shown.text.contains("Till") && !shown.text.contains(text))
            let id = try #require(shown.field("key"))
            #expect(try await browser.fill(root, ["act": "revoke", "key": id]).status == 303)
            #expect(try await keys.open(key, at: Date()) == nil)
            #expect(try await browser.get(root).text.contains("revoked"))
        }
    }

    @Test(
        "who has no part in a store sees none of its pages; staff may not make keys, viewers change nothing")
    func roles() async throws {
        try await MerchantWorld.open { world in
            let (owner, store, _) = try await merchant(world)
            let (other, own, email) = try await merchant(world)
            let id = WebhookEndpointID()
            let wish = ["id": "\(id)", "url": "https://hooks.example.com/a", "kind:order.paid": "1"]
            _ = try await owner.fill("/stores/\(store)/webhooks", wish)
            let pages = ["webhooks", "webhooks/\(id)", "api-keys"].map { "/stores/\(store)/\($0)" }
            for page in pages {
                #expect(try await other.get(page).status == 404, "\(page)")
                let stolen = try await other.fill(page, at: "/stores/\(own)/webhooks", wish)
                #expect(stolen.status == 404, "\(page)")
            }
            // Another store's endpoint is not found in one's own.
            #expect(try await other.get("/stores/\(own)/webhooks/\(id)").status == 404)

            let known = try await Accounts(world.database).find(EmailAddress(unchecked: email))
            let person = try #require(known).id
            func appoint(_ role: StoreRole) async throws {
                try await world.database.transaction(for: store) { tx in
                    try await Memberships(world.database).set(role, for: person, in: tx)
                }
            }
            try await appoint(.viewer)
            #expect(try await other.get(pages[0]).status == 200)
            #expect(try await other.fill(pages[1], ["act": "test"]).status == 403)
            #expect(try await other.get(pages[2]).status == 403)
            try await appoint(.staff)
            #expect(try await other.fill(pages[1], ["act": "test"]).status == 303)
            #expect(try await other.get(pages[2]).status == 403)
        }
    }

    @Test("a domain is taken up, its records shown, and what cannot be one is refused at the field")
    func domain() async throws {
        try await MerchantWorld.open { world in
            let (browser, store, _) = try await merchant(world)
            let root = "/stores/\(store)/domain"
            func add(_ name: String) async throws -> SandboxResponse {
                try await browser.fill(root, ["act": "add", "domain": name])
            }

            let wrong = try await add("https://shop.example.test/")
            #expect(wrong.status == 422 && wrong.text.contains("write the name alone"))
            #expect(wrong.text.contains("value=\"https://shop.example.test/\""))
            #expect(try await add("10.1.2.3").text.contains("it is an address and no name"))
            let limited = try await add("shop.example.test")
            #expect(limited.status == 422 && limited.text.contains("the Business plan does"))
            try await world.database.transaction(for: store) { tx in
                _ = try await tx.postgres.execute(
                    "update shop.store set plan = 'business' where tenant_id = \(store.rawValue)")
            }
            #expect(try await add("mine.cartflux.test").text.contains("belongs to this platform"))
            let name = "d\(UUID().uuidString.lowercased().prefix(8)).example.test"

            #expect(try await add(name).status == 303)

            let page = try await browser.get(root).text
            #expect(page.contains("_cartflux.\(name)") && page.contains("cartflux-domain="))
            #expect(page.contains("CNAME") && page.contains(".cartflux.test"))
            let other = MerchantBrowser(world)
            #expect(try await other.get(root).status == 303)
            #expect(try await browser.fill(root, at: "/stores/new", ["act": "dance"]).status == 422)
            #expect(try await browser.fill(root, at: "/stores/new", ["act": "remove"]).status == 303)
            #expect(try await browser.get(root).text.contains("Use this domain"))
        }
    }
}
