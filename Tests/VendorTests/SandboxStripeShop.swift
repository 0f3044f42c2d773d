import Foundation
import VendorSandbox

// A platform with one merchant on a Stripe sandbox of its own, and the few calls the tests make on it. Each
// test starts its own, so that nothing is shared and counts are exact.

/// A running Stripe sandbox and a caller of it.
struct StripeShop {
    let server: SandboxServer
    let merchant: String

    /// Starts a sandbox, creates an active merchant and stops everything after the body.
    static func open(
        options: SandboxOptions = SandboxOptions(), _ body: (StripeShop) async throws -> Void
    ) async throws {
        let workbench = Workbench(options: options, logger: VendorSandbox.quietLogger)
        let server = try await SandboxServer.start(StripeSandbox(workbench), workbench)
        do {
            let bare = StripeShop(server: server, merchant: "")
            let account = try await bare.created("/v1/accounts", Self.accountForm)["id"].string ?? ""
            _ = try await bare.post("/_sandbox/accounts/\(account)", ["outcome": "complete"])
            try await body(StripeShop(server: server, merchant: account))
        } catch {
            await server.stop()
            throw error
        }
        await server.stop()
    }

    static let accountForm = [
        "controller[stripe_dashboard][type]": "express", "controller[fees][payer]": "application",
        "controller[losses][payments]": "application", "controller[requirement_collection]": "stripe",
        "country": "RO", "email": "owner@casa-exemplu.example",
        "capabilities[card_payments][requested]": "true", "capabilities[transfers][requested]": "true",
    ]

    /// Sends a form.
    func post(
        _ path: String, _ form: [String: String] = [:], key: String? = nil, headers: [String: String] = [:]
    ) async throws -> SandboxResponse {
        let items = form.sorted { $0.key < $1.key }.map { FormItem($0.key, $0.value) }
        var all = Self.headers.merging(headers) { $1 }
        all["Content-Type"] = "application/x-www-form-urlencoded"
        if let key { all["Idempotency-Key"] = key }
        return try await SandboxCaller.send(
            "POST", server.baseURL + path, headers: all, body: Array(FormItem.encode(items).utf8))
    }

    func get(_ path: String, headers: [String: String] = [:]) async throws -> SandboxResponse {
        try await SandboxCaller.send(
            "GET", server.baseURL + path, headers: Self.headers.merging(headers) { $1 })
    }

    /// Sends a form that must succeed.
    func created(_ path: String, _ form: [String: String] = [:], key: String? = nil) async throws -> JSON {
        let response = try await post(path, form, key: key)
        guard response.status == 200 else { throw Refused(status: response.status, body: response.text) }
        return try response.json()
    }

    func read(_ path: String, account: String? = nil) async throws -> JSON {
        let headers = account.map { ["Stripe-Account": $0] } ?? [:]
        return try await get(path, headers: headers).json()
    }

    /// A destination charge to the merchant, confirmed with a test payment method unless nil.
    func pay(
        _ amount: Int, fee: Int? = nil, with method: String? = "pm_card_visa", extra: [String: String] = [:]
    ) async throws -> JSON {
        try await created("/v1/payment_intents", order(amount, fee: fee, with: method).merging(extra) { $1 })
    }

    func order(_ amount: Int, fee: Int? = nil, with method: String? = nil) -> [String: String] {
        var form = [
            "amount": String(amount), "currency": "eur", "transfer_data[destination]": merchant,
            "on_behalf_of": merchant, "metadata[order_id]": "o-1",
        ]
        if let fee { form["application_fee_amount"] = String(fee) }
        if let method {
            form["payment_method"] = method
            form["confirm"] = "true"
        }
        return form
    }

    /// The sum of everything that moved on an account: the platform's when none is named.
    func total(of account: String? = nil) async throws -> Int64 {
        let balance = try await read("/v1/balance", account: account)
        return (balance["available"].array + balance["pending"].array)
            .filter { $0["currency"].string == "eur" }
            .reduce(0) { $0 + ($1["amount"].integer ?? 0) }
    }

    /// Registers a receiver, returns it with its secret.
    func listen(_ events: [String] = ["*"], connect: Bool = false) async throws -> StripeListener {
        let catcher = WebhookCatcher()
        let workbench = Workbench(logger: VendorSandbox.quietLogger)
        let receiver = try await SandboxServer.start(catcher, workbench)
        var form = ["url": receiver.baseURL + "/hooks", "connect": String(connect)]
        for (position, event) in events.enumerated() { form["enabled_events[\(position)]"] = event }
        let endpoint = try await created("/v1/webhook_endpoints", form)
        return StripeListener(
            catcher: catcher, receiver: receiver, id: endpoint["id"].string ?? "",
            secret: endpoint["secret"].string ?? "")
    }

    private static let headers = [
        "Authorization": "Bearer sk_test_cartflux", "Stripe-Version": "2026-10-28.endive",
    ]

    struct Refused: Error {
        let status: Int
        let body: String
    }
}

/// A registered webhook receiver.
struct StripeListener {
    let catcher: WebhookCatcher
    let receiver: SandboxServer
    let id: String
    let secret: String

    /// The events received so far, in order of arrival.
    var events: [JSON] {
        get async throws { try await catcher.received.map { try $0.json() } }
    }

    var types: [String] {
        get async throws { try await events.compactMap { $0["type"].string } }
    }

    func stop() async { await receiver.stop() }
}
