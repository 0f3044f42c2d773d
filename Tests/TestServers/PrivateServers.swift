import Foundation

/// A pair of servers for one test alone, which may crash, empty and restart them. They cost about two
/// seconds; tests that only need data use `TestServers.shared`.
package struct PrivateServers: Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case postgres = "--postgres"
        case redis = "--redis"
    }

    package let addresses: ServerAddresses
    private let processes: ServerProcesses

    /// Starts the servers, lends them, and removes them and their data when `body` ends, either way.
    package static func with<Result: Sendable>(
        _ kinds: Set<Kind> = [.postgres, .redis], redisSync: String = "everysec",
        _ body: (PrivateServers) async throws -> Result
    ) async throws -> Result {
        let servers = try await start(kinds, redisSync: redisSync)
        do {
            let result = try await body(servers)
            try await servers.destroy()
            return result
        } catch {
            try await servers.destroy()
            throw error
        }
    }

    /// Starts servers that the caller ends with `destroy()`; they end with this process at the latest.
    package static func start(
        _ kinds: Set<Kind> = [.postgres, .redis], redisSync: String = "everysec"
    ) async throws -> PrivateServers {
        let processes = ServerProcesses()
        try await processes.start(kinds.map(\.rawValue).sorted() + ["--appendfsync", redisSync])
        return PrivateServers(addresses: try await processes.addresses(), processes: processes)
    }

    package var superuserURL: String { addresses.postgres() }

    package func url(role: String = "postgres", database: String = "postgres") -> String {
        addresses.postgres(role: role, database: database)
    }

    package func redisURL(database: Int = 0) -> String { addresses.redis(database: database) }

    package func createDatabase(_ name: String) async throws -> TestDatabase {
        try await addresses.psql("create database \(name) template template0")
        return TestDatabase(name: name, addresses: addresses)
    }

    /// `immediate` is a crash: every connection breaks, nothing is flushed, Postgres recovers from its log.
    /// Returns when it accepts connections again, on the same port.
    package func restartPostgres(immediate: Bool) async throws {
        try await processes.servers("restart-postgres", [immediate ? "immediate" : "fast"])
    }

    package func stopPostgres(immediate: Bool = false) async throws {
        if immediate {
            try await processes.servers("kill-postgres")
        } else {
            try await processes.servers("stop", ["--postgres"])
        }
    }

    package func startPostgres() async throws { try await processes.start(["--postgres"]) }

    package func killRedis() async throws { try await processes.servers("kill-redis") }

    package func startRedis() async throws { try await processes.start(["--redis"]) }

    package func restartRedis() async throws {
        try await processes.servers("stop", ["--redis"])
        try await startRedis()
    }

    /// Kills Redis and loses its files; `startRedis()` brings it back empty.
    package func wipeRedis() async throws { try await processes.servers("wipe-redis") }

    /// Loses everything in Redis while it keeps running, its Lua functions included.
    package func flushAll() async throws {
        try await redisCLI("FLUSHALL")
        try await redisCLI("SCRIPT", "FLUSH")
    }

    /// Runs a command through `redis-cli`, so that a driver's test does not depend on that driver.
    @discardableResult
    package func redisCLI(_ arguments: String...) async throws -> String {
        try await Command(named: "redis-cli", ["-e", "-u", addresses.redis] + arguments).run()
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    package func destroy() async throws { try await processes.servers("destroy") }
}
