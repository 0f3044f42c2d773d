import BigBuy
import CommerceStore
import Durable
import DurableTesting
import Foundation
import Postgres
import Resend
import SmartBill
import Stripe
import Synchronization
import TestServers
import Testing
import VendorSandbox
import Workflows

@testable import Commerce

/// The migrated database that all tests of this target share; each makes its own store in it.
actor TestPlatform {
    static let shared = TestPlatform()
    private var preparation: Task<PostgresConfiguration, any Error>?
    private var common: PostgresPool?

    func pool() async throws -> PostgresPool {
        if let common { return common }
        let configuration = try await configuration()
        let pool = common ?? PostgresPool(configuration, size: 24, waitLimit: .seconds(60))
        common = pool
        return pool
    }

    /// A pool of so many connections for one test; nil for a test that needs none of its own.
    func ownPool(of size: Int?) async throws -> PostgresPool? {
        guard let size else { return nil }
        return PostgresPool(try await configuration(), size: size, waitLimit: .seconds(60))
    }

    private func configuration() async throws -> PostgresConfiguration {
        if let preparation { return try await preparation.value }
        // Awaited by every test; nobody cancels it, since the next one needs it all the same.
        let task = Task {
            let template = try await TestServers.shared.migrated("workflows") { connection in
                _ = try await connection.execute(
                    """
                    insert into shop.platform_supplier (code, name, adapter, country, currency,
                        parcel_shipping_minor)
                    values ('bigbuy', 'BigBuy', 'bigbuy', 'ES', 'EUR', 0)
                    """)
            }
            let database = try await TestServers.shared.createDatabase(from: template)
            return try PostgresConfiguration(database.url(role: "cartflux_app"))
        }
        preparation = task
        return try await task.value
    }
}

/// One store on Pro with its vendors and its workers, in virtual time. Every product costs 10.00 and is sold
/// at 15.00.
struct World: Sendable {
    let database: Database
    let tenant: TenantID
    let products: [ProductID]
    let fleet: TestFleet
    let stripe: SandboxServer
    let bigBuy: SandboxServer
    let smartBill: SandboxServer
    let resend: SandboxServer
    private let sandbox: VendorSandbox
    /// Where a test has asked for connections of its own.
    private let own: PostgresPool?
    let starter: any RunStarter
    private let delivered = Delivered()

    /// Starts everything, runs `body` and stops the vendors.
    static func open<Value: Sendable>(
        stock: Int = 10, products: Int = 2, supplier: StandInSupplier? = nil,
        invoicing: WatchedSmartBill? = nil, connections: Int? = nil,
        seenAs: @escaping @Sendable (InMemoryJournal) -> any Journal = { $0 },
        sealedHistory: any SealedHistory = UnsealedHistory(),
        _ body: (World) async throws -> Value
    ) async throws -> Value {
        try await TestPlaces.shared.with(
            {
                try await World(
                    stock: stock, products: products, supplier: supplier, invoicing: invoicing,
                    connections: connections, seenAs: seenAs, sealedHistory: sealedHistory)
            }, close: { await $0.stop() }, body)
    }

