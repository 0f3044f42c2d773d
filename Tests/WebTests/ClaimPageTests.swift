import Commerce
import CommerceStore
import Foundation
import Testing

@testable import Storefront

@Suite("Claims, on the pages")
struct ClaimPageTests {
    @Test("a shopper reports a problem without signing in, and pressing three times is one report")
    func reporting() async throws {
        let shop = try await WebShop.open()
        let bought = try await shop.delivered()
        #expect(try await shop.get(bought.path).body.contains("Report a problem"))

        let path = "\(bought.path)/problem"
        let form = try await shop.get(path, cookie: bought.cookie)
        #expect(form.status == 200)
        let fields = [
            "form_token": form.field("form_token") ?? "", "claim": form.field("claim") ?? "",
            "line": "\(bought.line)", "count": "1", "problem": "damaged", "wish": "replacement",
            "description": "The <lid> is broken",
        ]
        async let first = shop.post(path, fields, cookie: bought.cookie)
        async let second = shop.post(path, fields, cookie: bought.cookie)
        let answers = try await [first, second, shop.post(path, fields, cookie: bought.cookie)]

        #expect(answers.map(\.status) == [303, 303, 303])
        let id = try OrderClaimID(parsing: fields["claim"] ?? "")
        #expect(shop.running.world.runs(of: id).count == 1)
        let claim = try await shop.running.database.transaction(for: shop.tenant) {
            try await OrderClaims().load(id, in: $0)
        }
        #expect(claim.description == "The <lid> is broken")
        #expect(claim.wish == .replacement)
        let after = try await shop.get(bought.path)
        #expect(after.body.contains("You reported this on"))
        #expect(after.body.contains("We are looking at it and write to you."))
        #expect(!after.body.contains("Report a problem"))
        #expect(!after.body.contains("Withdraw from contract here"))
    }

    @Test("a form that is not complete keeps what was typed and points at the fields")
    func incomplete() async throws {
        let shop = try await WebShop.open()
        let bought = try await shop.delivered()
        let path = "\(bought.path)/problem"
        let form = try await shop.get(path, cookie: bought.cookie)

        let answer = try await shop.post(
            path,
            [
                "form_token": form.field("form_token") ?? "", "claim": form.field("claim") ?? "",
                "line": "\(bought.line)", "count": "7", "problem": "returned", "wish": "refund",
                "description": "The <lid> is broken",
            ], cookie: bought.cookie)

        #expect(answer.status == 422)
        #expect(answer.body.contains("value=\"7\""))
        #expect(answer.body.contains("The &lt;lid&gt; is broken"))
        #expect(answer.body.contains("<a href=\"#count\">"))
        #expect(answer.body.contains("<a href=\"#problem\">"))
        #expect(!answer.body.contains("<a href=\"#description\">"))
        #expect(answer.field("claim") == form.field("claim"))
    }

    @Test(
        "it is asked for in every language",
        arguments: [
            ("en", "Report a problem"), ("ro", "Raportați o problemă"), ("de", "Problem melden"),
            ("es", "Comunicar un problema"),
        ])
    func words(language: String, report: String) throws {
        #expect(ClaimPageWords(try #require(Language(rawValue: language))).report == report)
    }

    @Test("what was not sent yet and another store's order cannot be reported")
    func nothingToReport() async throws {
        let shop = try await WebShop.open()
        let waiting = try await shop.delivered(upTo: .checking)
        let other = try await WebShop.open()

        #expect(try await !shop.get(waiting.path).body.contains("Report a problem"))
        let form = try await shop.get("\(waiting.path)/problem", cookie: waiting.cookie)
        #expect(form.body.contains("There is nothing to report here at the moment"))
        #expect(try await other.get("\(waiting.path)/problem").status == 404)
    }

    // MARK: - The merchant and the operators

