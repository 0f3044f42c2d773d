// Puts a process together: pools under their roles, Redis, the engine's client, the vendors, the shop's
// workflows. The one place where everything is named with everything.

import BigBuy
import Commerce
import CommerceStore
import DomainRecords
import Durable
import Fleet
import Foundation
import Logging
import MerchantHooks
import Postgres
import Redis
import Resend
import ServiceLifecycle
import SmartBill
import Stripe
import SupplierFeeds
import VIES
import VendorHTTP
import Workflows

struct Platform: Sendable {
    let settings: Settings
    let logger: Logger
    let fleet: FleetConfiguration
    let enginePool: PostgresPool
    let redis: RedisClient
    let runs: Runs
    let database: Database
    /// The connections to vendors, within what they allow the whole fleet.
    let vendors: VendorTransport
    /// What business goes by; the engine's timers stay on the database's clock.
    let clock: any DurableClock

    private static let enginePoolSize = 8
    private static let shopPoolSize = 16
    private static let platformPoolSize = 4
    /// Issuing has a limit of its own; a question should not hold up a turn in the series much longer.
    private static let smartBillPatience: Duration = .seconds(15)

    /// Connects, and refuses roles that row security would not hold.
    /// - Parameter holdsVendorLimits: false only where the vendors are sandboxes and their pace is not the
    ///   question; with a live key they are held all the same.
    init(_ settings: Settings, label: String, holdsVendorLimits: Bool = true) async throws {
        self.settings = settings
        logger = try settings.logger(label)
        clock = try BusinessClock.named(by: settings)
        var fleet = FleetConfiguration(
            database: try settings.parsed(.engineDatabaseURL) { try PostgresConfiguration($0) })
        fleet.masterKeys = try settings.masterKeys()
        fleet.slots = try settings.integer(.slots, in: 1...10_000, default: fleet.slots)
        let lease = try settings.integer(.leaseSeconds, in: 1...600, default: 6)
        fleet.lease = .seconds(lease)
        fleet.heartbeat = .seconds(lease) / 4
        self.fleet = fleet
        enginePool = PostgresPool(fleet.database, size: Self.enginePoolSize, logger: logger)
        let app = PostgresPool(
            try settings.parsed(.databaseURL) { try PostgresConfiguration($0) }, size: Self.shopPoolSize,
            logger: logger)
        let platform = PostgresPool(
            try settings.parsed(.platformDatabaseURL) { try PostgresConfiguration($0) },
            size: Self.platformPoolSize, logger: logger)
        redis = RedisClient(try settings.parsed(.redisURL) { try RedisConfiguration($0) }, logger: logger)
        runs = Runs(fleet, redis: redis, pool: enginePool, logger: logger)
        vendors = VendorTransport.shared.gated(
            by: FleetVendorGate(
                limits: Limits(redis: redis, logger: logger),
                isLive: settings.optional(.stripeKey)?.hasPrefix("sk_live_") ?? false,
                isBoundless: !holdsVendorLimits))
        database = Database(app: app, platform: platform)
        try await RoleCheck.refusePowerfulRole(app, variable: Variable.databaseURL.rawValue)
        try await RoleCheck.refusePowerfulRole(platform, variable: Variable.platformDatabaseURL.rawValue)
        try await RoleCheck.refusePowerfulRole(enginePool, variable: Variable.engineDatabaseURL.rawValue)
    }

    var credentials: Credentials {
        get throws { try settings.credentials() }
    }

    /// Refuses to begin without a key under which something is sealed.
    func checkCredentials() async throws {
        do {
            try await CredentialRotation(database, credentials).check()
        } catch let error as CredentialsKeyError {
            throw SettingProblem(variable: .credentialsKey, reason: "\(error)")
        }
    }

    var stripe: StripeClient {
        get throws {
            StripeClient(
                key: Secret(try settings.required(.stripeKey)),
                base: settings.text(.stripeBase, default: "https://api.stripe.com"), transport: vendors)
        }
    }

