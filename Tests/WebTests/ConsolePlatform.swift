import Commerce
import CommerceStore
import Console
import Durable
import Fleet
import Foundation
import Logging
import Postgres
import Redis
import Synchronization
import TestServers
import WebSupport

/// The operators' console on the database that the other tests' shops are in, with an engine beside it. No
/// worker runs: what a verb does to a run is read from its row.
actor ConsolePlatform {
    static let shared = ConsolePlatform()
    static let host = "ops.example.test"
    static let password = "a long password"

    private var opening: Task<Running, any Error>?

    struct Running: Sendable {
        let port: Int
        let engine: PostgresPool
        let admins: Admins
        let runs: Runs
        let schedules: Schedules
        let desks: ToldDesks
        let database: Database
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
        let logger = Logger(label: "console-tests") { _ in SwiftLogNoOpLogHandler() }
        let platform = PostgresPool(
            try PostgresConfiguration(web.raw.url(role: "cartflux_platform")), size: 4, logger: logger)
        let fleet = FleetConfiguration(
            database: try PostgresConfiguration(web.raw.url(role: "cartflux_engine")))
        let engine = PostgresPool(fleet.database, size: 4, logger: logger)
        let redis = RedisClient(
            try RedisConfiguration(try await TestServers.shared.freshRedisURL()), logger: logger)
        let runs = Runs(fleet, redis: redis, pool: engine, logger: logger)
        let schedules = Schedules(runs, book: try ScheduleBook([]), redis: redis)
        let database = Database(app: web.pool, platform: platform)
        let admins = Admins(
            database,
            credentials: WebPlatform.credentials,
            passwords: .forCrowds)
        let desks = ToldDesks()
        let console = Console(
            desk: AdminDesk(
                database: database, admins: admins, live: LiveHub(runs, isReachable: { true })),
            database: database,
            tools: FleetTools(
                runs: runs, opened: runs, operations: Operations(runs), control: Control(runs),
                schedules: schedules, pool: engine, harmless: ["send_letter"],
                pulls: "platform_catalogue_sync"),
            papers: desks.papers)
        var configuration = WebServer.Configuration(
            port: 0, isSecure: false, sessionSecret: "a secret of at least thirty-two characters")
        // Each browser has an address of its own, so that the tests do not share a limit on attempts.
        configuration.trustedProxies = ["127.0.0.1"]
        let server = WebServer(
            configuration,
            hosts: HostDirectory(
                platformHosts: ["127.0.0.1"], dashboardHosts: ["app.example.test"], consoleHosts: [host]
            ) { _ in nil },
            endpoints: console.endpoints, metrics: MetricsRegistry(), accessLog: AccessLog { _ in },
            rateLimit: RateLimit(capacity: 100_000, perMinute: 100_000), logger: logger)
        let started = try await server.start()
        return Running(
            port: started.port, engine: engine, admins: admins, runs: runs, schedules: schedules,
            desks: desks, database: database)
    }
}

/// An administrator and the browser they sit at.
final class Operator: Sendable {
    let running: ConsolePlatform.Running
    let email: EmailAddress
    let welcome: Admins.Welcome
    private let address =
        "10.\(Int.random(in: 0...255)).\(Int.random(in: 0...255)).\(Int.random(in: 1...255))"
    private let jar = Mutex<[String: String]>([:])

    static func make(_ role: AdminRole) async throws -> Operator {
        let running = try await ConsolePlatform.shared.running()
        let email = EmailAddress(unchecked: "o\(UUID().uuidString.lowercased())@example.test")
        let welcome = try await running.admins.add(
            email, name: "Somebody", password: ConsolePlatform.password, role: role)
        return Operator(running, email, welcome)
    }

    /// Signed in, without the pages for it.
    static func signedIn(_ role: AdminRole) async throws -> Operator {
        let made = try await make(role)
        let token = try await made.running.admins.signIn(
            made.email, password: ConsolePlatform.password, code: made.code(), at: Date())
        guard let token else { throw RawHTTPError(message: "not signed in") }
        made.jar.withLock { $0["cartflux-admin"] = token.text }
        return made
    }

