import Foundation
import TestServers
import Testing

@Suite("The servers that tests start for themselves")
struct ServersTests {
    @Test("databases are apart, and copies of a template carry what it was prepared with")
    func templates() async throws {
        let servers = TestServers.shared
        let template = try await servers.template(named: "house") { url in
            #expect(url.hasSuffix("/template_house"))
            try await servers.running().psql(
                "create table shelf as select 7 as books", database: "template_house")
        }

        async let first = servers.createDatabase(from: template)
        async let second = servers.createDatabase(from: template)
        let (one, other) = try await (first, second)
        try await one.psql("update shelf set books = 8")

        #expect(one.name != other.name)
        #expect(try await one.psql("select books from shelf") == "8")
        #expect(try await other.psql("select books from shelf") == "7")
        #expect(try await one.psql("show fsync") == "on")
        #expect(try await one.psql("show synchronous_commit") == "on")
    }

    @Test("many tests that ask at once get the same servers")
    func startedOnce() async throws {
        let urls = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<20 { group.addTask { try await TestServers.shared.superuserURL } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }

        #expect(urls.count == 1)
        #expect(try await TestServers.shared.freshRedisURL() != TestServers.shared.freshRedisURL())
    }

    @Test("a private Postgres that crashed keeps what it had committed, on the same port")
    func crash() async throws {
        try await PrivateServers.with([.postgres]) { servers in
            let database = try await servers.createDatabase("kept")
            try await database.psql("create table shelf as select 7 as books")

            try await servers.restartPostgres(immediate: true)

            #expect(try await database.psql("select books from shelf") == "7")

            try await servers.stopPostgres(immediate: true)
            await #expect(throws: CommandFailure.self) { try await database.psql("select 1") }
            try await servers.startPostgres()
            #expect(try await database.psql("select books from shelf") == "7")
        }
    }

    @Test("a private Redis that was killed comes back with its data, and empty when its files are lost")
    func lostRedis() async throws {
        try await PrivateServers.with([.redis], redisSync: "always") { servers in
            try await servers.redisCLI("SET", "shelf", "7")

            try await servers.killRedis()
            await #expect(throws: CommandFailure.self) { try await servers.redisCLI("PING") }
            try await servers.startRedis()
            #expect(try await servers.redisCLI("GET", "shelf") == "7")

            try await servers.wipeRedis()
            try await servers.startRedis()
            #expect(try await servers.redisCLI("DBSIZE") == "0")

            try await servers.redisCLI("SET", "shelf", "7")
            try await servers.flushAll()
            #expect(try await servers.redisCLI("DBSIZE") == "0")
        }
    }
}
