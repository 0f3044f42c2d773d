import Commerce
import Durable
import Foundation
import Stripe
import Testing
import VendorHTTP
import VendorSandbox

// The client against a Stripe that keeps state, loses answers and refuses what Stripe refuses.

@Suite("The Stripe client against the sandbox")
struct ClientSandboxTests {
    /// One merchant who can be paid, in a world of its own.
    private struct Shop {
        let sandbox: VendorSandbox
        let stripe: StripeClient
        let merchant: StripeAccount.ID

        var desk: Workbench { sandbox.stripe.workbench }

        func request(_ cents: Int64 = 1500, order: OrderID = OrderID()) -> PaymentIntentRequest {
            PaymentIntentRequest(
                amount: .eur(cents), applicationFee: .eur(1095), destination: merchant, onBehalfOf: merchant,
                transferGroup: "order_\(order)", metadata: PaymentMetadata(order: order, tenant: TenantID()))
        }

        /// Pays as the buyer's browser would.
        func pay(_ intent: PaymentIntent.ID, with method: String = "pm_card_visa") async throws {
            _ = try await SandboxCaller.send(
                "POST", "\(sandbox.stripe.baseURL)/v1/payment_intents/\(intent)/confirm",
                headers: [
                    "Authorization": "Bearer sk_test_shop",
                    "Content-Type": "application/x-www-form-urlencoded",
                ],
                body: Array("payment_method=\(method)&return_url=https://shop.example/".utf8))
        }
    }

    private func withShop(_ body: (Shop) async throws -> Void) async throws {
        let sandbox = try await VendorSandbox.start()
        do {
            let stripe = StripeClient(
                key: "sk_test_shop", base: sandbox.stripe.baseURL, timeout: .seconds(10))
            let account = try await stripe.createAccount(
                StripeAccountRequest(
                    country: .romania, email: EmailAddress(unchecked: "owner@shop.example"),
                    businessName: "Shop",
                    website: "https://shop.example", metadata: ["store_id": "s1"]),
                key: "account")
            try await activate(account.id, sandbox)
            try await body(Shop(sandbox: sandbox, stripe: stripe, merchant: account.id))
        } catch {
            await sandbox.stop()
            throw error
        }
        await sandbox.stop()
    }

    /// Fills in the forms of an onboarding link as the owner would.
    private func activate(_ account: StripeAccount.ID, _ sandbox: VendorSandbox) async throws {
        _ = try await SandboxCaller.send(
            "POST", "\(sandbox.stripe.baseURL)/_sandbox/accounts/\(account)",
            headers: [
                "Authorization": "Bearer sk_test_shop", "Content-Type": "application/x-www-form-urlencoded",
            ],
            body: Array("outcome=complete".utf8))
    }

    @Test("a payment is made, read, charged and given back")
    func wholeWay() async throws {
        try await withShop { shop in
            let asked = shop.request()
            let created = try await shop.stripe.createPaymentIntent(asked, key: "pay-1")
            try await shop.pay(created.id)

            let paid = try await shop.stripe.paymentIntent(created.id)
            #expect(paid.status == .succeeded)
            #expect(paid.discrepancies(from: asked, isLive: false).isEmpty)
            let charge = try await shop.stripe.charge(try #require(paid.latestCharge))
            #expect(charge.amount == .eur(1500))
            #expect((charge.balance?.fee.minorUnits ?? 0) > 0)

            let refund = try await shop.stripe.refund(
                StripeRefundRequest(paymentIntent: paid.id, amount: .eur(500), metadata: ["refund_id": "r1"]),
                key: "refund-1")
            #expect(refund.amount == .eur(500))
            let refunds = try await shop.stripe.refunds(of: paid.id)
            #expect(refunds.map(\.id) == [refund.id])
            #expect(refunds.first?.metadata == ["refund_id": "r1"])

            let fee = try await shop.stripe.refundApplicationFee(
                try #require(charge.applicationFee), amount: .eur(45), key: "fee-1")
            #expect(fee.amount == .eur(45))
        }
    }

    @Test("an answer that is lost is repeated under the same key, and made once")
    func lostAnswer() async throws {
        try await withShop { shop in
            shop.desk.inject(Fault("POST /v1/payment_intents", .dropAfter, count: 1))
            let asked = shop.request()

            let failure = await #expect(throws: StripeFailure.self) {
                try await shop.stripe.createPaymentIntent(asked, key: "pay-1")
            }
            #expect(failure?.mayHaveHappened == true)
            #expect(failure?.disposition == .transient())
            let intent = try await shop.stripe.createPaymentIntent(asked, key: "pay-1")

            let now = Date()
            let found = try await shop.stripe.findPaymentIntents(
                of: asked.metadata, created: now.addingTimeInterval(-60)..<now.addingTimeInterval(60))
            #expect(found.map(\.id) == [intent.id])
        }
    }

    @Test("the same key with another amount is refused for good")
    func mismatch() async throws {
        try await withShop { shop in
            _ = try await shop.stripe.createPaymentIntent(shop.request(1500), key: "pay-1")

            let failure = await #expect(throws: StripeFailure.self) {
                try await shop.stripe.createPaymentIntent(shop.request(1600), key: "pay-1")
            }

            #expect(failure?.reason == .idempotencyMismatch)
        }
    }

