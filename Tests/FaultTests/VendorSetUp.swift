import CommerceStore
import VendorSandbox

// What the platform's owner and the merchants do at the vendors before the first sale, through the vendors'
// own APIs.

struct VendorSetUp: Sendable {
    static let stripeKey = "sk_test_demo"
    static let resendKey = "re_demo"

    let sandbox: VendorSandbox
    /// Where the web will be.
    let web: String

    private var stripe: Remote { Remote(base: sandbox.servers[0].baseURL) }
    private var resend: Remote { Remote(base: sandbox.servers[3].baseURL) }

    /// Makes an account for every store of the demo and completes its onboarding. Returns the ids by slug.
    func openAccounts() async throws -> [String: String] {
        var accounts: [String: String] = [:]
        for store in DemoSeed.stores {
            let account = try await atStripe("/v1/accounts", form: accountForm(store.slug))["id"].string ?? ""
            _ = try await stripe.post("/_sandbox/accounts/\(account)", form: ["outcome": "complete"])
                .document()
            accounts[store.slug] = account
        }
        return accounts
    }

    /// Registers our endpoints. Returns their secrets by the variables that the program reads.
    func registerWebhooks() async throws -> [String: String] {
        let events: JSON = ["email.sent", "email.delivered", "email.bounced", "email.complained"]
        let mail = try await resend.post(
            "/webhooks", json: ["endpoint": .string(web + "/webhooks/resend"), "events": events],
            headers: ["Authorization": "Bearer \(Self.resendKey)"]
        ).document()
        return [
            "STRIPE_WEBHOOK_SECRET": try await stripeSecret("/webhooks/stripe", isConnect: false),
            "STRIPE_CONNECT_WEBHOOK_SECRET": try await stripeSecret(
                "/webhooks/stripe/connect", isConnect: true),
            "RESEND_WEBHOOK_SECRET": mail["signing_secret"].string ?? "",
        ]
    }

    private func stripeSecret(_ path: String, isConnect: Bool) async throws -> String {
        let endpoint = try await atStripe(
            "/v1/webhook_endpoints",
            form: ["url": web + path, "connect": String(isConnect), "enabled_events[0]": "*"])
        return endpoint["secret"].string ?? ""
    }

    private func atStripe(_ path: String, form: [String: String]) async throws -> JSON {
        let headers = ["Authorization": "Bearer \(Self.stripeKey)", "Stripe-Version": "2026-10-28.endive"]
        return try await stripe.post(path, form: form, headers: headers).document()
    }

    private func accountForm(_ slug: String) -> [String: String] {
        [
            "controller[stripe_dashboard][type]": "express", "controller[fees][payer]": "application",
            "controller[losses][payments]": "application", "controller[requirement_collection]": "stripe",
            "country": "RO", "email": "owner@\(slug).example",
            "capabilities[card_payments][requested]": "true",
            "capabilities[transfers][requested]": "true",
        ]
    }
}
