import Commerce
import CommerceStore
import Crypto
import Foundation
import Gateway
import Testing
import WebSupport

@Suite struct WebhookTests {
    private static let host = "127.0.0.1"

    private func stripe(
        _ body: String, secret: String = WebPlatform.stripeSecret, path: String = "/webhooks/stripe",
        at: Date = Date()
    ) async throws -> Answer {
        let time = Int(at.timeIntervalSince1970)
        let code = HMAC<SHA256>.authenticationCode(
            for: Data("\(time).\(body)".utf8), using: SymmetricKey(data: Data(secret.utf8)))
        let hex = code.map { String(format: "%02x", $0) }.joined()
        return try await RawHTTP.send(
            "POST", path, port: WebPlatform.shared.running().port, host: Self.host,
            headers: ["Stripe-Signature": "t=\(time),v1=\(hex)", "Content-Type": "application/json"],
            body: Array(body.utf8))
    }

    private func event(
        _ id: String, intent: String, type: String = "payment_intent.succeeded", live: Bool = false
    ) -> String {
        """
        {"id": "\(id)", "object": "event", "type": "\(type)", "created": 1795000000, "livemode": \(live),
         "api_version": "2026-01-28.clover", "data": {"object": {"id": "\(intent)", "object":
         "payment_intent",
         "amount": 1999, "amount_received": 1999, "currency": "eur", "status": "succeeded",
         "created": 1795000000,
         "livemode": false, "metadata": {"order": "somebody else's"}}}}
        """
    }

    private func rows(_ id: String) async throws -> Int {
        let pool = try await WebPlatform.shared.running().pool
        return try await pool.execute("select count(*) as n from shop.webhook_inbox where event_id = \(id)")
            .first?.decode("n", as: Int.self) ?? 0
    }

    private func state(_ id: String) async throws -> Inbox.State? {
        try await Inbox(WebPlatform.shared.running().database).event(source: "stripe", id: id)?.state
    }

