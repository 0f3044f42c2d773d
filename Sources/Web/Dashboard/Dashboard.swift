// Where merchants sign in, open stores and run them. Everything here is at the platform's own host for
// merchants; a store is named by its id in the path, and every request asks anew whether this person may
// enter it: what a page showed a minute ago proves nothing.

import Commerce
import CommerceStore
import Foundation
import WebSupport

package struct Dashboard: Sendable {
    let desk: AccountDesk
    let onboarding: OnboardingDesk
    let personalData: PersonalDataDesk?
    let webhookDesk: WebhookDesk
    let returnsDesk: ReturnsDesk?
    let claimDesk: ClaimDesk?
    let domainDesk: DomainDesk?
    let supplierDesk: SupplierDesk?
    let ordersDesk: OrdersDesk?
    let plans: PlanDesk?
    let papers: PaperDesk?
    let team: TeamDesk?
    let live: LiveDesk

    package init(
        desk: AccountDesk, onboarding: OnboardingDesk, personalData: PersonalDataDesk? = nil,
        webhooks: WebhookDesk = WebhookDesk(), domains: DomainDesk? = nil,
        returns: ReturnsDesk? = nil, orders: OrdersDesk? = nil,
        suppliers: SupplierDesk? = nil, plans: PlanDesk? = nil, papers: PaperDesk? = nil,
        team: TeamDesk? = nil, claims: ClaimDesk? = nil, live: LiveHub = .deaf()
    ) {
        self.live = LiveDesk(hub: live, limit: ListenerLimit(Self.listenerLimit))
        claimDesk = claims
        self.plans = plans
        self.papers = papers
        self.team = team
        supplierDesk = suppliers
        ordersDesk = orders
        domainDesk = domains
        webhookDesk = webhooks
        returnsDesk = returns
        self.desk = desk
        self.onboarding = onboarding
        self.personalData = personalData
    }

    package var endpoints: [Endpoint] {
        accountEndpoints + storeEndpoints + wizardEndpoints + personalDataEndpoints
            + affiliateEndpoints
            + webhookEndpoints + keyEndpoints + domainEndpoints + returnEndpoints + claimEndpoints
            + homeEndpoints + orderEndpoints + orderChangeEndpoints + refundEndpoints + customerEndpoints
            + billingEndpoints + invoiceEndpoints + teamEndpoints + auditEndpoints + settingsEndpoints
            + [DashboardStyle.asset.endpoint, LivePageScript.asset.endpoint, eventsEndpoint]
            + shelfEndpoints + previewEndpoints + questionEndpoints
    }

    var database: Database { desk.database }

    func page(_ path: String, _ handler: @escaping Endpoint.Handler) -> Endpoint {
        Endpoint("GET", path, scope: .dashboard, kind: .page, handler: handler)
    }

    func form(_ path: String, _ handler: @escaping Endpoint.Handler) -> Endpoint {
        Endpoint("POST", path, scope: .dashboard, kind: .form, handler: handler)
    }

    /// A page for those who are signed in; everybody else is asked to.
    func privatePage(
        _ path: String, _ handler: @escaping @Sendable (WebRequest, Account) async throws -> WebResponse
    ) -> Endpoint {
        page(path) { request in
            guard let session = try await desk.session(of: request) else {
                return .seeOther("/sign-in?next=\(PercentCoding.encode(request.path))")
            }
            return try await handler(request, session.account)
        }
    }

    func privateForm(
        _ path: String, _ handler: @escaping @Sendable (WebRequest, Account) async throws -> WebResponse
    ) -> Endpoint {
        form(path) { request in
            guard let session = try await desk.session(of: request) else { return .seeOther("/sign-in") }
            return try await handler(request, session.account)
        }
    }

    /// Opens the store that the path names, if this person may do that there. A store of others answers like
    /// one that does not exist.
    func inStore<Value: Sendable>(
        _ request: WebRequest, _ account: Account, may act: StoreRole.Act,
        _ body: (Transaction<OneTenant>) async throws -> Value
    ) async throws -> Value {
        guard let tenant = try? TenantID(parsing: request.parameter("store")) else {
            throw WebProblem(.notFound)
        }
        return try await database.transaction(for: tenant) { tx in
            guard let role = try await Memberships(database).role(of: account.id, in: tx) else {
                throw WebProblem(.notFound)
            }
            guard role.may(act) else {
                throw WebProblem(.forbidden, "your role in this store, \(role.rawValue), does not allow it")
            }
            return try await body(tx)
        }
    }
}
