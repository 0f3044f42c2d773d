// The shop under measurement: the demo's stores, a web process of their own, and people who are signed in. No
// vendor stands behind it, because nothing that is measured here asks one, and no worker: an order that is
// placed waits.

import Commerce
import CommerceStore
import Foundation
import Logging
import Postgres
import WebSupport

struct WebStage: Sendable {
    let ports: DemoPorts
    let database: Database
    let signer: SessionSigner
    private let environment: [String: String]
    private let credentials: Credentials
    private let pools: [PostgresPool]

    /// The store whose pages, checkout and orders are measured.
    static let store = DemoSeed.stores[0]
    private static let domain = "localhost"
    private static let secret = "the bench's secret is of no use to anybody else"
    private static let password = "the bench is not a secret"
    private static let connections = 8
    private static let patience: Duration = .seconds(30)

    init(_ logger: Logger) throws {
        ports = try DemoPorts.free()
        environment = Self.environment(ports)
        signer = SessionSigner(secret: Self.secret, isSecure: false)
        let settings = Settings(environment)
        credentials = try settings.parsed(.credentialsKey) { try Credentials($0) }
        let app = PostgresPool(
            try settings.parsed(.databaseURL) { try PostgresConfiguration($0) }, size: Self.connections,
            logger: logger)
        let platform = PostgresPool(
            try settings.parsed(.platformDatabaseURL) { try PostgresConfiguration($0) },
            size: Self.connections, logger: logger)
        pools = [app, platform]
        database = Database(app: app, platform: platform)
    }

    func close() async {
        for pool in pools { await pool.shutdown() }
    }

    private static func environment(_ ports: DemoPorts) -> [String: String] {
        let nobody = "http://127.0.0.1:1"
        let ours: [Variable: String] = [
            .webPort: "\(ports.web)", .webBaseDomain: domain, .sessionSecret: secret,
            .credentialsKey: Data(repeating: 1, count: 32).base64EncodedString(),
            .stripeBase: nobody, .stripeKey: "sk_test_bench", .stripeSecret: "whsec_bench",
            .stripeConnectSecret: "whsec_bench_connect", .smartBillBase: nobody, .bigBuyBase: nobody,
            .bigBuyKey: "bench", .resendBase: nobody, .resendKey: "re_bench",
            .resendSecret: "whsec_" + Data("the bench's letters".utf8).base64EncodedString(),
            .mailFrom: "bench@mail.cartflux.example", .checkoutsPerMinute: "1000000", .logLevel: "error",
        ]
        var values = ProcessInfo.processInfo.environment
        for (variable, value) in ours { values[variable.rawValue] = value }
        // The administrator's access is for seeding alone.
        values[Variable.migrateDatabaseURL.rawValue] = nil
        return values
    }

    // MARK: - The web process

    var base: String { "http://127.0.0.1:\(ports.web)" }

    /// Runs `body` beside a fresh web process that can serve.
    ///
    /// - Parameter keepsPages: false makes each page anew for whoever asks.
    func withWeb<Value>(
        keepsPages: Bool = true, _ body: (BenchChild) async throws -> Value
    ) async throws -> Value {
        var environment = environment
        if !keepsPages { environment[Variable.pageCacheMiB.rawValue] = "0" }
        let web = try BenchChild(
            ["--shop-part", ShopPart.web.rawValue], environment: environment, isSilent: true)
        return try await web.during {
            try await Self.waitUntilReady(web, "the web process", base, path: "/readyz")
            return try await body(web)
        }
    }

    /// Returns when the child answers 200 there.
    static func waitUntilReady(
        _ child: BenchChild, _ name: String, _ base: String, path: String
    ) async throws {
        let probe = DemoHTTP(base: base)
        let deadline = ContinuousClock.now + patience
        while ContinuousClock.now < deadline, child.isRunning {
            // Refused connections are what is being waited out here.
            if let answer = try? await probe.get(path), answer.status == 200 { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw WebBenchProblem.notReady(name)
    }

    func shop(_ path: String) -> WebTarget { target("\(Self.store.slug).\(Self.domain)", path) }
    func dashboard(_ path: String) -> WebTarget { target(Platform.dashboardHost(Self.domain), path) }
    func console(_ path: String) -> WebTarget { target(Platform.consoleHost(Self.domain), path) }

    private func target(_ name: String, _ path: String) -> WebTarget {
        // As browsers do: HTML for people.
        WebTarget(
            base: base, host: "\(name):\(ports.web)", path: path, headers: ["Accept": "text/html"])
    }

    // MARK: - Who is there

    func seedStores() async throws {
        let accounts = DemoSeed.stores.map { ($0.slug, "acct_bench_\($0.number)") }
        try await DemoSeed(database, credentials: credentials).apply(
            DemoSeed.Settings(
                baseDomain: Self.domain, stripeAccounts: Dictionary(uniqueKeysWithValues: accounts),
                today: Date()))
    }

    /// A store of an owner's own.
    func openStore() async throws -> (tenant: TenantID, owner: UserID) {
        let (tenant, owner) = (TenantID(), UserID())
        let slug = "bench-" + tenant.description.suffix(12)
        let people = People(database)
        try await people.add(
            owner, email: EmailAddress(parsing: "\(slug)@example.test"), name: "Bench", language: .english)
        try await people.verifyEmail(of: owner)
        try await database.transaction(for: tenant) { tx in
            _ = try await tx.postgres.execute(
                """
                insert into shop.store (tenant_id, owner_id, slug, name, currency, plan, status,
                    contact_email)
                values (\(tenant.rawValue), \(owner.rawValue), \(slug), 'Bench', 'EUR', 'pro', 'published',
                    'bench@example.test')
                """)
        }
        return (tenant, owner)
    }

    /// The cookie of a browser at which a merchant is signed in.
    func signIn(_ owner: UserID) async throws -> String {
        let token = try await database.transaction(for: owner.room) { room in
            try await AccountSessions(database).open(at: Date(), in: room)
        }
        return SignedInCookie.merchant.pair(token, isSecure: false)
    }

    /// The cookie of a browser at which a new operator has signed in, with both factors.
    func signInOperator() async throws -> String {
        let admins = Admins(database, credentials: credentials, passwords: Passwords())
        let email = try EmailAddress(parsing: "bench-\(UUID())@example.test")
        let welcome = try await admins.add(email, name: "Bench", password: Self.password, role: .operator)
        let token = try await admins.signIn(
            email, password: Self.password, code: welcome.recoveryCodes.first ?? "", at: Date())
        guard let token else { throw WebBenchProblem.notReady("the operator's session") }
        return SignedInCookie.admin.pair(token, isSecure: false)
    }

    /// The cookie of a shopper's session, and a token for its forms.
    func shopper(_ id: UUID) -> (cookie: String, formToken: String) {
        let session = Session(id: id, isNew: false)
        let cookie = String(signer.cookie(for: session).prefix { $0 != ";" })
        return (cookie, signer.formToken(for: session))
    }
}