    private func process(_ id: String) async throws {
        let running = try await WebPlatform.shared.running()
        let found = try await Inbox(running.database).event(source: "stripe", id: id)
        await running.processor.process(try #require(found).event)
    }

    /// A payment of a real order, known by the returned intent.
    private func payment() async throws -> (shop: WebShop, intent: String) {
        let shop = try await WebShop.open()
        let bought = try await shop.buy()
        let order = try await shop.placeOrder(at: bought.path)
        let intent = "pi_" + UUID().uuidString.lowercased().replacing("-", with: "")
        try await shop.running.database.transaction(for: shop.tenant) { tx in
            let payment = try await Payments().open(
                for: order.id, amount: order.total.gross, fee: order.total.withheld, in: tx)
            _ = try await Payments().recordIntent(intent, clientSecret: "secret", of: payment.id, in: tx)
        }
        return (shop, intent)
    }

    @Test("a wrong, old or missing signature is refused, and nothing is written")
    func signatures() async throws {
        let id = "evt_" + UUID().uuidString
        let body = event(id, intent: "pi_x")

        let wrong = try await stripe(body, secret: "whsec_other")
        let old = try await stripe(body, at: Date().addingTimeInterval(-400))
        let otherDoor = try await stripe(body, path: "/webhooks/stripe/connect")
        let missing = try await RawHTTP.send(
            "POST", "/webhooks/stripe", port: WebPlatform.shared.running().port, host: Self.host,
            body: Array(body.utf8))

        #expect([wrong, old, otherDoor, missing].map(\.status) == [400, 400, 400, 400])
        #expect(wrong.problemType == "urn:cartflux:problem:signature-invalid")
        #expect(try wrong.problem()["detail"] as? String == "The signature is not valid")
        #expect(try await rows(id) == 0)
    }

    @Test("an event that comes three times is one row")
    func repeated() async throws {
        let id = "evt_" + UUID().uuidString

        for _ in 0..<3 { #expect(try await stripe(event(id, intent: "pi_unknown")).status == 200) }

        #expect(try await rows(id) == 1)
    }

    @Test("thin events, other modes and other JSON are refused and not kept")
    func refused() async throws {
        let id = "evt_" + UUID().uuidString

        let thin = try await stripe(#"{"id": "\#(id)", "object": "v2.core.event"}"#)
        let live = try await stripe(event(id, intent: "pi_x", live: true))
        let nonsense = try await stripe("{")

        #expect([thin, live, nonsense].map(\.status) == [400, 400, 400])
        #expect(live.problemType == "urn:cartflux:problem:wrong-mode")
        #expect(try await rows(id) == 0)
    }

    @Test("a body that the database cannot hold as JSON is kept all the same")
    func undecodable() async throws {
        let id = "evt_" + UUID().uuidString
        let body = event(id, intent: "pi_x").replacing("somebody else's", with: "a\\u0000b")

        #expect(try await stripe(body).status == 200)
        #expect(try await rows(id) == 1)
        try await process(id)
        #expect(try await state(id) == .unmatched)
    }

    @Test("an event about a payment reaches its run once, found by the payment and not by what it claims")
    func delivered() async throws {
        let (shop, intent) = try await payment()
        let id = "evt_" + UUID().uuidString
        #expect(try await stripe(event(id, intent: intent)).status == 200)

        try await process(id)

        #expect(try await state(id) == .processed)
        #expect(shop.running.world.deliveries(of: intent) == [id])
    }

    @Test("an event that overtakes its payment, or its run, is kept until somebody waits for it")
    func unmatched() async throws {
        let (shop, intent) = try await payment()
        let early = "evt_" + UUID().uuidString
        shop.running.world.ignore(intent)
        #expect(try await stripe(event(early, intent: intent)).status == 200)

        try await process(early)
        #expect(try await state(early) == .unmatched)

        shop.running.world.listen(intent)
        try await process(early)
        #expect(try await state(early) == .processed)
        #expect(shop.running.world.deliveries(of: intent) == [early])
    }

    @Test("the pay link appears when the payment exists, and leads to the provider's page and back")
    func payLink() async throws {
        let (shop, intent) = try await payment()
        let token = try await shop.running.database.transaction(for: shop.tenant) { tx in
            try await Orders().find(paymentIntent: intent, in: tx)?.token
        }
        let path = "/de/o/\(try #require(token).rawValue)"

        let page = try await shop.get(path)

        #expect(
            page.body.contains(
                "http://127.0.0.1:1/_sandbox/pay/\(intent)?client_secret=secret&amp;return_url="))
        let back = "http://\(shop.host):\(shop.running.port)\(path)"
        #expect(page.body.contains(PercentCoding.encode(back)))
        #expect(page.body.contains("19,99\u{A0}€ bezahlen"))
    }

    @Test("the e-mail vendor's events are verified and kept once; a bounce closes the address")
    func mail() async throws {
        let shop = try await WebShop.open()
        let message = UUID().uuidString.lowercased()
        let mail = try await shop.running.database.transaction(for: shop.tenant) { tx in
            let queued = try await Emails().queue(
                Emails.Draft(
                    cause: "test", order: nil, sender: "a@shop.test", recipient: "Bo@x.test",
                    language: .english,
                    subject: "s", html: "h", plain: "p"), in: tx)
            try await Emails().markSent(queued.id, providerID: message, at: Date(), in: tx)
            return queued
        }
        let id = "msg_" + UUID().uuidString
        let body = """
            {"type": "email.bounced", "created_at": "2026-11-20T10:00:00Z", "data": {"email_id": "\(message)",
             "to": ["Bo@x.test"], "bounce": {"type": "Permanent", "subType": "General", "message": "no"}}}
            """

        #expect(try await resend(body, id: id, signature: nil).status == 400)
        for _ in 0..<3 {
            #expect(try await resend(body, id: id, signature: WebPlatform.resendSecret).status == 200)
        }
        let found = try await Inbox(shop.running.database).event(source: "resend", id: id)
        await shop.running.processor.process(try #require(found).event)

        #expect(try await rows(id) == 1)
        let status = try await shop.running.database.transaction(for: shop.tenant) { tx in
            try await Emails().load(mail.id, in: tx).status
        }
        #expect(status == .bounced)
    }

    private func resend(_ body: String, id: String, signature secret: String?) async throws -> Answer {
        let time = Int(Date().timeIntervalSince1970)
        let key = Data(base64Encoded: String((secret ?? "whsec_YWJj").dropFirst(6))) ?? Data()
        let code = HMAC<SHA256>.authenticationCode(
            for: Data("\(id).\(time).\(body)".utf8), using: SymmetricKey(data: key))
        return try await RawHTTP.send(
            "POST", "/webhooks/resend", port: WebPlatform.shared.running().port, host: Self.host,
            headers: [
                "svix-id": id, "svix-timestamp": "\(time)",
                "svix-signature": "v1,\(Data(code).base64EncodedString())",
            ], body: Array(body.utf8))
    }
}
