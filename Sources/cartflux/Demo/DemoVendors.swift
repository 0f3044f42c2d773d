import Commerce
import CommerceStore
import Foundation
import Stripe
import VendorHTTP

/// Registers the platform with the vendors' sandboxes, through the vendors' own APIs.
struct DemoVendors: Sendable {
    struct Registration: Sendable {
        /// Stripe accounts by the slug of their store.
        let accounts: [String: String]
        let secrets: [String: String]
    }

    private let world: DemoWorld
    private let stores: [DemoSeed.DemoStore]
    private let stripe: StripeClient

    init(_ world: DemoWorld, stores: [DemoSeed.DemoStore] = DemoSeed.stores) {
        self.world = world
        self.stores = stores
        stripe = StripeClient(key: "sk_test_demo", base: Self.base(world, 0))
    }

    private static func base(_ world: DemoWorld, _ offset: Int) -> String {
        "http://127.0.0.1:\(world.ports.sandbox + offset)"
    }

    func waitUntilUp() async throws {
        for offset in 0..<4 {
            let vendor = DemoHTTP(base: Self.base(world, offset))
            var isUp = false
            for _ in 0..<100 where !isUp {
                // Refused connections are what is being waited out here.
                if let answer = try? await vendor.get("/_sandbox/calls"), answer.isSuccess { isUp = true }
                if !isUp { try await Task.sleep(for: .milliseconds(50)) }
            }
            if !isUp { throw DemoProblem("the sandbox at \(Self.base(world, offset)) did not come up") }
        }
    }

    func register() async throws -> Registration {
        var accounts: [String: String] = [:]
        for store in stores { accounts[store.slug] = try await openAccount(store) }
        let hooks = "http://127.0.0.1:\(world.ports.web)/webhooks"
        let platform = try await stripe.createWebhookEndpoint(
            url: "\(hooks)/stripe", events: StripeEvent.Kind.platform, forConnectedAccounts: false,
            key: "demo-platform-hook")
        let connected = try await stripe.createWebhookEndpoint(
            url: "\(hooks)/stripe/connect", events: StripeEvent.Kind.connected, forConnectedAccounts: true,
            key: "demo-connect-hook")
        return Registration(
            accounts: accounts,
            secrets: [
                Variable.stripeSecret.rawValue: platform.signingSecret?.reveal() ?? "",
                Variable.stripeConnectSecret.rawValue: connected.signingSecret?.reveal() ?? "",
                Variable.resendSecret.rawValue: try await registerMailHook("\(hooks)/resend"),
            ])
    }

    private func openAccount(_ store: DemoSeed.DemoStore) async throws -> String {
        let request = StripeAccountRequest(
            country: try CountryCode(parsing: "RO"),
            email: try EmailAddress(parsing: "owner@\(store.slug).test"),
            businessName: store.name, website: "https://\(store.slug).test", metadata: ["store": store.slug])
        let account = try await stripe.createAccount(request, key: "demo-account-\(store.slug)")
        let sandbox = DemoHTTP(base: Self.base(world, 0))
        let answer = try await sandbox.post(
            "/_sandbox/accounts/\(account.id.rawValue)", form: ["outcome": "complete"])
        guard answer.status < 400 else {
            throw DemoProblem("onboarding answered \(answer.status): \(answer.excerpt)")
        }
        return account.id.rawValue
    }

    private func registerMailHook(_ url: String) async throws -> String {
        let events = ["email.sent", "email.delivered", "email.bounced", "email.complained"]
        let body = JSON.object(present: [
            ("endpoint", .string(url)), ("events", .array(events.map { .string($0) })),
        ])
        let answer = try await DemoHTTP(base: Self.base(world, 3)).post(
            "/webhooks", body, headers: [HeaderField("Authorization", "Bearer re_demo")])
        guard let secret = try answer.document("Resend's sandbox")["signing_secret"].string else {
            throw DemoProblem("Resend's sandbox gave no signing secret")
        }
        return secret
    }
}
