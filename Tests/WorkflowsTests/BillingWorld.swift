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
import VIES
import VendorSandbox
import Workflows

@testable import Commerce

/// A platform with accounts that have sold things, in a database of its own: closing a month looks at all
/// accounts at once. The clock stands at the night of 1 December 2026.
struct BillingWorld: Sendable {
    let database: Database
    let raw: TestDatabase
    let fleet: TestFleet
    let shop: Shop
    let stripe: SandboxServer
    let resend: SandboxServer
    let vies: SandboxServer
    private let sandbox: VendorSandbox
    private let pools: [PostgresPool]

    static let november = BillingMonth(year: 2026, month: 11)
    /// 03:30 on 1 December in Bucharest.
    static let night = Date(timeIntervalSince1970: 1_796_088_600)

    static func open<Value: Sendable>(
        at now: Date = night,
        seenAs: @escaping @Sendable (InMemoryJournal) -> any Journal = { $0 },
        _ body: (BillingWorld) async throws -> Value
    ) async throws -> Value {
        try await TestPlaces.shared.with(
            { try await BillingWorld(at: now, seenAs: seenAs) },
            close: { await $0.stop() }, body)
    }

    private init(at now: Date, seenAs: @escaping @Sendable (InMemoryJournal) -> any Journal) async throws {
        let template = try await TestServers.shared.migrated("billing")
        raw = try await TestServers.shared.createDatabase(from: template)
        let app = PostgresPool(
            try PostgresConfiguration(raw.url(role: "cartflux_app")), size: 8, waitLimit: .seconds(60))
        let platform = PostgresPool(
            try PostgresConfiguration(raw.url(role: "cartflux_platform")), size: 2, waitLimit: .seconds(60))
        pools = [app, platform]
        database = Database(app: app, platform: platform)
        sandbox = try await VendorSandbox.start()
        (stripe, resend, vies) = (sandbox.stripe, sandbox.resend, sandbox.vies)
        let clock = ManualClock(now)
        let transactions = MemoryTransactions(database)
        let signals = LateSignals()
        shop = Shop(
            database: database, transactions: StoreTransactions(transactions), signals: signals,
            starter: signals, history: signals,
            stripe: StripeClient(key: "sk_test_billing", base: stripe.baseURL, timeout: .seconds(10)),
            bigbuy: BigBuyClient(key: "test", base: stripe.baseURL),
            resend: ResendClient(
                key: "re_test", base: resend.baseURL, timeout: .seconds(10), now: { clock.now }),
            credentials: try Credentials.ofTests,
            openSmartBill: { _, company in
                SmartBillClient(
                    credentials: SmartBillCredentials(email: "a", token: "b", companyCode: company),
                    base: "http://127.0.0.1:1")
            },
            sender: EmailAddress(unchecked: "billing@mail.cartflux.test"),
            orderPage: { _, _ in "" }, isLive: false, clock: clock,
            vies: VIESClient(
                base: sandbox.vies.baseURL + "/taxation_customs/vies/rest-api", timeout: .seconds(10),
                now: { clock.now }))
        fleet = shop.fleet(clock, transactions, signals, seenAs: seenAs)
    }

    private func stop() async {
        await sandbox.stop()
        for pool in pools { await pool.shutdown() }
    }

    // MARK: - Accounts

    /// An account with its home store and further ones, on a plan since long ago.
    func account(
        _ plan: PlanID = .pro, stores count: Int = 1, name: String = "shop"
    ) async throws -> TestAccount {
        let user = UserID()
        let stores = (0..<count).map { _ in TenantID() }
        let email = "\(name).\(user)@example.test"
        var sql = "select shop.add_user('\(user)', '\(email)', 'Ana Pop');"
        for (place, store) in stores.enumerated() {
            let slug = "s" + store.description.replacing("-", with: "").suffix(20)
            sql += """
                insert into shop.store (tenant_id, owner_id, slug, name, currency, plan, status,
                    contact_email, created_at)
                values ('\(store)', '\(user)', '\(slug)', 'Lumina \(place)', 'EUR', '\(plan)', 'published',
                    'shop@example.test', '2026-01-0\(place + 1)');
                """
        }
        try await raw.psql(sql)
        return TestAccount(user: user, email: email, stores: stores)
    }

