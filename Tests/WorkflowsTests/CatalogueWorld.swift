import BigBuy
import CommerceStore
import Durable
import DurableTesting
import Foundation
import Postgres
import Resend
import SmartBill
import Stripe
import TestServers
import Testing
import VendorSandbox
import Workflows

@testable import Commerce

/// A platform whose catalogue is still empty, BigBuy's sandbox, and one store on Pro. The database is its
/// own, because all stores share the catalogue and its stock.
struct CatalogueWorld: Sendable {
    let database: Database
    let raw: TestDatabase
    let tenant: TenantID
    let fleet: TestFleet
    let bigBuy: SandboxServer
    private let pools: [PostgresPool]

    static func open<Value: Sendable>(
        policy: PriceRisePolicy = .follow,
        seenAs: @escaping @Sendable (InMemoryJournal) -> any Journal = { $0 },
        _ body: (CatalogueWorld) async throws -> Value
    ) async throws -> Value {
        try await TestPlaces.shared.with(
            { try await CatalogueWorld(policy, seenAs) },
            close: { await $0.stop() }, body)
    }

    private init(
        _ policy: PriceRisePolicy, _ seenAs: @escaping @Sendable (InMemoryJournal) -> any Journal
    ) async throws {
        raw = try await TestServers.shared.createDatabase(from: Self.template())
        let app = PostgresPool(
            try PostgresConfiguration(raw.url(role: "cartflux_app")), size: 4, waitLimit: .seconds(60))
        let platform = PostgresPool(
            try PostgresConfiguration(raw.url(role: "cartflux_platform")), size: 2, waitLimit: .seconds(60))
        pools = [app, platform]
        database = Database(app: app, platform: platform)
        tenant = TenantID()
        let workbench = Workbench(logger: VendorSandbox.quietLogger)
        bigBuy = try await SandboxServer.start(BigBuySandbox(workbench), workbench)
        let transactions = MemoryTransactions(database)
        let signals = LateSignals()
        let clock = ManualClock(Date())
        let nowhere = "http://127.0.0.1:1"
        let shop = Shop(
            database: database, transactions: StoreTransactions(transactions), signals: signals,
            starter: signals, history: signals, stripe: StripeClient(key: "sk_test_shop", base: nowhere),
            bigbuy: BigBuyClient(
                key: "test", base: bigBuy.baseURL, timeout: .seconds(10), now: { clock.now }),
            resend: ResendClient(key: "re_test", base: nowhere),
            credentials: try Credentials.ofTests,
            openSmartBill: { _, company in
                SmartBillClient(
                    credentials: SmartBillCredentials(email: "", token: "", companyCode: company),
                    base: nowhere)
            },
            sender: EmailAddress(unchecked: "orders@mail.cartflux.test"),
            orderPage: { _, _ in "" }, isLive: false, clock: clock)
        fleet = shop.fleet(clock, transactions, signals, seenAs: seenAs)
        try await openStore(policy)
    }

    private static func template() async throws -> TestTemplate {
        try await TestServers.shared.migrated("catalogue") { connection in
            _ = try await connection.execute(
                """
                insert into shop.platform_supplier (code, name, adapter, country, currency)
                values ('bigbuy', 'BigBuy', 'bigbuy', 'ES', 'EUR')
                """)
        }
    }

    private func openStore(_ policy: PriceRisePolicy) async throws {
        let slug = "s" + tenant.description.replacing("-", with: "").suffix(20)
        try await raw.psql(
            """
            select shop.add_user('\(tenant)', '\(slug)@example.test', 'Owner');
            insert into shop.store (tenant_id, owner_id, slug, name, currency, plan, status, contact_email)
            values ('\(tenant)', '\(tenant)', '\(slug)', 'Lumina', 'EUR', 'pro', 'published',
                'shop@example.test');
            insert into shop.supplier (tenant_id, id, platform_code, name, adapter, currency,
                parcel_shipping_minor, price_policy)
            values ('\(tenant)', gen_random_uuid(), 'bigbuy', 'BigBuy', 'bigbuy', 'EUR', 0,
                '\(policy.rawValue)');
            """)
    }

    private func stop() async {
        await bigBuy.stop()
        for pool in pools { await pool.shutdown() }
    }

    // MARK: - What people do

    /// Starts a pull and works on everything that needs no longer wait than this.
    func begin(_ kind: CatalogueBook.Kind, upTo horizon: Duration = .seconds(600)) async throws -> RunID {
        let run = try fleet.journal.start(
            PlatformCatalogueSync.self, PlatformCatalogueSync.Input(kind: kind), once: UUID().uuidString,
            for: .none)
        try await fleet.settle(upTo: horizon)
        return run
    }

