// The doors for machines: vendors' webhooks and the JSON API.

import CommerceStore
import VendorHTTP
import WebSupport

package struct Gateway: Sendable {
    private let stripe: StripeHooks
    private let resend: ResendHooks
    private let shop: ShopAPI
    private let accounts: AccountAPI
    private let document: [UInt8]
    private let edge: EdgeQuestions

    /// - Parameters:
    ///   - processor: works on what the webhooks wrote down; it runs as a service beside the server.
    ///   - tokens: reads the tokens of people who use the API; nil takes stores' keys only.
    ///   - resendSecrets: those of the e-mail vendor's endpoint; more than one while a secret is rolled.
    ///   - programs: what merchants' programs may set going.
    ///   - programLimit: how often one of them may ask.
    package init(
        database: Database, desk: CheckoutDesk, processor: InboxProcessor,
        stripe settings: StripeHookSettings,
        resendSecrets: [Secret], tokens: AccessTokens? = nil, programs: ProgramsDesk,
        programLimit: FleetLimit = FleetLimit(.ofPrograms)
    ) throws {
        let keys = IdempotencyKeys(database: database, credentials: programs.credentials)
        accounts = AccountAPI(
            database: database, tokens: tokens, desk: programs, keys: keys, limit: programLimit)
        edge = EdgeQuestions(tenants: Tenants(database))
        let inbox = Inbox(database)
        stripe = StripeHooks(settings: settings, inbox: inbox, processor: processor)
        resend = ResendHooks(secrets: resendSecrets, inbox: inbox, processor: processor)
        shop = ShopAPI(database: database, desk: desk, views: OrderViews(database), keys: keys)
        document = try OpenAPIDocument(
            routes: shop.routes + accounts.routes + [Self.description(of: [])]
        ).node.bytes()
    }

    package var endpoints: [Endpoint] {
        stripe.endpoints + resend.endpoints + apiRoutes.map(\.endpoint) + edge.endpoints
    }

    /// Every row of the API, the description of all of them included.
    var apiRoutes: [APIRoute] {
        shop.routes + accounts.routes + [Self.description(of: document)]
    }

    private static func description(of document: [UInt8]) -> APIRoute {
        APIRoute(
            method: "GET", path: OpenAPIDocument.path, door: .everywhere, name: "describe",
            summary: "This document", answer: .anything
        ) { _ in
            WebResponse(
                status: 200,
                headers: ["Content-Type": "application/json", "Cache-Control": "public, max-age=300"],
                body: .bytes(document))
        }
    }
}

extension RateLimit {
    /// What a merchant's program may ask: a page's worth of questions at once, and ten a second.
    package static var ofPrograms: RateLimit { RateLimit(capacity: 120, perMinute: 600) }
}