    private init(
        stock: Int, products count: Int, supplier: StandInSupplier?, invoicing: WatchedSmartBill?,
        connections: Int?,
        seenAs: @escaping @Sendable (InMemoryJournal) -> any Journal,
        sealedHistory: any SealedHistory
    ) async throws {
        let pool = try await TestPlatform.shared.pool()
        own = try await TestPlatform.shared.ownPool(of: connections)
        database = Database(app: own ?? pool)
        tenant = TenantID()
        sandbox = try await VendorSandbox.start()
        (stripe, resend) = (sandbox.stripe, sandbox.resend)
        if let invoicing {
            smartBill = try await SandboxServer.start(invoicing, invoicing.workbench)
        } else {
            smartBill = sandbox.smartBill
        }
        if let supplier {
            let workbench = Workbench(logger: VendorSandbox.quietLogger)
            bigBuy = try await SandboxServer.start(supplier, workbench)
        } else {
            bigBuy = sandbox.bigBuy
            try await Self.fillShelves(of: bigBuy, products: count)
            // Parcels move when a test says so, however slowly it runs.
            try await Self.pull(bigBuy, "progress", [:])
        }
        let stripeClient = StripeClient(key: "sk_test_shop", base: stripe.baseURL, timeout: .seconds(10))
        let account = try await Self.merchant(stripeClient, stripe)
        let credentials = try Credentials.ofTests
        self.products = try await Self.seed(
            tenant, stock: stock, products: count, account: account, credentials, pool, database)

        let transactions = MemoryTransactions(database)
        let signals = LateSignals()
        starter = signals
        let clock = ManualClock(Date())
        let invoicingURL = smartBill.baseURL + "/SBORO/api"
        let shop = Shop(
            database: database, transactions: StoreTransactions(transactions), signals: signals,
            starter: signals, history: signals,
            stripe: stripeClient,
            bigbuy: BigBuyClient(
                key: "test", base: bigBuy.baseURL, timeout: .seconds(10), now: { clock.now }),
            resend: ResendClient(
                key: "re_test", base: resend.baseURL, timeout: .seconds(10), now: { clock.now }),
            credentials: credentials,
            openSmartBill: { login, company in
                let halves = login.split(separator: ":").map(String.init)
                return SmartBillClient(
                    credentials: SmartBillCredentials(
                        email: .init(halves[0]), token: .init(halves[1]), companyCode: company),
                    base: invoicingURL, timeout: .seconds(10), now: { clock.now })
            },
            sender: EmailAddress(unchecked: "orders@mail.cartflux.test"),
            orderPage: { store, token in "https://\(store.slug).example.test/o/\(token.rawValue)" },
            isLive: false,
            clock: clock, sealedHistory: sealedHistory)
        fleet = shop.fleet(clock, transactions, signals, seenAs: seenAs)
    }

    private func stop() async {
        await sandbox.stop()
        await bigBuy.stop()
        await smartBill.stop()
        await own?.shutdown()
    }

    // MARK: - What people do

    /// The shopper presses the button for `quantity` pieces of each of the first `lines` products.
    func checkout(_ quantity: Int = 1, lines: Int = 1) async throws -> RunID {
        let checkout = try await transaction { tx in
            let cart = try await Carts().open(
                token: UUID().uuidString, language: .english, country: .romania, in: tx)
            for product in products.prefix(lines) {
                try await Carts().add(quantity, of: product, to: cart.id, in: tx)
            }
            let now = fleet.clock.now
            let quote = try await Quotes().freeze(cart.id, at: now, in: tx)
            let request = Checkouts.Request(
                quote: quote.id, email: EmailAddress(unchecked: "ana@example.test"), phone: "+40711111111",
                address: Self.address, language: .english, seenTotal: quote.total.gross)
            return try await Checkouts().create(request, at: now, in: tx).checkout
        }
        return try fleet.journal.start(
            CheckoutToFulfilment.self, CheckoutToFulfilment.Input(checkout: checkout.id),
            once: "\(checkout.id)",
            for: Tenant(tenant))
    }

    /// Pays as the shopper's browser would.
    func pay(_ run: RunID, with method: String = "pm_card_visa") async throws {
        guard let intent = try await payment(of: run)?.intent else { return }
        _ = try await SandboxCaller.send(
            "POST", "\(stripe.baseURL)/v1/payment_intents/\(intent)/confirm", headers: Self.form,
            body: Array("payment_method=\(method)&return_url=https://shop.example/".utf8))
    }

    /// Brings the events that Stripe has made since, each once, to their runs.
    func deliverEvents() async throws {
        for raw in await stripe.vendor.objects("events") ?? [] {
            let event = try StripeEvent(parsing: raw.bytes)
            guard delivered.isFirst(event.id.rawValue) else { continue }
            _ = try await deliver(event)
        }
    }

    /// Lets everything happen that needs no waiting longer than `horizon`, events included.
    func settle(_ horizon: Duration = .seconds(240)) async throws {
        for _ in 0..<4 {
            try await fleet.settle(upTo: horizon)
            try await deliverEvents()
        }
    }

    /// A checkout that was paid and forwarded.
    func paidCheckout(
        _ quantity: Int = 1, lines: Int = 1, with method: String = "pm_card_visa"
    ) async throws -> RunID {
        let run = try await checkout(quantity, lines: lines)
        try await settle()
        try await pay(run, with: method)
        try await deliverEvents()
        try await settle()
        return run
    }

