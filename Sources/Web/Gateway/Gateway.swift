// The doors for machines: vendors' webhooks and the JSON API.

import CommerceStore
import VendorHTTP
import WebSupport

package struct Gateway: Sendable {
    private let stripe: StripeHooks
    private let resend: ResendHooks
    private let shop: ShopAPI
    private let accounts: AccountAPI
    private let edge: EdgeQuestions

    /// - Parameters:
    ///   - processor: works on what the webhooks wrote down; it runs as a service beside the server.
    ///   - tokens: reads the tokens of people who use the API; nil takes stores' keys only.
    ///   - resendSecrets: those of the e-mail vendor's endpoint; more than one while a secret is rolled.
    package init(
        database: Database, desk: CheckoutDesk, processor: InboxProcessor,
        stripe settings: StripeHookSettings,
        resendSecrets: [Secret], tokens: AccessTokens? = nil
    ) {
        accounts = AccountAPI(database: database, tokens: tokens)
        edge = EdgeQuestions(tenants: Tenants(database))
        let inbox = Inbox(database)
        stripe = StripeHooks(settings: settings, inbox: inbox, processor: processor)
        resend = ResendHooks(secrets: resendSecrets, inbox: inbox, processor: processor)
        shop = ShopAPI(database: database, desk: desk, views: OrderViews(database), keys: IdempotencyKeys())
    }

    package var endpoints: [Endpoint] {
        stripe.endpoints + resend.endpoints + shop.endpoints + accounts.endpoints
            + edge.endpoints
    }
}
