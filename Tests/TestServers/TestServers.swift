/// The Postgres and the Redis that all tests of one process share.
///
/// They start when the first test asks, and end with this process, however it ends: `ops/servers` watches it.
/// Servers that happen to run on the machine are never used, whatever the environment says, so a test cannot
/// harm anybody's data and always meets the settings that production has. A test that stops, restarts or
/// empties a server needs `PrivateServers`.
package actor TestServers {
    package static let shared = TestServers()

    private var addresses: Task<ServerAddresses, any Error>?
    private var templates: [String: Task<TestTemplate, any Error>] = [:]
    private var databases = 0
    private var redisDatabases = 0

    /// As many as the private Redis is configured for. Number 0 is for tests that name no database.
    private static let redisDatabaseLimit = 1024

    /// Where the servers listen; starts them when nobody has yet.
    package func running() async throws -> ServerAddresses {
        if let addresses { return try await addresses.value }
        // Awaited by every caller; nobody cancels it, since the next test needs the servers all the same.
        let start = Task {
            let processes = ServerProcesses()
            try await processes.start()
            return try await processes.addresses()
        }
        addresses = start
        return try await start.value
    }

    package var superuserURL: String {
        get async throws { try await running().postgres() }
    }

    /// A URL over TCP: `url(role: "cartflux_app", database: database.name)`.
    package func url(role: String = "postgres", database: String = "postgres") async throws -> String {
        try await running().postgres(role: role, database: database)
    }

    /// The same over the unix socket.
    package func socketURL(role: String = "postgres", database: String = "postgres") async throws -> String {
        try await running().postgresSocket(role: role, database: database)
    }

    package func redisURL(database: Int = 0) async throws -> String {
        try await running().redis(database: database)
    }

    package func redisSocketURL(database: Int = 0) async throws -> String {
        try await running().redisSocket(database: database)
    }

    /// A Redis database that no other caller has. Channels of pub/sub are not divided by database: name them
    /// apart.
    package func freshRedisURL() async throws -> String {
        redisDatabases += 1
        precondition(redisDatabases < Self.redisDatabaseLimit, "a test process has 1,023 Redis databases")
        return try await redisURL(database: redisDatabases)
    }

    /// Makes a database, empty or as a copy of a template. It is not removed: the whole server goes with this
    /// process.
    package func createDatabase(from template: TestTemplate? = nil) async throws -> TestDatabase {
        databases += 1
        let name = "test_\(databases)"
        let source = template?.name ?? "template0"
        let addresses = try await running()
        try await addresses.psql("create database \(name) template \(source)")
        return TestDatabase(name: name, addresses: addresses)
    }

    /// Prepares a database once in this process, for cheap copies of it. `prepare` gets the superuser's URL,
    /// migrates, and closes its connections: Postgres copies only a database that nobody uses.
    ///
    /// ```swift
    /// let migrated = try await TestServers.shared.template(named: "shop") { url in try await migrate(url) }
    /// let database = try await TestServers.shared.createDatabase(from: migrated)
    /// ```
    package func template(
        named name: String, prepare: @escaping @Sendable (_ superuserURL: String) async throws -> Void
    ) async throws -> TestTemplate {
        if let prepared = templates[name] { return try await prepared.value }
        // Awaited by every caller; nobody cancels it, since other tests wait for the same template.
        let preparation = Task {
            let addresses = try await running()
            let template = TestTemplate(name: "template_\(name)")
            try await addresses.psql("create database \(template.name) template template0")
            try await prepare(addresses.postgres(database: template.name))
            try await addresses.psql(template.seal)
            return template
        }
        templates[name] = preparation
        return try await preparation.value
    }
}

/// A prepared database that others are copied from.
package struct TestTemplate: Sendable {
    package let name: String

    /// A backend outlives its client's close by a moment, and the copy would fail on it. New connections are
    /// refused first, and those left over are ended: `prepare` has returned, so none has work to lose.
    var seal: String {
        """
        alter database \(name) with is_template true allow_connections false;
        select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = '\(name)';
        """
    }
}

/// One test's or suite's own database.
package struct TestDatabase: Sendable {
    package let name: String
    package let addresses: ServerAddresses

    package var superuserURL: String { addresses.postgres(database: name) }

    package func url(role: String) -> String { addresses.postgres(role: role, database: name) }

    /// Runs SQL text as the superuser through `psql`; returns the values, unaligned, one row per line.
    @discardableResult
    package func psql(_ sql: String) async throws -> String { try await addresses.psql(sql, database: name) }
}
