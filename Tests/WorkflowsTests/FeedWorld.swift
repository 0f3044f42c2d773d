import BigBuy
import Commerce
import CommerceStore
import Durable
import DurableTesting
import Foundation
import Postgres
import Resend
import SmartBill
import Stripe
import SupplierFeeds
import TestServers
import VendorSandbox
import Workflows

/// One store on Pro with a supplier of its own, whose feed is a file that the test writes.
struct FeedWorld: Sendable {
    let database: Database
    let tenant: TenantID
    let supplier: SupplierID
    let feed: SupplierFeedID
    let fleet: TestFleet
    let host: FeedHost
    private let server: SandboxServer

    static let header = "sku,name,price,stock\n"

    static func open<Value: Sendable>(
        plan: String = "pro", policy: PriceRisePolicy = .notify, adapter: String = "feed",
        settings: FeedSettings = csv, path: String = "/feed.csv",
        seenAs: @escaping @Sendable (InMemoryJournal) -> any Journal = { $0 },
        _ body: (FeedWorld) async throws -> Value
    ) async throws -> Value {
        try await TestPlaces.shared.with(
            { try await FeedWorld(plan, policy, adapter, settings, path, seenAs) },
            close: { await $0.server.stop() }, body)
    }

    static let csv = FeedSettings(
        .csv, mapping: FieldMapping([.sku: "sku", .name: "name", .cost: "price", .stock: "stock"]))

    private init(
        _ plan: String, _ policy: PriceRisePolicy, _ adapter: String, _ settings: FeedSettings,
        _ path: String, _ seenAs: @escaping @Sendable (InMemoryJournal) -> any Journal
    ) async throws {
        let pool = try await TestPlatform.shared.pool()
        let database = Database(app: pool)
        let workbench = Workbench(logger: VendorSandbox.quietLogger)
        let host = FeedHost(workbench)
        server = try await SandboxServer.start(host, workbench)
        let (tenant, supplier) = (TenantID(), SupplierID())
        let credentials = try Credentials.ofTests
        let address = server.baseURL + path
        try await Self.seed(plan, tenant, supplier, pool, database)
        feed = try await database.transaction(for: tenant) { tx in
            try await FeedBook().setPricePolicy(policy, of: supplier, in: tx)
            try await credentials.save("matterhorn-key", kind: "matterhorn", in: tx)
            var request = FeedBook.Request(address: address, settings: try settings.json)
            request.adapter = adapter
            request.credentialKind = adapter == "matterhorn" ? "matterhorn" : nil
            return try await FeedBook().save(request, of: supplier, in: tx)
        }
        let transactions = MemoryTransactions(database)
        let signals = LateSignals()
        let clock = ManualClock(Date())
        let nowhere = "http://127.0.0.1:1"
        let shop = Shop(
            database: database, transactions: StoreTransactions(transactions), signals: signals,
            starter: signals, history: signals, stripe: StripeClient(key: "sk_test_shop", base: nowhere),
            bigbuy: BigBuyClient(key: "test", base: nowhere),
            resend: ResendClient(key: "re_test", base: nowhere), credentials: credentials,
            openSmartBill: { _, company in
                SmartBillClient(
                    credentials: SmartBillCredentials(email: "", token: "", companyCode: company),
                    base: nowhere)
            },
            sender: EmailAddress(unchecked: "orders@mail.cartflux.test"),
            orderPage: { _, _ in "" }, isLive: false, clock: clock,
            suppliers: SupplierAdapters(mayReachPrivateHosts: true))
        fleet = shop.fleet(clock, transactions, signals, seenAs: seenAs)
        (self.database, self.tenant, self.supplier, self.host) = (database, tenant, supplier, host)
    }

    private static func seed(
        _ plan: String, _ tenant: TenantID, _ supplier: SupplierID, _ pool: PostgresPool, _ database: Database
    ) async throws {
        let slug = "s" + tenant.description.replacing("-", with: "").suffix(20)
        _ = try await pool.execute(
            "select shop.add_user(\(tenant.rawValue), \("\(slug)@example.test"), 'Owner')")
        try await database.transaction(for: tenant) { tx in
            _ = try await tx.postgres.execute(
                """
                insert into shop.store (tenant_id, owner_id, slug, name, currency, plan, status,
                    contact_email)
                values (\(tenant.rawValue), \(tenant.rawValue), \(slug), 'Feeds', 'EUR', \(plan),
                    'published', 'shop@example.test')
                """)
            _ = try await tx.postgres.execute(
                """
                insert into shop.supplier (tenant_id, id, name, adapter, currency)
                values (\(tenant.rawValue), \(supplier.rawValue), 'Own', 'feed', 'EUR')
                """)
        }
    }

    // What people do ---------------------------------------------------------------------------------------

    func publish(_ rows: [String]) async {
        await host.publish(Array((Self.header + rows.joined(separator: "\n") + "\n").utf8), at: "/feed.csv")
    }

    /// Reads the feed and returns how it ended.
    @discardableResult
    func sync(_ mode: SyncMode = .apply, isForced: Bool = false) async throws -> SupplierSync.Output {
        let run = try fleet.journal.start(
            SupplierSync.self, SupplierSync.Input(feed: feed, mode: mode, isForced: isForced),
            once: UUID().uuidString, for: Tenant(tenant))
        try await fleet.settle(upTo: .seconds(600))
        guard case .succeeded(let payload)? = fleet.journal.outcome(of: run) else {
            throw Unfinished(outcome: "\(fleet.journal.outcome(of: run) as Any)")
        }
        return try payload.decode(SupplierSync.Output.self, .output)
    }

    struct Unfinished: Error { let outcome: String }

    /// Puts an article of the feed on sale.
    func sell(_ reference: String, cost: Int64, at price: Int64) async throws -> ProductID {
        let id = ProductID()
        let pool = SupplierItems.pool(of: supplier, at: tenant)
        try await transaction { tx in
            _ = try await tx.postgres.execute(
                """
                insert into shop.product (tenant_id, id, slug, sku, supplier_id, supplier_reference,
                    stock_pool, cost_minor, cost_currency, price_minor, currency, vat_bp, title, status)
                values (\(tenant.rawValue), \(id.rawValue), \(reference.lowercased()), \(reference),
                    \(supplier.rawValue), \(reference), \(pool), \(cost), 'EUR', \(price), 'EUR', 2100,
                    '{"en": "A thing"}', 'published')
                """)
        }
        return id
    }

    func inject(_ fault: Fault) { server.workbench.inject(fault) }

    // What can be seen -------------------------------------------------------------------------------------

    func transaction<Value: Sendable>(
        _ body: (Transaction<OneTenant>) async throws -> Value
    ) async throws -> Value {
        try await database.transaction(for: tenant, body)
    }

    func product(_ id: ProductID) async throws -> Product {
        try await transaction { try await Products().load(id, in: $0) }
    }

    func item(_ reference: String) async throws -> SupplierItem? {
        try await transaction {
            try await SupplierItems().find(SKU(unchecked: reference), of: supplier, in: $0)
        }
    }

    func attention() async throws -> [String] {
        try await transaction { try await Attention().openItems(in: $0).map(\.topic) }.sorted()
    }
}
