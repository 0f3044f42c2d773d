import CommerceStore
import Foundation

/// What is up, for scripts: `.cartflux/demo.json`.
struct DemoRecord: Codable, Sendable {
    struct Web: Codable, Sendable {
        let base: String
        let baseDomain: String
    }
    struct Store: Codable, Sendable {
        let slug: String
        let host: String
        let url: String
        let plan: String
        let currency: String
    }
    struct Sandboxes: Codable, Sendable {
        let stripe: String
        let smartbill: String
        let bigbuy: String
        let resend: String
        let vies: String
    }
    struct Stores: Codable, Sendable {
        let database: String
        let engine: String
        let platform: String
        let redis: String
    }

    /// Where merchants sign in, and as whom.
    struct Dashboard: Codable, Sendable {
        let host: String
        let url: String
        var merchants: [Merchant] = []
    }
    struct Merchant: Codable, Sendable {
        let email: String
        let password: String
        let store: String
    }

    /// Where operators sign in, and as whom.
    struct Console: Codable, Sendable {
        let host: String
        let url: String
        let operators: [Operator]
    }
    struct Operator: Codable, Sendable {
        let email: String
        let password: String
        let role: String
        let totpSecret: String
        let recoveryCodes: [String]
    }

    let web: Web
    var dashboard: Dashboard
    let console: Console
    let stores: [Store]
    let sandboxes: Sandboxes
    let databases: Stores
    let processes: [String: Int]

    static let folder = ".cartflux"

    init(
        _ world: DemoWorld, children: [String: Int], environment: [String: String], operators: [Operator]
    ) {
        let port = world.ports.web
        web = Web(base: "http://127.0.0.1:\(port)", baseDomain: world.domain)
        let dashboardHost = Platform.dashboardHost(world.domain)
        dashboard = Dashboard(host: dashboardHost, url: "http://\(dashboardHost):\(port)")
        let consoleHost = Platform.consoleHost(world.domain)
        console = Console(
            host: consoleHost, url: "http://\(consoleHost):\(port)", operators: operators)
        stores = DemoSeed.stores.map { store in
            let host = "\(store.slug).\(world.domain)"
            return Store(
                slug: store.slug, host: host, url: "http://\(host):\(port)", plan: store.plan.rawValue,
                currency: store.currency.rawValue)
        }
        let base = { (offset: Int) in "http://127.0.0.1:\(world.ports.sandbox + offset)" }
        sandboxes = Sandboxes(
            stripe: base(0), smartbill: base(1), bigbuy: base(2), resend: base(3), vies: base(5))
        let value = { (variable: Variable) in environment[variable.rawValue] ?? "" }
        databases = Stores(
            database: value(.databaseURL), engine: value(.engineDatabaseURL),
            platform: value(.platformDatabaseURL), redis: value(.redisURL))
        processes = children
    }

    func write() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        try FileManager.default.createDirectory(atPath: Self.folder, withIntermediateDirectories: true)
        try encoder.encode(self).write(
            to: URL(filePath: Self.folder).appending(path: "demo.json"), options: .atomic)
    }
}
