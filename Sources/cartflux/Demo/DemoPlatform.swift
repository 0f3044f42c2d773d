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
        try FileManager.default.createDirectory(
            atPath: DemoRecord.folder, withIntermediateDirectories: true)
        try BusinessClock.move(DemoWorld.clockFile, ahead: 0)
        say("starting the vendors' sandboxes")
        try children.start("sandbox", ["sandbox", "--port", "\(ports.sandbox)"], world.environment)
        let vendors = DemoVendors(world)
        try await vendors.waitUntilUp()
        let registered = try await vendors.register()
        say("seeding stores and products")
        let operators = try await seed(registered, world)
        let environment = world.environment.merging(registered.secrets) { $1 }
        say("starting web, two workers and the duties")
        try children.start("web", ["serve"], environment)
        try children.start("worker-1", ["work"], environment)
        try children.start("worker-2", ["work"], environment)
        try children.start("schedule", ["schedule"], environment)
        let record = DemoRecord(
            world, children: children.processes, environment: environment, operators: operators)
        try record.write()
        let demo = DemoPlatform(record: record, children: children, settings: Settings(environment))
        try await demo.waitUntilReady()
        return demo
    }

    private static func seed(
        _ registered: DemoVendors.Registration, _ world: DemoWorld
    ) async throws -> [DemoRecord.Operator] {
        let settings = Settings(world.environment)
        let logger = try settings.logger("cartflux.demo")
        let app = PostgresPool(
            try settings.parsed(.databaseURL) { try PostgresConfiguration($0) }, size: 2, logger: logger)
        let platform = PostgresPool(
            try settings.parsed(.platformDatabaseURL) { try PostgresConfiguration($0) }, size: 2,
            logger: logger)
        let database = Database(app: app, platform: platform)
        let credentials = try settings.credentials()
        var seeds = DemoSeed.Settings(
            baseDomain: world.domain, stripeAccounts: registered.accounts,
            smartBillLogins: Dictionary(
                uniqueKeysWithValues: DemoSeed.stores.map { ($0.slug, "owner@\($0.slug).test:\($0.slug)") }),
            today: Date())
        seeds.parcelShippingMinor = 0
        try await DemoSeed(database, credentials: credentials).apply(seeds)
        let operators = try await DemoOperators.seed(
            Admins(database, credentials: credentials, passwords: Passwords()))
        await app.shutdown()
        await platform.shutdown()
        return operators
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
        let timelines = try await within { try await $0.timelines(RunFilter()) }
        return ([purchase.summary] + timelines.map(\.text)).joined(separator: "\n")
    }

    /// Works with the platform as one more process of it.
    func within<Value: Sendable>(_ body: (Platform) async throws -> Value) async throws -> Value {
        let platform = try await Platform(settings, label: "cartflux.demo")
        do {
            let value = try await body(platform)
            await platform.close()
            return value
        } catch {
            await platform.close()
            throw error
        }
    }

    /// Asks until there is an answer; what has been asked for a minute does not come.
    @discardableResult
    func wait<Value>(
        until what: String, _ ask: () async throws -> Value?
    ) async throws -> Value {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            if let value = try await ask() { return value }
            if let dead = children.firstDead { throw DemoProblem("\(dead) ended") }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw DemoProblem("gave up waiting until \(what)")
    }

    /// Each with the secret for an authenticator app, and a recovery code for those who have none at hand.
    private var signIns: String {
        record.console.operators.map { person in
            """
                           \(person.role): \(person.email) / \(person.password)
                           one-time codes from \(person.totpSecret), or once \(person.recoveryCodes[0])
            """
        }.joined(separator: "\n")
    }

    var invitation: String {
        let stores = record.stores.map { "  store      \($0.url)" }.joined(separator: "\n")
        return """

            The platform is up. Ctrl-C stops it.
            \(stores)
              api        \(record.stores[0].url)/api/v1/products
              merchants  \(record.dashboard.url), with a store to open or as the story's merchant above
              console    \(record.console.url)
            \(signIns)
              metrics    \(record.web.base)/metrics
              sandboxes  \(record.sandboxes.stripe) (Stripe), \(record.sandboxes.smartbill) (SmartBill),
                         \(record.sandboxes.bigbuy) (BigBuy), \(record.sandboxes.resend) (Resend),
                         \(record.sandboxes.vies) (VIES)
              details    .cartflux/demo.json
            """
    }

    func stop() async { await children.stop() }

    static func say(_ text: String) { FileHandle.standardError.write(Data("demo: \(text)\n".utf8)) }
}
