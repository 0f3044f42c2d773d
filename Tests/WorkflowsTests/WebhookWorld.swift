import BigBuy
import CommerceStore
import DomainRecords
import Durable
import DurableTesting
import Foundation
import MerchantHooks
import Postgres
import Resend
import SmartBill
import Stripe
import TestServers
import VendorSandbox
import Workflows

@testable import Commerce

/// One store with a program of the merchant's that hears of its events, and with a name server to ask about
/// its domain, in virtual time.
struct WebhookWorld: Sendable {
    let database: Database
    let tenant: TenantID
    let products: [ProductID]
    let endpoint: WebhookEndpointID
    let secret: String
    let fleet: TestFleet
    let receiver: WebhookCatcher
    let book: WebhookEndpoints
    let names: NameServer
    let slug: String
    private let server: SandboxServer
    private let mail: SandboxServer
    private let dispatcher: WebhookDispatch

    static func open<Value: Sendable>(
        plan: PlanID = .pro,
        seenAs: @escaping @Sendable (InMemoryJournal) -> any Journal = { $0 },
        _ body: (WebhookWorld) async throws -> Value
    ) async throws -> Value {
        try await TestPlaces.shared.with(
            { try await WebhookWorld(plan, seenAs) },
            close: { await $0.stop() }, body)
    }

    private init(
        _ plan: PlanID, _ seenAs: @escaping @Sendable (InMemoryJournal) -> any Journal
    ) async throws {
        let pool = try await TestPlatform.shared.pool()
        database = Database(app: pool)
        let workbench = Workbench(logger: VendorSandbox.quietLogger)
        receiver = WebhookCatcher()
        server = try await SandboxServer.start(receiver, workbench)
        names = try NameServer()
        let mailbench = Workbench(logger: VendorSandbox.quietLogger)
        mail = try await SandboxServer.start(ResendSandbox(mailbench), mailbench)
        let credentials = try Credentials.ofTests
        book = WebhookEndpoints(credentials)
        let transactions = MemoryTransactions(database)
        let signals = LateSignals()
        let clock = ManualClock(Date())
        let nowhere = "http://127.0.0.1:1"
        let shop = Shop(
            database: database, transactions: StoreTransactions(transactions), signals: signals,
            starter: signals, history: signals, stripe: StripeClient(key: "sk_test_shop", base: nowhere),
            bigbuy: BigBuyClient(key: "test", base: nowhere),
            resend: ResendClient(
                key: "re_test", base: mail.baseURL, timeout: .seconds(10), now: { clock.now }),
            credentials: credentials,
            openSmartBill: { _, company in
                SmartBillClient(
                    credentials: SmartBillCredentials(email: "", token: "", companyCode: company),
                    base: nowhere)
            },
            sender: EmailAddress(unchecked: "orders@mail.cartflux.test"),
            orderPage: { _, _ in "" }, isLive: false, clock: clock,
            pages: MerchantPages(scheme: "https", domain: "cartflux.test"),
            hooks: HookClient(mayReachPrivateHosts: true, timeout: .seconds(10), now: { clock.now }),
            domains: DomainLookup(NameResolver(names.resolver, patience: .seconds(5))))
        fleet = shop.fleet(clock, transactions, signals, seenAs: seenAs)
        dispatcher = WebhookDispatch(database, starter: signals)
        (tenant, products) = try await Self.seed(plan, pool, database)
        slug = Self.slug(of: tenant)
        let (id, book, url) = (WebhookEndpointID(), book, server.baseURL + "/hooks")
        endpoint = id
        secret = try await database.transaction(for: tenant) { tx in
            try await book.add(
                id, .init(url: url, title: "", kinds: [.productUpdated, .orderPaid]), in: tx) ?? ""
        }
    }

    private static func slug(of tenant: TenantID) -> String {
        "s" + tenant.description.replacing("-", with: "").suffix(20)
    }

