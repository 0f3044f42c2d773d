import CommerceStore
import Dashboard
import Foundation
import Logging
import Postgres
import Synchronization
import TestServers
import WebSupport

@testable import Commerce

/// The merchants' pages on the database that the other tests' shops are in. No run carries the stores: what
/// the pages tell it is written down, and to publish is done at once.
actor DashboardPlatform {
    static let shared = DashboardPlatform()
    static let host = "app.example.test"
    static let password = "a long password"

    private var opening: Task<Running, any Error>?

    struct Running: Sendable {
        let port: Int
        let database: Database
        let mailbox: Mailbox
        let runs: ToldRuns
        let orders: ToldOrders
        let readings: ToldReadings
        let desks: ToldDesks
    }

    func running() async throws -> Running {
        if let opening { return try await opening.value }
        // Awaited by every test; nobody cancels it, since the next one needs it all the same.
        let task = Task { try await Self.open() }
        opening = task
        return try await task.value
    }

    private static func open() async throws -> Running {
        let web = try await WebPlatform.shared.running()
        let logger = Logger(label: "dashboard-tests") { _ in SwiftLogNoOpLogHandler() }
        try await fill(
            PostgresPool(
                try PostgresConfiguration(web.raw.url(role: "cartflux_platform")), size: 1, logger: logger))
        let database = web.database
        let credentials = WebPlatform.credentials
        let (mailbox, runs, orders) = (Mailbox(), ToldRuns(database), ToldOrders())
        let desks = ToldDesks()
        let desk = AccountDesk(
            database: database, passwords: .forCrowds,
            secrets: LetterTokens(credentials), sender: "CartFlux <hello@mail.example.test>"
        ) { letter, room in
            let draft = try await Emails().load(letter, in: room).draft
            mailbox.take(try LetterTokens(credentials).revealing(draft.plain), to: draft.recipient)
        }
        var configuration = WebServer.Configuration(
            port: 0, isSecure: false, sessionSecret: "a secret of at least thirty-two characters")
        // Each browser has an address of its own, so that the tests do not share a limit on attempts.
        configuration.trustedProxies = ["127.0.0.1"]
        let readings = ToldReadings()
        let server = WebServer(
            configuration,
            hosts: HostDirectory(
                platformHosts: ["127.0.0.1"], dashboardHosts: [host], tenants: Tenants(database)),
            endpoints: Dashboard(
                desk: desk, onboarding: onboarding(credentials, runs), returns: ToldOrders.returns(database),
                orders: orders.desk, suppliers: readings.desk, plans: desks.plans, papers: desks.papers,
                team: ToldDesks.team(database, LetterTokens(credentials), mailbox),
                claims: ClaimDesk(
                    database: database,
                    runs: ClaimRuns(begin: { _, _ in UUID() }, tell: { _, _ in }))
            ).endpoints,
            metrics: MetricsRegistry(), accessLog: AccessLog { _ in },
            rateLimit: RateLimit(capacity: 100_000, perMinute: 100_000), logger: logger)
        let started = try await server.start()
        return Running(
            port: started.port, database: database, mailbox: mailbox, runs: runs, orders: orders,
            readings: readings, desks: desks)
    }

    private static func onboarding(_ credentials: Credentials, _ runs: ToldRuns) -> OnboardingDesk {
        OnboardingDesk(
            baseDomain: "example.test", credentials: credentials,
            begin: { _, _, tx in runs.begin(tx.tenant) },
            tell: { news, run in try await runs.tell(news, run) },
            stripeLink: { account, _, _ in "https://stripe.test/onboarding/\(account)" },
            smartBillSeries: { login, _ in
                login == "ana@example.test:right-token"
                    ? .success(["CFX", "FCT"])
                    : .failure(OnboardingDesk.SmartBillRefusal(reason: "nobody has this login"))
            },
            checkNumber: { number, tx in runs.check(number, of: tx.tenant) })
    }

    /// Two things to sell; the second lacks what the law wants beside an offer.
    private static func fill(_ platform: PostgresPool) async throws {
        _ = try await platform.execute(
            """
            insert into shop.platform_supplier (code, name, adapter, country, currency)
            values ('bigbuy', 'BigBuy', 'bigbuy', 'ES', 'EUR') on conflict do nothing
            """)
        _ = try await platform.execute(
            """
            insert into shop.catalogue_item (supplier, reference, source_id, titles, safety, safety_missing,
                cost_minor, currency)
            values ('bigbuy', 'LAMP', '1', '{"en": "Lamp"}',
                    '{"manufacturer": "Works SL", "address": "Calle 1", "contact": "s@works.test"}',
                    '{}', 1000, 'EUR'),
                ('bigbuy', 'VASE', '2', '{"en": "Vase"}', '{}',
                    '{manufacturer,address,contact}', 1600, 'EUR')
            """)
        await platform.shutdown()
    }
}

/// What the letters said, by address.
final class Mailbox: Sendable {
    private let letters = Mutex<[String: [String]]>([:])

    func take(_ text: String, to address: String) {
        letters.withLock { $0[address, default: []].append(text) }
    }

    func letters(to address: String) -> [String] { letters.withLock { $0[address] ?? [] } }
}

/// Stands in for the runs of the stores.
final class ToldRuns: Sendable {
    private struct State {
        var stores: [UUID: TenantID] = [:]
        var news: [TenantID: [OnboardingDesk.News]] = [:]
        var numbers: [TenantID: [VATNumber]] = [:]
    }

    private let database: Database
    private let state = Mutex(State())

    init(_ database: Database) { self.database = database }

    func begin(_ store: TenantID) -> UUID {
        let run = UUID()
        state.withLock { $0.stores[run] = store }
        return run
    }