    /// Pulls BigBuy's lists and lets the stores meet what is new.
    @discardableResult
    func pull(_ kind: CatalogueBook.Kind) async throws -> PlatformCatalogueSync.Output {
        try output(of: try await begin(kind))
    }

    func output(of run: RunID) throws -> PlatformCatalogueSync.Output {
        guard case .succeeded(let payload)? = fleet.journal.outcome(of: run) else {
            throw Unfinished(outcome: "\(fleet.journal.outcome(of: run) as Any)")
        }
        return try payload.decode(PlatformCatalogueSync.Output.self, .output)
    }

    struct Unfinished: Error { let outcome: String }

    /// Puts an article of BigBuy's on sale.
    func sell(_ reference: String, cost: Int64, at price: Int64) async throws -> ProductID {
        let id = ProductID()
        try await raw.psql(
            """
            insert into shop.product (tenant_id, id, slug, sku, supplier_id, supplier_reference, stock_pool,
                cost_minor, cost_currency, price_minor, currency, vat_bp, title, status)
            select tenant_id, '\(id)', lower('\(reference)'), '\(reference)', id, '\(reference)',
                'platform:bigbuy', \(cost), 'EUR', \(price), 'EUR', 2100, '{"en": "A thing"}', 'published'
            from shop.supplier where tenant_id = '\(tenant)' and platform_code = 'bigbuy';
            """)
        return id
    }

    /// Articles with BigBuy's numbers, as a full pull leaves them, and three pieces of each.
    func know(_ articles: KeyValuePairs<String, Int>) async throws {
        let rows = articles.map { "('\($0.key)', '\($0.value)')" }.joined(separator: ", ")
        try await raw.psql(
            """
            insert into shop.catalogue_item (supplier, reference, source_id, titles, cost_minor, currency)
            select 'bigbuy', t.*, '{"en": "A thing"}', 1000, 'EUR' from (values \(rows)) as t (r, s);
            insert into shop.stock_item (pool, reference, seen)
            select 'platform:bigbuy', t.r, 3 from (values \(rows)) as t (r, s);
            """)
    }

    /// Lets time pass since the last asking for product-safety data.
    func age(days: Int) async throws {
        try await raw.psql(
            """
            update shop.catalogue_item set safety_asked_at = safety_asked_at - interval '\(days) days',
                safety_checked_at = safety_checked_at - interval '\(days) days'
            """)
    }

    /// BigBuy's people change something.
    func turn(_ lever: String, _ body: JSON) async throws {
        let answer = try await SandboxCaller.send(
            "POST", "\(bigBuy.baseURL)/_sandbox/\(lever)", headers: ["Content-Type": "application/json"],
            body: body.bytes)
        #expect(answer.status < 300, "the lever \(lever) answered \(answer.text)")
    }

    // MARK: - What can be seen

    func product(_ id: ProductID) async throws -> Product {
        try await database.transaction(for: tenant) { try await Products().load(id, in: $0) }
    }

    func attention() async throws -> [String] {
        try await database.transaction(for: tenant) { try await Attention().openItems(in: $0).map(\.topic) }
    }

    /// What every store sees of the catalogue, and with the times at which it was written.
    func shelves(withTimes: Bool = false) async throws -> String {
        let times = (item: withTimes ? ", changed_at" : "", stock: withTimes ? ", seen_at" : "")
        return try await raw.psql(
            """
            select reference, source_id, family, ean, brand, category, cost_minor, currency,
                recommended_minor, is_active, is_varied, options, attributes, titles, descriptions,
                images\(times.item)
            from shop.catalogue_item order by reference;
            select reference, seen\(times.stock) from shop.stock_item where pool = 'platform:bigbuy'
            order by reference;
            select * from shop.catalogue_category order by reference;
            """)
    }

    /// One value of an article.
    func item(_ reference: String, _ column: String) async throws -> String {
        try await raw.psql("select \(column) from shop.catalogue_item where reference = '\(reference)'")
    }

    func stock(_ reference: String) async throws -> String {
        try await raw.psql(
            "select seen from shop.stock_item where pool = 'platform:bigbuy' and reference = '\(reference)'")
    }

    /// How the pulls ended, in alphabetical order: the clock need not move between two of them.
    func states() async throws -> [String] {
        try await raw.psql("select state from shop.catalogue_sync order by state")
            .split(separator: "\n").map(String.init)
    }
}
