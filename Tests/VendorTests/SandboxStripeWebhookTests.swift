import Foundation
import Testing
import VendorSandbox

@Suite("SandboxStripe webhooks")
struct SandboxStripeWebhookTests {
    @Test("the signature is Stripe's")
    func signature() {
        let body = Array(#"{"id":"evt_test","object":"event"}"#.utf8)
        let first = "8042376f6ca064adbe037642a718227dfd59047137eb49497a54c49eb0cfb724"

        let one = StripeSignature.value(body: body, secrets: ["whsec_test_secret"], at: 1_700_000_000)
        let two = StripeSignature.value(
            body: body, secrets: ["whsec_new_secret", "whsec_test_secret"], at: 1_700_000_000)

        #expect(one == "t=1700000000,v1=\(first)")
        #expect(two.hasPrefix("t=1700000000,v1="))
        #expect(two.hasSuffix(",v1=\(first)"))
        #expect(two.split(separator: ",").count == 3)
    }

    @Test("payments are told to the platform, accounts to the Connect endpoint")
    func endpoints() async throws {
        try await StripeShop.open { shop in
            let platform = try await shop.listen()
            let connect = try await shop.listen(["account.updated"], connect: true)

            let form = shop.order(1500, fee: 300, with: "pm_card_visa")
            let intent = try await shop.created("/v1/payment_intents", form, key: "order-1")
            _ = try await shop.post("/_sandbox/accounts/\(shop.merchant)", ["outcome": "restricted"])
            await shop.server.workbench.webhooks.settled()

            let types = try await platform.types
            #expect(
                Set(types) == [
                    "payment_intent.created", "transfer.created", "application_fee.created",
                    "charge.succeeded",
                    "payment_intent.succeeded",
                ])
            let paid = try #require(
                try await platform.events.first { $0["type"] == "payment_intent.succeeded" })
            #expect(paid["data"]["object"] == intent)
            #expect(paid["api_version"] == "2026-10-28.endive")
            #expect(paid["pending_webhooks"] == 1)
            #expect(paid["request"]["idempotency_key"] == "order-1")
            #expect(paid["account"].isNull)
            let update = try #require(try await connect.events.last)
            #expect(update["account"].string == shop.merchant)
            #expect(update["data"]["object"]["charges_enabled"] == false)
            #expect(update["data"]["previous_attributes"]["charges_enabled"] == true)
            #expect(update["request"]["id"].isNull)
            await platform.stop()
            await connect.stop()
        }
    }

    @Test("a failed delivery is signed and sent again until it is taken")
    func retries() async throws {
        var options = SandboxOptions()
        options.webhookRetryPause = .milliseconds(5)
        try await StripeShop.open(options: options) { shop in
            let listener = try await shop.listen(["payment_intent.created"])
            await listener.catcher.answer(with: [500, 302, 429])

            _ = try await shop.pay(1500, with: nil)
            await shop.server.workbench.webhooks.settled()

            let received = await listener.catcher.received
            #expect(received.count == 4)
            #expect(Set(received.map(\.text)).count == 1)
            for request in received {
                let header = request.header("stripe-signature") ?? ""
                let time = Int64(header.dropFirst(2).prefix { $0 != "," }) ?? 0
                #expect(
                    StripeSignature.value(body: request.body, secrets: [listener.secret], at: time) == header
                )
            }
            let log = await shop.server.workbench.webhooks.deliveries
            #expect(log.count == 1)
            #expect(log.first?.state == .delivered)
            #expect(log.first?.tries.map(\.status) == [500, 302, 429, 200])
            await listener.stop()
        }
    }

    @Test("a duplicate carries the same event id")
    func duplicates() async throws {
        try await StripeShop.open { shop in
            let listener = try await shop.listen(["payment_intent.succeeded"])
            shop.server.workbench.inject(Fault("payment_intent.succeeded", .duplicateWebhook, count: 1))

            _ = try await shop.pay(1500)
            _ = try await shop.pay(1500)
            await shop.server.workbench.webhooks.settled()

            let ids = try await listener.events.compactMap { $0["id"].string }
            #expect(ids.count == 3)
            #expect(Set(ids).count == 2)
            await listener.stop()
        }
    }

    @Test("shuffled webhooks all arrive, in another order")
    func shuffles() async throws {
        var options = SandboxOptions()
        options.shuffleWindow = .milliseconds(50)
        try await StripeShop.open(options: options) { shop in
            let listener = try await shop.listen()
            shop.server.workbench.inject(Fault("POST /v1/payment_intents", .shuffleWebhooks))

            _ = try await shop.pay(1500, fee: 300)
            await shop.server.workbench.webhooks.settled()

            let log = await shop.server.workbench.webhooks.deliveries.map(\.type)
            let types = try await listener.types
            #expect(types.count == 5)
            #expect(types != log)
            #expect(types.sorted() == log.sorted())
            await listener.stop()
        }
    }

    @Test("a rolled secret signs beside the old one")
    func rolls() async throws {
        try await StripeShop.open { shop in
            let listener = try await shop.listen(["payment_intent.created"])

            let rolled = try await shop.post("/_sandbox/webhook_endpoints/\(listener.id)/roll").json()
            _ = try await shop.pay(1500, with: nil)
            await shop.server.workbench.webhooks.settled()

            let request = try #require(await listener.catcher.received.first)
            let header = request.header("stripe-signature") ?? ""
            let time = Int64(header.dropFirst(2).prefix { $0 != "," }) ?? 0
            for secret in [listener.secret, rolled["secret"].string ?? ""] {
                #expect(
                    header.contains(StripeSignature.signature(body: request.body, secret: secret, at: time)))
            }
            await listener.stop()
        }
    }

    @Test("onboarding opens once, and ends in events for the account")
    func onboarding() async throws {
        try await StripeShop.open { shop in
            let account = try await shop.created("/v1/accounts", StripeShop.accountForm)
            #expect(account["charges_enabled"] == false)
            #expect(account["requirements"]["currently_due"].array.isEmpty == false)
            let connect = try await shop.listen(["account.updated"], connect: true)
            let link = try await shop.created(
                "/v1/account_links",
                [
                    "account": account["id"].string ?? "", "type": "account_onboarding",
                    "refresh_url": "https://shop.example/again", "return_url": "https://shop.example/back",
                ])
            let path = (link["url"].string ?? "").replacing(shop.server.baseURL, with: "")

            let page = try await shop.get(path)
            let again = try await shop.get(path)
            let done = try await shop.post(path, ["outcome": "complete"])
            await shop.server.workbench.webhooks.settled()

            #expect(page.text.contains("Submit and be verified"))
            #expect(again.header("Location") == "https://shop.example/again")
            #expect(done.header("Location") == "https://shop.example/back")
            let active = try await shop.read("/v1/accounts/\(account["id"].string ?? "")")
            #expect(active["charges_enabled"] == true)
            #expect(active["capabilities"]["transfers"] == "active")
            let events = try await connect.events
            #expect(events.count == 2)
            #expect(events.allSatisfy { $0["account"] == account["id"] })
            await connect.stop()
        }
    }
}