    private init(_ running: ConsolePlatform.Running, _ email: EmailAddress, _ welcome: Admins.Welcome) {
        self.running = running
        self.email = email
        self.welcome = welcome
    }

    func code() -> String { welcome.secret.code(step: TOTP.step(at: Date())) }

    var session: String? { jar.withLock { $0["cartflux-admin"] } }

    /// As another browser that shows the same session.
    func show(_ session: String?) { jar.withLock { $0["cartflux-admin"] = session } }

    func get(
        _ path: String, host: String = ConsolePlatform.host, headers: [String: String] = [:]
    ) async throws -> Answer {
        try await send("GET", path, host: host, headers: headers)
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
        if all["form_token"] == nil { all["form_token"] = try await token() }
        let body = all.map { "\(PercentCoding.encode($0))=\(PercentCoding.encode($1))" }.joined(
            separator: "&")
        var sent = [
            "Content-Type": "application/x-www-form-urlencoded", "Origin": "http://\(ConsolePlatform.host)",
        ]
        sent.merge(headers) { _, new in new }
        return try await send("POST", path, headers: sent, body: Array(body.utf8))
    }

    private func token() async throws -> String {
        guard let token = try await get("/ops/sign-in").field("form_token") else {
            throw RawHTTPError(message: "no form token")
        }
        return token
    }

    private func send(
        _ method: String, _ path: String, host: String = ConsolePlatform.host,
        headers: [String: String] = [:], body: [UInt8] = [],
        until isEnough: (@Sendable (String) -> Bool)? = nil
    ) async throws -> Answer {
        var all = ["Accept": "text/html", "X-Forwarded-For": address]
        let cookies = jar.withLock { $0.map { "\($0.key)=\($0.value)" }.joined(separator: "; ") }
        if !cookies.isEmpty { all["Cookie"] = cookies }
        all.merge(headers) { _, new in new }
        let answer = try await RawHTTP.send(
            method, path, port: running.port, host: host, headers: all, body: body, until: isEnough)
        for line in (answer.headers["set-cookie"] ?? "").split(separator: "\n") {
            let pair = line.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1).map(String.init)
            jar.withLock { $0[pair[0]] = pair.count > 1 && !pair[1].isEmpty ? pair[1] : nil }
        }
        return answer
    }

    // MARK: Runs

    /// A run that failed for good in its second step, as an engine leaves it behind.
    @discardableResult
    func failedRun(
        _ id: RunID = RunID(), tenant: String = "t", workflow: String = "checkout_to_fulfilment",
        message: String = "it broke", label: String = "none"
    ) async throws -> RunID {
        let failure = try JSONB(encoding: FailureRecord(code: "broken", message: message, step: "fragile"))
        _ = try await running.engine.pipeline([
            """
            insert into engine.run_history (id, tenant, workflow, version, status, epoch, input, error,
                labels, created_at, queue, priority)
            values (\(id.rawValue), \(tenant), \(workflow), 1, 'failed', 7, '1', \(failure),
                \(try JSONB(encoding: ["mark": label])), clock_timestamp() - interval '1 minute',
                'console', 0)
            """,
            """
            insert into engine.step (run, name, item, epoch, attempt, failed, output, started_at, ended_at)
            values (\(id.rawValue), 'before', '', 6, 1, false, '1', clock_timestamp() - interval '50 s',
                    clock_timestamp() - interval '49 s'),
                (\(id.rawValue), 'fragile', '', 7, 1, true, \(failure), clock_timestamp() - interval '48 s',
                    clock_timestamp() - interval '47 s')
            """,
        ])
        return id
    }

    func status(_ run: RunID) async throws -> RunStatus? {
        try await running.runs.detail(run)?.line.status
    }

    func audited(_ subject: String) async throws -> [AuditRecord] {
        try await Audit.list(on: subject, from: running.engine)
    }
}
