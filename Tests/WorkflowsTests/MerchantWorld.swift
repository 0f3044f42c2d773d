import BigBuy
import CommerceStore
import Dashboard
import Durable
import DurableTesting
import Foundation
import Logging
import Postgres
import Resend
import SmartBill
import Stripe
import TestServers
import VIES
import VendorSandbox
import WebSupport
import Workflows

@testable import Commerce

/// The migrated database of the merchants' tests, with a platform supplier that offers three things: two that
/// may be sold and one without product-safety data.
actor MerchantDatabase {
    static let shared = MerchantDatabase()
    private var preparation: Task<PostgresPool, any Error>?

    func pool() async throws -> PostgresPool {
        if let preparation { return try await preparation.value }
        // Awaited by every test; nobody cancels it, since the next one needs it all the same.
        let task = Task {
            let template = try await TestServers.shared.migrated("merchants") { connection in
                try await Self.fill(connection)
            }
            let database = try await TestServers.shared.createDatabase(from: template)
            return PostgresPool(
                try PostgresConfiguration(database.url(role: "cartflux_app")), size: 16,
                waitLimit: .seconds(60))
        }
        preparation = task
        return try await task.value
    }

    private static func fill(_ connection: PostgresConnection) async throws {
        _ = try await connection.execute(
            """
            insert into shop.platform_supplier (code, name, adapter, country, currency)
            values ('bigbuy', 'BigBuy', 'bigbuy', 'ES', 'EUR')
            """)
        _ = try await connection.execute(
            """
            insert into shop.catalogue_item (supplier, reference, source_id, titles, safety, safety_missing,
                cost_minor, currency)
            values ('bigbuy', 'LAMP', '1', '{"en": "Lamp"}',
                    '{"manufacturer": "Works SL", "address": "Calle 1", "contact": "s@works.test"}',
                    '{}', 1000, 'EUR'),
                ('bigbuy', 'CUP', '2', '{"en": "Cup <b>"}',
                    '{"manufacturer": "Works SL", "address": "Calle 1", "contact": "s@works.test"}',
                    '{}', 390, 'EUR'),
                ('bigbuy', 'VASE', '3', '{"en": "Vase"}', '{}',
                    '{manufacturer,address,contact}', 1600, 'EUR')
            """)
    }
}

/// The merchants' pages with their vendors and their runs, in virtual time.
struct MerchantWorld: Sendable {
    let database: Database
    let fleet: TestFleet
    let sandbox: VendorSandbox
    let server: RunningWebServer
    let onboarding: OnboardingDesk

    static func open<Value: Sendable>(
        seenAs: @escaping @Sendable (InMemoryJournal) -> any Journal = { $0 },
        _ body: (MerchantWorld) async throws -> Value
    ) async throws -> Value {
        try await TestPlaces.shared.with(
            { try await MerchantWorld(seenAs: seenAs) },
            close: { try await $0.stop() }, body)
    }

