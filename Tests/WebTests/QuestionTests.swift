import Commerce
import CommerceStore
import Foundation
import Testing

/// What waits for a person, closed by hand: by the merchant and by an operator.
@Suite("Closing what waits for a person")
struct QuestionTests {
    /// Opens an item and returns the page on which it can be closed.
    private func open(_ topic: Attention.Topic, _ message: String, in made: MerchantOrder) async throws
        -> String
    {
        try await made.inStore { tx in
            try await Attention().open(topic, subject: "\(UUID())", message: message, in: tx)
            let item = try #require(
                try await Attention().openItems(in: tx).first { $0.message == message })
            return "\(made.root)/questions/\(item.id)"
        }
    }

    private func acts(_ made: MerchantOrder) async throws -> [AuditTrail.Entry] {
        try await made.inStore { tx in
            try await AuditTrail().page(AuditTrail.Filter(area: "attention"), after: nil, in: tx).elements
        }
    }

    @Test("a merchant closes one with a reason, which is kept; without one the form asks for it")
    func merchant() async throws {
        let made = try await MerchantOrder.made()
        let path = try await open(.letter, "a letter may not have gone out", in: made)
        let home = try await made.merchant.get(made.root)
        #expect(home.body.contains("href=\"\(path)\""))
        #expect(try await made.merchant.get(path).body.contains("a letter may not have gone out"))

        let silent = try await made.merchant.post(path, ["reason": "  "])
        #expect(silent.status == 422 && silent.body.contains("Say why it is settled"))
        let closed = try await made.merchant.post(path, ["reason": "it arrived, the shopper says"])

        #expect(closed.status == 303)
        #expect(try await !made.merchant.get(made.root).body.contains("may not have gone out"))
        let act = try #require(try await acts(made).first)
        #expect(act.action == "attention.closed" && act.reason == "it arrived, the shopper says")
        #expect(try await made.merchant.get(path).status == 404)
        // Whoever was slower sees what they wanted.
        #expect(try await made.merchant.post(path, ["reason": "again"]).status == 303)
        #expect(try await acts(made).count == 1)
    }

    @Test("one whose cause still stands says so and stays open, and the way to answer with it")
    func standing() async throws {
        let made = try await MerchantOrder.made()
        _ = try await made.hold(.supplierUnknown, "nobody knows whether it was ordered")
        let item = try await made.inStore { tx in
            try #require(try await Attention().openItems(in: tx).first)
        }
        let path = "\(made.root)/questions/\(item.id)"

        #expect(try await made.merchant.get(path).body.contains("still waits for an answer"))
        let refused = try await made.merchant.post(path, ["reason": "enough of this"])

        #expect(refused.status == 409 && refused.body.contains("still waits for an answer"))
        #expect(try await made.inStore { try await Attention().find(item.id, in: $0) } != nil)
        #expect(try await made.merchant.get(made.page).body.contains("nobody knows whether it was ordered"))
        #expect(try await acts(made).isEmpty)
    }

    @Test("an order shows the next open item, or none, when one of its own is closed")
    func headline() async throws {
        let made = try await MerchantOrder.made()
        let order = made.bought.order
        let item = try await made.inStore { tx in
            try await Attention().open(
                .order(.refundFailed), subject: "\(UUID())", order: order, message: "the bank refused", in: tx
            )
            try await Orders().refreshStatus(order, in: tx)
            return try #require(try await Attention().openItems(in: tx).first)
        }
        #expect(
            try await made.inStore { try await Orders().load(order, in: $0) }.status.attention
                == .refundFailed)

        let closed = try await made.merchant.post(
            "\(made.root)/questions/\(item.id)", ["reason": "paid back by transfer"])

        #expect(closed.status == 303)
        #expect(try await made.inStore { try await Orders().load(order, in: $0) }.status.attention == .none)
    }

    @Test("somebody who only looks cannot close anything, and nobody closes another store's")
    func roles() async throws {
        let made = try await MerchantOrder.made(as: .viewer)
        let path = try await open(.letter, "unclear", in: made)

        #expect(try await !made.merchant.get(made.root).body.contains("Close it"))
        #expect(try await made.merchant.post(path, ["reason": "why not"]).status == 403)

        let other = try await MerchantOrder.made()
        let item = path.split(separator: "/").last ?? ""
        #expect(try await other.merchant.get("\(other.root)/questions/\(item)").status == 404)
        _ = try await other.merchant.post("\(other.root)/questions/\(item)", ["reason": "not mine"])
        #expect(try await made.inStore { try await Attention().openItems(in: $0) }.count == 1)
    }

    @Test("an operator closes one in the store's name; a viewer may not")
    func console() async throws {
        let made = try await MerchantOrder.made()
        let item = try await open(.letter, "the operators look", in: made).split(separator: "/").last ?? ""
        let path = "/ops/tenants/\(made.store)/questions/\(item)"
        let viewer = try await Operator.signedIn(.viewer)
        let person = try await Operator.signedIn(.operator)

        #expect(try await person.get("/ops/tenants/\(made.store)").body.contains("href=\"\(path)\""))
        #expect(try await viewer.post(path, ["reason": "why not"]).status == 403)
        #expect(try await person.post(path, ["reason": ""]).status == 422)
        #expect(try await person.post(path, ["reason": "looked it up at Resend"]).status == 303)

        let act = try #require(try await acts(made).first)
        #expect(act.actor.hasPrefix(person.email.canonical) && act.reason == "looked it up at Resend")
        #expect(try await person.get(path).status == 404)
    }

    @Test("what the platform must decide is at the top, and takes an answer and a reason")
    func platform() async throws {
        let person = try await Operator.signedIn(.operator)
        let supplier = "s\(UUID().uuidString.lowercased())"
        let database = try await WebPlatform.shared.running().raw
        try await database.psql(
            """
            insert into shop.platform_attention (id, kind, subject, message, opened_at)
            values ('\(UUID())', 'safety_loss', '\(supplier)', 'so many were lost', now())
            """)
        let id = try await database.psql(
            "select id from shop.platform_attention where subject = '\(supplier)'")
        let path = "/ops/questions/\(id)"

        #expect(try await person.get("/ops").body.contains("href=\"\(path)\""))
        #expect(try await person.get(path).body.contains("so many were lost"))
        #expect(try await person.post(path, ["answer": "", "reason": "because"]).status == 422)
        #expect(try await person.post(path, ["answer": "keep", "reason": ""]).status == 422)
        let decided = try await person.post(path, ["answer": "keep", "reason": "their form changed"])

        #expect(decided.status == 303)
        #expect(try await person.audited(supplier).map(\.verb) == ["safety.keep"])
        #expect(try await person.get(path).status == 404)
        let row = "select resolution from shop.platform_attention where subject = '\(supplier)'"
        #expect(try await database.psql(row) == "their form changed")
    }
}