    @Test("a merchant decides once, with what each decision needs")
    func deciding() async throws {
        let made = try await MerchantOrder.made(upTo: .delivered)
        let id = try await made.shop.reported(made.bought)
        let page = "\(made.root)/claims/\(id)"
        #expect(try await made.merchant.get("\(made.root)/claims").body.contains("waiting for your decision"))
        #expect(try await made.merchant.get(page).body.contains("The &lt;lid&gt; is broken"))

        let nothing = try await made.merchant.post(page, ["decision": ""])
        #expect(nothing.status == 422 && nothing.body.contains("id=\"decision-error\""))
        let silent = try await made.merchant.post(page, ["decision": "refused", "tracking": "T-1"])
        #expect(silent.status == 422 && silent.body.contains("id=\"reason-error\""))
        #expect(silent.body.contains("value=\"T-1\""))
        #expect(try await made.merchant.post(page, ["decision": "refund"]).status == 303)
        let late = try await made.merchant.post(page, ["decision": "refused", "reason": "It was used"])

        #expect(late.status == 409)
        let claim = try await made.inStore { try await OrderClaims().load(id, in: $0) }
        #expect(claim.remedy == .refund)
        let other = try await MerchantOrder.made()
        #expect(try await other.merchant.get("\(other.root)/claims/\(id)").status == 404)
        #expect(
            try await other.merchant.post("\(other.root)/claims/\(id)", ["decision": "refund"]).status == 404)
    }

    @Test("operators who may move money note the supplier's answer once, and nobody else does")
    func answering() async throws {
        let shop = try await WebShop.open()
        let id = try await shop.reported(try await shop.delivered())
        let page = "/ops/claims/\(shop.tenant)/\(id)"
        let form = ["answer": "credited", "amount": "10.00", "reason": "their mail of today"]
        #expect(try await Operator.signedIn(.operator).post(page, form).status == 403)
        let person = try await Operator.signedIn(.finance)
        #expect(try await person.get(page).body.contains("The &lt;lid&gt; is broken"))

        let silent = try await person.post(page, form.merging(["reason": ""]) { $1 })
        #expect(silent.status == 422 && silent.body.contains("value=\"10.00\""))
        let wrong = try await person.post(page, form.merging(["amount": "ten"]) { $1 })
        #expect(wrong.status == 422 && wrong.body.contains("id=\"amount-error\""))
        let tooMuch = try await person.post(page, form.merging(["amount": "99999.00"]) { $1 })
        #expect(tooMuch.status == 409 && tooMuch.body.contains("was credited for other claims"))
        #expect(try await person.post(page, form).status == 303)
        #expect(try await person.post(page, form.merging(["answer": "refused"]) { $1 }).status == 409)

        let claim = try await shop.running.database.transaction(for: shop.tenant) {
            try await OrderClaims().load(id, in: $0)
        }
        #expect(claim.answer == .credited)
        #expect(claim.credit == .eur(1_000))
        #expect(try await person.get("/ops/claims/\(UUID())/\(id)").status == 404)
    }
    @Test("a claim that closes before the answer says so, and a decision that comes after it too")
    func closed() async throws {
        let made = try await MerchantOrder.made(upTo: .delivered)
        let id = try await made.shop.reported(made.bought)
        let person = try await Operator.signedIn(.finance)
        let page = "/ops/claims/\(made.store)/\(id)"
        _ = try await made.inStore { tx in
            try await OrderClaims().settle(id, as: .refunded, at: Date(), in: tx)
            return try await OrderClaims().close(id, as: .unanswered, at: Date(), in: tx)
        }

        let late = try await person.post(page, ["answer": "borne", "reason": "their mail of today"])
        let decided = try await made.merchant.post("\(made.root)/claims/\(id)", ["decision": "refund"])

        #expect(late.status == 409 && late.body.contains("This claim is closed"))
        #expect(decided.status == 409 && decided.body.contains("this claim is closed"))
        let claim = try await made.inStore { try await OrderClaims().load(id, in: $0) }
        #expect(claim.answer == nil && claim.remedy == nil)
        #expect(claim.ending == .unanswered)
    }
}

extension WebShop {
    /// Something of an order was reported, and no run that listens carries it.
    func reported(_ bought: WebShop.Bought) async throws -> OrderClaimID {
        let id = OrderClaimID()
        let outcome = try await running.database.transaction(for: tenant) { tx in
            let outcome = try await OrderClaims().report(
                OrderClaims.Draft(
                    id: id, order: bought.order, line: bought.line, count: 1, problem: .damaged,
                    wish: .refund, description: "The <lid> is broken", language: .english), at: Date(),
                in: tx)
            try await OrderClaims().recordRun(UUID(), of: id, in: tx)
            return outcome
        }
        guard case .reported = outcome else { throw RawHTTPError(message: "not reported: \(outcome)") }
        return id
    }
}