    private init(seenAs: @escaping @Sendable (InMemoryJournal) -> any Journal) async throws {
        database = Database(app: try await MerchantDatabase.shared.pool())
        sandbox = try await VendorSandbox.start()
        let credentials = try Credentials.ofTests
        let transactions = MemoryTransactions(database)
        let signals = LateSignals()
        let clock = ManualClock(Date())
        let stripe = StripeClient(
            key: "sk_test_shop", base: sandbox.stripe.baseURL, timeout: .seconds(10))
        let invoicing = sandbox.smartBill.baseURL + "/SBORO/api"
        let shop = Shop(
            database: database, transactions: StoreTransactions(transactions), signals: signals,
            starter: signals, history: signals, stripe: stripe,
            bigbuy: BigBuyClient(key: "test", base: sandbox.bigBuy.baseURL, now: { clock.now }),
            resend: ResendClient(
                key: "re_test", base: sandbox.resend.baseURL, timeout: .seconds(10), now: { clock.now }),
            credentials: credentials,
            openSmartBill: { login, company in
                let halves = login.split(separator: ":").map(String.init)
                return SmartBillClient(
                    credentials: SmartBillCredentials(
                        email: .init(halves[0]), token: .init(halves[1]), companyCode: company),
                    base: invoicing, timeout: .seconds(10), now: { clock.now })
            },
            sender: EmailAddress(unchecked: "hello@mail.cartflux.test"),
            orderPage: { _, _ in "https://example.test" }, isLive: false, clock: clock,
            pages: MerchantPages(scheme: "http", domain: "cartflux.test"),
            vies: VIESClient(
                base: sandbox.vies.baseURL + "/taxation_customs/vies/rest-api", timeout: .seconds(10),
                now: { clock.now }))
        fleet = shop.fleet(clock, transactions, signals, seenAs: seenAs)
        onboarding = Self.desk(fleet.journal, shop, credentials, signals)
        let accounts = AccountDesk(
            database: database, passwords: Passwords(cost: ScryptCost(exponent: 4, parallelism: 1)),
            secrets: LetterTokens(credentials), sender: "CartFlux <hello@mail.cartflux.test>"
        ) { letter, room in
            try await signals.start(
                SendLetter.self, SendLetter.Input(letter: letter), once: "\(letter)", with: room)
        }
        var configuration = WebServer.Configuration(
            port: 0, isSecure: false, sessionSecret: "a secret of at least thirty-two characters")
        // Each browser has an address of its own, so that the tests do not share a limit on attempts.
        configuration.trustedProxies = ["127.0.0.1"]
        server = try await WebServer(
            configuration,
            hosts: HostDirectory(
                platformHosts: ["cartflux.test"], dashboardHosts: ["app.cartflux.test"],
                tenants: Tenants(database)),
            endpoints: Dashboard(
                desk: accounts, onboarding: onboarding,
                personalData: Self.personalData(database, credentials, signals),
                domains: Self.domainDesk(fleet.journal)
            ).endpoints,
            metrics: MetricsRegistry(), accessLog: .silent,
            logger: Logger(label: "merchants") { _ in SwiftLogNoOpLogHandler() }
        ).start()
    }

    private static func personalData(
        _ database: Database, _ credentials: Credentials, _ signals: LateSignals
    ) -> PersonalDataDesk {
        PersonalDataDesk(
            database: database, credentials: credentials,
            letterhead: { "\($0) <hello@mail.cartflux.test>" },
            answer: { try await PersonalDataStarter(signals).start($0, in: $1) },
            post: { letter, room in
                try await signals.start(
                    SendLetter.self, SendLetter.Input(letter: letter), once: "\(letter)", with: room)
            })
    }

    private static func domainDesk(_ journal: InMemoryJournal) -> DomainDesk {
        DomainDesk(
            begin: { domain, tx in
                try journal.start(
                    FollowDomain.self, FollowDomain.Input(domain: domain), once: "domain:\(domain):0",
                    for: Tenant(tx.tenant))
            },
            nudge: { run in
                _ = try journal.send(
                    .domainNudge, Nothing(), to: RunID(rawValue: run), once: UUID().uuidString)
            })
    }

    private static func desk(
        _ journal: InMemoryJournal, _ shop: Shop, _ credentials: Credentials, _ signals: LateSignals
    ) -> OnboardingDesk {
        OnboardingDesk(
            baseDomain: "cartflux.test", credentials: credentials,
            begin: { owner, ended, tx in
                let after = ended.map { ":after:\($0)" } ?? ""
                return try journal.start(
                    MerchantOnboarding.self, MerchantOnboarding.Input(owner: owner),
                    once: "\(tx.tenant)\(after)", for: Tenant(tx.tenant)
                ).rawValue
            },
            tell: { news, run in
                let signal: OnboardingSignal
                switch news {
                case .saved(let step): signal = OnboardingSignal(.saved, step: step)
                case .publish: signal = OnboardingSignal(.publish)
                }
                return try journal.send(
                    .onboarding, signal, to: RunID(rawValue: run), once: UUID().uuidString)
            },
            stripeLink: { account, refresh, back in
                return try await shop.stripe.createAccountLink(
                    for: StripeAccount.ID(rawValue: account), refreshURL: refresh, returnURL: back,
                    key: UUID().uuidString
                ).url.reveal()
            },
            smartBillSeries: { login, company in
                do throws(SmartBillFailure) {
                    return .success(try await shop.openSmartBill(login, company).series(.invoice).map(\.name))
                } catch {
                    return .failure(OnboardingDesk.SmartBillRefusal(reason: error.description))
                }
            },
            checkNumber: { try await CheckVATNumber.begin($0, with: signals, in: $1) })
    }

