import CommerceMigrations
import CommerceStore
import EngineMigrations
import Foundation
import Logging
import Postgres
import TestServers
import VendorSandbox

// A whole platform for one test alone: servers that may be crashed, sandboxes in this process that witness
// every effect, and the program as children. The sandboxes are never harmed: they stand for the world.

struct Platform: Sendable {
    let servers: PrivateServers
    let sandbox: VendorSandbox
    /// The whole database, as its superuser sees it.
    let books: Books
    let webPort: Int
    private let environment: [String: String]
    private let logs: URL
    private let children = Children()

    private static let leaseSeconds = 2

    /// Builds a platform, lends it, and ends and removes everything of it.
    static func with(
        options: SandboxOptions = SandboxOptions(), _ body: (Platform) async throws -> Void
    ) async throws {
        let logs = FileManager.default.temporaryDirectory.appending(
            path: "cartflux-faults-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: logs, withIntermediateDirectories: true)
        // Leftovers in the temporary folder harm nobody.
        defer { try? FileManager.default.removeItem(at: logs) }
        let sandbox = try await VendorSandbox.start(options: options)
        do {
            try await PrivateServers.with { servers in
                let platform = try await Platform(servers, sandbox, logs: logs)
                do {
                    try await platform.startWeb()
                    try await body(platform)
                } catch {
                    await platform.children.end()
                    await platform.books.close()
                    throw PlatformFailure(cause: error, lastWords: platform.children.lastWords)
                }
                await platform.children.end()
                await platform.books.close()
            }
        } catch {
            await sandbox.stop()
            throw error
        }
        await sandbox.stop()
    }

    private init(_ servers: PrivateServers, _ sandbox: VendorSandbox, logs: URL) async throws {
        self.servers = servers
        self.sandbox = sandbox
        self.logs = logs
        let port = try Remote.freePort()
        webPort = port
        let database = try await servers.createDatabase("cartflux")
        try await Self.migrate(database)
        books = Books(try PostgresConfiguration(database.superuserURL))
        let key = Data((0..<32).map { _ in UInt8.random(in: 0...255) }).base64EncodedString()
        let vendors = VendorSetUp(sandbox: sandbox, web: "http://127.0.0.1:\(port)")
        try await Self.seed(database, credentialsKey: key, accounts: vendors.openAccounts())
        var environment = [
            "DATABASE_URL": database.url(role: "cartflux_app"),
            "ENGINE_DATABASE_URL": database.url(role: "cartflux_engine"),
            "PLATFORM_DATABASE_URL": database.url(role: "cartflux_platform"),
            "REDIS_URL": servers.redisURL(), "CARTFLUX_LEASE_SECONDS": "\(Self.leaseSeconds)",
            "WEB_PORT": "\(port)", "WEB_BASE_DOMAIN": "localhost", "CREDENTIALS_KEY": key,
            "SESSION_SECRET": "a secret for tests of more than thirty-two characters",
            "STRIPE_SECRET_KEY": VendorSetUp.stripeKey, "BIGBUY_API_KEY": "sandbox",
            "RESEND_API_KEY": VendorSetUp.resendKey, "MAIL_FROM": "orders@cartflux.test",
            // All shoppers of a test come from one address.
            "CARTFLUX_CHECKOUTS_PER_MINUTE": "100000",
        ]
        environment.merge(try await vendors.registerWebhooks()) { $1 }
        for (name, server) in zip(["STRIPE", "SMARTBILL", "BIGBUY", "RESEND"], sandbox.servers) {
            environment["\(name)_API_BASE"] = server.baseURL + (name == "SMARTBILL" ? "/SBORO/api" : "")
        }
        environment["VIES_API_BASE"] = sandbox.vies.baseURL + "/taxation_customs/vies/rest-api"
        self.environment = environment
    }

    /// A store as its shoppers reach it.
    func store(_ slug: String) -> Remote {
        Remote(base: "http://127.0.0.1:\(webPort)", host: "\(slug).localhost")
    }

    // Vendors ---------------------------------------------------------------------------------------------

    var stripe: SandboxServer { sandbox.servers[0] }
    var smartBill: SandboxServer { sandbox.servers[1] }
    var bigBuy: SandboxServer { sandbox.servers[2] }
    var resend: SandboxServer { sandbox.servers[3] }

    // Processes -------------------------------------------------------------------------------------------

    /// Starts a worker and returns when the fleet knows it.
    func startWorker(_ name: String) async throws -> CartFluxProcess {
        let worker = try await start(["work"], as: name)
        try await until("\(name) is at work") {
            guard !worker.hasEnded else { throw Stopped(lastWords: worker.lastWords) }
            return try await books.count("select count(*) from engine.worker where process = \(worker.id)")
                == 1
        }
        return worker
    }

    private func startWeb() async throws {
        let web = try await start(["serve"], as: "web")
        try await until("the web is ready") {
            guard !web.hasEnded else { throw Stopped(lastWords: web.lastWords) }
            // Until it listens there is no connection, which is one way of not being ready.
            return (try? await Remote(base: "http://127.0.0.1:\(webPort)").get("/readyz"))?.status == 200
        }
    }

    private func start(_ arguments: [String], as name: String) async throws -> CartFluxProcess {
        let process = try await CartFluxProcess.start(
            arguments, as: name, environment: environment, logs: logs)
        children.add(process)
        return process
    }

    // Preparation -----------------------------------------------------------------------------------------

    private static func migrate(_ database: TestDatabase) async throws {
        let connection = try await PostgresConnection.connect(PostgresConfiguration(database.superuserURL))
        // The shop's doors into the engine need the engine to be there.
        try await Migrator(directory: EngineMigrations.directory, schema: "engine").migrate(connection)
        try await Migrator(directory: CommerceMigrations.directory, schema: "shop").migrate(connection)
        await connection.close()
    }

    private static func seed(
        _ target: TestDatabase, credentialsKey: String, accounts: [String: String]
    ) async throws {
        let app = PostgresPool(try PostgresConfiguration(target.url(role: "cartflux_app")), size: 1)
        let platform = PostgresPool(try PostgresConfiguration(target.url(role: "cartflux_platform")), size: 1)
        let database = Database(app: app, platform: platform)
        let credentials = try Credentials(credentialsKey)
        try await DemoSeed(database, credentials: credentials).apply(
            DemoSeed.Settings(baseDomain: "localhost", stripeAccounts: accounts, today: Date()))
        for store in DemoSeed.stores {
            // Every merchant has an account of its own there, with numbers of its own.
            try await database.transaction(for: store.tenant) { tx in
                try await credentials.save("\(store.slug)@example.test:token", kind: "smartbill", in: tx)
            }
        }
        await app.shutdown()
        await platform.shutdown()
    }
}

/// Looks until it is so. What is awaited happens in another process, which sends no event; the limit only
/// ends a test that has failed.
func until(
    _ what: String, within limit: Duration = .seconds(120), _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw TooLate(what: what, limit: limit) }
        try await Task.sleep(for: .milliseconds(50))
    }
}

private struct TooLate: Error, CustomStringConvertible {
    let what: String
    let limit: Duration
    var description: String { "still not true after \(limit): \(what)" }
}

private struct Stopped: Error, CustomStringConvertible {
    let lastWords: String
    var description: String { "the program ended by itself: \(lastWords)" }
}

/// A failure together with what the program printed last.
private struct PlatformFailure: Error, CustomStringConvertible {
    let cause: any Error
    let lastWords: String
    var description: String { "\(cause)\n\(lastWords)" }
}
