import Commerce
import CommerceStore
import Foundation
import Testing

/// What shoppers report, for a merchant's own programs.
@Suite struct ClaimAPITests {
    private func claim(_ id: OrderClaimID, of shop: WebShop) async throws -> OrderClaim {
        try await shop.running.database.transaction(for: shop.tenant) {
            try await OrderClaims().load(id, in: $0)
        }
    }

    @Test("claims come page by page, the newest first, none twice and none left out")
    func pages() async throws {
        let shop = try await WebShop.open()
        var reported: [String] = []
        for _ in 0..<3 { reported.append("\(try await shop.reported(try await shop.delivered()))") }
        let program = try await Program(of: shop)

        var seen: [String] = []
        var cursor: String?
        for _ in 0..<3 {
            let place = cursor.map { "&cursor=\($0)" } ?? ""
            let page = try await program.inStore("GET", "/claims?limit=1\(place)").json()
            seen += page["claims"]?.elements.compactMap { $0["id"]?.text } ?? []
            cursor = page["next_cursor"]?.text
        }
        let whole = try await program.inStore("GET", "/claims?limit=2").json()
        let strange = try await program.inStore("GET", "/orders?cursor=\(whole["next_cursor"]?.text ?? "")")

        #expect(seen == reported.reversed())
        #expect(cursor == nil)
        #expect(strange.status == 422)
    }

    @Test("a claim says what it is about, and after the decision and the answer what became of it")
    func reading() async throws {
        let shop = try await WebShop.open()
        let bought = try await shop.delivered()
        let id = try await shop.reported(bought)
        let program = try await Program(of: shop, for: [.claims])

        let before = try await program.inStore("GET", "/claims/\(id)").json()
        _ = try await shop.running.database.transaction(for: shop.tenant) {
            try await OrderClaims().answer(
                .credited(.eur(700)), note: "as they wrote", of: id, by: "operator", at: Date(), in: $0)
        }
        let after = try await program.inStore("GET", "/claims/\(id)").json()

        #expect(before["order"]?.text == "\(bought.order)")
        #expect(before["line"]?.text == "\(bought.line)")
        #expect(before["pieces"]?.number == 1)
        #expect(before["description"]?.text == "The <lid> is broken")
        #expect(before["remedy"] == nil && before["answer"] == nil)
        #expect(after["answer"]?.text == "credited")
        #expect(after["credit"]?["minor_units"]?.number == 700)
    }

    @Test("a decision is taken once, tells the run, and is written down under the key's name")
    func deciding() async throws {
        let shop = try await WebShop.open()
        let id = try await shop.reported(try await shop.delivered())
        let program = try await Program(of: shop)
        let path = "/claims/\(id)/decision"
        let refund = #"{"decision": "refund"}"#

        let unnamed = try await program.inStore("POST", path, refund)
        let first = try await program.inStore("POST", path, refund, once: "a")
        let again = try await program.inStore("POST", path, refund, once: "a")
        let late = try await program.inStore("POST", path, #"{"decision": "replacement"}"#, once: "b")

        #expect(unnamed.status == 400)
        #expect(first.status == 200, "\(first.body)")
        #expect(try first.json()["remedy"]?.text == "refund")
        #expect(again.status == 200 && again.headers["idempotent-replayed"] == "true")
        #expect(late.status == 409)
        let stored = try await claim(id, of: shop)
        #expect(stored.remedy == .refund)
        #expect(shop.running.world.wordCount(to: try #require(stored.run)) == 2)
    }

    @Test("a refusal needs its reason and a sent piece its number, and both are said at their fields")
    func incomplete() async throws {
        let shop = try await WebShop.open()
        let id = try await shop.reported(try await shop.delivered())
        let program = try await Program(of: shop)
        func decide(_ body: String, once key: String) async throws -> Answer {
            try await program.inStore("POST", "/claims/\(id)/decision", body, once: key)
        }

        let silent = try await decide(#"{"decision": "refused"}"#, once: "1")
        let unnumbered = try await decide(#"{"decision": "sent", "tracking": " "}"#, once: "2")
        let strange = try await decide(#"{"decision": "ignored"}"#, once: "3")
        let refused = try await decide(#"{"decision": "refused", "reason": "It was used"}"#, once: "4")

        #expect(silent.status == 422 && silent.body.contains("#/reason"))
        #expect(unnumbered.status == 422 && unnumbered.body.contains("#/tracking"))
        #expect(strange.status == 422 && strange.body.contains("#/decision"))
        #expect(refused.status == 200)
        #expect(try refused.json()["reason"]?.text == "It was used")
        let stored = try await claim(id, of: shop)
        #expect(stored.remedy == .refused && stored.remedyReason == "It was used")
    }

    @Test("a claim that is closed is decided no more, and is told as closed")
    func closed() async throws {
        let shop = try await WebShop.open()
        let id = try await shop.reported(try await shop.delivered())
        let program = try await Program(of: shop)
        _ = try await shop.running.database.transaction(for: shop.tenant) { tx in
            try await OrderClaims().settle(id, as: .refunded, at: Date(), in: tx)
            return try await OrderClaims().close(id, as: .unanswered, at: Date(), in: tx)
        }

        let late = try await program.inStore(
            "POST", "/claims/\(id)/decision", #"{"decision": "refund"}"#, once: "a")

        #expect(late.status == 409 && late.body.contains("is closed"))
        let seen = try await program.inStore("GET", "/claims/\(id)").json()
        #expect(seen["ending"]?.text == "unanswered")
    }
}
