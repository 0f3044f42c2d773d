import Commerce
import CommerceStore
import Foundation
import Testing

@testable import Storefront

@Suite struct ReturnTests {
    @Test("a shopper withdraws in two steps without signing in, and pressing twice is one declaration")
    func withdrawing() async throws {
        let shop = try await WebShop.open()
        let bought = try await shop.delivered()
        let page = try await shop.get(bought.path)
        #expect(page.body.contains("Withdraw from contract here"))

        let form = try await shop.get("\(bought.path)/withdraw", cookie: bought.cookie)
        #expect(form.status == 200)
        #expect(!form.body.contains("ana@example.test"))
        var fields = [
            "form_token": form.field("form_token") ?? "", "name": "Ana <Pop>", "email": "ana@example.test",
            "line:\(bought.line)": "1",
        ]
        let confirmation = try await shop.post("\(bought.path)/withdraw", fields, cookie: bought.cookie)
        #expect(confirmation.status == 200)
        #expect(confirmation.body.contains("Confirm withdrawal"))
        #expect(confirmation.body.contains("Ana &lt;Pop&gt;"))
        fields["form_token"] = confirmation.field("form_token") ?? ""
        fields["withdrawal"] = confirmation.field("withdrawal")
        let path = "\(bought.path)/withdraw/confirm"

        let declared = fields
        async let first = shop.post(path, declared, cookie: bought.cookie)
        async let second = shop.post(path, declared, cookie: bought.cookie)
        let answers = try await [first, second, shop.post(path, declared, cookie: bought.cookie)]

        #expect(answers.map(\.status) == [303, 303, 303])
        let id = try WithdrawalID(parsing: fields["withdrawal"] ?? "")
        let runs = shop.running.world.runs(of: id)
        #expect(runs.count == 1)
        let after = try await shop.get(bought.path)
        #expect(after.body.contains("We received your withdrawal on"))
        #expect(!after.body.contains("Withdraw from contract here"))

        let sent = try await shop.post(
            "\(bought.path)/withdraw/\(id)/sent",
            ["form_token": fields["form_token"] ?? "", "tracking": "RR123"], cookie: bought.cookie)
        #expect(sent.status == 303)
        #expect(shop.running.world.wordCount(to: try #require(runs.first)) == 1)
        #expect(try await shop.get(bought.path).body.contains("Your parcel is on its way to us."))
    }

    @Test("a form with nothing chosen and no address keeps what was typed and points at the fields")
    func incomplete() async throws {
        let shop = try await WebShop.open()
        let bought = try await shop.delivered()
        let form = try await shop.get("\(bought.path)/withdraw", cookie: bought.cookie)

        let answer = try await shop.post(
            "\(bought.path)/withdraw",
            [
                "form_token": form.field("form_token") ?? "", "name": "Ana", "email": "nobody",
                "line:\(bought.line)": "7",
            ], cookie: bought.cookie)

        #expect(answer.status == 422)
        #expect(answer.body.contains("value=\"Ana\""))
        #expect(answer.body.contains("value=\"nobody\""))
        #expect(answer.body.contains("<a href=\"#email\">"))
        #expect(answer.body.contains("<a href=\"#units\">"))
    }

    @Test(
        "the function is called what the law calls it, in every language",
        arguments: [
            ("en", "Withdraw from contract here", "Confirm withdrawal"),
            ("ro", "Retrageți-vă din contract aici", "Confirmă retragerea"),
            ("de", "Vertrag hier widerrufen", "Widerruf bestätigen"),
            ("es", "Desistir del contrato aquí", "Confirmar desistimiento"),
        ])
    func words(language: String, button: String, confirm: String) throws {
        let words = ReturnWords(try #require(Language(rawValue: language)))
        #expect(words.withdraw == button)
        #expect(words.confirm == confirm)
    }

    @Test("an address is corrected until the supplier is asked, and is never shown")
    func address() async throws {
        let shop = try await WebShop.open()
        let bought = try await shop.delivered(upTo: .checking)
        let form = try await shop.get("\(bought.path)/address", cookie: bought.cookie)
        #expect(!form.body.contains("Strada"))
        var fields = [
            "form_token": form.field("form_token") ?? "", "firstName": "Ana", "lastName": "Pop",
            "line": "Strada Scurtă 2", "city": "Cluj-Napoca", "county": "Cluj", "postcode": "1",
        ]
        let path = "\(bought.path)/address"

        let wrong = try await shop.post(path, fields, cookie: bought.cookie)
        #expect(wrong.status == 422)
        #expect(wrong.body.contains("value=\"Strada Scurtă 2\""))
        fields["postcode"] = "400002"
        #expect(try await shop.post(path, fields, cookie: bought.cookie).status == 303)
        try await shop.move(bought.order, to: [.submitting])
        #expect(try await shop.post(path, fields, cookie: bought.cookie).status == 409)
        #expect(try await !shop.get(bought.path).body.contains("Correct the address"))
        let stored = try await shop.running.database.transaction(for: shop.tenant) {
            try await Orders().load(bought.order, in: $0).address
        }
        #expect(stored.line == "Strada Scurtă 2")
    }

    @Test("another store's page opens none of it")
    func otherStore() async throws {
        let shop = try await WebShop.open()
        let bought = try await shop.delivered()
        let other = try await WebShop.open()

        #expect(try await other.get("\(bought.path)/withdraw").status == 404)
        #expect(try await other.get("\(bought.path)/address").status == 404)
    }
}

extension WebShop {
    struct Bought {
        let path: String
        let cookie: String
        let order: OrderID
        let line: OrderLineID
    }

    /// Buys one thing, pays it, and lets its supplier order come this far.
    func delivered(upTo last: SupplierOrderState = .delivered) async throws -> Bought {
        let bought = try await buy()
        let order = try await placeOrder(at: bought.path)
        let line = try await running.database.transaction(for: tenant) { tx in
            let opened = try await Payments().open(
                for: order.id, amount: order.total.gross, fee: order.total.withheld, in: tx)
            let intent = "pi_\(opened.id)"
            _ = try await Payments().recordIntent(intent, clientSecret: "secret", of: opened.id, in: tx)
            _ = try await Payments().markPaid(
                intent: intent, captured: order.total.gross, charge: "ch_\(opened.id)", stripeFee: nil,
                at: Date(), in: tx)
            _ = try await SupplierOrders().plan(order.id, in: tx)
            try await Orders().refreshStatus(order.id, in: tx)
            return try await Orders().lines(of: order.id, in: tx)[0].id
        }
        let way: [SupplierOrderState] = [
            .checking, .submitting, .submitted, .accepted, .shipped, .delivered,
        ]
        let end = way.firstIndex(of: last) ?? 0
        try await move(order.id, to: Array(way[...end]))
        return Bought(path: bought.path, cookie: bought.cookie, order: order.id, line: line)
    }

    func move(_ order: OrderID, to states: [SupplierOrderState]) async throws {
        try await running.database.transaction(for: tenant) { tx in
            guard let group = try await SupplierOrders().all(of: order, in: tx).first?.id else { return }
            for state in states {
                try await SupplierOrders().move(group, to: state, at: Date(), in: tx)
                switch state {
                case .accepted: try await SupplierOrders().moveUnits(of: group, to: .forwarded, in: tx)
                case .delivered: try await SupplierOrders().moveUnits(of: group, to: .delivered, in: tx)
                default: break
                }
            }
            try await Orders().refreshStatus(order, in: tx)
        }
    }
}