    /// An order of a store that was paid, with what the platform kept of it.
    @discardableResult
    func sell(
        _ store: TenantID, commission: Int, markup: Int = 0, supplier: Int = 1000,
        paidAt: String = "2026-11-12 10:00+02", currency: String = "EUR"
    ) async throws -> OrderID {
        let order = OrderID()
        let withheld = commission + markup + supplier
        let gross = withheld + 300
        try await raw.psql(
            """
            begin; set local session_replication_role = replica;
            insert into shop.orders (tenant_id, id, number, token, checkout_id, quote_id, plan, currency,
                locale, email, phone, address, goods_minor, discount_minor, shipping_minor, g_minor, s_minor,
                m_minor, c_minor, p_minor, w_minor, n_minor, payment_status, placed_at, paid_at)
            select '\(store)', '\(order)', count(*) + 1, '\(order)', '\(order)', '\(order)', 'pro',
                '\(currency)', 'en', 'x@example.test', '', '{}', \(gross), 0, 0, \(gross), \(supplier),
                \(markup), \(commission), 0, \(withheld), 300, 'paid', '\(paidAt)', '\(paidAt)'
                from shop.orders where tenant_id = '\(store)';
            \(posting(store, order, "payment", "\(order)", "captured", paidAt, currency, [
                ("stripe:platform", withheld), ("revenue:markup", -markup),
                ("revenue:commission", -commission), ("supplier_payable:\(SupplierID())", -supplier),
            ]))
            commit;
            """)
        return order
    }

    /// What a refund took back of an order's fees.
    func giveBack(
        _ order: OrderID, of store: TenantID, commission: Int, markup: Int = 0, at instant: String
    ) async throws {
        let back = commission + markup
        try await raw.psql(
            """
            begin; set local session_replication_role = replica;
            \(posting(store, order, "refund", "\(RefundID())", "refunded", instant, "EUR", [
                ("stripe:platform", -back), ("revenue:markup", markup), ("revenue:commission", commission),
            ]))
            commit;
            """)
    }

    /// What a merchant has accepted of a supplier's higher price; negative for what the supplier gave back.
    func accept(
        _ cents: Int, of order: OrderID, in store: TenantID, at instant: String = "2026-11-15 10:00+02",
        backBy source: String = "supplier_credit"
    ) async throws {
        let (source, kind) = cents > 0 ? ("supplier_order", "paid") : (source, "credited")
        try await raw.psql(
            """
            begin; set local session_replication_role = replica;
            \(posting(store, order, source, "\(SupplierOrderID())", kind, instant, "EUR", [
                ("merchant_receivable:\(store)", cents), ("supplier_wallet:\(SupplierID())", -cents),
            ]))
            commit;
            """)
    }

    private func posting(
        _ store: TenantID, _ order: OrderID, _ source: String, _ id: String, _ kind: String, _ at: String,
        _ currency: String, _ entries: [(String, Int)]
    ) -> String {
        let transaction = LedgerTransactionID()
        let rows = entries.filter { $0.1 != 0 }.enumerated().map { place, entry in
            "('\(store)', '\(transaction)', \(place + 1), '\(entry.0)', '\(currency)', \(entry.1))"
        }
        return """
            insert into shop.ledger_transaction (tenant_id, id, source, source_id, kind, order_id,
                occurred_at)
            values ('\(store)', '\(transaction)', '\(source)', '\(id)', '\(kind)', '\(order)', '\(at)');
            insert into shop.ledger_entry (tenant_id, transaction_id, position, account, currency,
                amount_minor) values \(rows.joined(separator: ", "));
            """
    }

    // MARK: - Stripe

