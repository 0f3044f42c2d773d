import Foundation

/// One pair of servers under a folder of its own, started and stopped by `ops/servers`.
///
/// The script's watchdog stops them and removes their data when this process ends, however it ends.
struct ServerProcesses: Sendable {
    let folder: URL

    init() {
        folder = FileManager.default.temporaryDirectory
            .appending(path: "cartflux-tests-\(UUID().uuidString)")
    }

    /// What `ops/servers env` prints, by name.
    func addresses() async throws -> ServerAddresses {
        let printed = try await servers("env")
        var values: [String: String] = [:]
        for line in printed.split(separator: "\n") {
            let parts = line.dropFirst("export ".count).split(separator: "=", maxSplits: 1)
            values[String(parts[0])] = parts[1].trimmingCharacters(in: ["'"])
        }
        return ServerAddresses(
            postgresPort: values["PGPORT"] ?? "", socketFolder: values["SERVERS_SOCKETS"] ?? "",
            redis: values["REDIS_URL"] ?? "")
    }

    func start(_ options: [String] = []) async throws {
        let parent = ProcessInfo.processInfo.processIdentifier
        try await servers("start", options + ["--with-parent", "\(parent)"])
    }

    @discardableResult
    func servers(_ verb: String, _ options: [String] = []) async throws -> String {
        try await Command(ops: "servers", [verb, folder.path] + options).run()
    }
}

/// Where a pair of servers listens.
package struct ServerAddresses: Sendable {
    let postgresPort: String
    let socketFolder: String
    /// Ends with the number of the default database, 0.
    let redis: String

    /// A URL for `role` over TCP. The private servers trust everyone on loopback, so there is no password.
    package func postgres(role: String = "postgres", database: String = "postgres") -> String {
        "postgres://\(role)@127.0.0.1:\(postgresPort)/\(database)"
    }

    /// The same over the unix socket.
    package func postgresSocket(role: String = "postgres", database: String = "postgres") -> String {
        "postgres://\(role)@/\(database)?host=\(socketFolder)&port=\(postgresPort)"
    }

    package func redis(database: Int = 0) -> String {
        redis.dropLast() + "\(database)"
    }

    package func redisSocket(database: Int = 0) -> String {
        "unix://\(socketFolder)/redis.sock?db=\(database)"
    }

    /// Runs SQL text as the superuser through `psql`, so that a driver's test does not depend on that driver.
    /// Returns the values, unaligned, one row per line.
    @discardableResult
    package func psql(_ sql: String, database: String = "postgres") async throws -> String {
        let address = postgresSocket(database: database)
        let arguments = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", address]
        return try await Command(named: "psql", arguments).run(input: sql)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
