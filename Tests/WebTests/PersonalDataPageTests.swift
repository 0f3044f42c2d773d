import Commerce
import CommerceStore
import Foundation
import Postgres
import Testing

/// What shoppers see who ask about their data.
@Suite struct PersonalDataPageTests {
    private func ask(_ shop: WebShop, _ fields: [String: String]) async throws -> Answer {
        let page = try await shop.get("/personal-data")
        var all = fields
        all["form_token"] = page.field("form_token")
        return try await shop.post("/personal-data", all, cookie: page.cookie)
    }

    private func tokens(in shop: WebShop) async throws -> [SecretToken] {
        let ids = try await shop.running.database.transaction(for: shop.tenant) { tx in
            try await tx.postgres.execute(
                "select id from shop.personal_data_request where tenant_id = \(shop.tenant.rawValue)"
            ).rows.map { try $0.decode("id", as: UUID.self) }
        }
        return try ids.map { try LetterTokens(WebPlatform.credentials).token(of: $0) }
    }

    @Test("the answer to an address never tells whether the store knows it")
    func answersAlike() async throws {
        let shop = try await WebShop.open()
        _ = try await shop.buy()

        let unknown = try await ask(shop, ["email": "nobody@example.test", "kind": "erasure"])
        #expect(try await tokens(in: shop).isEmpty)
        let known = try await ask(shop, ["email": "Ana@example.test", "kind": "erasure"])

        #expect(unknown.status == 200 && known.status == 200)
        #expect(try await tokens(in: shop).count == 1)
        let heading = "Look into your mailbox"
        #expect(unknown.body.contains(heading) && known.body.contains(heading))
    }

    @Test("what is missing is shown at its field, and what was typed stays")
    func badInput() async throws {
        let shop = try await WebShop.open()

        let answer = try await ask(shop, ["email": "no address"])

        #expect(answer.status == 422)
        #expect(answer.body.contains("value=\"no address\"") && answer.body.contains("email-error"))
        #expect(answer.body.contains("kind-error"))
    }

    @Test("a link asks once more, works once, and belongs to one store")
    func links() async throws {
        let shop = try await WebShop.open()
        let other = try await WebShop.open()
        _ = try await shop.buy()
        _ = try await ask(shop, ["email": "ana@example.test", "kind": "export"])
        let token = try #require(try await tokens(in: shop).first).text
        let path = "/personal-data/confirm"

        #expect(try await other.get("\(path)?token=\(token)").status == 404)
        let page = try await shop.get("\(path)?token=\(token)")
        #expect(page.status == 200 && page.body.contains("A copy of my data"))
        let form = ["token": token, "form_token": page.field("form_token") ?? ""]
        let first = try await shop.post(path, form, cookie: page.cookie)
        let second = try await shop.post(path, form, cookie: page.cookie)

        #expect(first.status == 200 && second.status == 404)
        #expect(shop.running.world.answered(in: shop.tenant) == 1)
        #expect(try await shop.get("/personal-data/copy?token=\(token)").status == 404)
    }

    @Test("the page speaks the store's languages", arguments: ["ro", "de", "es"])
    func languages(code: String) async throws {
        let shop = try await WebShop.open()
        let titles = ["ro": "Datele dvs.", "de": "Ihre Daten", "es": "Sus datos"]

        let page = try await shop.get("/\(code)/personal-data")

        #expect(page.status == 200 && page.body.contains(titles[code] ?? ""))
    }
}