    private func stop() async throws {
        try await server.stop()
        await sandbox.stop()
    }

    // MARK: - What people and vendors do

    /// Works on everything that needs no long wait.
    func settle(_ horizon: Duration = .seconds(120)) async throws { try await fleet.settle(upTo: horizon) }

    /// The last letter to this address, as plain text.
    func letter(to email: String) async -> String? {
        let letters = await sandbox.resend.vendor.objects("emails") ?? []
        return letters.last { $0["to"].array.contains { $0.string == email } }?["text"].string
    }

    /// Stripe has decided about the account, and its news reach the store's run.
    func decide(_ outcome: String, for account: String, in store: TenantID) async throws {
        let answer = try await SandboxCaller.send(
            "POST", "\(sandbox.stripe.baseURL)/_sandbox/accounts/\(account)",
            headers: ["Content-Type": "application/x-www-form-urlencoded"],
            body: Array("outcome=\(outcome)".utf8))
        guard answer.status < 300 else { throw MerchantProblem("the lever answered \(answer.text)") }
        try await tellAccount(of: store)
    }

    func onboarding(of store: TenantID) async throws -> Onboarding? {
        try await database.transaction(for: store) { try await Onboardings().find(in: $0) }
    }

    func tellAccount(of store: TenantID) async throws {
        let run = try await database.transaction(for: store) { try await Onboardings().find(in: $0)?.run }
        guard let run else { throw MerchantProblem("the store has no run") }
        _ = try fleet.journal.send(
            .onboarding, OnboardingSignal(.account), to: RunID(rawValue: run), once: UUID().uuidString)
        try await settle()
    }

    func count(_ effect: String) -> Int {
        [sandbox.stripe, sandbox.smartBill, sandbox.resend].reduce(0) {
            $0 + $1.workbench.calls.count(of: effect)
        }
    }
}

struct MerchantProblem: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// A merchant's browser: cookies kept, redirects not followed.
final class MerchantBrowser {
    private let world: MerchantWorld
    private(set) var cookies: [String: String] = [:]
    private let address =
        "10.\(Int.random(in: 0...255)).\(Int.random(in: 0...255)).\(Int.random(in: 1...255))"

    init(_ world: MerchantWorld) { self.world = world }

    func get(_ path: String) async throws -> SandboxResponse { try await send("GET", path, nil) }

    /// Opens the page, fills its form and sends it.
    func fill(_ path: String, at page: String? = nil, _ fields: [String: String]) async throws
        -> SandboxResponse
    {
        let shown = try await get(page ?? path)
        guard shown.status == 200, let token = shown.field("form_token") else {
            throw MerchantProblem(
                "\(page ?? path) answered \(shown.status) \(shown.header("location") ?? "")")
        }
        var all = fields
        all["form_token"] = token
        return try await post(path, all)
    }

    func post(_ path: String, _ fields: [String: String]) async throws -> SandboxResponse {
        let body = fields.map { "\(PercentCoding.encode($0))=\(PercentCoding.encode($1))" }
        return try await send("POST", path, body.joined(separator: "&"))
    }

    private func send(_ method: String, _ path: String, _ body: String?) async throws -> SandboxResponse {
        var headers = ["Host": "app.cartflux.test", "X-Forwarded-For": address]
        if !cookies.isEmpty { headers["Cookie"] = cookies.map { "\($0)=\($1)" }.joined(separator: "; ") }
        if body != nil { headers["Content-Type"] = "application/x-www-form-urlencoded" }
        let answer = try await SandboxCaller.send(
            method, "http://127.0.0.1:\(world.server.port)\(path)", headers: headers,
            body: Array((body ?? "").utf8))
        for header in answer.headers where header.name.lowercased() == "set-cookie" {
            let pair = header.value.split(separator: ";")[0].split(separator: "=", maxSplits: 1)
            cookies[String(pair[0])] = pair.count > 1 && !pair[1].isEmpty ? String(pair[1]) : nil
        }
        return answer
    }
}

extension SandboxResponse {
    /// The value of a hidden field.
    func field(_ name: String) -> String? {
        guard let start = text.firstRange(of: "name=\"\(name)\" value=\"") else { return nil }
        return String(text[start.upperBound...].prefix { $0 != "\"" })
    }
}
