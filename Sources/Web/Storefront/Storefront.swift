// The shop that shoppers see. Every address here belongs to the store whose host was asked.

import Commerce
import CommerceStore
import Foundation
import WebSupport

package struct Storefront: Sendable {
    let database: Database
    let desk: CheckoutDesk
    let views: OrderViews
    let events: OrderEvents
    let hosted: HostedPayment
    let personalData: PersonalDataDesk?
    let returns: ReturnsDesk?
    let claims: ClaimDesk?
    let cache: PageCache

    /// - Parameters:
    ///   - desk: what makes quotes and checkouts and starts their runs.
    ///   - progress: where news about an order comes from.
    ///   - hosted: the page on which the shopper enters the card.
    ///   - personalData: where shoppers ask what is kept about them.
    ///   - returns: where they withdraw, and correct the address.
    ///   - claims: where they report what is wrong.
    ///   - cache: where pages are kept that are the same for everybody.
    package init(
        database: Database, desk: CheckoutDesk, progress: any OrderProgress = PolledProgress(),
        listeners: ListenerLimit = ListenerLimit(), hosted: HostedPayment,
        personalData: PersonalDataDesk? = nil, returns: ReturnsDesk? = nil, claims: ClaimDesk? = nil,
        cache: PageCache = .off
    ) {
        self.cache = cache
        self.claims = claims
        self.returns = returns
        self.personalData = personalData
        self.database = database
        self.desk = desk
        views = OrderViews(database)
        events = OrderEvents(views: views, progress: progress, limit: listeners)
        self.hosted = hosted
    }

    package var endpoints: [Endpoint] {
        [
            page("GET", "/", home),
            page("GET", "/p/:name", product),
            page("GET", "/cart", cart),
            page("POST", "/cart", addToCart),
            page("POST", "/cart/lines/:product", setQuantity),
            page("POST", "/cart/lines/:product/remove", removeLine),
            page("GET", "/checkout", checkout, isRateLimited: true),
            page("POST", "/checkout", placeOrder, isRateLimited: true),
            page("GET", "/o/:token", order),
            page("POST", "/o/:token/basket", basketAgain),
            Endpoint(
                "GET", "/o/:token/events", scope: .store, kind: .plain, isTranslated: true,
                handler: orderEvents),
            LiveScript.asset.endpoint, ShopStyle.asset.endpoint,
        ] + Theme.assets.map(\.endpoint) + listingEndpoints + legalEndpoints + discoveryEndpoints
            + visitorEndpoints + personalDataEndpoints + returnEndpoints + claimEndpoints
    }

    func page(
        _ method: String, _ path: String, _ handler: @escaping Endpoint.Handler, isRateLimited: Bool = false
    ) -> Endpoint {
        Endpoint(
            method, path, scope: .store, kind: method == "POST" ? .form : .page, isTranslated: true,
            isRateLimited: isRateLimited, handler: handler)
    }

    /// The basket of this visitor, if there is one.
    func basket(_ request: WebRequest, _ tx: Transaction<OneTenant>) async throws -> Cart? {
        // Someone without a session has no basket; that spares most visits a query.
        guard !request.session.isNew else { return nil }
        return try await Carts().find(token: request.cartToken, in: tx)
    }
}

extension WebRequest {
    /// The session's id is unguessable and signed, which is all that a basket's token has to be.
    var cartToken: String { "session:\(session.id.uuidString.lowercased())" }
}