    private static func seed(
        _ plan: PlanID, _ pool: PostgresPool, _ database: Database
    ) async throws -> (TenantID, [ProductID]) {
        let (tenant, supplier) = (TenantID(), SupplierID())
        let products = [ProductID(), ProductID()]
        let slug = slug(of: tenant)
        _ = try await pool.execute(
            "select shop.add_user(\(tenant.rawValue), \("\(slug)@example.test"), 'Owner')")
        try await database.transaction(for: tenant) { tx in
            _ = try await tx.postgres.execute(
                """
                insert into shop.store (tenant_id, owner_id, slug, name, currency, plan, status,
                    contact_email)
                values (\(tenant.rawValue), \(tenant.rawValue), \(slug), 'Hooks', 'EUR', \(plan.rawValue),
                    'published', \("\(slug)@example.test"))
                """)
            _ = try await tx.postgres.execute(
                """
                insert into shop.supplier (tenant_id, id, name, adapter, currency)
                values (\(tenant.rawValue), \(supplier.rawValue), 'Own', 'feed', 'EUR')
                """)
            for (place, id) in products.enumerated() {
                _ = try await tx.postgres.execute(
                    """
                    insert into shop.product (tenant_id, id, slug, sku, supplier_id, supplier_reference,
                        stock_pool, cost_minor, cost_currency, price_minor, currency, vat_bp, title, status)
                    values (\(tenant.rawValue), \(id.rawValue), \("thing-\(place)"), \("SKU-\(place)"),
                        \(supplier.rawValue), \("SKU-\(place)"),
                        \(SupplierItems.pool(of: supplier, at: tenant)), 1000, 'EUR', 1500, 'EUR', 2100,
                        '{"en": "A thing"}', 'published')
                    """)
            }
        }
        return (tenant, products)
    }

    private func stop() async {
        await server.stop()
        await mail.stop()
        names.stop()
    }

    // What happens -----------------------------------------------------------------------------------------

    /// A product has another price, which is an event.
    func reprice(_ place: Int = 0, to price: Int) async throws {
        try await transaction { tx in
            _ = try await tx.postgres.execute(
                """
                update shop.product set price_minor = \(price)
                where tenant_id = \(tenant.rawValue) and id = \(products[place].rawValue)
                """)
        }
    }

    /// Sends what is waiting on its way, and lets everything happen that needs no longer wait than this.
    func deliver(upTo horizon: Duration = .seconds(1)) async throws {
        _ = try await dispatcher.dispatch(tenant, at: fleet.clock.now)
        try await fleet.settle(upTo: horizon)
    }

    func inject(_ fault: Fault) { server.workbench.inject(fault) }

    // What can be seen -------------------------------------------------------------------------------------

    func transaction<Value: Sendable>(
        _ body: (Transaction<OneTenant>) async throws -> Value
    ) async throws -> Value {
        try await database.transaction(for: tenant, body)
    }

    /// The prices that the receiver was told, in the order in which it was.
    func prices() async throws -> [Int64] {
        try await receiver.received.compactMap { try $0.json()["data"]["product"]["price_minor"].integer }
    }

    func deliveries() async throws -> [CommerceStore.WebhookDelivery] {
        try await transaction { try await WebhookDeliveries().list(to: endpoint, in: $0) }.reversed()
    }

    func states() async throws -> [String] { try await deliveries().map(\.state.rawValue) }

    func attempts(_ place: Int = 0) async throws -> [WebhookAttempt] {
        let delivery = try await deliveries()[place]
        return try await transaction { try await WebhookDeliveries().load(delivery.id, in: $0).attempts }
    }

    func standing() async throws -> WebhookEndpoint {
        try await transaction { try await book.load(endpoint, in: $0) }
    }

    func attention() async throws -> [String] {
        try await transaction { try await Attention().openItems(in: $0).map(\.topic) }
    }

    var letters: Int { mail.workbench.calls.count(of: "email.create") }
}