    private var vies: VIESClient {
        VIESClient(
            base: settings.text(
                .viesBase, default: "https://ec.europa.eu/taxation_customs/vies/rest-api"),
            transport: vendors)
    }

    var shop: Shop {
        get throws {
            let smartBillBase = settings.text(.smartBillBase, default: "https://ws.smartbill.ro/SBORO/api")
            let domain = try settings.required(.webBaseDomain)
            let scheme = try settings.flag(.webIsSecure) ? "https" : "http"
            let port = try settings.flag(.webIsSecure) ? "" : ":\(settings.text(.webPort, default: "8080"))"
            var patience = Patience()
            patience.withdrawal = .seconds(
                try settings.integer(.withdrawalSeconds, in: 0...31_536_000, default: 14 * 86_400))
            let parcel = try settings.integer(.parcelSeconds, in: 1...86_400, default: 45 * 60)
            patience.parcel = .seconds(parcel)
            patience.slowParcel = max(.seconds(parcel), min(patience.slowParcel, .seconds(parcel * 6)))
            return Shop(
                database: database, transactions: StoreTransactions(database),
                signals: runs, starter: runs, history: runs, stripe: try stripe,
                bigbuy: BigBuyClient(
                    key: Secret(try settings.required(.bigBuyKey)),
                    base: settings.text(.bigBuyBase, default: "https://api.bigbuy.eu"), transport: vendors),
                resend: ResendClient(
                    key: Secret(try settings.required(.resendKey)),
                    base: settings.text(.resendBase, default: "https://api.resend.com"), transport: vendors),
                credentials: try credentials,
                openSmartBill: { login, company in
                    let parts = login.split(separator: ":", maxSplits: 1).map(String.init)
                    return SmartBillClient(
                        credentials: SmartBillCredentials(
                            email: Secret(parts.first ?? ""), token: Secret(parts.count > 1 ? parts[1] : ""),
                            companyCode: company),
                        base: smartBillBase, transport: vendors, timeout: Self.smartBillPatience)
                },
                sender: try settings.parsed(.mailFrom) { try EmailAddress(parsing: $0) },
                orderPage: { store, token in
                    "\(scheme)://\(store.slug).\(domain)\(port)/o/\(token.rawValue)"
                },
                isLive: try isLive, clock: clock, patience: patience,
                pages: MerchantPages(scheme: scheme, domain: domain, port: port),
                suppliers: SupplierAdapters(transport: vendors, mayReachPrivateHosts: !(try isLive)),
                sealedHistory: fleet.masterKeys == nil ? UnsealedHistory() : FleetHistory(runs),
                hooks: HookClient(mayReachPrivateHosts: !(try isLive)),
                domains: DomainLookup(NameResolver(settings.optional(.dnsResolver))), vies: vies)
        }
    }

    /// Under whose key the records of a shopper's runs are sealed; nil where this installation seals nothing.
    func subject(_ shopper: EmailAddress, of store: TenantID) throws -> Subject? {
        guard fleet.masterKeys != nil else { return nil }
        return Subject(try PersonSubject(shopper, in: store, credentials).name)
    }

    var isLive: Bool { get throws { try settings.required(.stripeKey).hasPrefix("sk_live_") } }

    /// Every workflow of the shop, ready to run.
    func registry() throws -> WorkflowRegistry {
        var registry = WorkflowRegistry()
        try shop.register(into: &registry)
        return registry
    }

    func worker() throws -> Worker {
        Worker(fleet, registry: try registry(), redis: redis, pool: enginePool, logger: logger)
    }

    /// Runs services until SIGTERM or SIGINT, then lets them finish.
    func serve(_ services: [any Service]) async throws {
        var configuration = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        configuration.maximumGracefulShutdownDuration = .seconds(30)
        try await ServiceGroup(configuration: configuration).run()
        await redis.shutdown()
        await enginePool.shutdown()
    }
}