    /// A customer with a card, and a subscription to the plan, as after a hosted checkout.
    func subscribe(_ account: TestAccount, to plan: PlanID = .pro, card: String = "pm_card_visa") async throws
    {
        let customer = try await shop.stripe.createCustomer(
            email: EmailAddress(unchecked: account.email), name: "Ana Pop",
            metadata: ["account_id": "\(account.user)"], key: "customer/\(account.user)")
        let method = try await post("/v1/payment_methods/\(card)/attach", ["customer": customer.id.rawValue])
        _ = try await post(
            "/v1/customers/\(customer.id)",
            ["invoice_settings[default_payment_method]": method["id"].string ?? ""])
        let name = "cartflux_plan_\(plan)"
        var price = try await shop.stripe.price(named: name)
        if price == nil {
            price = try await shop.stripe.createPrice(
                named: name, product: "Plan", amount: .eur(0), key: "price/\(plan)")
        }
        let subscription = try await shop.stripe.createSubscription(
            customer: customer.id, price: #require(price).id, metadata: ["account_id": "\(account.user)"],
            key: "subscription/\(account.user)")
        try await database.transaction(for: account.home) { tx in
            _ = try await BillingAccounts().lock(in: tx)
            try await BillingAccounts().note(customer: customer.id.rawValue, in: tx)
            try await BillingAccounts().note(subscription: subscription.id.rawValue, in: tx)
        }
    }

    func post(_ path: String, _ fields: [String: String]) async throws -> JSON {
        let body = fields.map { "\($0)=\($1)" }.joined(separator: "&")
        let answer = try await SandboxCaller.send(
            "POST", "\(stripe.baseURL)\(path)",
            headers: [
                "Authorization": "Bearer sk_test_billing",
                "Content-Type": "application/x-www-form-urlencoded",
            ], body: Array(body.utf8))
        #expect(answer.status < 300, "\(path): \(answer.text)")
        return try answer.json()
    }

    /// Brings Stripe's events about subscriptions and invoices to their accounts, in the order given.
    func deliver(_ events: [StripeEvent], times: Int = 1) async throws {
        for event in events {
            guard let customer = BillingCourier.customer(of: event),
                let home = try await BillingAccounts().home(ofCustomer: customer, database)
            else { continue }
            for _ in 0..<times {
                try await database.transaction(for: home) { tx in
                    try await BillingCourier(shop.starter).deliver(event, in: tx)
                }
            }
        }
    }

    func events() async throws -> [StripeEvent] {
        try await (stripe.vendor.objects("events") ?? []).map { try StripeEvent(parsing: $0.bytes) }
    }

    // MARK: - Billing

    @discardableResult
    func bill(_ month: BillingMonth = november) throws -> RunID {
        // In the night after it, as the schedule does.
        if month == Self.november.next { fleet.clock.advance(to: Self.night.addingTimeInterval(31 * 86_400)) }
        return try fleet.journal.start(
            MonthlyPlatformBilling.self, .init(month: month), once: UUID().uuidString, for: .none)
    }

    func papers(of account: TestAccount) async throws -> [PlatformInvoice] {
        try await database.transaction(for: account.home) { try await PlatformInvoices().all(in: $0) }
    }

    func collection(of invoice: PlatformInvoice, _ account: TestAccount) async throws -> Collection? {
        try await database.transaction(for: account.home) { try await Collections().find(invoice.id, in: $0) }
    }

    func balance(_ ledger: LedgerAccount, of account: TestAccount) async throws -> Money {
        try await database.transaction(for: account.home) { tx in
            try await Ledger().balance(of: ledger, in: .eur, tx: tx)
        }
    }

    /// What is out of balance anywhere.
    func imbalance() async throws -> [Money] {
        try await database.platformTransaction { try await Ledger().imbalance(in: $0) }
    }

    func plan(of account: TestAccount) async throws -> PlanID {
        try await database.transaction(for: account.home) { tx in
            try await AccountPlans().current(at: fleet.clock.now, in: tx).id
        }
    }

    func statuses(of account: TestAccount) async throws -> [String] {
        try await account.stores.asyncMap { store in
            try await database.transaction(for: store) { try await Stores().load(in: $0).status.rawValue }
        }
    }

    func count(_ effect: String) -> Int {
        [stripe, resend].reduce(0) { $0 + $1.workbench.calls.count(of: effect) }
    }
}

/// A person with stores; the first is the home of its billing.
struct TestAccount: Sendable {
    let user: UserID
    let email: String
    let stores: [TenantID]

    var home: TenantID { stores[0] }
}

extension Array {
    fileprivate func asyncMap<Value>(_ body: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await body(element)) }
        return values
    }
}
