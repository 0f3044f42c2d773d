import CommerceMigrations
import EngineMigrations
import Foundation
import Postgres
import TestServers
import Testing

// A backup is worth what its restore is: it is taken while the shop works, and read on servers that have
// nothing of it, not even the roles.

@Suite("Backup and restore", .serialized)  // Each test needs the whole machine.
struct RestoreTests {
    private static let database = "cartflux"

    @Test("what was saved stands on other servers as it was: rows, rights and row security")
    func elsewhere() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).dump").path
        // Leftovers in the temporary folder harm nobody.
        defer { for path in [file, file + ".roles"] { try? FileManager.default.removeItem(atPath: path) } }
        try await Platform.with { platform in
            _ = try await platform.startWorker("worker")
            try await Shopper(1, at: platform).buyAndPay(platform)
            try await platform.books.untilAllThrough(within: .seconds(60))
            _ = try await Shopper(2, at: platform).buy()
            try await until("the second order waits for its payment") {
                try await platform.books.count("select count(*) from engine.run where status <> 'waiting'")
                    == 0
            }
            let before = try await census(of: platform.books)

            try await script("backup", file, platform.servers.url(database: Self.database))

            #expect(before.contains("shop.orders 2"))
            #expect(try await census(of: platform.books) == before)
            try await PrivateServers.with([.postgres]) { servers in
                try await expectRestored(file, on: servers, as: before)
            }
        }
    }

    private func expectRestored(_ file: String, on servers: PrivateServers, as before: [String]) async throws
    {
        let url = servers.url(database: Self.database)
        try await script("restore", file, url)

        let books = Books(try PostgresConfiguration(url))
        #expect(try await census(of: books) == before)
        #expect(try await missingMigrations(url).isEmpty)
        await books.close()

        let stranger = Books(
            try PostgresConfiguration(servers.url(role: "cartflux_app", database: Self.database)))
        #expect(try await stranger.count("select count(*) from shop.orders") == 0)
        await #expect(throws: PostgresError.self) {
            try await stranger.rows("delete from shop.ledger_transaction")
        }
        await stranger.close()

        // Twice is refused, until it is said that what stands there may go.
        await #expect(throws: CommandFailure.self) { try await script("restore", file, url) }
        try await script("restore", file, url, "--replace")
    }

    private func script(_ name: String, _ file: String, _ url: String, _ more: String...) async throws {
        try await Command(ops: name, [file, "--url", url] + more).run()
    }

    /// Every table of shop and engine and how many rows it has.
    private func census(of books: Books) async throws -> [String] {
        try await books.texts(
            """
            select format('%s.%s %s', schemaname, tablename, (xpath('/row/n/text()', query_to_xml(
                format('select count(*) as n from %I.%I', schemaname, tablename), false, true, '')))[1])
            from pg_tables where schemaname in ('shop', 'engine') order by 1
            """)
    }

    private func missingMigrations(_ url: String) async throws -> [String] {
        let connection = try await PostgresConnection.connect(PostgresConfiguration(url))
        let engine = try await Migrator(directory: EngineMigrations.directory, schema: "engine")
            .migrate(connection)
        let shop = try await Migrator(directory: CommerceMigrations.directory, schema: "shop")
            .migrate(connection)
        await connection.close()
        return engine + shop
    }
}