    @Test("canceling tells what it found")
    func cancel() async throws {
        try await withShop { shop in
            let open = try await shop.stripe.createPaymentIntent(shop.request(), key: "pay-1")
            let paid = try await shop.stripe.createPaymentIntent(shop.request(), key: "pay-2")
            try await shop.pay(paid.id)

            guard case .canceled = try await shop.stripe.cancelPaymentIntent(open.id),
                case .canceled = try await shop.stripe.cancelPaymentIntent(open.id),
                case .alreadySucceeded = try await shop.stripe.cancelPaymentIntent(paid.id)
            else {
                Issue.record("a cancel ended otherwise")
                return
            }
        }
    }

    @Test("faults come out as what they mean")
    func faults() async throws {
        try await withShop { shop in
            shop.desk.inject(
                Fault("GET /v1/payment_intents/pi_x", .status, status: 429, retryAfterSeconds: 7, count: 1))
            shop.desk.inject(Fault("GET /v1/payment_intents/pi_x", .status, status: 500, count: 1))

            let limited = await #expect(throws: StripeFailure.self) {
                try await shop.stripe.paymentIntent("pi_x")
            }
            let broken = await #expect(throws: StripeFailure.self) {
                try await shop.stripe.paymentIntent("pi_x")
            }
            let missing = await #expect(throws: StripeFailure.self) {
                try await shop.stripe.paymentIntent("pi_x")
            }

            guard case .rateLimited(_?) = limited?.reason else {
                Issue.record("\(String(describing: limited))")
                return
            }
            #expect(broken?.reason == .apiError(status: 500))
            guard case .resourceMissing = missing?.reason else {
                Issue.record("\(String(describing: missing))")
                return
            }
        }
    }

    @Test("a webhook that the sandbox signs is verified and read")
    func webhook() async throws {
        try await withShop { shop in
            let catcher = WebhookCatcher()
            let receiver = try await SandboxServer.start(catcher, Workbench())
            let endpoint = try await shop.stripe.createWebhookEndpoint(
                url: "\(receiver.baseURL)/stripe", events: [.paymentSucceeded], forConnectedAccounts: false,
                key: "hook")
            let secret = try #require(endpoint.signingSecret)

            let intent = try await shop.stripe.createPaymentIntent(shop.request(), key: "pay-1")
            try await shop.pay(intent.id)
            await catcher.arrival(of: 1)

            let request = try #require(await catcher.received.first)
            let header = request.headers.first { $0.key.lowercased() == "stripe-signature" }?.value
            try StripeWebhook.verify(rawBody: request.body, header: header, secrets: [secret], now: Date())
            let event = try StripeEvent(parsing: request.body)
            #expect(event.kind == .paymentSucceeded)
            guard case .paymentIntent(let told) = event.subject else {
                Issue.record("no payment in \(event.kind)")
                return
            }
            #expect(told.id == intent.id)
            await receiver.stop()
        }
    }
}
