import Commerce
import CommerceStore
import Durable
import DurableTesting
import Foundation
import Testing
import VendorSandbox
import WebSupport
import Workflows

/// The merchants' pages about shoppers' data, their own data and affiliates, over HTTP.
@Suite("Pages of rights and referrals")
struct PersonalDataPageTests {
    private static let password = "a password that is long"

    private func signUp(
        _ world: MerchantWorld, ref: String? = nil
    ) async throws -> (browser: MerchantBrowser, email: String) {
        let browser = MerchantBrowser(world)
        let email = "p\(UUID().uuidString.lowercased())@example.test"
        var fields = ["name": "Ana", "email": email, "password": Self.password, "language": "en"]
        let page = ref.map { "/sign-up?ref=\($0)" } ?? "/sign-up"
        if let ref {
            let shown = try await browser.get(page)
            #expect(shown.field("ref") == ref, "the form carries the code on")
            fields["ref"] = ref
        }
        #expect(try await browser.fill("/sign-up", at: page, fields).status == 200)
        try await world.settle()
        let letter = try #require(await world.letter(to: email))
        let start = try #require(letter.firstRange(of: "/verify?token="))
        let token = String(letter[start.upperBound...].prefix { !$0.isWhitespace })
        let verified = try await browser.fill(
            "/verify", at: "/verify?token=\(token)", ["token": token, "password": Self.password])
        #expect(verified.status == 303)
        return (browser, email)
    }

    private func openStore(_ browser: MerchantBrowser) async throws -> String {
        let slug = "s" + UUID().uuidString.lowercased().replacing("-", with: "").prefix(20)
        let opened = try await browser.fill(
            "/stores/new",
            ["name": "Casa Verde", "slug": slug, "country": "RO", "currency": "EUR", "language": "ro"])
        let address = try #require(opened.header("location"), "not opened: \(opened.status)")
        return "/stores/\(address.split(separator: "/")[1])"
    }

    @Test("a merchant asks for a shopper's copy, fetches it, and nobody else does")
    func copies() async throws {
        try await MerchantWorld.open { world in
            let (browser, _) = try await signUp(world)
            let page = try await openStore(browser) + "/personal-data"

            let wrong = try await browser.fill(page, ["email": "no address", "kind": "export"])
            #expect(wrong.status == 422 && wrong.text.contains("is not an address"))
            #expect(wrong.text.contains("no address"), "what was typed stays")
            let asked = try await browser.fill(page, ["email": "gone@example.test", "kind": "export"])
            #expect(asked.status == 303)
            try await world.settle()

            let shown = try await browser.get(page).text
            let start = try #require(shown.firstRange(of: "href=\"\(page)/"))
            let link = page + "/" + shown[start.upperBound...].prefix { $0 != "\"" }
            let copy = try await browser.get(link)
            #expect(copy.status == 200)
            #expect(copy.header("content-disposition")?.hasPrefix("attachment") == true)
            #expect(copy.text.contains("\"orders\": []"))
            #expect(!shown.contains("gone@example.test"), "the list names nobody")
            let (stranger, _) = try await signUp(world)
            #expect(try await stranger.get(page).status == 404)
            #expect(try await stranger.get(link).status == 404)
        }
    }

    @Test("a person copies the own account, and is erased only by their own hand and without a store")
    func ownAccount() async throws {
        try await MerchantWorld.open { world in
            let (browser, email) = try await signUp(world)
            let page = "/account/personal-data"

            #expect(try await browser.fill(page, ["kind": "export"]).status == 303)
            try await world.settle()
            let shown = try await browser.get(page).text
            let start = try #require(shown.firstRange(of: "href=\"\(page)/"))
            let link = page + "/" + shown[start.upperBound...].prefix { $0 != "\"" }
            #expect(try await browser.get(link).text.contains(email))
            let slip = try await browser.fill(page, ["kind": "erasure", "email": "other@example.test"])
            #expect(slip.status == 422)
            #expect(try await browser.fill(page, ["kind": "erasure", "email": email]).status == 303)
            try await world.settle()

            #expect(try await browser.get("/stores").header("location")?.hasPrefix("/sign-in") == true)
            let left = try await Accounts(world.database).find(EmailAddress(unchecked: email))
            #expect(left == nil)
            #expect(await world.letter(to: email)?.contains("have been erased") == true)
        }
    }

    @Test("an affiliate joins, brings somebody by the link, and is told that the own link brings nothing")
    func affiliates() async throws {
        try await MerchantWorld.open { world in
            let (browser, _) = try await signUp(world)
            let page = try await openStore(browser) + "/affiliate"
            let code = "ana-\(UUID().uuidString.lowercased().prefix(8))"

            let wrong = try await browser.fill(page, ["code": "a b"])
            #expect(wrong.status == 422 && wrong.text.contains("needs 3 to 40 small letters"))
            #expect(try await browser.fill(page, ["code": code]).status == 303)
            #expect(try await browser.get(page).text.contains("/sign-up?ref=\(code)"))
            #expect(try await browser.get("/sign-up?ref=\(code)").text.contains("This is your own link"))
            let (other, _) = try await signUp(world, ref: code)

            #expect(try await browser.get(page).text.contains("Accounts you brought: 1."))
            let otherPage = try await openStore(other) + "/affiliate"
            let taken = try await other.fill(otherPage, ["code": code])
            #expect(taken.status == 422 && taken.text.contains("is taken by somebody else"))
        }
    }
}
