import Commerce
import CommerceMigrations
import CommerceStore
import Crypto
import EngineMigrations
import Foundation
import Gateway
import Logging
import Postgres
import Storefront
import Stripe
import Synchronization
import TestServers
import VendorHTTP
import WebSupport

/// One web server on one migrated database for all tests; each test makes its own store in it.
actor WebPlatform {
    static let shared = WebPlatform()
    static let stripeSecret = "whsec_platform_secret"
    static let connectSecret = "whsec_connect_secret"
    static let sessionSecret = "a secret of at least thirty-two characters"
    static let resendSecret = "whsec_" + Data("resend secret for tests".utf8).base64EncodedString()

    static let tokenIssuer = "https://project.example.test/auth/v1"
    static let tokenSecret = "a project's shared secret of enough characters"

    static let credentials: Credentials = {
        let key = Data(repeating: 7, count: 32).base64EncodedString()
        guard let credentials = try? Credentials(key) else {
            preconditionFailure("32 bytes are a key")
        }
        return credentials
    }()

    private var opening: Task<Running, any Error>?

    struct Running: Sendable {
        let port: Int
        let database: Database
        let pool: PostgresPool
        let desk: CheckoutDesk
        let processor: InboxProcessor
        let world: World
        let storefront: Storefront
        let metrics: MetricsRegistry
        let access: AccessRecords
        /// For those who need the same database under another role.
        let raw: TestDatabase
    }

    func running() async throws -> Running {
        if let opening { return try await opening.value }
        // Awaited by every test; nobody cancels it, since the next one needs it all the same.
        let task = Task { try await Self.open() }
        opening = task
        return try await task.value
    }

    /// A server on a database of its own, for a test whose doings there would disturb the others.
    static func open() async throws -> Running {
        let template = try await TestServers.shared.template(named: "web") { url in
            let connection = try await PostgresConnection.connect(PostgresConfiguration(url))
            let engine = Migrator(directory: EngineMigrations.directory, schema: "engine")
            let shop = Migrator(directory: CommerceMigrations.directory, schema: "shop")
            // The shop's doors into the engine need the engine to be there.
            _ = try await engine.migrate(connection)
            _ = try await shop.migrate(connection)
            await connection.close()
        }
        let raw = try await TestServers.shared.createDatabase(from: template)
        let pool = PostgresPool(try PostgresConfiguration(raw.url(role: "cartflux_app")), size: 16)
        let database = Database(app: pool)
        let world = World()
        let desk = CheckoutDesk(database: database) { checkout, _ in world.started(checkout.id) }
        let metrics = MetricsRegistry()
        let logger = Logger(label: "web-tests") { _ in SwiftLogNoOpLogHandler() }
        let processor = InboxProcessor(
            database: database, metrics: metrics, logger: logger,
            readAccount: { id in throw RawHTTPError(message: "no account \(id)") },
            deliver: { news, once, _ in world.deliver(news, once) })
        let gateway = try Gateway(
            database: database, desk: desk, processor: processor,
            stripe: StripeHookSettings(
                platformSecrets: [Secret(stripeSecret)], connectSecrets: [Secret(connectSecret)],
                isLive: false),
            resendSecrets: [Secret(resendSecret)],
            tokens: AccessTokens(
                AccessTokens.Settings(issuer: tokenIssuer, keys: .secret(tokenSecret))),
            programs: ProgramsDesk(credentials: credentials, claims: claimDesk(database, world)) {
                wish, _ in world.refunded(wish)
            },
            programLimit: FleetLimit(RateLimit(capacity: 100_000, perMinute: 100_000)))
        let storefront = Storefront(
            database: database, desk: desk, progress: PolledProgress(every: .milliseconds(50)),
            hosted: HostedPayment(base: "http://127.0.0.1:1/_sandbox/pay"),
            personalData: PersonalDataDesk(
                database: database, credentials: credentials, letterhead: { "\($0) <shop@example.test>" },
                answer: { _, room in world.answered(room.tenant) }, post: { _, _ in }),
            returns: returnsDesk(database, world), claims: claimDesk(database, world))
        let access = AccessRecords()
        let server = WebServer(
            WebServer.Configuration(
                port: 0, isSecure: false, sessionSecret: sessionSecret),
            hosts: HostDirectory(
                platformHosts: ["127.0.0.1"], dashboardHosts: [DashboardPlatform.host],
                tenants: Tenants(database)),
            endpoints: storefront.endpoints + gateway.endpoints,
            checks: [ReadinessCheck("postgres") { _ = try await pool.execute("select 1") }],
            metrics: metrics, accessLog: AccessLog { access.note($0) },
            rateLimit: RateLimit(capacity: 100_000, perMinute: 100_000), logger: logger)
        let running = try await server.start()
        return Running(
            port: running.port, database: database, pool: pool, desk: desk, processor: processor,
            world: world, storefront: storefront,
            metrics: metrics, access: access, raw: raw)
    }
}