    func tell(_ news: OnboardingDesk.News, _ run: UUID) async throws -> Bool {
        let store = state.withLock { state -> TenantID? in
            guard let store = state.stores[run] else { return nil }
            state.news[store, default: []].append(news)
            return store
        }
        guard let store else { return false }
        if news == .publish {
            try await database.transaction(for: store) { tx in
                _ = try await Stores().publish(in: tx)
                try await Onboardings().markPublished(at: Date(), in: tx)
            }
        }
        return true
    }

    func check(_ number: VATNumber, of store: TenantID) {
        state.withLock { $0.numbers[store, default: []].append(number) }
    }

    func numbers(of store: TenantID) -> [VATNumber] { state.withLock { $0.numbers[store] ?? [] } }
    func news(of store: TenantID) -> [OnboardingDesk.News] { state.withLock { $0.news[store] ?? [] } }
}

/// A merchant and the browser they sit at.
final class Merchant: Sendable {
    let running: DashboardPlatform.Running
    let email: String
    private let address =
        "10.\(Int.random(in: 0...255)).\(Int.random(in: 0...255)).\(Int.random(in: 1...255))"
    private let jar = Mutex<[String: String]>([:])

    /// At a browser that nobody has signed in at.
    static func visitor(_ email: String = "m\(UUID().uuidString.lowercased())@example.test") async throws
        -> Merchant
    {
        Merchant(try await DashboardPlatform.shared.running(), email)
    }

    /// Signed up, with the link of the letter followed.
    static func signedUp() async throws -> Merchant {
        let merchant = try await visitor()
        guard try await merchant.signUp().status == 200 else { throw RawHTTPError(message: "no letter") }
        let verified = try await merchant.verify()
        guard verified.status == 303 else { throw RawHTTPError(message: "not verified: \(verified.body)") }
        return merchant
    }

    private init(_ running: DashboardPlatform.Running, _ email: String) {
        self.running = running
        self.email = email
    }

    func signUp() async throws -> Answer {
        try await post(
            "/sign-up",
            ["name": "Ana", "email": email, "password": DashboardPlatform.password, "language": "en"])
    }

    /// The token of the last letter.
    var letterToken: String? {
        guard let letter = running.mailbox.letters(to: email).last,
            let start = letter.firstRange(of: "/verify?token=")
        else { return nil }
        return String(letter[start.upperBound...].prefix { !$0.isWhitespace })
    }

    func verify(password: String = DashboardPlatform.password) async throws -> Answer {
        try await post("/verify", ["token": letterToken ?? "", "password": password])
    }

    func signIn(password: String = DashboardPlatform.password, next: String = "/stores") async throws
        -> Answer
    {
        try await post("/sign-in", ["email": email, "password": password, "next": next])
    }

    /// Opens a store and answers with it and with the path of its wizard.
    func openStore() async throws -> (store: TenantID, root: String) {
        let answer = try await post("/stores/new", Self.store(Self.slug()))
        let parts = (answer.headers["location"] ?? "").split(separator: "/")
        guard answer.status == 303, parts.count == 4 else {
            throw RawHTTPError(message: "not opened: \(answer.status) \(answer.body)")
        }
        return (try TenantID(parsing: String(parts[1])), "/stores/\(parts[1])/onboarding")
    }

    static func slug() -> String { "s" + UUID().uuidString.lowercased().replacing("-", with: "").prefix(20) }

    static func store(_ slug: String) -> [String: String] {
        ["name": "Casa Verde", "slug": slug, "country": "RO", "currency": "EUR", "language": "ro"]
    }

    // MARK: The browser

    func get(_ path: String, headers: [String: String] = [:]) async throws -> Answer {
        try await send("GET", path, headers: headers)
    }

    /// The events of these topics, until what was heard is enough.
    func listen(
        _ topics: String, until isEnough: @escaping @Sendable (String) -> Bool
    ) async throws -> Answer {
        try await send("GET", "/sse?topics=\(topics)", until: isEnough)
    }

    /// Sends a form with the token of a page that was fetched before.
    func post(
        _ path: String, _ fields: [String: String], headers: [String: String] = [:]
    ) async throws -> Answer {
        var all = fields
        if all["form_token"] == nil {
            all["form_token"] = try await get("/sign-in").field("form_token") ?? ""
        }
        let body = all.map { "\(PercentCoding.encode($0))=\(PercentCoding.encode($1))" }.joined(
            separator: "&")
        var sent = [
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": "http://\(DashboardPlatform.host)",
        ]
        sent.merge(headers) { _, new in new }
        return try await send("POST", path, headers: sent, body: Array(body.utf8))
    }

    private func send(
        _ method: String, _ path: String, headers: [String: String] = [:], body: [UInt8] = [],
        until isEnough: (@Sendable (String) -> Bool)? = nil
    ) async throws -> Answer {
        var all = ["Accept": "text/html", "X-Forwarded-For": address]
        let cookies = jar.withLock { $0.map { "\($0.key)=\($0.value)" }.joined(separator: "; ") }
        if !cookies.isEmpty { all["Cookie"] = cookies }
        all.merge(headers) { _, new in new }
        let answer = try await RawHTTP.send(
            method, path, port: running.port, host: DashboardPlatform.host, headers: all, body: body,
            until: isEnough)
        for line in (answer.headers["set-cookie"] ?? "").split(separator: "\n") {
            let pair = line.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1).map(String.init)
            jar.withLock { $0[pair[0]] = pair.count > 1 && !pair[1].isEmpty ? pair[1] : nil }
        }
        return answer
    }
}

extension Passwords {
    /// Cheap, and for as many at once as the tests that run side by side.
    static var forCrowds: Passwords {
        Passwords(cost: ScryptCost(exponent: 4, parallelism: 1), waitingLimit: 1_000)
    }
}
