import FoundationEssentials
import VendorHTTP

extension StripeClient {
    package func account(_ id: StripeAccount.ID) async throws(StripeFailure) -> StripeAccount {
        try await get("/v1/accounts/\(id)", as: StripeAccount.init)
    }

    /// Opens a connected account for a merchant. Keep its id with the store.
    package func createAccount(
        _ request: StripeAccountRequest, key: String
    ) async throws(StripeFailure) -> StripeAccount {
        try await post("/v1/accounts", request.fields, key: key, as: StripeAccount.init)
    }

    /// The accounts with this metadata among those made in the window.
    package func findAccounts(
        with metadata: [String: String], created window: Range<Date>
    ) async throws(StripeFailure) -> [StripeAccount] {
        try await list("/v1/accounts", Self.created(window), as: StripeAccount.init).filter { account in
            metadata.allSatisfy { account.metadata[$0.key] == $0.value }
        }
    }

    /// A way into Stripe's forms for the owner who asks for it now; never made ahead, never kept.
    /// Each request needs its own key, because the link works once.
    package func createAccountLink(
        for account: StripeAccount.ID, refreshURL: String, returnURL: String, key: String
    ) async throws(StripeFailure) -> AccountLink {
        let fields: FormFields = [
            "account": account.rawValue,
            "type": "account_onboarding",
            "refresh_url": refreshURL,
            "return_url": returnURL,
            "collection_options[fields]": "eventually_due",
        ]
        return try await post("/v1/account_links", fields, key: key, as: AccountLink.init)
    }

    /// Registers an address for events: of the platform's own objects, or of connected accounts. Each has its
    /// own signing secret, which only this answer tells.
    package func createWebhookEndpoint(
        url: String, events: [StripeEvent.Kind], forConnectedAccounts: Bool, key: String
    ) async throws(StripeFailure) -> StripeWebhookEndpoint {
        var fields = FormFields()
        fields.add("url", url)
        fields.add(list: "enabled_events", events.map(\.rawValue))
        if forConnectedAccounts { fields.add("connect", true) }
        fields.add("api_version", Self.version)
        return try await post("/v1/webhook_endpoints", fields, key: key, as: StripeWebhookEndpoint.init)
    }
}