    /// The supplier sends everything it has accepted, and the carrier delivers it.
    func deliverParcels() async throws {
        try await pull(bigBuy, "progress", ["ship_after_seconds": 0, "deliver_after_seconds": 0])
    }

    /// How many of the first product the supplier still has.
    func fillShelf(_ quantity: Int, _ product: Int = 1) async throws {
        try await pull(
            bigBuy, "stock", ["sku": .string("SKU-\(product)"), "quantity": .integer(Int64(quantity))])
    }

    func pull(_ server: SandboxServer, _ lever: String, _ body: JSON) async throws {
        try await Self.pull(server, lever, body)
    }

    private static func pull(_ server: SandboxServer, _ lever: String, _ body: JSON) async throws {
        let answer = try await SandboxCaller.send(
            "POST", "\(server.baseURL)/_sandbox/\(lever)", headers: ["Content-Type": "application/json"],
            body: body.bytes)
        #expect(answer.status < 300, "the lever \(lever) answered \(answer.text)")
    }

    private static func fillShelves(of server: SandboxServer, products count: Int) async throws {
        for number in 1...count {
            try await pull(
                server, "products",
                [
                    "sku": .string("SKU-\(number)"), "price": .integer(10), "quantity": .integer(50),
                    "name": "A thing",
                ])
        }
    }

    // MARK: - What can be seen

    /// What the supplier was asked to send.
    func soldLines() async -> [String] {
        let orders = await bigBuy.vendor.objects("orders") ?? []
        return orders.flatMap(\.["products"].array).map {
            "\($0["quantity"].integer ?? 0) x \($0["reference"].string ?? "")"
        }.sorted()
    }

    func transaction<Value: Sendable>(
        _ body: (Transaction<OneTenant>) async throws -> Value
    ) async throws -> Value {
        try await database.transaction(for: tenant, body)
    }

    func order(of run: RunID) async throws -> Order? {
        try await transaction { tx in
            try await Orders().recent(in: tx).first { $0.run == run.rawValue }
        }
    }

    func payment(of run: RunID) async throws -> Payment? {
        guard let order = try await order(of: run) else { return nil }
        return try await transaction { try await Payments().all(of: order.id, in: $0).last }
    }

    func output(of run: RunID) throws -> CheckoutToFulfilment.Output? {
        guard case .succeeded(let payload)? = fleet.journal.outcome(of: run) else { return nil }
        return try payload.decode(CheckoutToFulfilment.Output.self, .output)
    }

    func count(_ effect: String) -> Int {
        [stripe, bigBuy, smartBill, resend].reduce(0) { $0 + $1.workbench.calls.count(of: effect) }
    }

    /// What is out of balance in the store's books, per currency.
    func imbalance() async throws -> [Money] {
        let entries = try await transaction { try await Ledger().trialBalance(in: $0) }
        return Dictionary(grouping: entries, by: \.amount.currency).map { currency, postings in
            postings.map(\.amount).total(currency)
        }.filter { !$0.isZero }
    }

    func available(_ product: Int = 0) async throws -> Int {
        try await transaction { try await Products().load(products[product], in: $0).available }
    }

    static let address = Address(
        firstName: "Ana", lastName: "Pop", company: nil, vatNumber: nil, line: "Strada Lunga 1",
        city: "Cluj-Napoca",
        county: "Cluj", postcode: "400001", country: .romania)

    private static let form = [
        "Authorization": "Bearer sk_test_shop", "Content-Type": "application/x-www-form-urlencoded",
    ]

    private static func merchant(_ stripe: StripeClient, _ server: SandboxServer) async throws -> String {
        let account = try await stripe.createAccount(
            StripeAccountRequest(
                country: .romania, email: EmailAddress(unchecked: "owner@shop.example"), businessName: "Shop",
                website: "https://shop.example", metadata: ["store_id": "s1"]), key: "account")
        _ = try await SandboxCaller.send(
            "POST", "\(server.baseURL)/_sandbox/accounts/\(account.id)", headers: form,
            body: Array("outcome=complete".utf8))
        return account.id.rawValue
    }
}

/// Which events were brought already.
private final class Delivered: Sendable {
    private let known = Mutex<Set<String>>([])
    func isFirst(_ id: String) -> Bool { known.withLock { $0.insert(id).inserted } }
}