extension WebPlatform {
    private static func returnsDesk(_ database: Database, _ world: World) -> ReturnsDesk {
        ReturnsDesk(
            database: database,
            runs: ReturnRuns(
                withdraw: { id, _ in world.withdrew(id) }, tell: { run, _ in world.told(run) },
                refund: { _, _, _ in }, reply: { _, _ in }))
    }

    private static func claimDesk(_ database: Database, _ world: World) -> ClaimDesk {
        ClaimDesk(
            database: database,
            runs: ClaimRuns(begin: { id, _ in world.claimed(id) }, tell: { run, _ in world.told(run) }))
    }
}

/// What the web asked of the rest of the program.
final class World: Sendable {
    private let starts = Mutex<[CheckoutID]>([])
    private let news = Mutex<[(intent: String, once: String)]>([])
    private let deaf = Mutex<Set<String>>([])
    private let answers = Mutex<[TenantID]>([])

    func started(_ checkout: CheckoutID) -> UUID {
        starts.withLock { $0.append(checkout) }
        return UUID()
    }

    private let withdrawals = Mutex<[(withdrawal: WithdrawalID, run: UUID)]>([])
    private let claims = Mutex<[(claim: OrderClaimID, run: UUID)]>([])

    func claimed(_ claim: OrderClaimID) -> UUID {
        let run = UUID()
        claims.withLock { $0.append((claim, run)) }
        return run
    }

    func runs(of claim: OrderClaimID) -> [UUID] {
        claims.withLock { $0.filter { $0.claim == claim }.map(\.run) }
    }

    private let words = Mutex<[UUID]>([])

    func withdrew(_ withdrawal: WithdrawalID) -> UUID {
        let run = UUID()
        withdrawals.withLock { $0.append((withdrawal, run)) }
        return run
    }

    func runs(of withdrawal: WithdrawalID) -> [UUID] {
        withdrawals.withLock { $0.filter { $0.withdrawal == withdrawal }.map(\.run) }
    }

    func told(_ run: UUID) { words.withLock { $0.append(run) } }
    func wordCount(to run: UUID) -> Int { words.withLock { $0.count { $0 == run } } }

    private let refunds = Mutex<[ProgramsDesk.RefundWish]>([])

    func refunded(_ wish: ProgramsDesk.RefundWish) { refunds.withLock { $0.append(wish) } }
    func refunds(of order: OrderID) -> [ProgramsDesk.RefundWish] {
        refunds.withLock { $0.filter { $0.order == order } }
    }

    func answered(_ tenant: TenantID) { answers.withLock { $0.append(tenant) } }
    func answered(in tenant: TenantID) -> Int { answers.withLock { $0.count { $0 == tenant } } }

    func startCount(of checkout: CheckoutID) -> Int { starts.withLock { $0.count { $0 == checkout } } }

    /// Makes the run of this payment not listen, until `listen`.
    func ignore(_ intent: String) { _ = deaf.withLock { $0.insert(intent) } }
    func listen(_ intent: String) { _ = deaf.withLock { $0.remove(intent) } }

    func deliver(_ item: PaymentNews, _ once: String) -> Delivery {
        let intent = item.payment.intent ?? ""
        guard !deaf.withLock({ $0.contains(intent) }) else { return .notYet("nobody waits for it") }
        news.withLock { $0.append((intent, once)) }
        return .delivered
    }

    func deliveries(of intent: String) -> [String] {
        news.withLock { $0.filter { $0.intent == intent }.map(\.once) }
    }
}

final class AccessRecords: Sendable {
    private let records = Mutex<[String]>([])

    func note(_ record: AccessRecord) {
        let text = (try? JSONEncoder().encode(record)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        records.withLock { $0.append(text) }
    }

    var all: [String] { records.withLock { $0 } }
}

/// A store of its own behind the shared server, and a browser at it.
struct WebShop: Sendable {
    let running: WebPlatform.Running
    let tenant: TenantID
    let host: String
    let products: [ProductID]

