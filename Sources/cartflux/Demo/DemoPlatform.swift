import BigBuy
import Commerce
import CommerceStore
import Durable
import Fleet
import Foundation
import Postgres
import Redis
import Stripe
import VendorHTTP

struct DemoProblem: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// The running demo and what is known about it.
struct DemoPlatform: Sendable {
    let record: DemoRecord
    let children: DemoChildren
    let settings: Settings

    /// Migrates, starts the sandboxes, registers with them, seeds, and starts the platform's processes.
    static func start() async throws -> DemoPlatform {
        let given = Settings()
        let migration = try given.parsed(.migrateDatabaseURL) { try PostgresConfiguration($0) }
        say("migrating")
        _ = try await MigrateCommand.migrate(migration)
        let children = DemoChildren()
        do {
            return try await start(given, children)
        } catch {
            await children.stop()
            throw error
        }
    }

    private static func start(_ given: Settings, _ children: DemoChildren) async throws -> DemoPlatform {
        let ports = try DemoPorts.free()
        let world = DemoWorld(given: given, ports: ports)
        say("starting the vendors' sandboxes")
        try children.start("sandbox", ["sandbox", "--port", "\(ports.sandbox)"], world.environment)
        let vendors = DemoVendors(world)
        try await vendors.waitUntilUp()
        let registered = try await vendors.register()
        say("seeding stores and products")
        try await seed(registered, world)
        let environment = world.environment.merging(registered.secrets) { $1 }
        say("starting web, two workers and the duties")
        try children.start("web", ["serve"], environment)
        try children.start("worker-1", ["work"], environment)
        try children.start("worker-2", ["work"], environment)
        try children.start("schedule", ["schedule"], environment)
        let record = DemoRecord(world, children: children.processes, environment: environment)
        try record.write()
        let demo = DemoPlatform(record: record, children: children, settings: Settings(environment))
        try await demo.waitUntilReady()
        return demo
    }

    private static func seed(_ registered: DemoVendors.Registration, _ world: DemoWorld) async throws {
        let settings = Settings(world.environment)
        let logger = try settings.logger("cartflux.demo")
        let app = PostgresPool(
            try settings.parsed(.databaseURL) { try PostgresConfiguration($0) }, size: 2, logger: logger)
        let platform = PostgresPool(
            try settings.parsed(.platformDatabaseURL) { try PostgresConfiguration($0) }, size: 2,
            logger: logger)
        let database = Database(app: app, platform: platform)
        let credentials = try settings.parsed(.credentialsKey) { try Credentials(base64Key: $0) }
        var seeds = DemoSeed.Settings(
            baseDomain: world.domain, stripeAccounts: registered.accounts,
            smartBillLogins: Dictionary(
                uniqueKeysWithValues: DemoSeed.stores.map { ($0.slug, "owner@\($0.slug).test:\($0.slug)") }),
            today: Date())
        seeds.parcelShippingMinor = 0
        try await DemoSeed(database, credentials: credentials).apply(seeds)
        await app.shutdown()
        await platform.shutdown()
    }

    private func waitUntilReady() async throws {
        let web = DemoHTTP(base: record.web.base)
        for _ in 0..<200 {
            // Refused connections are what is being waited out here.
            if let answer = try? await web.get("/readyz"), answer.status == 200 { return }
            if let dead = children.firstDead { throw DemoProblem("\(dead) ended before the web was ready") }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw DemoProblem("the web server was not ready within 20 s")
    }

    /// The timeline of a purchase: every run that served it, with its steps.
    func report(_ purchase: DemoPurchase) async throws -> String {
        let fleet = FleetConfiguration(
            database: try settings.parsed(.engineDatabaseURL) { try PostgresConfiguration($0) })
        let logger = try settings.logger("cartflux.demo")
        let redis = RedisClient(try settings.parsed(.redisURL) { try RedisConfiguration($0) }, logger: logger)
        let pool = PostgresPool(fleet.database, size: 2, logger: logger)
        let runs = Runs(fleet, redis: redis, pool: pool, logger: logger)
        var out = [purchase.summary]
        for line in try await runs.list(RunFilter()).reversed() {
            guard let detail = try await runs.detail(line.id) else { continue }
            out.append("\n\(line.workflow) \(line.id) \(line.status.rawValue)\n" + RunText.timeline(detail))
            if let why = try await runs.why(line.id), !line.status.isEnd {
                out.append("now: \(why.sentence)")
            }
        }
        await redis.shutdown()
        await pool.shutdown()
        return out.joined(separator: "\n")
    }

    var invitation: String {
        let stores = record.stores.map { "  store      \($0.url)" }.joined(separator: "\n")
        return """

            The platform is up. Ctrl-C stops it.
            \(stores)
              api        \(record.stores[0].url)/api/v1/products
              metrics    \(record.web.base)/metrics
              sandboxes  \(record.sandboxes.stripe) (Stripe), \(record.sandboxes.smartbill) (SmartBill),
                         \(record.sandboxes.bigbuy) (BigBuy), \(record.sandboxes.resend) (Resend)
              details    .cartflux/demo.json
            """
    }

    func stop() async { await children.stop() }

    static func say(_ text: String) { FileHandle.standardError.write(Data("demo: \(text)\n".utf8)) }
}