    /// Every product costs 10.00 and is sold at 15.00.
    static func open(
        title: String = "A thing", price: Int64 = 1500, stock: Int = 10, products count: Int = 2,
        on own: WebPlatform.Running? = nil
    ) async throws -> WebShop {
        let running: WebPlatform.Running
        if let own { running = own } else { running = try await WebPlatform.shared.running() }
        let tenant = TenantID()
        let supplier = SupplierID()
        let slug = "s" + tenant.description.replacing("-", with: "").suffix(20)
        _ = try await running.pool.execute(
            """
            select shop.add_user(\(tenant.rawValue), \("\(slug)@example.test"), 'Owner')
            """)
        let ids = (0..<count).map { _ in ProductID() }
        try await running.database.transaction(for: tenant) { tx in
            _ = try await tx.postgres.execute(
                """
                insert into shop.store (tenant_id, owner_id, slug, name, currency, plan, status,
                    contact_email,
                    languages, stripe_account, stripe_state, shipping_minor)
                values (\(tenant.rawValue), \(tenant.rawValue), \(slug), 'Test & Co', 'EUR', 'pro',
                    'published',
                    'shop@example.test', '{en,ro,de,es}', \("acct_\(slug)"), 'enabled', 499)
                """)
            try await Stores().addHost("\(slug).example.test", custom: false, verifiedAt: Date(), in: tx)
            _ = try await tx.postgres.execute(
                """
                insert into shop.supplier (tenant_id, id, name, adapter, currency)
                values (\(tenant.rawValue), \(supplier.rawValue), 'Supplier', 'bigbuy', 'EUR')
                """)
            for (place, id) in ids.enumerated() {
                let pool = "own:\(tenant):\(supplier)"
                let titles = try JSONB(encoding: ["en": place == 0 ? title : "Thing \(place + 1)"])
                _ = try await tx.postgres.execute(
                    """
                    insert into shop.product (tenant_id, id, slug, sku, supplier_id, supplier_reference,
                        stock_pool,
                        cost_minor, cost_currency, price_minor, currency, vat_bp, title, description, status)
                    values (\(tenant.rawValue), \(id.rawValue), \("product-\(place + 1)"),
                        \("SKU-\(place + 1)"),
                        \(supplier.rawValue), \("REF-\(place + 1)"), \(pool), 1000, 'EUR', \(price), 'EUR',
                        2100,
                        \(titles), '{}', 'published')
                    """)
                try await Products().observeStock(
                    stock, of: SKU(unchecked: "REF-\(place + 1)"), pool: pool, in: tx)
            }
        }
        return WebShop(running: running, tenant: tenant, host: "\(slug).example.test", products: ids)
    }

    func get(_ path: String, cookie: String? = nil, accept: String = "text/html") async throws -> Answer {
        var headers = ["Accept": accept]
        headers["Cookie"] = cookie
        return try await RawHTTP.send("GET", path, port: running.port, host: host, headers: headers)
    }

    func post(
        _ path: String, _ fields: [String: String], cookie: String?, headers extra: [String: String] = [:]
    ) async throws -> Answer {
        var headers = ["Content-Type": "application/x-www-form-urlencoded", "Origin": "http://\(host)"]
        headers["Cookie"] = cookie
        headers.merge(extra) { _, new in new }
        let body = fields.map { "\(PercentCoding.encode($0))=\(PercentCoding.encode($1))" }.joined(
            separator: "&")
        return try await RawHTTP.send(
            "POST", path, port: running.port, host: host, headers: headers, body: Array(body.utf8))
    }

    func api(
        _ method: String, _ path: String, _ body: String? = nil, headers extra: [String: String] = [:]
    ) async throws -> Answer {
        var headers = extra
        if body != nil { headers["Content-Type"] = headers["Content-Type"] ?? "application/json" }
        return try await RawHTTP.send(
            method, "/api/v1\(path)", port: running.port, host: host, headers: headers,
            body: Array((body ?? "").utf8))
    }

    /// A visitor with a session, and the token for its forms.
    func visit() async throws -> (cookie: String, token: String) {
        let page = try await get("/p/product-1")
        guard let cookie = page.cookie, let token = page.field("form_token") else {
            throw RawHTTPError(message: "no session: \(page.status)")
        }
        return (cookie, token)
    }

    /// A visitor who has put things into the basket.
    func shopper(quantity: Int = 1) async throws -> (cookie: String, token: String) {
        let visitor = try await visit()
        let added = try await post(
            "/cart",
            ["product": "\(products[0])", "quantity": "\(quantity)", "form_token": visitor.token],
            cookie: visitor.cookie)
        guard added.status == 303 else {
            throw RawHTTPError(message: "not added: \(added.status) \(added.body)")
        }
        return visitor
    }

    /// The fields of a complete checkout form.
    func checkoutForm(_ page: Answer) -> [String: String] {
        [
            "form_token": page.field("form_token") ?? "", "quote": page.field("quote") ?? "",
            "seen_total": page.field("seen_total") ?? "", "seen_currency": page.field("seen_currency") ?? "",
            "email": "ana@example.test", "phone": "+40 711 111 111", "firstName": "Ana", "lastName": "Pop",
            "line": "Strada Lungă 1", "city": "Cluj-Napoca", "county": "Cluj", "postcode": "400001",
            "country": "RO",
        ]
    }

    /// Buys one thing; returns the status page's path and the visitor's cookie.
    func buy() async throws -> (path: String, cookie: String) {
        let shopper = try await shopper()
        let page = try await get("/checkout", cookie: shopper.cookie)
        let placed = try await post("/checkout", checkoutForm(page), cookie: shopper.cookie)
        guard placed.status == 303, let path = placed.headers["location"] else {
            throw RawHTTPError(message: "not placed: \(placed.status) \(placed.body)")
        }
        return (path, shopper.cookie)
    }
}
